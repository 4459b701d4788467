--- What a chat may be told: each option with what it must be. The same options serve one `say`.
local checks = require "bedrock.base.options"
local core = require "bedrock.core"
local drop_null = require "bedrock.base.drop_null"
local errors = require "bedrock.errors"
local is_list = require "bedrock.base.is_list"

local add, is_blank, is_table, is_text = checks.add, checks.is_blank, checks.is_table, checks.is_text
local is_level = checks.one_of(true, false, "low", "medium", "high")

local options = { add = add }

--- What one `say` takes as well, but `messages`.
--- @class bedrock.ChatOptions
--- @field model string ID, ARN, inference profile, or prompt ARN
--- @field resolve? boolean `model` is looked up by conn:resolve first
--- @field system? string|table[] text or blocks
--- @field messages? table[]|string what was said before: a list, or the path of a saved chat
--- @field tools? bedrock.Tool[] functions that the model may call
--- @field tool_choice? string "any", "auto" or a tool's name, for the first request of a turn
--- @field max_rounds? integer requests of one turn; 10 if not given
--- @field tool_limit? integer tools that run at once; all if not given
--- @field approve? fun(call: bedrock.ToolCall): boolean, string? asked before a tool runs: whether, and why not
--- @field context? any handed to tools as call.context
--- @field schema? table JSON Schema or the short form: the answer is an object
--- @field partial? fun(value: any) sees that object grow, while streaming
--- @field max_tokens? integer of an answer
--- @field temperature? number 0: the likeliest words
--- @field top_p? number only words of so much probability together
--- @field top_k? integer only the k likeliest words
--- @field stop? string|string[] texts that end the answer
--- @field reasoning? boolean|integer|"low"|"medium"|"high" the model thinks first: so much, or so many tokens
--- @field cache? boolean|"5m"|"1h" cache points after system, tools and the last message
--- @field citations? boolean documents can be cited
--- @field guardrail? table {id, version, trace}
--- @field context_limit? integer tokens: before a request of more the oldest turns are forgotten
--- @field heal? boolean what the service refuses by name is left out; answer.healed tells
--- @field on? table<string, function> reasoning, tool_call, tool_result, event
--- @field on_step? fun(answer: bedrock.ChatAnswer, round: integer) sees each answer of the model, also those with calls
--- @field stop_when? fun(answer: bedrock.ChatAnswer, round: integer): boolean ends the turn after its tools
--- @field variables? table of a prompt from prompt management
--- @field service_tier? string
--- @field performance? string
--- @field request_metadata? table<string, string>
--- @field extra? table fields of the model's own (additionalModelRequestFields)

--- Converse refuses a block whose text is blank.
--- @param path string of the list
function options.check_blocks(blocks, path, problems)
    for i, block in ipairs(blocks) do
        if is_blank(block.text) then
            add(problems, ("%s[%d].text"):format(path, i), "value", "expected a text that is not blank")
        end
    end
end

--- A callback with a wrong name would never be called.
local CALLBACKS = { what = "callback", path = "on.", listed = true, known = { event = "callable",
    reasoning = "callable", tool_call = "callable", tool_result = "callable" } }

local function check_callbacks(on, _, problems)
    checks.check(on, CALLBACKS, problems)
end

local function check_system(system, path, problems)
    if is_table(system) then
        options.check_blocks(system, path, problems)
    end
end

--- @return string? why it cannot be sent
local function wrong_variable(value)
    if value == core.null then
        return "null"
    elseif not core.encode(value) then
        return type(value) == "string" and "bytes that are no UTF-8" or type(value) == "number" and tostring(value)
            or errors.type_of(value)
    end
end

--- Texts, and what reads as one; a table is Converse's own form.
local function check_variables(variables, path, problems)
    for name, value in pairs(variables) do
        if type(name) ~= "string" then
            add(problems, path, "type", "the names of variables must be strings, got %s", errors.type_of(name))
        elseif not is_table(value) then
            local why = wrong_variable(value)
            if why then
                add(problems, path .. "." .. core.shown(name), "type", "expected a text or a number, got %s", why)
            end
        end
    end
end

local KNOWN = {
    approve = "callable",
    cache = { 'true, false, "5m" or "1h"', checks.one_of(true, false, "5m", "1h") },
    citations = "boolean",
    context = "any",
    context_limit = "whole",
    extra = "table",
    guardrail = { "a table: {id, version, trace}", function(value)
        return is_table(value) and is_text(value.id) and is_text(value.version)
    end },
    heal = "boolean",
    max_rounds = "whole",
    max_tokens = "whole",
    messages = { "a list of messages, or the path of a saved chat", function(value)
        return is_text(value) or is_list(value, is_table)
    end },
    model = "text",
    on = { "a table of functions", is_table, check_callbacks },
    on_step = "callable",
    partial = "callable",
    performance = "text",
    reasoning = { 'true, "low", "medium", "high", or how many tokens', function(value)
        return is_level(value) or checks.whole_from(1)(value)
    end },
    request_metadata = "table",
    resolve = "boolean",
    schema = "table",
    service_tier = "text",
    stop = "text_or_list",
    stop_when = "callable",
    system = { "a string that is not blank, or a list of blocks", function(value)
        return is_text(value) and not is_blank(value) or is_list(value, is_table)
    end, check_system },
    temperature = "number",
    tool_choice = "text",
    tool_limit = "whole",
    tools = { "a list of tools", function(value)
        return is_list(value, is_table)
    end },
    top_k = "whole",
    top_p = "number",
    variables = { "a table", is_table, check_variables },
}

--- What belongs to the chat itself.
local OF_CHAT = { messages = true }

--- What people write who know other interfaces, as it is compared: lower-case, without _.
local SLIPS = {
    additionalmodelrequestfields = "extra",
    cachecontrol = "cache",
    cachepoint = "cache",
    functions = "tools",
    guardrailconfig = "guardrail",
    guardrails = "guardrail",
    history = "messages",
    inferenceconfig = "did you mean max_tokens, temperature, top_p, stop?",
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

--- As they are told where a turn has them; a chat has more to say.
local OF_TURN = { known = KNOWN, slips = SLIPS }

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
local ALL = { known = KNOWN, slips = setmetatable(ELSEWHERE, { __index = SLIPS }) }

--- The options of a chat, checked.
--- @return table options without JSON's null
function options.of_chat(fields, problems)
    local found = drop_null(fields)
    checks.check(found, ALL, problems)
    if found.model == nil then
        add(problems, "model", "missing", "missing: a model ID, an ARN or an inference profile")
    end
    return found
end

--- What a call says of options that the chat does not know. It has no parameters, so nothing is sent.
local function check_call(conn, call, problems)
    local _, err = conn:converse({}, call)
    for _, problem in ipairs(err.errors or {}) do
        local hint = call[problem.path] ~= nil and problem.kind == "unknown" and checks.hint(problem.path, OF_TURN)
        if hint and hint ~= "" then
            add(problems, problem.path, "unknown", "unknown option%s", hint)
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
            checks.check_one(name, value, OF_TURN, problems)
            own[name] = value
        end
    end
    if next(call) ~= nil then
        check_call(conn, call, problems)
    end
    return own, call
end

return options
