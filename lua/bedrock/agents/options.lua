--- What may be given to a session and to one ask, and what is wrong with it.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local is_callable = require "bedrock.base.is_callable"

local options = {}

local function is_text(value)
    return type(value) == "string" and value ~= ""
end

local function is_whole(value)
    return type(value) == "number" and value >= 1 and value % 1 == 0
end

local function of_type(name)
    return function(value)
        return type(value) == name
    end
end

--- Types of options: words, and what fits.
options.types = {
    any = { "anything", function() return true end },
    boolean = { "true or false", of_type "boolean" },
    callable = { "a function", is_callable },
    number = { "a number", of_type "number" },
    table = { "a table", of_type "table" },
    text = { "a text that is not empty", is_text },
    text_or_list = { "a text or a list of texts", function(value)
        return is_text(value) or type(value) == "table"
    end },
    whole = { "a whole number from 1", is_whole },
}

--- What belongs to the call itself.
local CALL = {
    authorization = true, connect_timeout = true, first_byte_timeout = true, headers = true, max_attempts = true,
    read_timeout = true, retry_timeouts = true, strict = true, total_timeout = true, unknown = true, validate = true,
}

function options.add(problems, path, kind, message, ...)
    problems[#problems + 1] = { path = path, kind = kind, message = message:format(...) }
end

local function sorted_names(known)
    local names = {}
    for name in pairs(known) do
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end

local function shown(value)
    return type(value) == "number" and tostring(value) or errors.type_of(value)
end

--- AWS's names and those of other libraries, as they are compared: lower-case, without _. The first of each that there
--- is here is meant.
local SLIPS = {
    agentaliasid = { "alias_id" },
    agentid = { "agent_id" },
    agentruntimearn = { "runtime_arn" },
    aliasid = { "alias_id" },
    callbacks = { "on" },
    confirm = { "approve" },
    enabletrace = { "trace" },
    endpoint = { "qualifier" },
    functions = { "tools" },
    harnessarn = { "harness_arn" },
    k = { "results" },
    knowledgebaseid = { "id" },
    maxiterations = { "max_rounds" },
    maxresults = { "limit", "results" },
    maxsteps = { "max_rounds" },
    memoryid = { "memory_id" },
    modelarn = { "model" },
    modelid = { "model" },
    n = { "results" },
    numberofresults = { "results" },
    promptattributes = { "state" },
    runtimearn = { "runtime_arn" },
    runtimesessionid = { "session_id" },
    sessionattributes = { "state" },
    sessionid = { "session_id" },
    sessionstate = { "state" },
    topk = { "results" },
}

local function meant(name, known)
    if type(name) ~= "string" then
        return nil
    end
    for _, one in ipairs(SLIPS[(name:lower():gsub("_", ""))] or {}) do
        if known[one] then
            return one
        end
    end
    return core.suggest(name, sorted_names(known))
end

local function add_unknown(problems, name, known)
    local near = meant(name, known)
    options.add(problems, core.shown(tostring(name)), "unknown", "unknown option%s",
        near and (" (did you mean %s?)"):format(near) or "")
end

local function check(value, name, known, problems)
    local wanted = options.types[known[name]]
    if not wanted[2](value) then
        options.add(problems, name, "type", "must be %s, got %s", wanted[1], shown(value))
    end
end

--- @param given table
--- @param known table<string, string> names of options and of their types
--- @param problems bedrock.Problem[]
function options.check(given, known, problems)
    for name, value in pairs(given) do
        if not known[name] then
            add_unknown(problems, name, known)
        else
            check(value, name, known, problems)
        end
    end
end

--- Options of one ask, apart from those of its calls.
--- @param given table?
--- @param known table<string, string>
--- @param problems bedrock.Problem[]
--- @return table own
--- @return table call
function options.split(given, known, problems)
    local own, call = {}, {}
    for name, value in pairs(given or {}) do
        if value == core.null then
            value = nil
        end
        if value ~= nil and CALL[name] and not known[name] then
            call[name] = value
        elseif value ~= nil then
            own[name] = value
        end
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
