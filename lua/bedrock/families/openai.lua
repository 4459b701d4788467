--- OpenAI gpt-oss, by the Chat Completions body. Its reasoning comes between tags, before the answer and within it.

--- Reasoning that was cut off has no closing tag. Where the answer came to its end, such a tag in it is a word of it.
local function without_reasoning(text, finish_reason)
    text = text:gsub("^%s*<reasoning>.-</reasoning>%s*", "")
    text = text:gsub("<reasoning>.-</reasoning>%s*", "")
    text = text:gsub("^%s*<reasoning>.*$", "")
    if finish_reason ~= "stop" then
        text = text:gsub("%s*<reasoning>.*$", "")
    end
    return text
end

return {
    name = "openai",
    output = "text",
    models = { "openai.gpt-oss" },
    required = { "prompt" },
    takes = { "prompt", "system" },
    fields = {
        max_tokens = "max_completion_tokens",
        temperature = "temperature",
        top_p = "top_p",
        stop = "stop",
    },
    body = function(given)
        local messages = { { role = "user", content = given.prompt } }
        if given.system then
            table.insert(messages, 1, { role = "system", content = given.system })
        end
        return { messages = messages }
    end,
    read = function(answer)
        local choice, usage = answer.choices[1], answer.usage or {}
        local text = choice.message.content
        return {
            text = type(text) == "string" and without_reasoning(text, choice.finish_reason) or "",
            stop_reason = choice.finish_reason,
            input_tokens = usage.prompt_tokens,
            output_tokens = usage.completion_tokens,
        }
    end,
}
