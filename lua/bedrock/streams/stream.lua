--- An answer that comes in pieces.
---
---     for name, event in stream:events() do … end      raises when the stream breaks
---     local name, event = stream:next()                nil: the end; nil, err: it broke
---     local result, err = stream:gather()              all of it
---     local result, err = stream:print()               all of it, written as it comes
local method_check = require "bedrock.base.method_check"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local host = require "bedrock.host"
local metadata = require "bedrock.metadata"
local streams = require "bedrock.streams"

--- A stream of events. What breaks it is raised inside `for name, event in stream:events()`.
--- @class bedrock.Stream
--- @field complete? boolean of a model's own chunks and of server-sent events: did the last one come? Set at the end;
---   nil where nobody can know
local stream = {}

--- @type nil|fun(call: userdata, err: bedrock.Error?) is told that a stream is over; set by who listens to calls
stream.over = nil

local methods = {}
local Stream = { __name = "bedrock.stream" }

--- Of codes that models tell: the same call may succeed later.
local RETRYABLE = {
    api_error = true,
    overloaded_error = true,
    rate_limit_error = true,
    rate_limit_exceeded = true,
    server_error = true,
    timeout_error = true,
}

local function over(self, err)
    if stream.over then
        stream.over(self._call, err)
    end
end

local function failed(self, err)
    self._state, self._error = "failed", err
    over(self, err)
    if self._ending and self._ending.published then
        self.complete = false
    end
    return nil, err
end

local function new_error(self, fields)
    local facts = metadata.of(self) or {}
    fields.operation = self._operation
    fields.request_id = facts.request_id
    fields.attempts = facts.attempts
    fields.headers = metadata.headers_for_error(self)
    return errors.new(fields)
end

local function truncated(self)
    return new_error(self, {
        kind = "stream",
        code = "Truncated",
        message = "the stream ended before its last event",
        retryable = true,
        status = (metadata.of(self) or {}).status,
    })
end

local function ended(self)
    local its_end = self._ending
    if its_end and its_end:is_missing() then
        return failed(self, truncated(self))
    elseif its_end and its_end.published then
        self.complete = its_end.complete
    end
    self._state = "ended"
    over(self)
    return nil
end

--- An error told by an event. The status told of success when the stream began, so it is left out.
local function faulty(self, fault)
    host.cancel(self._call, true)
    return failed(self, new_error(self, {
        kind = "service",
        code = fault.code,
        message = fault.message,
        retryable = RETRYABLE[fault.code] or false,
        fields = fault.fields,
    }))
end

--- Methods win over a member of the same name.
local function set_fields(self, fields)
    for name, value in pairs(fields) do
        if not methods[name] then
            rawset(self, name, value)
        end
    end
end

--- What the head of the answer said. If the request was sent again, what another one said no longer holds.
local function begin(self, fields, facts)
    for name in pairs(self._fields or {}) do
        if not methods[name] then
            rawset(self, name, nil)
        end
    end
    self._fields = fields
    set_fields(self, fields)
    metadata.set(self, facts)
end

--- An error thrown through it (Ctrl-C, a killed coroutine) ends the stream.
local function wait(self)
    self._waiting = true
    local ok, why = pcall(host.wait, self._call)
    self._waiting = false
    if ok then
        return
    end
    host.cancel(self._call)
    failed(self, errors.new {
        kind = "cancelled",
        code = "Cancelled",
        operation = self._operation,
        message = "the wait was interrupted",
    })
    error(why, 0)
end

--- One event, waiting for it; initial answers only add fields, and those to a request that was sent again replace them.
local function take(self)
    local source = self._source
    while true do
        local name, event, more = source:event()
        if name == true and more then
            begin(self, event, more)
        elseif name == true then
            set_fields(self, event)
        elseif name == false then
            wait(self)
        elseif name == nil then
            if more then
                metadata.set(self, more)
            end
            return nil, event
        else
            self._halves = more
            return name, event
        end
    end
end

local function settled(self)
    if self._state == "ended" then
        return nil
    end
    return nil, self._error
end

--- Returns name and event, nil at the end, or nil and an error. Never raises.
--- @return string? name
--- @return any event
function methods.next(self)
    if self._state ~= "open" then
        return settled(self)
    end
    if self._waiting then
        error("two coroutines wait on one stream", 2)
    end
    local name, event = take(self)
    if name == nil then
        if self._state ~= "open" then
            return settled(self)
        end
        if event then
            return failed(self, event)
        end
        return ended(self)
    end
    self._taken = true
    if self._family.json_chunks and name == "chunk" then
        event.json = core.decode(event.bytes or "")
    end
    local fault = self._ending and self._ending:see(name, event)
    if fault then
        return faulty(self, fault)
    end
    return name, event
end

local function raise_or_next(self)
    local name, event = methods.next(self)
    if name == nil and event then
        error(host.raisable(event), 0)
    end
    return name, event
end

--- For a generic `for`. An error that breaks the stream is raised. Lua 5.4 closes the stream when the loop is left; on
--- LuaJIT call close.
--- @return fun(): string, any
function methods.events(self)
    return raise_or_next, self, nil, self
end

local function gathered(self, see)
    if self._taken and self._state == "open" then
        return nil, errors.new {
            kind = "stream",
            code = "PartlyRead",
            operation = self._operation,
            message = "gather needs the whole stream, but an event was already taken",
        }
    end
    if self._state ~= "open" then
        return nil, self._error or errors.new {
            kind = "stream",
            code = "PartlyRead",
            operation = self._operation,
            message = "the stream was already read to its end",
        }
    end
    return require("bedrock.streams.gather").whole(self, see)
end

--- Reads everything that is still to come, and puts it together.
--- @return table? result
--- @return bedrock.Error? err what had come is in err.partial
function methods.gather(self)
    return gathered(self)
end

--- Writes the text to standard output as it comes, and then does as gather. Not for nginx.
--- @return table? result
--- @return bedrock.Error? err what had come is in err.partial
function methods.print(self)
    return require("bedrock.prints.printing").stream(self, function(see)
        return gathered(self, see)
    end)
end

local function release(self)
    host.cancel(self._call, true)
end

--- Stops it without reading what is left. May be called again.
--- @return true
function methods.close(self)
    release(self)
    self._state = "closed"
    self._error = errors.new {
        kind = "cancelled",
        code = "Closed",
        operation = self._operation,
        message = "the stream is closed",
    }
    over(self, self._error)
    return true
end

Stream.__index = method_check(Stream, methods, "stream")

--- A loop that ran to its end leaves an ended stream, not a closed one.
function Stream.__close(self)
    if self._state == "open" then
        self:close()
    end
end

function Stream.__tostring(self)
    return "bedrock.stream (" .. self._operation .. ", " .. self._state .. ")"
end

--- @param call userdata whose head was taken
--- @param operation string
--- @param fields table the output's other members
--- @param facts userdata
--- @return bedrock.Stream
function stream.new(call, operation, fields, facts)
    local family = streams.of(operation)
    local self = setmetatable({
        _call = call,
        _source = call,
        _operation = operation,
        _state = "open",
        _family = family,
        _ending = family.ending and family.ending(),
    }, Stream)
    begin(self, fields, facts)
    return self
end

return stream
