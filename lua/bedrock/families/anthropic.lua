--- Anthropic Claude, by the Messages API. The service demands max_tokens.
local blocks = require "bedrock.families.blocks"

return {
    name = "anthropic",
    output = "text",
    models = { "anthropic.claude" },
    required = { "prompt" },
    takes = { "prompt" },
    fields = {
        system = "system",
        max_tokens = "max_tokens",
        temperature = "temperature",
        top_p = "top_p",
        top_k = "top_k",
        stop = "stop_sequences",
    },
    defaults = { max_tokens = 4096 },
    body = function(given)
        return {
            anthropic_version = "bedrock-2023-05-31",
            messages = { { role = "user", content = { { type = "text", text = given.prompt } } } },
        }
    end,
    read = function(answer)
        local usage = answer.usage or {}
        return {
            text = blocks.text(answer.content),
            stop_reason = answer.stop_reason,
            input_tokens = usage.input_tokens,
            output_tokens = usage.output_tokens,
        }
    end,
}
