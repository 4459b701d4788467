--- OpenAI's chat completions in front of Converse: text, images as data URLs, tools, JSON by a schema, usage,
--- streaming. The model's name is Bedrock's model ID; "default" is the one of the settings. What cannot be done is
--- refused in words.
local bedrock = require "bedrock"
local gateway = require "gateway"
local request = require "openai_request"

local openai = {}

local FINISH = {
    content_filtered = "content_filter",
    guardrail_intervened = "content_filter",
    max_tokens = "length",
    tool_use = "tool_calls",
}

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
    gateway.tell(err)
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
        gateway.tell(event)
        return gateway.send(bedrock.json.encode { error = { message = tostring(event), type = "api_error" } })
    end
    gateway.send "[DONE]"
end

function openai.completions()
    local params, why, input = request.read(gateway.input())
    if not params then
        return fail(400, "invalid_request_error", why)
    end
    if input.stream == true then
        local options = input.stream_options
        return answer_in_pieces(params, input.model, type(options) == "table" and options.include_usage)
    end
    return answer_whole(params, input.model)
end

return openai
