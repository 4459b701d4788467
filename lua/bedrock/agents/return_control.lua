--- Return of control: the calls in its events, and what the agent is told of them.
local answers = require "bedrock.agents.answer"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local merged = require("bedrock.agents.options").merged
local read_parameters = require "bedrock.agents.parameters"
local tools = require "bedrock.agents.tools"

local return_control = {}

local function call_of(control, number, input)
    local kind = input.apiInvocationInput and "api" or "function"
    local wanted = input.apiInvocationInput or input.functionInvocationInput or {}
    local call = {
        id = ("%s/%d"):format(tostring(control.invocationId), number),
        group = wanted.actionGroup,
        method = wanted.httpMethod,
        path = wanted.apiPath,
        agent_id = wanted.agentId,
        collaborator = wanted.collaboratorName,
        confirmation = wanted.actionInvocationType ~= "RESULT" and wanted.actionInvocationType or nil,
        kind = kind,
        input = wanted,
        params = {},
    }
    call["function"] = wanted["function"]
    local name = kind == "api" and ("%s %s"):format(tostring(wanted.httpMethod), tostring(wanted.apiPath))
        or tostring(wanted["function"])
    call.name = tools.normal(tostring(wanted.actionGroup) .. "." .. name)
    return call, wanted
end

--- The values of the body of an API's call, of whatever content type; there is one in practice.
local function read_body(call, wanted)
    local problems = {}
    for _, content in pairs(wanted.requestBody and wanted.requestBody.content or {}) do
        call.body = call.body or {}
        table.insert(problems, read_parameters(call.body, content.properties))
    end
    for name, value in pairs(call.body or {}) do
        if call.params[name] == nil then
            call.params[name] = value
        end
    end
    return problems[1]
end

--- The calls of one event, which are answered together.
local function group_of(turn, control)
    local group = { id = control.invocationId, calls = {} }
    for i, input in ipairs(control.invocationInputs or {}) do
        local call, wanted = call_of(control, i, input)
        local problem = read_parameters(call.params, wanted.parameters)
        local body_problem = read_body(call, wanted)
        call.problem = problem or body_problem
        group.calls[i] = call
        answers.heard_of(turn.answer_so_far, call.agent_id, call.collaborator)
    end
    return group
end

--- Events of one invocation are one.
local function add_group(turn, control)
    local new = group_of(turn, control)
    for _, group in ipairs(turn.waiting) do
        if group.id ~= nil and group.id == new.id then
            for _, call in ipairs(new.calls) do
                call.id = ("%s/%d"):format(tostring(group.id), #group.calls + 1)
                table.insert(group.calls, call)
            end
            return new.calls
        end
    end
    table.insert(turn.waiting, new)
    return new.calls
end

local function names_in(input)
    local names = {}
    for name in pairs(type(input) == "table" and input or {}) do
        names[#names + 1] = core.shown(tostring(name))
    end
    table.sort(names)
    return names[1] and table.concat(names, ", ") or "nothing"
end

local function is_known(input)
    return type(input) == "table"
        and (type(input.apiInvocationInput) == "table" or type(input.functionInvocationInput) == "table")
end

--- @return string? what what cannot be answered
local function unanswerable(control)
    local inputs = control.invocationInputs
    if type(inputs) ~= "table" or not inputs[1] then
        return "without an invocation input"
    end
    for i, input in ipairs(inputs) do
        if not is_known(input) then
            return ("with an invocation input %d that is neither a function's nor an API's: it has %s"):format(i,
                names_in(input))
        end
    end
end

--- Events that no request can answer.
--- @param controls table[] as AWS has them
--- @return bedrock.Error?
function return_control.refused(controls)
    for _, control in ipairs(controls) do
        local what = unanswerable(control)
        if what then
            return errors.new {
                kind = "conversation",
                code = "UnknownInvocation",
                operation = "agent_session",
                message = ("the agent returned control (invocation %s) %s"):format(
                    core.shown(tostring(control.invocationId)), what),
            }
        end
    end
end

--- The calls in events, all of them. Each invocation waits in `turn.waiting` to be answered.
--- @param turn table
--- @param controls table[] events, as AWS has them
--- @return bedrock.AgentCall[]
function return_control.calls(turn, controls)
    local calls = {}
    for _, control in ipairs(controls) do
        for _, call in ipairs(add_group(turn, control)) do
            table.insert(calls, call)
        end
    end
    return calls
end

local CONTENT_TYPE = { api = "application/json", ["function"] = "TEXT" }

local function is_result(value)
    return type(value) == "table" and type(value.responseBody) == "table"
end

--- What the agent is told: a text, JSON, or a table as AWS has it ({responseBody = …}).
local function told(result, kind)
    if is_result(result.value) then
        return merged(result.value)
    elseif not result.failed then
        local text, why = tools.text_of(result.value)
        if text then
            return { responseBody = { [CONTENT_TYPE[kind]] = { body = text } } }
        end
        result.failed, result.state = why, "REPROMPT"
    end
    return {
        responseBody = { [CONTENT_TYPE[kind]] = { body = result.failed } },
        responseState = not result.denied and result.state or nil,
    }
end

local function result_of(result)
    local call = result.call
    local only_confirmed = result.confirmation == "CONFIRM" and call.confirmation == "USER_CONFIRMATION"
    local fields = only_confirmed and {} or told(result, call.kind)
    fields.actionGroup, fields.agentId = call.group, call.agent_id
    fields.confirmationState = result.confirmation
    if call.kind == "api" then
        fields.apiPath, fields.httpMethod = call.path, call.method
        return { apiResult = fields }
    end
    fields["function"] = call["function"]
    return { functionResult = fields }
end

--- Takes the results, and the first invocation that waits.
--- @param turn table
--- @param results bedrock.AgentResult[] of calls in any of those that wait
--- @return string? id of the invocation
--- @return table[] list as AWS has them, in the order of the calls
function return_control.answered(turn, results)
    for _, result in ipairs(results) do
        result.call.result = result
    end
    local group = table.remove(turn.waiting, 1)
    local list = {}
    for i, call in ipairs(group.calls) do
        list[i] = result_of(call.result)
        call.result = nil
    end
    return group.id, list
end

return return_control
