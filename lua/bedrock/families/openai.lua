--- OpenAI gpt-oss. Its reasoning comes between tags, before the answer and within it.
local chat = require "bedrock.families.openai_chat"

return {
    name = "openai",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-openai.html",
    output = "text",
    models = { "openai.gpt-oss" },
    required = chat.required,
    takes = { "prompt", "system", "reasoning" },
    fields = {
        max_tokens = "max_completion_tokens",
        temperature = "temperature",
        top_p = "top_p",
        stop = "stop",
    },
    thoughts = { open = "<reasoning>", close = "</reasoning>" },
    refuse = function(name, value)
        if name == "reasoning" and type(value) == "number" then
            return "gpt-oss takes an effort: true, low, medium or high"
        end
    end,
    body = function(given)
        local body = chat.body(given)
        if given.reasoning and given.reasoning ~= true then
            body.reasoning_effort = given.reasoning
        end
        return body
    end,
    read = chat.read,
    piece = chat.piece,
}
