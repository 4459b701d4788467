--- Amazon Nova, text: micro, lite, pro, premier.
local blocks = require "bedrock.families.blocks"

return {
    name = "nova",
    output = "text",
    models = { "amazon.nova-" },
    required = { "prompt" },
    takes = { "prompt", "system" },
    fields = {
        max_tokens = "inferenceConfig.maxTokens",
        temperature = "inferenceConfig.temperature",
        top_p = "inferenceConfig.topP",
        top_k = "inferenceConfig.topK",
        stop = "inferenceConfig.stopSequences",
    },
    body = function(given)
        return {
            schemaVersion = "messages-v1",
            messages = { { role = "user", content = { { text = given.prompt } } } },
            system = given.system and { { text = given.system } },
        }
    end,
    read = function(answer)
        local usage = answer.usage or {}
        return {
            text = blocks.text(answer.output.message.content),
            stop_reason = answer.stopReason,
            input_tokens = usage.inputTokens,
            output_tokens = usage.outputTokens,
        }
    end,
}
