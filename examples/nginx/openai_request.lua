--- From OpenAI's parameters to Converse's. What has no counterpart is refused in words, never left out in silence.
local bedrock = require "bedrock"
local gateway = require "gateway"

local request = {}

--- Raised, and caught by `read`: what is wrong with the request, in the caller's words.
--- @param param string the member that is wrong
--- @param why string
local function refuse(param, why)
    error({ param = param, why = ("%s: %s"):format(param, why) }, 0)
end

--- What a client sets to null is as if it had left it out.
local function without_nulls(list)
    for name, value in pairs(list) do
        if value == bedrock.null then
            list[name] = nil
        end
    end
    return list
end

--- Parameters that are read below, or promise nothing about the answer: a seed is kept "as well as possible".
local KNOWN = {}
for name in ([[model messages stream stream_options max_tokens max_completion_tokens temperature top_p stop tools
    tool_choice response_format parallel_tool_calls user metadata store safety_identifier prompt_cache_key
    seed]]):gmatch "%S+" do
    KNOWN[name] = true
end

--- Parameters that are taken with these values only: those that change nothing.
local ONLY = {
    n = 1,
    logprobs = false,
    frequency_penalty = 0,
    presence_penalty = 0,
    reasoning_effort = "none",
    service_tier = "auto",
}

