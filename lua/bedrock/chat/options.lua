--- What a chat may be told: each option with what it must be. The same options serve one `say`.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local drop_null = require "bedrock.drop_null"
local is_callable = require "bedrock.is_callable"
local is_list = require "bedrock.is_list"

local options = {}

local function is_text(value)
    return type(value) == "string" and value ~= ""
end

local function is_number(value)
    return type(value) == "number" and value == value and math.abs(value) ~= math.huge
end

local function is_count(value)
    return is_number(value) and value % 1 == 0 and value >= 1
end

local function is_table(value)
    return type(value) == "table"
end

local function is_one_of(...)
    local allowed = {}
    for _, value in ipairs { ... } do
        allowed[value] = true
    end
    return function(value)
        return allowed[value] == true
    end
end

local text = { "a string that is not empty", is_text }
local count = { "a whole number from 1", is_count }
local number = { "a number", is_number }
local a_table = { "a table", is_table }
local a_function = { "a function", is_callable }
local a_boolean = { "true or false", is_one_of(true, false) }

local function is_level(value)
    return is_count(value) or is_one_of(true, false, "low", "medium", "high")(value)
end

local KNOWN = {
    approve = a_function,
    cache = { 'true, false, "5m" or "1h"', is_one_of(true, false, "5m", "1h") },
    citations = a_boolean,
    context = { "anything", function() return true end },
    context_limit = count,
    extra = a_table,
    guardrail = { "a table: {id, version, trace}", function(value)
        return is_table(value) and is_text(value.id) and is_text(value.version)
    end },
    heal = a_boolean,
    max_rounds = count,
    max_tokens = count,
    messages = { "a list of messages, or the path of a saved chat", function(value)
        return is_text(value) or is_list(value, is_table)
    end },
    model = text,
    on = a_table,
    on_step = a_function,
    partial = a_function,
    performance = text,
    reasoning = { 'true, "low", "medium", "high", or how many tokens', is_level },
    request_metadata = a_table,
    resolve = a_boolean,
    schema = a_table,
    service_tier = text,
    stop = { "a string or a list of strings, none of them empty", function(value)
        return is_text(value) or is_list(value, is_text)
    end },
    stop_when = a_function,
    system = { "a string, or a list of blocks", function(value)
        return is_text(value) or is_list(value, is_table)
    end },
    temperature = number,
    tool_choice = text,
    tool_limit = count,
    tools = { "a list of tools", function(value)
        return is_list(value, is_table)
    end },
    top_k = count,
    top_p = number,
    variables = a_table,
}

--- What belongs to the chat itself.
local OF_CHAT = { messages = true }

local NAMES = {}
for name in pairs(KNOWN) do
    NAMES[#NAMES + 1] = name
end
table.sort(NAMES)

--- What people write who know other interfaces, as it is compared: lower-case, without _.
local SLIPS = {
    history = "did you mean messages?",
    instructions = "did you mean system?",
    maxoutputtokens = "did you mean max_tokens?",
    maxsteps = "did you mean max_rounds?",
    maxturns = "did you mean max_rounds?",
    modelid = "did you mean model?",
    outputschema = "did you mean schema?",
    responseformat = "did you mean schema?",
    stopsequences = "did you mean stop?",
    systemprompt = "did you mean system?",
    thinking = "did you mean reasoning?",
    toolconfig = "did you mean tools?",
}

local function hint(name)
    local slip = SLIPS[(name:lower():gsub("_", ""))]
    local near = not slip and core.suggest(name, NAMES)
    return slip and (" (%s)"):format(slip) or near and (" (did you mean %s?)"):format(near) or ""
end

local function add(problems, path, kind, message, ...)
    problems[#problems + 1] = { path = path, kind = kind, message = message:format(...) }
end
options.add = add

local function given(value)
    return type(value) == "table" and "another table" or type(value) == "string" and '"' .. core.shown(value) .. '"'
        or tostring(value)
end

local function check(name, value, problems)
    if not KNOWN[name][2](value) then
        add(problems, name, "type", "expected %s, got %s", KNOWN[name][1],
            name == "system" and errors.type_of(value) or given(value))
    end
end

--- The options of a chat, checked.
--- @return table options without JSON's null
function options.of_chat(fields, problems)
    local found = drop_null(fields)
    for name, value in pairs(found) do
        if not KNOWN[name] then
            add(problems, core.shown(tostring(name)), "unknown", "unknown option%s", hint(tostring(name)))
        else
            check(name, value, problems)
        end
    end
    if found.model == nil then
        add(problems, "model", "missing", "missing: a model ID, an ARN or an inference profile")
    end
    return found
end

--- Those of one `say`: what the chat knows replaces its own, the rest is for the call.
--- @return table own
--- @return table call
function options.of_say(fields, problems)
    local own, call = {}, {}
    for name, value in pairs(drop_null(fields or {})) do
        if not KNOWN[name] then
            call[name] = value
        elseif OF_CHAT[name] then
            add(problems, name, "unknown", "belongs to conn:chat, not to one turn")
        else
            check(name, value, problems)
            own[name] = value
        end
    end
    return own, call
end

return options
