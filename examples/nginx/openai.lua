--- OpenAI's chat completions in front of Converse: text, images as data URLs, tools, usage, streaming.
--- The model's name is Bedrock's model ID; "default" is the one of the settings.
local bedrock = require "bedrock"
local gateway = require "gateway"

local openai = {}

local FINISH = {
    content_filtered = "content_filter",
    guardrail_intervened = "content_filter",
    max_tokens = "length",
    tool_use = "tool_calls",
}

-- What comes in

--- What a client sets to null is as if it had left it out.
local function without_nulls(list)
    for name, value in pairs(list) do
        if value == bedrock.null then
            list[name] = nil
        end
    end
    return list
end

local function image(url)
    local format, data = (url or ""):match "^data:image/(%w+);base64,(.*)$"
    return format and { image = { format = format, source = { bytes = ngx.decode_base64(data) } } }
        or { text = "[an image that is not a data URL: " .. tostring(url) .. "]" }
end

local function blocks(content)
    if type(content) == "string" then
        return content ~= "" and { { text = content } } or {}
    end
    local list = {}
    for _, part in ipairs(content or {}) do
        list[#list + 1] = part.type == "image_url" and image(part.image_url.url) or { text = part.text }
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

local function add_tool_calls(list, calls)
    for _, call in ipairs(calls or {}) do
        list[#list + 1] = { toolUse = {
            toolUseId = call.id,
            name = call["function"].name,
            input = bedrock.json.decode(call["function"].arguments) or {},
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

local function tool_config(input)
    if not input.tools or input.tool_choice == "none" then
        return nil
    end
    local config = { tools = {} }
    for i, tool in ipairs(input.tools) do
        local f = tool["function"]
        config.tools[i] = { toolSpec = {
            name = f.name,
            description = f.description,
            inputSchema = { json = f.parameters or { type = "object" } },
        } }
    end
    local choice = input.tool_choice
    if choice == "required" then
        config.toolChoice = { any = {} }
    elseif type(choice) == "table" then
        config.toolChoice = { tool = { name = choice["function"].name } }
    end
    return config
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
        inferenceConfig = {
            maxTokens = input.max_completion_tokens or input.max_tokens,
            temperature = input.temperature,
            topP = input.top_p,
            stopSequences = stop_sequences(input.stop),
        },
    }
    for _, message in ipairs(input.messages) do
        local read = readers[message.role]
        if read then
            read(params, without_nulls(message))
        end
    end
    return params
end

-- What goes out

local function usage_of(usage)
    return {
        prompt_tokens = usage.inputTokens,
        completion_tokens = usage.outputTokens,
        total_tokens = usage.totalTokens,
    }
end

local function tool_call(use, index)
    return {
        index = index,
        id = use.toolUseId,
        type = "function",
        ["function"] = { name = use.name, arguments = use.input and bedrock.json.encode(use.input) or "" },
    }
end

local function message_of(content)
    local texts, calls = {}, {}
    for _, block in ipairs(content) do
        if block.text then
            texts[#texts + 1] = block.text
        elseif block.toolUse then
            calls[#calls + 1] = tool_call(block.toolUse)
        end
    end
    return {
        role = "assistant",
        content = #texts > 0 and table.concat(texts) or bedrock.null,
        tool_calls = #calls > 0 and calls or nil,
    }
end

local function envelope(object, model, choices)
    return {
        id = "chatcmpl-" .. ngx.var.request_id,
        object = object,
        created = ngx.time(),
        model = model,
        choices = bedrock.array(choices),
    }
end

local function fail(status, kind, message)
    ngx.status = status
    ngx.header["Content-Type"] = "application/json"
    ngx.say(bedrock.json.encode { error = { message = message, type = kind, code = bedrock.null } })
end

local function fail_with(err)
    local status = gateway.status_of(err)
    return fail(status, status < 500 and "invalid_request_error" or "api_error", tostring(err))
end

local function answer_whole(params, model)
    local result, err = gateway.connection:converse(params)
    if not result then
        return fail_with(err)
    end
    local whole = envelope("chat.completion", model, { {
        index = 0,
        message = message_of(result.output.message.content),
        finish_reason = FINISH[result.stopReason] or "stop",
    } })
    whole.usage = usage_of(result.usage)
    ngx.header["Content-Type"] = "application/json"
    ngx.say(bedrock.json.encode(whole))
end

--- Tools are numbered by themselves, blocks of text not counted.
local function delta_of(name, event, tools)
    if name == "messageStart" then
        return { role = "assistant", content = "" }
    elseif name == "contentBlockStart" and event.start.toolUse then
        tools.count = tools.count + 1
        tools[event.contentBlockIndex] = tools.count
        return { tool_calls = { tool_call(event.start.toolUse, tools.count) } }
    elseif name == "contentBlockDelta" and event.delta.text then
        return { content = event.delta.text }
    elseif name == "contentBlockDelta" and event.delta.toolUse then
        return { tool_calls = { {
            index = tools[event.contentBlockIndex],
            ["function"] = { arguments = event.delta.toolUse.input },
        } } }
    elseif name == "messageStop" then
        return {}, FINISH[event.stopReason] or "stop"
    end
end

local function send_chunk(model, delta, finish)
    gateway.send(bedrock.json.encode(envelope("chat.completion.chunk", model, { {
        index = 0,
        delta = delta,
        finish_reason = finish or bedrock.null,
    } })))
end

local function send_usage(model, usage)
    local chunk = envelope("chat.completion.chunk", model, {})
    chunk.usage = usage_of(usage)
    gateway.send(bedrock.json.encode(chunk))
end

local function answer_in_pieces(params, model, with_usage)
    local stream, err = gateway.connection:converse_stream(params)
    if not stream then
        return fail_with(err)
    end
    gateway.begin_events()
    local tools = { count = -1 }
    local name, event = stream:next()
    while name do
        local delta, finish = delta_of(name, event, tools)
        if delta then
            send_chunk(model, delta, finish)
        elseif name == "metadata" and with_usage then
            send_usage(model, event.usage)
        end
        name, event = stream:next()
    end
    if event then
        return gateway.send(bedrock.json.encode { error = { message = tostring(event), type = "api_error" } })
    end
    gateway.send "[DONE]"
end

function openai.completions()
    local input = gateway.input()
    if type(input) ~= "table" or type(input.messages) ~= "table" or type(input.model) ~= "string" then
        return fail(400, "invalid_request_error", "expected a JSON object with model and messages")
    end
    local ok, params = pcall(params_of, without_nulls(input))
    if not ok then
        return fail(400, "invalid_request_error", "messages or tools are not as OpenAI describes them")
    end
    if input.stream == true then
        local options = input.stream_options
        return answer_in_pieces(params, input.model, type(options) == "table" and options.include_usage)
    end
    return answer_whole(params, input.model)
end

return openai
