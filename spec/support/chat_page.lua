--- What the models of docs/chat.md say, by headlines.
local says = require "spec.support.model_says"

local REASON = "17 * 20 + 17 * 3 is what I need."
local THOUGHT = { reasoningContent = { reasoningText = { text = REASON, signature = "c2lnbmVk" } } }

return {
    ["Conversations"] = {
        says.whole "Air scatters blue light more than red light.",
        says.streamed "Then the light has a longer way through the air.",
    },
    ["Tools"] = {
        says.calls { { "tooluse_1", "weather", { city = "Rome", unit = "C" } } },
        says.whole "It is 31 °C in Rome.",
    },
    ["Tools that run elsewhere"] = {
        says.calls { { "tooluse_1", "pay", { euros = 12 } } },
        says.whole "The bill is paid.",
    },
    ["Objects"] = { says.whole '{"author":"Stanisław Lem","year":1961}' },
    ["Streams"] = {
        says.streamed { THOUGHT, { text = " It is 391." } },
    },
    ["Errors"] = {
        says.calls { { "tooluse_1", "roll", {} } },
        says.calls { { "tooluse_2", "roll", {} } },
        says.whole "I give up after 2 rolls.",
    },
}
