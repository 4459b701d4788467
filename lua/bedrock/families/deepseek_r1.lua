--- DeepSeek R1, by one prompt string. The answer begins within its reasoning, as the prompt ends with the tag for it.
local BEGIN, USER, ASSISTANT = "<｜begin▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜><think>\n"

return {
    name = "deepseek_r1",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-deepseek.html",
    output = "text",
    models = { "deepseek.r1" },
    required = { "prompt" },
    takes = { "prompt", "system" },
    fields = {
        max_tokens = "max_tokens",
        temperature = "temperature",
        top_p = "top_p",
        stop = "stop",
    },
    thoughts = { open = "<think>", close = "</think>", inside = true },
    --- A control token in the text would let whoever wrote it speak as somebody else.
    refuse = function(name, text)
        local token = (name == "prompt" or name == "system") and text:match "<｜[^>]*｜>"
        return token and ("contains DeepSeek's control token %s; send your own template with invoke_model")
            :format(token)
    end,
    body = function(given)
        return { prompt = BEGIN .. (given.system or "") .. USER .. given.prompt .. ASSISTANT }
    end,
    read = function(answer)
        local choice = answer.choices[1]
        return { text = choice.text, stop_reason = choice.stop_reason }
    end,
    piece = function(chunk)
        local choice = type(chunk.choices) == "table" and chunk.choices[1] or {}
        return { text = choice.text, stop_reason = choice.stop_reason }
    end,
}
