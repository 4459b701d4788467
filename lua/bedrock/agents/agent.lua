--- Agents: InvokeAgent, with return of control.
--- https://docs.aws.amazon.com/bedrock/latest/userguide/agents-returncontrol.html
local answers = require "bedrock.agents.answer"
local errors = require "bedrock.errors"
local files = require "bedrock.agents.files"
local merged = require("bedrock.agents.options").merged
local return_control = require "bedrock.agents.return_control"

local agent = {
    operation = "agent_session",
    options = {
        agent_id = "text", alias_id = "text", session_id = "text", memory_id = "text", state = "table",
        trace = "boolean", tools = "table", approve = "callable", params = "table", max_rounds = "whole",
        tool_limit = "whole",
    },
    asked = {
        state = "table", trace = "boolean", files = "table", tools = "table", approve = "callable",
        tool_limit = "whole",
    },
    required = { "agent_id", "alias_id" },
    tool_names = { pattern = "^[^.]+%..", most = 2048, words = '"group.function" or "group.METHOD /path"' },
}

function agent.name_of(session)
    return session.agent_id .. "/" .. session.alias_id
end

--- What a session is told once; the rest of a state holds for one request only, so it goes with each.
local ONCE = { sessionAttributes = true, conversationHistory = true, files = true }

local function lasting(state)
    local rest = {}
    for name, value in pairs(state or {}) do
        if not ONCE[name] then
            rest[name] = value
        end
    end
    return rest
end

local function params_of(turn, state)
    local session = turn.session
    local params = merged({ memoryId = session.memory_id, enableTrace = turn.trace }, turn.params)
    params.agentId, params.agentAliasId, params.sessionId = session.agent_id, session.alias_id, session.session_id
    if turn.streaming and params.streamingConfigurations == nil then
        params.streamingConfigurations = { streamFinalResponse = true }
    end
    params.sessionState = next(state) ~= nil and state or nil
    return params
end

--- A text, or {text, files}.
--- @return string? text
--- @return table|bedrock.Error|nil files
local function text_and_files(turn)
    local input = turn.input
    if type(input) ~= "table" then
        return input, turn.files
    elseif type(input.text) ~= "string" then
        return nil, errors.validation(agent.operation, { { path = "text", kind = "missing",
            message = "missing: ask takes a text, or a table {text, files}" } })
    end
    return input.text, input.files or turn.files
end

function agent.first(turn)
    local session = turn.session
    local text, given = text_and_files(turn)
    if not text then
        return nil, given
    end
    local list, err = files.read(given)
    if err then
        return nil, err
    end
    local own = session.told and lasting(session.state) or session.state
    local state = merged(own, turn.state_given)
    if list then
        state.files = list
    end
    local params = params_of(turn, state)
    params.inputText = text
    turn.controls, turn.texts, turn.waiting = {}, {}, {}
    return params
end

function agent.open(turn, params)
    local stream, err = turn.session.conn.agent_runtime:invoke_agent(params, turn.call)
    if stream then
        turn.session.told = true
    end
    return stream, err
end

--- What traces hold is not always what AWS documents.
local function member(value, name)
    return type(value) == "table" and value[name] or nil
end

local function usage_of(part)
    return member(member(member(part, "modelInvocationOutput"), "metadata"), "usage")
end

local function take_trace(turn, event)
    local answer = turn.answer_so_far
    table.insert(answer.trace, event)
    for _, part in pairs(type(event.trace) == "table" and event.trace or {}) do
        answers.count(answer, usage_of(part))
    end
    if event.collaboratorName then
        answers.heard_of(answer, event.agentId, event.collaboratorName)
    end
    if turn.on.trace then
        turn.on.trace(event)
    end
end

local takers = {}

function takers.chunk(turn, event)
    local answer = turn.answer_so_far
    for _, citation in ipairs(event.attribution and event.attribution.citations or {}) do
        table.insert(answer.citations, citation)
    end
    if event.bytes then
        table.insert(turn.texts, event.bytes)
        turn:say(event.bytes)
    end
end

takers.trace = take_trace

function takers.files(turn, event)
    for _, file in ipairs(event.files or {}) do
        table.insert(turn.answer_so_far.files, file)
    end
end

function takers.returnControl(turn, event)
    local answer = turn.answer_so_far
    answer.return_control = answer.return_control or {}
    table.insert(answer.return_control, event)
    table.insert(turn.controls, event)
end

function agent.event(turn, name, event)
    local take = takers[name]
    if take then
        take(turn, event)
    else
        answers.other(turn.answer_so_far, name, event)
    end
end

--- All calls that came since; none, but another request is due, while invocations wait to be answered.
function agent.ended(turn)
    local controls = turn.controls
    turn.controls = {}
    local err = return_control.refused(controls)
    if err then
        return nil, err
    elseif controls[1] or turn.waiting[1] then
        return return_control.calls(turn, controls)
    end
end

--- One invocation is answered with each request.
function agent.reply(turn, results)
    local state = merged(lasting(turn.session.state), lasting(turn.state_given))
    state.invocationId, state.returnControlInvocationResults = return_control.answered(turn, results)
    return params_of(turn, state)
end

function agent.fill(turn, answer)
    answer.text = table.concat(turn.texts or {})
end

--- AWS says which actions are to be confirmed.
function agent.asks_first(_, call)
    return call.confirmation ~= nil
end

--- @param text string? a last word to it
function agent.finish(session, text, options)
    local stream, err = session.conn.agent_runtime:invoke_agent({
        agentId = session.agent_id, agentAliasId = session.alias_id, sessionId = session.session_id,
        memoryId = session.memory_id, endSession = true, inputText = text,
    }, options)
    if not stream then
        return nil, err
    end
    local result
    result, err = stream:gather()
    return result and true, err
end

return agent
