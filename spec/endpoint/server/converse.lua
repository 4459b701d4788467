--- Converse and ConverseStream, alike in content: a text, or a tool call when the prompt says
--- "use tool".
-- luacheck: std ngx_lua
local catalogue = require "server.catalogue"
local conversation = require "server.conversation"
local eventstream = require "server.eventstream"
local json = require "server.json"
local prose = require "server.prose"
local refusal = require "server.refusal"
local state = require "server.state"

local PIECE = 8
local LATENCY_MS = 42

local converse = { operations = {} }

local function text_of(message)
    local parts, result = {}, nil
    for _, block in ipairs(message.content or {}) do
        if block.text then
            parts[#parts + 1] = block.text
        end
        result = result or block.toolResult
    end
    return table.concat(parts, " "), result
end

local function parse(request, model)
    local input = json.decode(request.body)
    if type(input) ~= "table" then
        refusal.raise(400, "SerializationException", "The body is not a JSON object.")
    end
    local messages = input.messages
    if type(messages) ~= "table" or not messages[1] then
        refusal.validation("1 validation error detected: Value null at 'messages' failed to "
            .. "satisfy constraint: Member must not be null")
    end
    for i, message in ipairs(messages) do
        if type(message) ~= "table" or type(message.content) ~= "table" then
            refusal.validation("Value at 'messages." .. i .. ".content' must be a list.")
        end
    end
    local problem = conversation.problem(input)
    if problem then
        refusal.validation(problem)
    end
    if model:find("nonexistent") then
        refusal.validation("The provided model identifier is invalid.")
    end
    return input
end

local EXAMPLES = { number = 1.5, integer = 42, boolean = true, string = "example" }

--- A value that fits a simple schema.
local function example(schema)
    if type(schema) ~= "table" then
        return nil
    elseif type(schema.enum) == "table" then
        return schema.enum[1]
    elseif schema.type == "array" then
        return json.list {}
    elseif not schema.properties then
        return EXAMPLES[schema.type]
    end
    local object = {}
    for name, property in pairs(schema.properties) do
        object[name] = example(property)
    end
    return object
end

local function tool_input(specification)
    return example(specification.inputSchema and specification.inputSchema.json) or {}
end

--- The JSON that outputConfig asks for; nil: none.
local function object_text(input)
    local format = input.outputConfig and input.outputConfig.textFormat
    local structure = format and format.structure and format.structure.jsonSchema
    local schema = structure and json.decode(structure.schema)
    return type(schema) == "table" and schema.properties and json.encode(example(schema)) or nil
end

local function tool_call(input, prompt)
    local tools = input.toolConfig and input.toolConfig.tools
    local specification = tools and tools[1] and tools[1].toolSpec
    if specification and prompt:find("use tool", 1, true) then
        return {
            toolUseId = "tooluse_" .. ngx.md5(prompt):sub(1, 22),
            name = specification.name,
            input = tool_input(specification),
        }
    end
end

local function spoken(input)
    local total = 0
    for _, message in ipairs(input.messages) do
        total = total + prose.count((text_of(message)))
    end
    return total
end

--- What the model answers.
--- @return table {words, tool, stop, usage}
local function compose(input)
    local prompt, result = text_of(input.messages[#input.messages])
    local reply = { tool = not result and tool_call(input, prompt) or nil }
    local limit = input.inferenceConfig and input.inferenceConfig.maxTokens
    if reply.tool then
        reply.words, reply.stop = { "Let", " me", " look", " that", " up." }, "tool_use"
    else
        local text = object_text(input) or result and "The tool answered, thank you." or prose.reply(prompt)
        local cut
        reply.words, cut = prose.limited(text, limit)
        reply.stop = cut and "max_tokens" or "end_turn"
    end
    local read, written = spoken(input), #reply.words
    reply.usage = { inputTokens = read, outputTokens = written, totalTokens = read + written }
    return reply
end

converse.operations["bedrock-runtime.Converse"] = function(request, _, labels)
    local reply = compose(parse(request, labels[1]))
    local content = { { text = table.concat(reply.words) } }
    if reply.tool then
        content[2] = { toolUse = reply.tool }
    end
    return { body = json.encode {
        output = { message = { role = "assistant", content = content } },
        stopReason = reply.stop,
        usage = reply.usage,
        metrics = { latencyMs = LATENCY_MS },
    } }
end

local function stream_tool(send, tool)
    send("contentBlockStart", { contentBlockIndex = 1,
        start = { toolUse = { toolUseId = tool.toolUseId, name = tool.name } } })
    local text = json.encode(tool.input)
    for at = 1, #text, PIECE do
        send("contentBlockDelta", { contentBlockIndex = 1,
            delta = { toolUse = { input = text:sub(at, at + PIECE - 1) } } })
    end
    send("contentBlockStop", { contentBlockIndex = 1 })
end

local function stream_reply(send, reply)
    send("messageStart", { role = "assistant" })
    for _, word in ipairs(reply.words) do
        send("contentBlockDelta", { contentBlockIndex = 0, delta = { text = word } })
        if state.config.stream_interval_ms > 0 then
            ngx.sleep(state.config.stream_interval_ms / 1000)
        end
    end
    send("contentBlockStop", { contentBlockIndex = 0 })
    if reply.tool then
        stream_tool(send, reply.tool)
    end
    send("messageStop", { stopReason = reply.stop })
    send("metadata", { usage = reply.usage, metrics = { latencyMs = LATENCY_MS } })
end

converse.operations["bedrock-runtime.ConverseStream"] = function(request, _, labels)
    local reply = compose(parse(request, labels[1]))
    return {
        headers = { ["Content-Type"] = "application/vnd.amazon.eventstream" },
        stream = function(write)
            stream_reply(function(name, members)
                write(eventstream.event(name, members))
            end, reply)
        end,
    }
end

--- Only models themselves are counted for, by their IDs or ARNs, no profiles.
converse.operations["bedrock-runtime.CountTokens"] = function(request, _, labels)
    if not catalogue.find(labels[1]) then
        refusal.validation("The provided model identifier is invalid.")
    end
    local input = json.decode(request.body)
    local asked = type(input) == "table" and type(input.input) == "table" and input.input
    if not asked then
        refusal.validation("The input is missing.")
    end
    local tokens
    if asked.converse then
        tokens = spoken(asked.converse)
    elseif asked.invokeModel then
        tokens = prose.count(ngx.decode_base64(asked.invokeModel.body))
    else
        refusal.validation("The input must be of one kind.")
    end
    return { body = json.encode { inputTokens = tokens } }
end

return converse
