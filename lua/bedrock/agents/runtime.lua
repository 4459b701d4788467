--- AgentCore runtimes: InvokeAgentRuntime. What goes in and comes out is the agent's own: JSON, server-sent events, or
--- any bytes.
local answers = require "bedrock.agents.answer"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local fault_of = require("bedrock.streams.model_chunks").fault_of
local harness = require "bedrock.agents.harness"
local options = require "bedrock.agents.options"
local said = require "bedrock.agents.said"

local runtime = {
    operation = "agent_session",
    options = {
        runtime_arn = "text", session_id = "text", qualifier = "text", payload = "callable", read = "callable",
        params = "table",
    },
    asked = { payload = "callable", read = "callable" },
    required = {},
    check = harness.check,
}

function runtime.name_of(session)
    return session.runtime_arn
end

local function payload_of(turn)
    if turn.payload then
        return turn.payload(turn.input)
    elseif type(turn.input) == "table" then
        return turn.input
    end
    return { prompt = turn.input }
end

function runtime.first(turn)
    local session = turn.session
    local payload = payload_of(turn)
    if type(payload) ~= "string" and type(payload) ~= "table" then
        return nil, errors.validation(runtime.operation, { { path = "payload", kind = "type",
            message = "must give a text or a table, got " .. errors.type_of(payload) } })
    end
    local params = options.merged({ qualifier = session.qualifier, contentType = "application/json" }, turn.params)
    params.agentRuntimeArn, params.runtimeSessionId = session.runtime_arn, session.session_id
    params.payload = payload
    turn.bytes, turn.texts, turn.form = {}, {}, {}
    return params
end

function runtime.open(turn, params)
    local stream, err = turn.session.conn.agentcore:invoke_agent_runtime(params,
        options.merged(turn.call, { stream = true }))
    if stream then
        local kind = tostring(stream.contentType or ""):lower()
        turn.is_json = kind:find("json", 1, true) ~= nil
    end
    return stream, err
end

local function failed(turn, fault)
    return errors.new {
        kind = "service",
        code = fault.code,
        operation = runtime.operation,
        message = fault.message,
        fields = fault.fields,
        session_id = turn.session.session_id,
    }
end

local function read_event(turn, event)
    local json = core.decode(event.data)
    event.json = json
    turn.events = turn.events or {}
    table.insert(turn.events, event)
    local fault = fault_of(json)
    if fault then
        return failed(turn, fault)
    end
    local text
    if turn.read then
        text = turn.read(json == nil and event.data or json, event)
    else
        text = said.of_event(turn.form, json, event.data)
    end
    if text then
        table.insert(turn.texts, text)
        turn:say(text)
    end
end

--- Server-sent events are tables, pieces of any other answer are texts. JSON is read when it is whole.
function runtime.event(turn, name, event)
    if type(event) == "table" then
        return read_event(turn, event)
    elseif name ~= "chunk" then
        answers.other(turn.answer_so_far, name, event)
        return nil
    end
    table.insert(turn.bytes, event)
    if not turn.is_json then
        turn:say(event)
    end
end

--- An answer that came as JSON, or as other bytes.
local function read_body(turn)
    local answer = turn.answer_so_far
    answer.body = table.concat(turn.bytes)
    if not turn.is_json then
        return answer.body
    end
    answer.output = core.decode(answer.body)
    if turn.read then
        return turn.read(answer.output)
    end
    return said.of_answer(answer.output) or answer.body
end

function runtime.ended(turn)
    if turn.bytes[1] then
        local text = read_body(turn)
        table.insert(turn.texts, text)
        if turn.is_json then
            turn:say(text)
        end
    end
    return nil
end

function runtime.fill(turn, answer)
    answer.text = table.concat(turn.texts or {})
    answer.events = turn.events
    if turn.bytes and turn.bytes[1] and not answer.body then
        answer.body = table.concat(turn.bytes)
    end
end

function runtime.asks_first()
    return false
end

function runtime.finish(session, _, given)
    local ok, err = session.conn.agentcore:stop_runtime_session({
        agentRuntimeArn = session.runtime_arn, runtimeSessionId = session.session_id, qualifier = session.qualifier,
    }, given)
    return ok and true, err
end

return runtime
