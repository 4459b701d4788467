--- Amazon Titan Text.
return {
    name = "titan_text",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html",
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
    piece = function(chunk)
        return {
            text = chunk.outputText,
            stop_reason = chunk.completionReason,
            input_tokens = chunk.inputTextTokenCount,
            output_tokens = chunk.totalOutputTextTokenCount,
        }
    end,
}
