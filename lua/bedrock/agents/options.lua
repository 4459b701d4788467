--- What may be given to a session and to one ask, and what is wrong with it.
local checks = require "bedrock.base.options"
local drop_null = require "bedrock.base.drop_null"

local options = { add = checks.add }

--- What belongs to the call itself.
local CALL = {
    authorization = true, connect_timeout = true, first_byte_timeout = true, headers = true, max_attempts = true,
    read_timeout = true, retry_timeouts = true, strict = true, total_timeout = true, unknown = true, validate = true,
}

--- AWS's names and those of other libraries, as they are compared: lower-case, without _. The first of each that there
--- is here is meant.
local SLIPS = {
    agentaliasid = "alias_id",
    agentid = "agent_id",
    agentruntimearn = "runtime_arn",
    aliasid = "alias_id",
    callbacks = "on",
    confirm = "approve",
    enabletrace = "trace",
    endpoint = "qualifier",
    functions = "tools",
    harnessarn = "harness_arn",
    k = "results",
    knowledgebaseid = "id",
    maxiterations = "max_rounds",
    maxresults = { "limit", "results" },
    maxsteps = "max_rounds",
    memoryid = "memory_id",
    modelarn = "model",
    modelid = "model",
    n = "results",
    numberofresults = "results",
    promptattributes = "state",
    runtimearn = "runtime_arn",
    runtimesessionid = "session_id",
    sessionattributes = "state",
    sessionid = "session_id",
    sessionstate = "state",
    topk = "results",
}

--- @param given table
--- @param known table<string, string> names of options and of their types
--- @param problems bedrock.Problem[]
function options.check(given, known, problems)
    checks.check(given, { known = known, slips = SLIPS }, problems)
end

--- Options of one ask, apart from those of its calls.
--- @param given table?
--- @param known table<string, string>
--- @param problems bedrock.Problem[]
--- @return table own
--- @return table call
function options.split(given, known, problems)
    local own, call = {}, {}
    for name, value in pairs(drop_null(given or {})) do
        local to = CALL[name] and not known[name] and call or own
        to[name] = value
    end
    options.check(own, known, problems)
    return own, call
end

--- @param ... table<string, any>? later ones take precedence
--- @return table
function options.merged(...)
    local all = {}
    for i = 1, select("#", ...) do
        for name, value in pairs((select(i, ...)) or {}) do
            all[name] = value
        end
    end
    return all
end

return options
