--- Mistral's first models, by one prompt string with marks for whose turn it is.

--- Marks in the text would let whoever wrote it speak as somebody else.
local MARKS = { "[INST]", "[/INST]", "<s>", "</s>" }

local function mark_in(text)
    for _, mark in ipairs(MARKS) do
        if text:find(mark, 1, true) then
            return mark
        end
    end
end

return {
    name = "mistral",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-text-completion.html",
    output = "text",
    models = { "mistral.mistral-7b", "mistral.mixtral", "mistral.mistral-large-2402", "mistral.mistral-small-2402" },
    required = { "prompt" },
    takes = { "prompt" },
    fields = {
        max_tokens = "max_tokens",
        temperature = "temperature",
        top_p = "top_p",
        top_k = "top_k",
        stop = "stop",
    },
    refuse = function(name, text)
        local mark = name == "prompt" and mark_in(text)
        return mark and ("contains Mistral's mark %s; send your own template with invoke_model"):format(mark)
    end,
    body = function(given)
        return { prompt = "<s>[INST] " .. given.prompt .. " [/INST]" }
    end,
    read = function(answer)
        local output = answer.outputs[1]
        return { text = output.text, stop_reason = output.stop_reason }
    end,
    piece = function(chunk)
        local output = type(chunk.outputs) == "table" and chunk.outputs[1] or {}
        return { text = output.text, stop_reason = output.stop_reason }
    end,
}
