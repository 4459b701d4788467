--- A turn of a chat without tools after so many messages, and the bare call that it makes: N times, for
--- bench/measure.lua.
---
---     LUA bench/count/chat.lua floor|bedrock MESSAGES URL CA_FILE N
---
--- The floor is conn:converse, for which a program keeps the list of messages by hand and looks at nothing. What was
--- said is forgotten each time, so that all turns send the same.
local service = dofile "bench/service.lua"
local timed = dofile "bench/count/timed.lua"
local who, messages_before, url, ca_file = arg[1], tonumber(arg[2]), arg[3], arg[4]

local conn = service.connect(url, ca_file)

--- So many messages, the last one the model's.
local function history()
    local messages = {}
    for i = 1, messages_before do
        messages[i] = { role = i % 2 == 1 and "user" or "assistant", content = { { text = "Message " .. i } } }
    end
    return messages
end

local function forget(messages)
    messages[messages_before + 2], messages[messages_before + 1] = nil, nil
end

local function by_hand()
    local messages = history()
    return function()
        messages[messages_before + 1] = { role = "user", content = { { text = service.TEXT } } }
        local answer = assert(conn:converse {
            modelId = service.MODEL,
            messages = messages,
            inferenceConfig = { maxTokens = 100, temperature = 0.5 },
        })
        messages[messages_before + 2] = answer.output.message
        forget(messages)
    end
end

local function by_chat()
    local chat = assert(conn:chat {
        model = service.MODEL, messages = history(), max_tokens = 100, temperature = 0.5,
    })
    return function()
        assert(chat:say(service.TEXT))
        forget(chat.messages)
    end
end

timed(tonumber(arg[5]), who == "floor" and by_hand() or by_chat())
