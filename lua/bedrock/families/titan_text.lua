--- Amazon Titan Text.
return {
    name = "titan_text",
    output = "text",
    models = { "amazon.titan-text", "amazon.titan-tg1" },
    required = { "prompt" },
    takes = { "prompt" },
    fields = {
        max_tokens = "textGenerationConfig.maxTokenCount",
        temperature = "textGenerationConfig.temperature",
        top_p = "textGenerationConfig.topP",
        stop = "textGenerationConfig.stopSequences",
    },
    body = function(given)
        return { inputText = given.prompt }
    end,
    read = function(answer)
        local result = answer.results[1]
        return {
            text = result.outputText,
            stop_reason = result.completionReason,
            input_tokens = answer.inputTextTokenCount,
            output_tokens = result.tokenCount,
        }
    end,
}
