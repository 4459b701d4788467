--- Converse's names in OpenAI's words: what is said to a caller names what the caller wrote.
local words = {}

--- Lists count from 0 there, as in JSON.
local function counted(index)
    return ("[%d]"):format(tonumber(index) - 1)
end

--- Longer ones first. Messages are joined on the way to Converse, so their places are not the caller's.
local NAMES = {
    { "messages%[%d+%][%w_%.%[%]]*", "messages" },
    { "system%[%d+%][%w_%.%[%]]*", "messages" },
    { "toolConfig%.tools%[(%d+)%]%.toolSpec%.inputSchema%.json", function(i)
        return "tools" .. counted(i) .. ".function.parameters"
    end },
    { "toolConfig%.tools%[(%d+)%]%.toolSpec", function(i)
        return "tools" .. counted(i) .. ".function"
    end },
    { "toolConfig%.toolChoice[%w_%.]*", "tool_choice" },
    { "toolConfig%.tools", "tools" },
    { "outputConfig%.textFormat%.structure%.jsonSchema", "response_format.json_schema" },
    { "outputConfig%.textFormat", "response_format" },
    { "inferenceConfig%.", "" },
    { "%f[%w]maxTokens%f[%W]", "max_tokens" },
    { "%f[%w]topP%f[%W]", "top_p" },
    { "%f[%w]stopSequences%f[%W]", "stop" },
    { "%f[%w]modelId%f[%W]", "model" },
}

--- @param text string about parameters of Converse
--- @param input table the caller's own parameters
--- @return string
function words.of(text, input)
    for _, pair in ipairs(NAMES) do
        text = text:gsub(pair[1], pair[2])
    end
    return input.max_completion_tokens and text:gsub("%f[%w_]max_tokens%f[^%w_]", "max_completion_tokens") or text
end

return words
