--- Tools of an agent or a harness: which there are, and the calls of one turn, all at the same time.
local at_once = require "bedrock.tasks.at_once"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local is_callable = require "bedrock.base.is_callable"
local log = require "bedrock.log"
local options = require "bedrock.agents.options"
local raised = require "bedrock.tasks.raised"

local tools = {}

--- A call of a function, as an agent asks for it.
--- @class bedrock.AgentCall
--- @field id string of this call
--- @field name string what it is called in `tools`
--- @field params table the values by their names; for a harness its input
--- @field session table whose call it is
--- @field round integer 1 for the first request
--- @field context any the ask's own
--- @field group? string an agent's action group
--- @field agent_id? string of the collaborator that wants it
--- @field collaborator? string its name
--- @field confirmation? "USER_CONFIRMATION"|"USER_CONFIRMATION_AND_RESULT" it is to be confirmed
--- @field input table as it came

--- What became of a call of a function.
--- @class bedrock.AgentResult
--- @field call bedrock.AgentCall
--- @field value any what the tool returned
--- @field failed? string why there is none
--- @field state? "REPROMPT"|"FAILURE" what the agent is to do about that
--- @field confirmation? "CONFIRM"|"DENY"

--- "group.get /path" is the same as "group.GET /path".
local function normal(name)
    local group, method, path = name:match "^(.-)%.(%a+) (/.*)$"
    return group and group .. "." .. method:upper() .. " " .. path or name
end
tools.normal = normal

--- The schema of an input, in either form.
local function read_input(input, path, problems)
    local made, _, wrong = require("bedrock.schema").of(input)
    for _, problem in ipairs(wrong or {}) do
        local place = path .. ".input" .. (problem.path ~= "" and "." or "") .. problem.path
        options.add(problems, place, problem.kind, "%s", problem.message)
    end
    return made
end

local function add_tool(found, name, tool, path, problems)
    local run, names = type(tool) == "table" and tool.run or tool, found.names
    if type(name) ~= "string" or name == "" then
        options.add(problems, path, "type", "needs a name")
    elseif not name:find(names.pattern) or #name > names.most then
        options.add(problems, path, "pattern", "its name must be %s", names.words)
    elseif not is_callable(run) then
        options.add(problems, path, "type", "must be a function, or a table with a function run")
    else
        found.run[normal(name)] = run
        if type(tool) == "table" and tool.input ~= nil then
            found.inputs[normal(name)] = read_input(tool.input, path, problems)
        end
    end
end

