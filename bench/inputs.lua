--- What the benchmarks of the codec work on.
local cjson = require "cjson"

local inputs = {}

local function paragraph(n)
    local words = "The quick brown fox jumps over the lazy dog, and so on and so forth. "
    return words:rep(math.ceil(n / #words)):sub(1, n)
end

--- A conversation, as most requests are.
function inputs.chat()
    return {
        modelId = "anthropic.claude-3-5-sonnet-20241022-v2:0",
        system = { { text = paragraph(400) } },
        messages = {
            { role = "user", content = { { text = paragraph(500) } } },
            { role = "assistant", content = { { text = paragraph(500) } } },
            { role = "user", content = { { text = paragraph(300) .. "\n\"quoted\"" } } },
        },
        inferenceConfig = { maxTokens = 1024, temperature = 0.7, topP = 0.95 },
    }
end

--- The same with a tool: many short values, a document among them.
function inputs.chat_with_tool()
    local input = inputs.chat()
    input.toolConfig = {
        tools = {
            {
                toolSpec = {
                    name = "get_weather",
                    description = "Gives the weather of a city",
                    inputSchema = {
                        json = {
                            type = "object",
                            properties = {
                                city = { type = "string", description = "Name of the city" },
                                days = { type = "integer", minimum = 1, maximum = 14 },
                            },
                            required = { "city" },
                        },
                    },
                },
            },
        },
        toolChoice = { auto = {} },
    }
    return input
end

--- A question about an image of so many bytes.
function inputs.chat_with_image(size)
    local bytes = {}
    for i = 1, math.min(size, 100000) do
        bytes[i] = string.char(i * 7919 % 251)
    end
    local some = table.concat(bytes)
    return {
        modelId = "anthropic.claude-3-5-sonnet-20241022-v2:0",
        messages = { { role = "user", content = {
            { text = "What is this?" },
            { image = { format = "png", source = { bytes = some:rep(math.ceil(size / #some)):sub(1, size) } } },
        } } },
    }
end

--- An answer with a text of so many bytes, which is a line of 70 after the other if it has an end of lines.
function inputs.answer_of(size, line_end)
    local text = paragraph(size)
    if line_end then
        text = text:gsub(("."):rep(69) .. "?", "%0" .. line_end)
    end
    return '{"output":{"message":{"role":"assistant","content":[{"text":' .. cjson.encode(text) .. '}]}},' ..
        '"stopReason":"end_turn","usage":{"inputTokens":412,"outputTokens":287,"totalTokens":699}}'
end

--- As the service sends it: members by their names.
inputs.ANSWER = table.concat {
    '{"metrics":{"latencyMs":1432},"output":{"message":{"content":[{"text":', cjson.encode(paragraph(1100)),
    '},{"toolUse":{"input":{"city":"Zürich","days":3,"units":"metric"},"name":"get_weather",',
    '"toolUseId":"tooluse_abcdefghijklmnop"}},{"text":',
    cjson.encode(paragraph(400) .. "\n\n" .. paragraph(200)),
    '}],"role":"assistant"}},"stopReason":"tool_use",',
    '"usage":{"inputTokens":412,"outputTokens":287,"totalTokens":699}}',
}

--- A vector of a model's, as text: nine digits in most places, as floats of 32 bits have.
function inputs.embedding(n)
    local numbers = {}
    for i = 1, n do
        numbers[i] = ("%.9g"):format(math.sin(i * 7919) / 20)
    end
    return '{"embedding":[' .. table.concat(numbers, ",") .. '],"inputTextTokenCount":12}'
end

return inputs
