--- Tools of an agent or a harness: which there are, and the calls of one turn, all at the same time.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local is_callable = require "bedrock.is_callable"
local options = require "bedrock.agents.options"

local tools = {}

--- @class bedrock.AgentCall
--- @field id string
--- @field name string what it is called in `tools`
--- @field params table the values by their names; for a harness its input
--- @field session table
--- @field round integer
--- @field context any the ask's own
--- @field group? string an agent's action group
--- @field agent_id? string of the collaborator that wants it
--- @field collaborator? string its name
--- @field confirmation? "USER_CONFIRMATION"|"USER_CONFIRMATION_AND_RESULT"
--- @field input table as it came

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

local function add_tool(found, name, tool, path, problems)
    local run = type(tool) == "table" and tool.run or tool
    if type(name) ~= "string" or name == "" then
        options.add(problems, path, "type", "needs a name")
    elseif not is_callable(run) then
        options.add(problems, path, "type", "must be a function, or a table with a function run")
    else
        found.run[normal(name)] = run
    end
end

--- Tools by name, or a list of {name, description, input, run}, or both.
--- @param given table?
--- @param problems bedrock.Problem[]
--- @return table? found {run = functions by name, list = those with a description}
function tools.read(given, problems)
    if type(given) ~= "table" then
        return nil
    end
    local found = { run = {}, list = {} }
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

--- Ctrl-C as the interpreters raise it is no fault of the function's.
local function is_interrupt(why)
    return type(why) == "string" and why:find "interrupted!$" ~= nil
end

--- What is told to a model need not say where our files are.
local function plain(why)
    return (tostring(why):gsub("^%S+%.lua:%d+: ", ""):gsub('^%[string ".-"%]:%d+: ', ""))
end

local function failed(why, state)
    return { failed = plain(why), state = state == "FAILURE" and state or "REPROMPT" }
end

local function taken(ok, value, why, state)
    if not ok and is_interrupt(value) then
        return { interrupt = value }
    elseif not ok then
        return failed(value)
    elseif not value and why ~= nil then
        return failed(why, state)
    end
    return { value = value }
end

local function run(turn, call)
    local tool = turn.tools and turn.tools.run[call.name]
    if call.problem then
        return failed(call.problem)
    elseif not tool then
        return failed(("there is no tool %s here"):format(call.name))
    end
    return taken(pcall(tool, call.params, call))
end

--- @return boolean? allowed
--- @return string? why not
local function ask(turn, call)
    if not turn.approve then
        return false, "nobody is here to confirm it"
    end
    local allowed, why = turn.approve(call)
    return allowed == true, why
end

local function confirmed(turn, call)
    local ok, allowed, why = pcall(ask, turn, call)
    if not ok and is_interrupt(allowed) then
        return { interrupt = allowed }
    elseif not ok then
        return { failed = plain(allowed), denied = true, confirmation = "DENY" }
    elseif not allowed then
        return { failed = why and plain(why) or "the user did not allow it", denied = true, confirmation = "DENY" }
    end
    local result = call.confirmation == "USER_CONFIRMATION" and {} or run(turn, call)
    result.confirmation = "CONFIRM"
    return result
end

local function outcome(turn, call)
    if turn.kind.asks_first(turn, call) then
        return confirmed(turn, call)
    end
    return run(turn, call)
end

local function jobs_of(turn, calls)
    local jobs = {}
    for i, call in ipairs(calls) do
        jobs[i] = function()
            return outcome(turn, call)
        end
    end
    return jobs
end

--- Runs all calls of a turn at the same time. Cancelling the caller ends them.
--- @param turn table
--- @param calls bedrock.AgentCall[]
--- @return bedrock.AgentResult[] results in the order of the calls
function tools.run(turn, calls)
    if not calls[1] then
        return {}
    end
    local on = turn.on
    for _, call in ipairs(calls) do
        if on.tool_call then
            on.tool_call(call)
        end
    end
    local results, errs = require("bedrock.task").parallel(jobs_of(turn, calls), { limit = turn.tool_limit })
    for i, call in ipairs(calls) do
        local result = results[i] or failed((errs or {})[i])
        if result.interrupt then
            error(result.interrupt, 0)
        end
        result.call, results[i] = call, result
        if on.tool_result then
            on.tool_result(call, result)
        end
    end
    return results
end

--- A tool's value as a text; tables as JSON.
--- @return string? text
--- @return string? why it cannot be one
function tools.text_of(value)
    if type(value) == "string" then
        return value
    elseif value == nil then
        return ""
    end
    local text, err = core.encode(value)
    if not text then
        return nil, "what the tool returned is no JSON: " .. errors.text(err)
    end
    return text
end

return tools