--- Tools by name, or a list of {name, description, input, run}, or both.
--- @param given table?
--- @param names table {pattern, most, words} of what they may be called
--- @param problems bedrock.Problem[]
--- @return table? found {run, inputs = functions and schemas by name, list = those with a description or input}
function tools.read(given, names, problems)
    if type(given) ~= "table" then
        return nil
    end
    local found = { run = {}, inputs = {}, list = {}, names = names }
    for key, tool in pairs(given) do
        local path = "tools[" .. (type(key) == "string" and ("%q"):format(core.shown(key)) or tostring(key)) .. "]"
        local name = type(key) == "string" and key or type(tool) == "table" and tool.name
        add_tool(found, name, tool, path, problems)
    end
    for _, tool in ipairs(given) do
        if type(tool) == "table" and (tool.description or tool.input) then
            found.list[#found.list + 1] = tool
        end
    end
    return found
end

local function failed(why, state)
    return { failed = raised.text(why), state = state == "FAILURE" and state or "REPROMPT" }
end

local function taken(ok, value, why, state)
    if not ok and raised.is_for_the_caller(value) then
        error(value, 0)
    elseif not ok then
        return failed(value)
    elseif not value and why ~= nil then
        return failed(why, state)
    end
    return { value = value }
end

--- The name under which there is a tool: of an API, too, for all methods of a path.
local function known_name(found, call)
    local short = call.path and ("%s.%s"):format(call.group, call.path)
    if found and found.run[call.name] then
        return call.name
    end
    return found and short and found.run[short] and short or nil
end

local function run(turn, call)
    return taken(pcall(turn.tools.run[known_name(turn.tools, call)], call.params, call))
end

--- Asks before a call is answered.
--- @return bedrock.AgentResult? denied
local function denial(turn, call)
    local allowed, why = false, "nobody is here to confirm it"
    if turn.approve then
        allowed, why = turn.approve(call)
    end
    if not allowed then
        return { failed = raised.text(why or "the call was not allowed"), denied = true, confirmation = "DENY" }
    end
end

--- Why a call cannot run: there is no such tool, or its input does not fit.
local function misfit(found, call)
    local name = known_name(found, call)
    if not name then
        return failed(("there is no tool %s here"):format(call.name))
    end
    local input = found.inputs[name]
    if not input then
        return nil
    end
    local check = require "bedrock.schema_check"
    local problems = check.problems(input, call.params)
    if problems[1] then
        return failed("the input does not fit the tool's schema: " .. table.concat(problems, "; "))
    end
    call.params = check.cleaned(input, call.params)
end

--- What is known of a call without running it, if anything is. Nobody is asked about a call that cannot run.
--- @return bedrock.AgentResult? result
--- @return string? confirmation
local function beforehand(turn, call)
    local is_only_asked = call.confirmation == "USER_CONFIRMATION"
    local result = call.problem and failed(call.problem) or not is_only_asked and misfit(turn.tools, call) or nil
    if result and call.confirmation then
        result.confirmation, result.denied = "DENY", true
    end
    local is_asked = not result and turn.kind.asks_first(turn, call)
    result = result or is_asked and denial(turn, call) or nil
    if not result and is_only_asked then
        return { confirmation = "CONFIRM" }
    end
    return result, is_asked and "CONFIRM" or nil
end

--- What is logged of a call: no values.
local function note(turn, result)
    if log.wants "debug" then
        local what = result.denied and "was not allowed" or result.failed and "failed" or "was answered"
        local call = result.call
        log.write("debug", ("%s: round %d: %s %s"):format(turn.kind.operation, call.round, call.name, what))
    end
end

--- Runs all calls of a turn at the same time. Who must allow them is asked before, one call after the other. Cancelling
--- the caller ends them.
--- @param turn table
--- @param calls bedrock.AgentCall[]
--- @return bedrock.AgentResult[] results in the order of the calls
function tools.run(turn, calls)
    local on, results, jobs = turn.on, {}, {}
    for i, call in ipairs(calls) do
        if on.tool_call then
            on.tool_call(call)
        end
        local confirmation
        results[i], confirmation = beforehand(turn, call)
        jobs[#jobs + 1] = not results[i] and function()
            results[i] = run(turn, call)
            results[i].confirmation = confirmation
        end or nil
    end
    at_once(jobs, turn.tool_limit)
    for i, call in ipairs(calls) do
        results[i].call = call
        note(turn, results[i])
        if on.tool_result then
            on.tool_result(results[i], call)
        end
    end
    return results
end

--- What somebody gives in the place of a tool: what that could have returned, or an error. To a call that is to be
--- confirmed false is a no.
--- @return bedrock.AgentResult
function tools.given(call, value)
    if errors.is(value) then
        return failed(value)
    elseif not call.confirmation then
        return { value = value }
    elseif value == false then
        return { failed = "the call was not allowed", denied = true, confirmation = "DENY" }
    end
    return { value = value ~= true and value or nil, confirmation = "CONFIRM" }
end

local NOTHING = "(no output)"

--- A tool's value as a text; tables as JSON.
--- @return string? text
--- @return string? why it cannot be one
function tools.text_of(value)
    if value == nil or type(value) == "string" and not value:find "%S" then
        return NOTHING
    end
    local text, err = core.encode(value)
    if not text then
        return nil, "what the tool gave cannot be sent: " .. errors.text(err)
    end
    return type(value) == "string" and value or text
end

return tools