local function check(input)
    local names = {}
    for name, value in pairs(input) do
        if not KNOWN[name] and ONLY[name] == nil then
            names[#names + 1] = name .. " is not supported"
        elseif not KNOWN[name] and ONLY[name] ~= value then
            names[#names + 1] = ("%s: only %s is supported"):format(name, tostring(ONLY[name]))
        end
    end
    table.sort(names)
    if names[1] then
        error({ param = names[1]:match "^[^: ]+", why = table.concat(names, "; ") }, 0)
    end
end

local function check_type(name, value, wanted, said)
    if value ~= nil and type(value) ~= wanted then
        refuse(name, "expected " .. said)
    end
end

--- What another type would turn into something else without a word.
local function check_types(input)
    check_type("stream", input.stream, "boolean", "true or false")
    check_type("stream_options", input.stream_options, "table", "an object")
    check_type("parallel_tool_calls", input.parallel_tool_calls, "boolean", "true or false")
    check_type("tools", input.tools, "table", "a list of tools")
    check_type("response_format", input.response_format, "table", "an object")
    if type(input.stop) ~= "string" then
        check_type("stop", input.stop, "table", "a string or a list of strings")
    end
    if input.parallel_tool_calls == false and input.tools and input.tools[1] then
        refuse("parallel_tool_calls", "false is not supported, as Bedrock has no such wish; leave it out")
    end
end

--- What Converse calls the formats whose names differ.
local FORMATS = { jpg = "jpeg" }

local function image(url)
    local head, data = tostring(url):match "^([^,]*),(.*)$"
    local format = head and head:lower():match "^data:image/([%w.+-]+);base64$"
    if not format then
        refuse("messages", "image_url: expected a data URL (data:image/png;base64,…); the gateway fetches nothing")
    end
    local bytes = ngx.decode_base64(data)
    if not bytes then
        refuse("messages", "image_url: what follows base64, in the data URL is not base64")
    end
    return { image = { format = FORMATS[format] or format, source = { bytes = bytes } } }
end

local part_readers = {}

function part_readers.text(part)
    return { text = part.text }
end

function part_readers.refusal(part)
    return { text = part.refusal }
end

function part_readers.image_url(part)
    return image(part.image_url.url)
end

--- Only an assistant that calls tools may say nothing.
local function blocks(content)
    if type(content) == "string" then
        return content ~= "" and { { text = content } } or {}
    elseif content ~= nil and (type(content) ~= "table" or next(content) ~= nil and content[1] == nil) then
        refuse("messages", "content must be a text or a list of parts")
    end
    local list = {}
    for _, part in ipairs(content or {}) do
        if type(part) ~= "table" then
            refuse("messages", "each part of content must be an object with a type")
        end
        local reader = part_readers[part.type]
            or refuse("messages", ("parts of type %q are not supported"):format(tostring(part.type)))
        list[#list + 1] = reader(part)
    end
    return list
end

local function text_of(content)
    local parts = {}
    for i, block in ipairs(blocks(content)) do
        parts[i] = block.text
    end
    return table.concat(parts)
end

--- A tool without parameters may be called with nothing at all.
local function arguments_of(f)
    return f.arguments == "" and {} or bedrock.json.decode(f.arguments)
        or refuse("messages", "arguments of a tool call are not JSON")
end

local function add_tool_calls(list, calls)
    for _, call in ipairs(calls or {}) do
        list[#list + 1] = { toolUse = {
            toolUseId = call.id,
            name = call["function"].name,
            input = arguments_of(call["function"]),
        } }
    end
    return list
end

--- Converse wants turns to alternate: what one side says in several messages becomes one.
local function add(messages, role, list)
    local last = messages[#messages]
    if not last or last.role ~= role then
        last = { role = role, content = {} }
        messages[#messages + 1] = last
    end
    for _, block in ipairs(list) do
        last.content[#last.content + 1] = block
    end
end

local readers = {}

function readers.system(params, message)
    params.system[#params.system + 1] = { text = text_of(message.content) }
end

readers.developer = readers.system

function readers.user(params, message)
    add(params.messages, "user", blocks(message.content))
end

function readers.assistant(params, message)
    add(params.messages, "assistant", add_tool_calls(blocks(message.content), message.tool_calls))
end

function readers.tool(params, message)
    add(params.messages, "user", { { toolResult = {
        toolUseId = message.tool_call_id,
        content = { { text = text_of(message.content) } },
    } } })
end

--- By their names at OpenAI. "none" is to send no tools.
local CHOICES = { auto = {}, none = {}, required = { any = {} } }

local function tool_choice(choice)
    local f = type(choice) == "table" and choice.type == "function" and choice["function"]
    if type(f) == "table" and type(f.name) == "string" then
        return { tool = { name = f.name } }
    elseif choice == nil then
        return nil
    end
    local known = CHOICES[choice]
        or refuse("tool_choice",
            'expected "auto", "none", "required" or {"type": "function", "function": {"name": …}}')
    return next(known) and known or nil
end

local function function_of(tool)
    if type(tool) ~= "table" then
        refuse("tools", "each tool must be an object")
    elseif tool.type ~= "function" then
        refuse("tools", ("the type %q is not supported, only \"function\""):format(tostring(tool.type)))
    elseif type(tool["function"]) ~= "table" then
        refuse("tools", "a tool of type \"function\" must have an object \"function\"")
    end
    return tool["function"]
end

--- Who must call a tool needs one, and a tool that is named is one of them.
local function check_choice(choice, tools)
    if not tools or not tools[1] then
        refuse("tool_choice", "there are no tools to choose from")
    elseif choice.tool then
        for _, tool in ipairs(tools) do
            if function_of(tool).name == choice.tool.name then
                return
            end
        end
        refuse("tool_choice", ("no tool among tools has the name %q"):format(choice.tool.name))
    end
end

local function tool_config(input)
    local choice = tool_choice(input.tool_choice)
    if choice then
        check_choice(choice, input.tools)
    end
    if not input.tools or not input.tools[1] or input.tool_choice == "none" then
        return nil
    end
    local config = { tools = {} }
    for i, tool in ipairs(input.tools) do
        local f = function_of(tool)
        config.tools[i] = { toolSpec = {
            name = f.name,
            description = f.description,
            inputSchema = { json = f.parameters or { type = "object" } },
        } }
    end
    config.toolChoice = choice
    return config
end

local function output_config(format)
    if format == nil or format.type == "text" then
        return nil
    elseif format.type ~= "json_schema" then
        refuse("response_format", 'expected the type "text" or "json_schema"')
    end
    local schema = type(format.json_schema) == "table" and format.json_schema
        or refuse("response_format", 'the type "json_schema" must have an object "json_schema"')
    return { textFormat = { type = "json_schema", structure = { jsonSchema = {
        schema = bedrock.json.encode(schema.schema),
        name = schema.name,
        description = schema.description,
    } } } }
end

local function stop_sequences(stop)
    return type(stop) == "string" and { stop } or type(stop) == "table" and stop or nil
end

local function params_of(input)
    local params = {
        modelId = input.model ~= "default" and input.model or gateway.model,
        system = {},
        messages = {},
        toolConfig = tool_config(input),
        outputConfig = output_config(input.response_format),
        inferenceConfig = {
            maxTokens = input.max_completion_tokens or input.max_tokens,
            temperature = input.temperature,
            topP = input.top_p,
            stopSequences = stop_sequences(input.stop),
        },
    }
    for _, message in ipairs(input.messages) do
        if type(message) ~= "table" then
            refuse("messages", "each message must be an object with a role")
        end
        local read = readers[message.role]
            or refuse("messages", ("the role %q is not supported"):format(tostring(message.role)))
        read(params, without_nulls(message))
    end
    if not params.messages[1] then
        refuse("messages", "expected a list with at least one message that is not the system's")
    end
    return params
end

local function read(input)
    check(without_nulls(input))
    check_type("model", input.model or bedrock.null, "string", "the name of a model")
    check_type("messages", input.messages or bedrock.null, "table", "a list of messages")
    check_types(input)
    return params_of(input)
end

--- @param input any the body, decoded
--- @return table? params of Converse
--- @return table refused {why, param}; or the input without its nulls
function request.read(input)
    if type(input) ~= "table" then
        return nil, { why = "expected a JSON object with model and messages" }
    end
    local ok, params = pcall(read, input)
    if ok then
        return params, input
    end
    return nil, type(params) == "table" and params.why and params
        or { why = "messages or tools are not as OpenAI describes them" }
end

return request
