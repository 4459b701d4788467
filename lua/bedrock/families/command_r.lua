--- Cohere Command R and R+, by the chat body.
return {
    name = "command_r",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-cohere-command-r-plus.html",
    output = "text",
    models = { "cohere.command-r" },
    required = { "prompt" },
    takes = {},
    fields = {
        prompt = "message",
        system = "preamble",
        max_tokens = "max_tokens",
        temperature = "temperature",
        top_p = "p",
        top_k = "k",
        seed = "seed",
        stop = "stop_sequences",
    },
    body = function()
        return {}
    end,
    read = function(answer)
        return { text = answer.text, stop_reason = answer.finish_reason }
    end,
    --- The last chunk repeats the whole text.
    piece = function(chunk)
        return { text = not chunk.is_finished and chunk.text or nil, stop_reason = chunk.finish_reason }
    end,
}
