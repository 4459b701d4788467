--- OpenAI's chat completions in front of Converse: text, images as data URLs, tools, JSON by a schema, usage,
--- streaming; and the list of models. The model's name is Bedrock's model ID; "default" is the one of the settings.
--- What cannot be done is refused in words; ../README.md lists it.
local bedrock = require "bedrock"
local gateway = require "gateway"
local request = require "openai_request"
local words = require "openai_words"

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

--- What all chunks of one answer have in common.
local function new_completion(model)
    return { id = "chatcmpl-" .. ngx.var.request_id, created = ngx.time(), model = model }
end

local function envelope(completion, object, choices)
    return {
        id = completion.id,
        object = object,
        created = completion.created,
        model = completion.model,
        choices = bedrock.array(choices),
    }
end

local function send_json(value)
    ngx.header["Content-Type"] = "application/json"
    ngx.say(bedrock.json.encode(value))
end

--- What goes wrong in the model (408, 424) is not the caller's.
local TYPES = { [408] = "api_error", [424] = "api_error", [429] = "rate_limit_error" }
local CODES = { [404] = "model_not_found", [429] = "rate_limit_exceeded" }

--- @param param string? the caller's member that is wrong, if one is known
local function error_of(status, message, param)
    return { error = {
        message = message,
        type = TYPES[status] or status < 500 and "invalid_request_error" or "api_error",
        param = param or bedrock.null,
        code = CODES[status] or bedrock.null,
    } }
end

local function fail(status, message, param)
    ngx.status = status
    send_json(error_of(status, message, param))
end

local function message_for(err, input)
    return words.of(gateway.words_for(err), input)
end

local function param_for(err, input)
    local problem = err.kind == "validation" and err.errors and err.errors[1]
    return problem and words.of(problem.path, input)
end

local function fail_with(err, input)
    gateway.tell(err)
    if err.retry_after then
        ngx.header["Retry-After"] = math.ceil(err.retry_after)
    end
    return fail(gateway.status_of(err), message_for(err, input), param_for(err, input))
end

local function answer_whole(params, input)
    local result, err = gateway.connection:converse(params)
    if not result then
        return fail_with(err, input)
    end
    local whole = envelope(new_completion(input.model), "chat.completion", { {
        index = 0,
        message = message_of(result.output.message.content),
        finish_reason = FINISH[result.stopReason] or "stop",
    } })
    whole.usage = usage_of(result.usage)
    send_json(whole)
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

local function send_chunk(completion, delta, finish)
    gateway.send(bedrock.json.encode(envelope(completion, "chat.completion.chunk", { {
        index = 0,
        delta = delta,
        finish_reason = finish or bedrock.null,
    } })))
end

local function send_usage(completion, usage)
    local chunk = envelope(completion, "chat.completion.chunk", {})
    chunk.usage = usage_of(usage)
    gateway.send(bedrock.json.encode(chunk))
end

--- With its first event: until that is there, the stream may be refused, and the answer has no status yet.
--- @return table? stream
--- @return any name or the error
--- @return table? event
local function opened(params)
    local stream, err = gateway.connection:converse_stream(params)
    if not stream then
        return nil, err
    end
    local name, event = stream:next()
    if not name then
        return nil, event
    end
    return stream, name, event
end

local function answer_in_pieces(params, input)
    local stream, name, event = opened(params)
    if not stream then
        return fail_with(name, input)
    end
    gateway.begin_events()
    local completion, tools = new_completion(input.model), { count = -1 }
    local with_usage = input.stream_options and input.stream_options.include_usage
    while name do
        local delta, finish = delta_of(name, event, tools)
        if delta then
            send_chunk(completion, delta, finish)
        elseif name == "metadata" and with_usage then
            send_usage(completion, event.usage)
        end
        name, event = stream:next()
    end
    if event then
        gateway.tell(event)
        return gateway.send(bedrock.json.encode(error_of(gateway.status_of(event), message_for(event, input))))
    end
    gateway.send "[DONE]"
end

function openai.completions()
    local params, input = request.read(gateway.input())
    if not params then
        return fail(400, input.why, input.param)
    end
    return (input.stream and answer_in_pieces or answer_whole)(params, input)
end

local function model_of(id, owner)
    return { id = id, object = "model", created = 0, owned_by = owner }
end

--- Those that write text; the one of the settings first.
local function models()
    local found, err = gateway.connection:models { output = "text" }
    if not found then
        return nil, err
    end
    local list = { gateway.model and model_of("default", "settings") }
    for _, model in ipairs(found) do
        list[#list + 1] = model_of(model.id, model.provider or "bedrock")
    end
    return list
end

function openai.models()
    local list, err = models()
    if not list then
        return fail_with(err, {})
    end
    send_json { object = "list", data = bedrock.array(list) }
end

--- @param id string
function openai.model(id)
    local list, err = models()
    if not list then
        return fail_with(err, {})
    end
    for _, model in ipairs(list) do
        if model.id == id then
            return send_json(model)
        end
    end
    fail(404, ("there is no model %q; GET /v1/models lists them"):format(id), "model")
end

function openai.unknown()
    ngx.status = 404
    local answer = error_of(400, ngx.req.get_method() .. " " .. ngx.var.uri .. " is not part of this gateway: it has "
        .. "/v1/chat/completions and /v1/models")
    answer.error.code = "unknown_url"
    send_json(answer)
end

return openai
