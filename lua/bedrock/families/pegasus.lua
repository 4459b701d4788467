--- TwelveLabs Pegasus: texts about a video.
local marengo2 = require "bedrock.families.marengo2"

return {
    name = "pegasus",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-pegasus.html",
    output = "text",
    models = { "twelvelabs.pegasus" },
    not_by_converse = true,
    required = { "prompt", "video" },
    takes = { "video" },
    fields = {
        prompt = "inputPrompt",
        max_tokens = "maxOutputTokens",
        temperature = "temperature",
    },
    body = function(given)
        return { mediaSource = marengo2.media_source(given.video) }
    end,
    read = function(answer)
        return { text = answer.message, stop_reason = answer.finishReason }
    end,
    piece = function(chunk)
        local reason = chunk.finishReason or chunk.stopReason
        return { text = chunk.message, stop_reason = reason ~= "" and reason or nil }
    end,
}
