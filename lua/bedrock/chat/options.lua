--- What a chat may be told: each option with what it must be. The same options serve one `say`.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local drop_null = require "bedrock.base.drop_null"
local is_callable = require "bedrock.base.is_callable"
local is_list = require "bedrock.base.is_list"

local options = {}

local function is_text(value)
    return type(value) == "string" and value ~= ""
end

local function is_blank(value)
    return type(value) == "string" and not value:find "%S"
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

--- What one `say` takes as well, but `messages`.
--- @class bedrock.ChatOptions
--- @field model string ID, ARN, inference profile, or prompt ARN
--- @field resolve? boolean `model` is looked up by conn:resolve first
--- @field system? string|table[] text or blocks
--- @field messages? table[]|string what was said before: a list, or the path of a saved chat
--- @field tools? bedrock.Tool[]
--- @field tool_choice? string "any", "auto" or a tool's name, for the first request of a turn
--- @field max_rounds? integer requests of one turn; 10 if not given
--- @field tool_limit? integer tools that run at once; all if not given
--- @field approve? fun(call: bedrock.ToolCall): boolean, string? asked before a tool runs: whether, and why not
--- @field context? any handed to tools as call.context
--- @field schema? table JSON Schema or the short form: the answer is an object
--- @field partial? fun(value: any) sees that object grow, while streaming
--- @field max_tokens? integer
--- @field temperature? number
--- @field top_p? number
--- @field top_k? integer
--- @field stop? string|string[]
--- @field reasoning? boolean|integer|"low"|"medium"|"high" the model thinks first: so much, or so many tokens
--- @field cache? boolean|"5m"|"1h" cache points after system, tools and the last message
--- @field citations? boolean documents can be cited
--- @field guardrail? table {id, version, trace}
--- @field context_limit? integer tokens: before a request of more the oldest turns are forgotten
--- @field heal? boolean what the service refuses by name is left out; answer.healed tells
--- @field on? table<string, function> reasoning, tool_call, tool_result, event
--- @field on_step? fun(answer: bedrock.ChatAnswer, round: integer)
--- @field stop_when? fun(answer: bedrock.ChatAnswer, round: integer): boolean ends the turn after its tools
--- @field variables? table of a prompt from prompt management
--- @field service_tier? string
--- @field performance? string
--- @field request_metadata? table<string, string>
--- @field extra? table fields of the model's own (additionalModelRequestFields)

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
    system = { "a string that is not blank, or a list of blocks", function(value)
        return is_text(value) and not is_blank(value) or is_list(value, is_table)
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
    additionalmodelrequestfields = "extra",
    cachecontrol = "cache",
    cachepoint = "cache",
    functions = "tools",
    guardrailconfig = "guardrail",
    guardrails = "guardrail",
    history = "messages",
    inferenceconfig = "max_tokens, temperature, top_p, stop",
    instructions = "system",
    jsonschema = "schema",
    maxcompletiontokens = "max_tokens",
    maxoutputtokens = "max_tokens",
    maxsteps = "max_rounds",
    maxtoolrounds = "max_rounds",
    maxturns = "max_rounds",
    modelid = "model",
    outputconfig = "schema",
    outputschema = "schema",
    performanceconfig = "performance",
    promptcaching = "cache",
    promptvariables = "variables",
    reasoningconfig = "reasoning",
    reasoningeffort = "reasoning",
    responseformat = "schema",
    stopsequences = "stop",
    systemprompt = "system",
    thinking = "reasoning",
    toolconfig = "tools",
}

--- What does not belong into the options of a chat, but elsewhere.
local ELSEWHERE = {
    connecttimeout = "belongs to one turn: chat:say(input, {connect_timeout = …})",
    firstbytetimeout = "belongs to one turn: chat:say(input, {first_byte_timeout = …})",
    input = "what the user says goes to chat:say",
    maxattempts = "belongs to one turn: chat:say(input, {max_attempts = …})",
    prompt = "what the user says goes to chat:say",
    readtimeout = "belongs to one turn: chat:say(input, {read_timeout = …})",
    stream = "use chat:stream in place of chat:say",
    timeout = "belongs to one turn: chat:say(input, {total_timeout = …}), in milliseconds",
    totaltimeout = "belongs to one turn: chat:say(input, {total_timeout = …})",
}

--- @param name string
--- @return string hint in brackets, or nothing
local function hint(name, of_turn)
    local plain = name:lower():gsub("_", "")
    local known = SLIPS[plain]
    if not known then
        for _, option in ipairs(NAMES) do
            known = known or option:gsub("_", "") == plain and option
        end
    end
    if not known and not of_turn and ELSEWHERE[plain] then
        return (" (%s)"):format(ELSEWHERE[plain])
    end
    local near = known or core.suggest(name, NAMES)
    return near and (" (did you mean %s?)"):format(near) or ""
end

local function add(problems, path, kind, message, ...)
    problems[#problems + 1] = { path = path, kind = kind, message = message:format(...) }
end
options.add = add

local function given(value)
    return type(value) == "table" and "another table" or type(value) == "string" and '"' .. core.shown(value) .. '"'
        or tostring(value)
end

--- Converse refuses a block whose text is blank.
--- @param path string of the list
function options.check_blocks(blocks, path, problems)
    for i, block in ipairs(blocks) do
        if is_blank(block.text) then
            add(problems, ("%s[%d].text"):format(path, i), "value", "expected a text that is not blank")
        end
    end
end

local CALLBACKS = { "event", "reasoning", "tool_call", "tool_result" }
local is_callback = is_one_of("event", "reasoning", "tool_call", "tool_result")

--- A callback with a wrong name would never be called.
local function check_callbacks(on, problems)
    for name, callback in pairs(on) do
        local path = "on." .. core.shown(tostring(name))
        if not is_callback(name) then
            local near = core.suggest(tostring(name), CALLBACKS)
            add(problems, path, "unknown", "unknown callback%s", near and (" (did you mean %s?)"):format(near)
                or "; there are " .. table.concat(CALLBACKS, ", "))
        elseif not is_callable(callback) then
            add(problems, path, "type", "expected a function, got a %s", type(callback))
        end
    end
end

local function check(name, value, problems)
    if not KNOWN[name][2](value) then
        add(problems, name, "type", "expected %s, got %s", KNOWN[name][1],
            name == "system" and not is_blank(value) and errors.type_of(value) or given(value))
    elseif name == "on" then
        check_callbacks(value, problems)
    elseif name == "system" and is_table(value) then
        options.check_blocks(value, name, problems)
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

--- What a call says of options that the chat does not know. It has no parameters, so nothing is sent.
local function check_call(conn, call, problems)
    local _, err = conn:converse({}, call)
    for _, problem in ipairs(err.errors or {}) do
        if call[problem.path] ~= nil and problem.kind == "unknown" and hint(problem.path, true) ~= "" then
            add(problems, problem.path, "unknown", "unknown option%s", hint(problem.path, true))
        elseif problem.path ~= "modelId" then
            problems[#problems + 1] = problem
        end
    end
end

--- Those of one `say`: what the chat knows replaces its own, the rest is for the call.
--- @return table own
--- @return table call
function options.of_say(conn, fields, problems)
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
    if next(call) ~= nil then
        check_call(conn, call, problems)
    end
    return own, call
end

return options
