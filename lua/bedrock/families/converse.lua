--- Any model that Converse speaks to. Models that no other family knows go this way by themselves.
local media = require "bedrock.base.media"
local messages = require "bedrock.families.nova_messages"

local function source(found)
    if found.uri then
        return { s3Location = media.location(found) }
    end
    return { bytes = found.bytes }
end

return {
    name = "converse",
    source = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
    output = "text",
    models = {},
    via = "converse",
    required = { "prompt" },
    takes = { "prompt", "system", "images", "video", "reasoning" },
    fields = {
        max_tokens = "inferenceConfig.maxTokens",
        temperature = "inferenceConfig.temperature",
        top_p = "inferenceConfig.topP",
        stop = "inferenceConfig.stopSequences",
    },
    images_in_s3 = true,
    formats = true,
    body = function(given)
        return {
            messages = { { role = "user", content = messages.content(given, source) } },
            system = given.system and { { text = given.system } } or nil,
        }
    end,
    read = messages.read,
    --- Events of ConverseStream carry what Nova's own chunks carry in a member of their name.
    piece = function(event, name)
        return messages.piece { [name] = event }
    end,
}
