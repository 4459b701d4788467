--- Server-sent events in the place of an answer's bytes.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local host = require "bedrock.host"
local metadata = require "bedrock.metadata"
local sent_events = require "bedrock.streams.sent_events"
local streaming = require "bedrock.streams.stream"

local sse = {}

local function failed(self, code, message, retryable)
    local facts = metadata.of(self.stream) or {}
    return nil, errors.new {
        kind = "stream",
        code = code,
        operation = self.stream._operation,
        message = message,
        retryable = retryable,
        status = facts.status,
        request_id = facts.request_id,
        attempts = facts.attempts,
        headers = metadata.headers_for_error(self.stream),
    }
end

--- What has come already; why: nothing can come after it.
local function held(self)
    local event = self.events[self.at]
    self.at = self.at + 1
    if event then
        return event.event, event
    elseif self.why then
        host.cancel(self.stream._call, true)
        return failed(self, "BadResponse", self.why, false)
    end
end

--- As what call:events() gives.
local function take(self)
    while true do
        local name, event = held(self)
        if name or event then
            return name, event, false
        end
        local more
        name, event, more = self.take_bytes()
        if name == nil and event == nil and not self.decoder:at_boundary() then
            return failed(self, "Truncated", "the stream ended in the middle of an event", true)
        elseif name ~= "chunk" then
            return name, event, more
        end
        self.events, self.why = self.decoder:feed(event)
        self.at = 1
    end
end

local function is_event_stream(content_type)
    return content_type and content_type:lower():match "^%s*([^;,%s]*)" == "text/event-stream"
end

--- Makes a stream of chunks one of events, if that is what its bytes are.
--- @param stream bedrock.Stream of bytes, untouched
--- @param require_end boolean? an end without the last event of a known kind is an error
function sse.decode(stream, require_end)
    if not is_event_stream(metadata.of(stream).headers["content-type"]) then
        return
    end
    local self = { stream = stream, take_bytes = stream._take, decoder = core.sse(), events = {}, at = 1 }
    streaming.read(stream, sent_events, sent_events.ending(require_end == true), function()
        return take(self)
    end)
end

return sse
