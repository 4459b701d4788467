--- Who listens to what calls do: the functions of `connect`'s `on`, and the log.
---
--- The core writes down what happens to a call while it runs, maybe in another thread. Here that is taken, and told, in
--- the caller's own coroutine: whenever that waits for the call or takes something of it. To be there, this puts itself
--- between the methods of calls and those who use them; nobody pays for that before somebody listens.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local host = require "bedrock.host"

--- One for each engine, as the host: what happened to a call can be taken once.
if host.listen then
    return host.listen
end

local listen = {}
host.listen = listen

--- @class bedrock.Milliseconds
--- @field queue number until the engine took the call up
--- @field credentials number waited for them
--- @field dns number of the last attempt, like the next four; 0 on a kept connection
--- @field connect number TCP
--- @field tls number the handshake
--- @field first_byte? number from the beginning of the attempt
--- @field attempt? number the attempt itself
--- @field total number since the call was made

--- What a function of `on` gets.
--- @class bedrock.CallEvent
--- @field operation string in snake case
--- @field service? string its ID
--- @field region string that was asked
--- @field attempt? integer 1 for the first
--- @field status? integer of the HTTP answer
--- @field request_id? string what AWS's support asks for
--- @field error? bedrock.Error nil if all is well
--- @field ms bedrock.Milliseconds where the time went
--- @field bytes? integer of the answer's body
--- @field tokens? bedrock.Tokens where the answer tells
--- @field reason? string of a retry
--- @field delay_ms? integer of a retry
--- @field source? string of credentials
--- @field cache? "exchange"|"memory"|"file"|"redis" of credentials

--- The hooks of each call, and what is known of it so far.
local hooks_of = setmetatable({}, { __mode = "k" })
local states = setmetatable({}, { __mode = "k" })

--- Writes lines about events; nil while nobody wants any.
local lines

local function state_of(call)
    local state = states[call]
    if not state then
        state = { operation = tostring(call):match ": (.*)$", on = hooks_of[call], begun = core.now_ms() }
        states[call] = state
    end
    return state
end

local function forget(call)
    states[call], hooks_of[call] = nil, nil
end

local function error_of(state, raw)
    return raw.code and errors.new {
        kind = raw.kind,
        code = raw.code,
        message = raw.message,
        operation = state.operation,
        status = raw.status,
        request_id = raw.request_id,
    } or nil
end

local function event_of(state, raw)
    return {
        operation = state.operation,
        service = state.service,
        region = state.region,
        attempt = raw.attempt or state.attempt,
        status = raw.status,
        request_id = raw.request_id,
        error = raw.error or error_of(state, raw),
        ms = raw.ms or {},
        bytes = raw.bytes,
        tokens = raw.tokens,
        reason = raw.reason,
        delay_ms = raw.delay_ms,
        source = raw.source,
        cache = raw.cache,
    }
end

local function tell(state, name, raw)
    local hook = state.on and state.on[name]
    if hook then
        hook(event_of(state, raw))
    end
end

local handlers = {}

function handlers.call(state, raw)
    state.service, state.region = raw.service, raw.region
end

function handlers.attempt(state, raw)
    state.attempt, state.open, state.streams = raw.attempt, true, nil
    tell(state, "attempt", raw)
end

function handlers.response(state, raw)
    state.open, state.streams = nil, raw.streams == 1
    tell(state, "response", raw)
end

function handlers.retry(state, raw)
    tell(state, "retry", raw)
end

function handlers.credentials(state, raw)
    tell(state, "credentials", raw)
end

--- Of a stream: its transfer is over; whether that was its end, who reads it will know.
handlers["end"] = function(state, raw)
    state.bytes, state.ms = raw.bytes, raw.ms
end

--- @param call userdata
--- @param events table[]
--- @param tokens bedrock.Tokens? of the answer
local function tell_all(call, events, tokens)
    local state = state_of(call)
    for i, raw in ipairs(events) do
        raw.tokens = raw.event == "response" and raw.code == nil and tokens or nil
        if handlers[raw.event] then
            handlers[raw.event](state, raw)
        end
        if lines then
            lines.write(state, raw, events[i + 1])
        end
    end
end

local function deliver(call)
    local events = call:trace()
    if events then
        tell_all(call, events)
    end
end

