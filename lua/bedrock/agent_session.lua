--- Sessions with agents, AgentCore harnesses and AgentCore runtimes, all by the same names.
---
---     local agent = assert(conn:agent_session { agent_id = "AGENT12345", alias_id = "ALIAS12345" })
---     print(assert(agent:ask "What is the weather in Oslo?"))
---     for piece in agent:stream "And tomorrow?" do io.write(piece) end
local checks = require "bedrock.base.options"
local connection = require "bedrock.connection"
local drop_null = require "bedrock.base.drop_null"
local errors = require "bedrock.errors"
local options = require "bedrock.agents.options"
local tools = require "bedrock.agents.tools"
local turns = require "bedrock.agents.turn"

local agent_session = {}

local MAX_ROUNDS = 10

--- @class bedrock.AgentSession
--- @field session_id string
--- @field answer? bedrock.AgentAnswer the last one
local Session = { __name = "bedrock.agent_session" }
local methods = {}
Session.__index = methods

--- What may be set for one ask, of every kind.
local ASKED = { on = "table", context = "any", max_rounds = "whole", params = "table" }

local ON = { what = "callback", path = "on.", listed = true, known = { event = "callable", reasoning = "callable",
    tool_call = "callable", tool_result = "callable", trace = "callable" } }

local function check_self(self, name)
    if getmetatable(self) ~= Session then
        error(("not an agent_session: call its methods with a colon, as in session:%s(…)"):format(name), 3)
    end
end

local function busy(self)
    return errors.new {
        kind = "conversation",
        code = "Busy",
        operation = self.kind.operation,
        message = "another ask of this session is not at its end: wait for it, or close its stream",
    }
end

--- A stream that somebody left in the middle keeps nobody waiting once it is collected.
local function is_busy(self)
    local function runs()
        local running = self.running[1]
        return running and not turns.is_over(running)
    end
    if runs() then
        collectgarbage()
    end
    return runs()
end

local function or_own(value, own)
    if value == nil then
        return own
    end
    return value
end

--- @return table? fields of a turn
--- @return bedrock.Error? err
local function read_ask(self, input, given)
    local problems = {}
    local own, call = options.split(given, options.merged(ASKED, self.kind.asked), problems)
    checks.check(type(own.on) == "table" and own.on or nil or {}, ON, problems)
    local names = self.kind.tool_names
    local found = names and tools.read(own.tools, names, problems) or self.tools
    if problems[1] then
        return nil, errors.validation(self.kind.operation, problems)
    end
    local given_options = self.given
    return {
        kind = self.kind,
        input = input,
        call = call,
        tools = found,
        on = own.on or {},
        approve = or_own(own.approve, given_options.approve),
        context = own.context,
        max_rounds = own.max_rounds or given_options.max_rounds or MAX_ROUNDS,
        tool_limit = own.tool_limit or given_options.tool_limit,
        params = options.merged(given_options.params, own.params),
        trace = or_own(own.trace, given_options.trace),
        payload = own.payload or given_options.payload,
        read = own.read or given_options.read,
        files = own.files,
        state_given = own.state,
        options = own,
    }
end

local function start(self, input, given, streaming)
    if is_busy(self) then
        return turns.failed(self, self.kind, busy(self))
    end
    self.answer = nil
    local fields, err = read_ask(self, input, given)
    if not fields then
        return turns.failed(self, self.kind, err)
    end
    fields.streaming = streaming
    local turn = turns.new(self, fields)
    self.running[1], self.waiting, self.unsent = turn, nil, nil
    return turn
end

--- Results by the calls' IDs, or by their names.
--- @return bedrock.AgentResult[]? results
--- @return bedrock.Error? err
local function read_results(self, calls, values)
    local results, problems = {}, {}
    for i, call in ipairs(calls) do
        local value = values[call.id]
        if value == nil then
            value = values[call.name]
        end
        if value == nil then
            options.add(problems, ("results[%q]"):format(call.id), "missing", "missing: the call of %s waits for it",
                call.name)
        else
            results[i] = tools.given(call, value)
            results[i].call = call
        end
    end
    if problems[1] then
        return nil, errors.validation(self.kind.operation, problems)
    end
    return results
end

