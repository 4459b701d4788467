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
    if host.stream_over then
        host.stream_over(self._call, err)
    end
end

--- Of streams that are over.
local function take_nothing() end

--- Of streams that somebody waits on.
local function take_twice()
    error("two coroutines wait on one stream", 3)
end

local function settle(self, state, err)
    self._state, self._error, self._take = state, err, take_nothing
    over(self, err)
end

local function failed(self, err)
    settle(self, "failed", err)
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
    settle(self, "ended")
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
    local take = self._take
    self._take = take_twice
    local ok, why = pcall(host.wait, self._call)
    if self._take == take_twice then
        self._take = take
    end
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

--- What came is no event: waits for one. Initial answers only add fields, and those to a request that was sent again
--- replace them. The arguments are what self._take gave.
local function next_event(self, name, event, more)
    repeat
        if name == nil then
            if more then
                metadata.set(self, more)
            end
            return nil, event
        elseif not event then
            wait(self)
        elseif more then
            begin(self, event, more)
        else
            set_fields(self, event)
        end
        name, event, more = self._take()
    until name
    return name, event, more
end

local function settled(self)
    if self._state == "ended" then
        return nil
    end
    return nil, self._error
end

--- No event came. Who waited may have been interrupted by something that ended the stream.
local function stopped(self, err)
    if self._state ~= "open" then
        return settled(self)
    elseif err then
        return failed(self, err)
    end
    return ended(self)
end

--- The end, or what broke the stream, which is raised unless `quiet`.
local function told(quiet, _, err)
    if not err then
        return nil
    elseif not quiet then
        error(host.raisable(err), 0)
    end
    return nil, err
end

--- Most events are given on as they came; this is for all else. The arguments are what self._take gave.
local function look_at(self, quiet, name, event, more)
    if not name then
        name, event, more = next_event(self, name, event, more)
        if name == nil then
            return told(quiet, stopped(self, event))
        elseif more == nil then
            return name, event
        end
    end
    self._taken, self._halves = true, more or false
    local marks = self._noted
    if marks and (marks == true or marks[name] ~= nil) then
        local fault = self._ending:see(name, event)
        if fault then
            return told(quiet, faulty(self, fault))
        end
    end
    return name, event
end

--- What a generic `for` calls with the stream and the name that was last. Every event of every stream comes through
--- here: nothing that it does not need, as each step of Lua's is as much as a part of the event.
local function following(self, _, quiet)
    local name, event, more = self._take()
    if name and more == nil then
        return name, event
    end
    return look_at(self, quiet, name, event, more)
end

--- Returns name and event, nil at the end, or nil and an error. Never raises.
--- @return string? name
--- @return any event
function methods.next(self)
    return following(self, nil, true)
end

--- For a generic `for`. An error that breaks the stream is raised. Lua 5.4 closes the stream when the loop is left; on
--- LuaJIT call close.
--- @return fun(): string, any
function methods.events(self)
    return following, self, nil, self
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
    settle(self, "closed", errors.new {
        kind = "cancelled",
        code = "Closed",
        operation = self._operation,
        message = "the stream is closed",
    })
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

--- The names of the events that an ending wants to see; true: of all.
local function noted(ending)
    return ending and (ending.marks or true)
end

--- What its events are, where they come from and how they must end.
--- @param self bedrock.Stream untouched
--- @param family table
--- @param ending table|false
--- @param take fun(): any, any, any as call:events() gives one
function stream.read(self, family, ending, take)
    self._family, self._ending, self._take = family, ending, take
    self._noted = noted(ending)
end

--- Chunks have a body of the model's own.
local function with_json(take)
    return function()
        local name, event, more = take()
        if name == "chunk" then
            event.json = core.decode(event.bytes or "")
        end
        return name, event, more
    end
end

--- @param call userdata whose head was taken
--- @param operation string
--- @param fields table the output's other members
--- @param facts userdata
--- @return bedrock.Stream
function stream.new(call, operation, fields, facts)
    local family = streams.of(operation)
    local ending = family.ending and family.ending() or false
    local take = call:events(host, noted(ending))
    if family.json_chunks then
        take = with_json(take)
    end
    local self = setmetatable({
        _call = call,
        _operation = operation,
        _state = "open",
        _taken = false,
        _halves = false,
    }, Stream)
    stream.read(self, family, ending, take)
    begin(self, fields, facts)
    return self
end

return stream