--- What the core no longer could: the call was ended from this side.
local function end_attempt(call, err)
    local state = states[call]
    if state and state.open then
        local raw = { event = "response", attempt = state.attempt, kind = err.kind, code = err.code,
            message = err.message, ms = { total = core.now_ms() - state.begun } }
        handlers.response(state, raw)
        if lines then
            lines.write(state, raw)
        end
    end
end

local function tokens_of(output, facts)
    if output == nil or type(facts) ~= "userdata" then
        return nil
    end
    return require("bedrock.tokens").of(output, core.metadata(facts).headers)
end

--- Streams tell them in an event.
local function note_tokens(call, name, event)
    local state = states[call]
    if state and name == "metadata" and type(event) == "table" then
        state.tokens = require("bedrock.tokens").of_usage(event.usage) or state.tokens
    elseif state and name == "chunk" then
        local bytes = type(event) == "table" and event.bytes or event
        local found = type(bytes) == "string" and bytes:find("invocationMetrics", 1, true)
            and require("bedrock.tokens").of_chunk(bytes)
        state.tokens = found or state.tokens
    end
end

--- A stream is over: read to its end, broken, or closed.
--- @param call userdata
--- @param err bedrock.Error?
local function stream_over(call, err)
    local state = states[call]
    if not state then
        return
    end
    local raw = { event = "stream_end", error = err, bytes = state.bytes, tokens = state.tokens,
        ms = state.ms or { total = core.now_ms() - state.begun } }
    forget(call)
    tell(state, "stream_end", raw)
    if lines then
        lines.write(state, raw)
    end
end

local wrappers = {}

--- What waits: the call's caller is here, and will come back. Once there is something to take, what has happened is
--- told with that.
function wrappers.step(raw)
    return function(call, ms)
        local ready = raw(call, ms)
        if not ready then
            deliver(call)
        end
        return ready
    end
end

--- Before it is armed: a hook that waits may use up what wakes the caller.
function wrappers.arm(raw)
    return function(call, id)
        if not call:ready() then
            deliver(call)
        end
        return raw(call, id)
    end
end

function wrappers.feed(raw)
    return function(call, bytes)
        local ready, kept = raw(call, bytes)
        if not ready then
            deliver(call)
        end
        return ready, kept
    end
end

local function ended(call, output, more)
    if output == nil and errors.is(more) then
        end_attempt(call, more)
    end
    forget(call)
    return output, more
end

--- What takes an answer, and with it the call is over. Tokens are only known once it is decoded, and what has
--- happened only before that.
local function taker(raw)
    return function(call)
        local events = call:trace()
        local output, more = raw(call)
        if events then
            tell_all(call, events, tokens_of(output, more))
        end
        return ended(call, output, more)
    end
end

for _, name in ipairs { "credentials", "lend", "prepared", "result" } do
    wrappers[name] = taker
end

function wrappers.head(raw)
    return function(call)
        deliver(call)
        local fields, facts = raw(call)
        if fields == nil then
            return ended(call, fields, facts)
        end
        return fields, facts
    end
end

function wrappers.events(raw)
    return function(call, _, noted)
        local take = raw(call, nil, noted)
        return function()
            call:ready()
            deliver(call)
            local name, event, more = take()
            note_tokens(call, name, event)
            return name, event, more
        end
    end
end

function wrappers.cancel(raw)
    return function(call, closed)
        deliver(call)
        local state = states[call]
        if state and not state.streams then
            end_attempt(call, { kind = "cancelled", code = closed and "Closed" or "Cancelled",
                message = "the call was cancelled" })
            forget(call)
        end
        return raw(call, closed)
    end
end

local level = 0
local begun = false

--- From now on.
function listen.begin()
    local methods = core.listen(level)
    if begun then
        return
    end
    begun = true
    for name, wrap in pairs(wrappers) do
        methods[name] = wrap(methods[name])
    end
    host.stream_over = stream_over
end

--- What the log wants: nothing, events, or heads and bodies, too.
--- @param wanted 0|1|2
function listen.log(wanted)
    level = wanted
    lines = wanted > 0 and require "bedrock.log.lines" or nil
    if begun or wanted > 0 then
        listen.begin()
    end
end

--- What happens to that call is told to those functions.
--- @param call userdata
--- @param on table<string, function>
function listen.hear(call, on)
    hooks_of[call] = on
end

return listen