local function check_arguments(name, input, given)
    if type(input) ~= "string" and type(input) ~= "table" then
        error(("%s: expected a text, got %s"):format(name, errors.type_of(input)), 3)
    elseif given ~= nil and type(given) ~= "table" then
        error(("%s: the options must be a table, got %s"):format(name, errors.type_of(given)), 3)
    end
end

--- @class bedrock.AskOptions: bedrock.CallOptions
--- @field on? table<string, function> event(name, event), tool_call(call), tool_result(result, call),
---   reasoning(text), trace(event)
--- @field tools? table for this ask
--- @field approve? fun(call: bedrock.AgentCall): boolean, string? for this ask
--- @field context? any handed to tools as call.context
--- @field files? table of an agent: paths, or {path = | bytes = | s3 =, name =, media_type =, use =}
--- @field state? table of an agent: AWS's SessionState, for this ask
--- @field trace? boolean of an agent
--- @field max_rounds? integer for this ask
--- @field tool_limit? integer for this ask
--- @field params? table other members of the operation

--- Asks, and waits for the whole answer.
--- @param input string|table
--- @param given? bedrock.AskOptions
--- @return bedrock.AgentAnswer? answer
--- @return bedrock.Error? err
function methods.ask(self, input, given)
    check_self(self, "ask")
    check_arguments("ask", input, given)
    return start(self, input, given, false):gather()
end

--- The answer in pieces, for a generic `for`, where an error is raised; then it is in `session.answer`.
--- @param input string|table
--- @param given? bedrock.AskOptions
--- @return bedrock.AgentStream stream
--- @return bedrock.Error? err what is wrong with the options; a loop over the stream raises it
function methods.stream(self, input, given)
    check_self(self, "stream")
    check_arguments("stream", input, given)
    local turn = start(self, input, given, true)
    if turn.error then
        return turn, turn.error
    end
    return turn, nil, nil, turn
end

--- Goes on from an answer with `calls`, which nobody here answered.
--- @param values table<string, any> by the calls' IDs or names: what a tool could have returned, or an error
--- @return bedrock.AgentAnswer? answer
--- @return bedrock.Error? err
function methods.results(self, values)
    check_self(self, "results")
    if type(values) ~= "table" then
        error("results: expected a table of results, got " .. errors.type_of(values), 2)
    end
    local turn = self.waiting
    if is_busy(self) then
        return nil, busy(self)
    elseif not turn then
        return nil, errors.validation(self.kind.operation, { { path = "results", kind = "conflict",
            message = "no calls wait for results" } })
    end
    local results, err = read_results(self, turn.answer.calls, values)
    if not results then
        return nil, err
    end
    self.running[1], self.waiting, self.answer = turn, nil, nil
    return turns.resume(turn, results):gather()
end

--- Goes on after an error of a request that had the results of tools, without running them again.
--- @param err? bedrock.Error of that ask
--- @return bedrock.AgentAnswer? answer
--- @return bedrock.Error? err
function methods.resume(self, err)
    check_self(self, "resume")
    local turn = self.unsent
    if is_busy(self) then
        return nil, busy(self)
    elseif not turn or err ~= nil and err ~= turn.error then
        return nil, errors.validation(self.kind.operation, { { path = "err", kind = "conflict",
            message = "there are no results of tools that could not be sent" } })
    end
    self.running[1], self.unsent = turn, nil
    return turns.send_again(turn):gather()
end

--- Ends the session at the service.
--- @param text? string an agent's last word to it
--- @param given? bedrock.CallOptions
--- @return true? ok
--- @return bedrock.Error? err
function methods.finish(self, text, given)
    check_self(self, "finish")
    if type(text) == "table" and given == nil then
        text, given = nil, text
    end
    if is_busy(self) then
        return nil, busy(self)
    end
    return self.kind.finish(self, text, given)
end

function Session.__tostring(self)
    return ("bedrock.%s (%s%s)"):format(self.kind.operation, self.kind.name_of(self),
        self.session_id and ", session " .. self.session_id or "")
end

local WORDS = { agent = "an agent", harness = "a harness", runtime = "a runtime" }

--- What tells the kind.
local KINDS = { { "agent_id", "agent" }, { "alias_id", "agent" }, { "harness_arn", "harness" },
    { "runtime_arn", "runtime" } }

--- @return table? kind
local function kind_of(given, problems)
    local found, by
    for _, pair in ipairs(KINDS) do
        local name, kind = pair[1], pair[2]
        if given[name] ~= nil and found and found ~= kind then
            return options.add(problems, name, "conflict", "belongs to another kind of agent than %s", by)
        elseif given[name] ~= nil then
            found, by = kind, by or name
        end
    end
    if not found then
        return options.add(problems, "agent_id", "missing",
            "missing: give agent_id and alias_id, or harness_arn, or runtime_arn")
    end
    return require("bedrock.agents." .. found)
end

--- Options of another kind are told as that.
local function check_names(kind, given, problems)
    local rest = options.merged(given)
    for _, other in ipairs { "agent", "harness", "runtime" } do
        local known = require("bedrock.agents." .. other).options
        for name in pairs(given) do
            if rest[name] ~= nil and not kind.options[name] and known[name] then
                options.add(problems, name, "unknown", "is for %s, which this is not", WORDS[other])
                rest[name] = nil
            end
        end
    end
    options.check(rest, kind.options, problems)
end

local function fits(kind, given)
    for name in pairs(given) do
        if not kind.options[name] then
            return false
        end
    end
    return true
end

local function check(kind, given, problems)
    if fits(kind, given) then
        options.check(given, kind.options, problems)
    else
        check_names(kind, given, problems)
    end
    for _, name in ipairs(kind.required) do
        if given[name] == nil then
            options.add(problems, name, "missing", "missing")
        end
    end
    if kind.check then
        kind.check(given, problems)
    end
end

--- @param conn bedrock.Connection
--- @param kind table
--- @param given table checked
--- @param found table? tools
function agent_session.make(conn, kind, given, found)
    local self = { conn = conn, kind = kind, given = given, tools = found,
        running = setmetatable({}, { __mode = "v" }) }
    for name in pairs(kind.options) do
        if self[name] == nil then
            self[name] = given[name]
        end
    end
    self.tools = found
    return setmetatable(self, Session)
end

--- Which agent, and how it is talked with: agent_id and alias_id, or harness_arn, or runtime_arn.
--- @class bedrock.AgentSessionOptions
--- @field agent_id? string with alias_id: an agent
--- @field alias_id? string
--- @field harness_arn? string an AgentCore harness
--- @field runtime_arn? string an AgentCore runtime
--- @field session_id? string a new one (UUID) if not given
--- @field memory_id? string of an agent
--- @field state? table of an agent: AWS's SessionState
--- @field trace? boolean of an agent
--- @field tools? table<string, function> by "group.function", "group.METHOD /path", or a harness's names
--- @field approve? fun(call: bedrock.AgentCall): boolean, string?
--- @field payload? fun(text: any): string|table of a runtime; {"prompt": text} if not given
--- @field read? fun(value: any, event: table?): string? of a runtime: the text in an event's data or in an answer
--- @field qualifier? string of a harness or a runtime: its endpoint
--- @field params? table other members of the operation, sent with each request
--- @field max_rounds? integer requests of one ask; 10 if not given
--- @field tool_limit? integer tools at once; all if not given

--- A session with an agent, a harness or a runtime.
--- @param given bedrock.AgentSessionOptions
--- @return bedrock.AgentSession? session
--- @return bedrock.Error? err
function agent_session.open(conn, given)
    connection.client_of(conn, nil, nil, 2)
    if type(given) ~= "table" then
        error("agent_session: expected a table of options, got " .. errors.type_of(given), 2)
    end
    given = drop_null(given)
    local problems, found = {}, nil
    local kind = kind_of(given, problems)
    if kind then
        check(kind, given, problems)
        found = kind.tool_names and tools.read(given.tools, kind.tool_names, problems)
    end
    if problems[1] then
        return nil, errors.validation("agent_session", problems)
    end
    if given.session_id == nil then
        local why
        given.session_id, why = require("bedrock.base.uuid")()
        if not given.session_id then
            error("agent_session: no random ID: " .. tostring(why), 2)
        end
    end
    return agent_session.make(conn, kind, given, found)
end

return agent_session
