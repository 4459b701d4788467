--- `conn:generate_stream`: the text as it is written, a piece at a time, then the whole answer.
---
---     local stream = assert(conn:generate_stream { model = "amazon.nova-lite-v1:0", prompt = "A tale" })
---     for piece in stream do io.write(piece) end
---     print(stream.answer.usage.output_tokens)
---     local answer, err = stream:print()               the same at the prompt
local answer = require "bedrock.generate.answer"
local body = require "bedrock.generate.body"
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local host = require "bedrock.host"
local metadata = require "bedrock.metadata"
local method_check = require "bedrock.base.method_check"
local prepare = require "bedrock.generate.prepare"
local raised = require "bedrock.tasks.raised"
local send = require "bedrock.generate.send"
local halves = require "bedrock.base.halves"
local thoughts = require "bedrock.generate.thoughts"

--- Bedrock's own last word, with the last chunk of every model, and what its counts are here.
local METRICS = "amazon-bedrock-invocationMetrics"
local COUNTS = { inputTokenCount = "input_tokens", outputTokenCount = "output_tokens",
    cacheReadInputTokenCount = "cache_read_tokens", cacheWriteInputTokenCount = "cache_write_tokens" }

--- Pieces of text as they come, for a `for`; an error inside is raised. Lua 5.4 closes it when the loop is left; on
--- LuaJIT call close.
--- @class bedrock.GenerateStream
--- @field answer? bedrock.Generated at the end, what generate would have given; `raw` is a list of chunks
--- @field next fun(self: bedrock.GenerateStream): string?, bedrock.Error? a piece; never raises
--- @field gather fun(self: bedrock.GenerateStream): bedrock.Generated?, bedrock.Error? reads what is still to come
--- @field print fun(self: bedrock.GenerateStream): bedrock.Generated?, bedrock.Error? writes the pieces as they come
--- @field close fun(self: bedrock.GenerateStream): true
local Stream = { __name = "bedrock.generate_stream" }
local methods = {}

--- The source of pieces is a stream of the service's, or an answer that came whole.
local function new(source, plan)
    local tags = plan.family.thoughts
    return setmetatable({
        _source = source,
        _plan = plan,
        _state = "open",
        _filter = tags and thoughts.new(tags),
        _read = {},
        _texts = {},
        _thoughts = {},
        _chunks = {},
        _half = "",
    }, Stream)
end

--- The event with halves of surrogate pairs kept, as the other half may come with the next one.
local function kept(source, event)
    local chunk = event.json
    if not chunk then
        return source._halves or event
    elseif event.bytes:find("\\u[dD][89a-fA-F]") then
        return core.decode_halves(event.bytes)
    end
    return chunk
end

--- What a chunk tells, besides its text, replaces what earlier ones told.
local function note(self, chunk, told)
    for name, value in pairs(told) do
        if name ~= "text" and name ~= "reasoning" and value ~= core.null then
            self._read[name] = value
        end
    end
    for name, own in pairs(COUNTS) do
        local metrics = chunk[METRICS]
        self._read[own] = type(metrics) == "table" and metrics[name] or self._read[own]
    end
end

--- Text that is whole: a half waits for the other one.
local function whole_characters(self, text)
    text, self._half = halves.join(self._half, text)
    return text
end

--- @return string? piece for the user; may be empty; nil: the chunk is none of the family's
local function take(self, name, event)
    if self._plan.by_chat then
        return event
    end
    local chunk = kept(self._source, event)
    self._chunks[#self._chunks + 1] = event.json or event
    if type(chunk) ~= "table" then
        return ""
    end
    local ok, told = pcall(self._plan.family.piece, chunk, name)
    if not ok and raised.is_for_the_caller(told) then
        error(told, 0)
    elseif not ok then
        return nil
    end
    note(self, chunk, told)
    if type(told.reasoning) == "string" then
        self._thoughts[#self._thoughts + 1] = told.reasoning
    end
    local text = type(told.text) == "string" and whole_characters(self, told.text) or ""
    return self._filter and self._filter:feed(text) or text
end

--- What the filter held back until it knew how the answer ended.
local function rest(self)
    local text = self._half ~= "" and core.join_halves(self._half) or ""
    self._half = ""
    if self._filter then
        text = self._filter:feed(text) .. self._filter:finish(answer.stop_reason(self._read.stop_reason) ~= "end_turn")
    end
    return text
end

local function reasoning_of(self)
    local told = self._thoughts[1] and core.join_halves(table.concat(self._thoughts))
    return self._filter and self._filter.reasoning or told
end

local function finished(self)
    if self._source.result and self._state == "ended" then
        return self._source:result(self._plan)
    end
    return metadata.copy(answer.new({
        text = table.concat(self._texts),
        reasoning = reasoning_of(self),
        stop_reason = answer.stop_reason(self._read.stop_reason),
        usage = answer.usage(self._read),
        raw = self._chunks,
    }, self._plan), self._source)
end

local function give(self, piece)
    self._texts[#self._texts + 1] = piece
    return piece
end

local function failed(self, err)
    self._state, self._error = "failed", err
    err.partial = finished(self)
    return nil, err
end

--- The end of the source: what was held back is the last piece, and then there is the answer.
local function ending(self, err)
    if err then
        return failed(self, err)
    end
    local last = rest(self)
    self._state = "ended"
    if last ~= "" then
        give(self, last)
    end
    self.answer = finished(self)
    return last ~= "" and last or nil
end

--- The next piece; nil at the end, nil and an error where it broke. Never raises.
--- @return string? piece
--- @return bedrock.Error? err
function methods.next(self)
    while self._state == "open" do
        local name, event = self._source:next()
        if name == nil then
            return ending(self, event)
        end
        local piece = take(self, name, event)
        if not piece then
            self._source:close()
            return failed(self, answer.unreadable(self._plan.family, "a chunk's member has another type"))
        elseif piece ~= "" then
            return give(self, piece)
        end
    end
    if self._state == "whole" then
        self._state = "ended"
        self.answer = self._source
        answer.tell(self.answer, self._plan)
        return self.answer.text
    end
    return nil, self._error
end

--- Stops it without reading what is left. May be called again.
--- @return true
function methods.close(self)
    if self._state == "open" then
        self._source:close()
    end
    if self._state ~= "ended" then
        self._state = "closed"
        self._error = errors.new { kind = "cancelled", code = "Closed", operation = "generate_stream",
            message = "the stream is closed" }
    end
    return true
end

--- Reads what is still to come.
--- @return bedrock.Generated? answer
--- @return bedrock.Error? err what had come is in err.partial
function methods.gather(self)
    local piece, err
    repeat
        piece, err = methods.next(self)
    until not piece
    if err then
        return nil, err
    end
    return self.answer
end

local function itself(self)
    return self
end

--- Writes what is still to come to standard output, as it comes. Not for nginx.
--- @return bedrock.Generated? answer
--- @return bedrock.Error? err what had come is in err.partial
function methods.print(self)
    return require("bedrock.prints.printing").answer("generate_stream", itself, self)
end

Stream.__index = method_check(Stream, methods, "stream")

function Stream.__call(self)
    local piece, err = methods.next(self)
    if err then
        error(host.raisable(err), 0)
    end
    return piece
end

function Stream.__close(self)
    methods.close(self)
end

function Stream.__tostring(self)
    return "bedrock.generate_stream (" .. self._state .. ")"
end

local function unstreamable(plan)
    return errors.validation("generate_stream", { {
        path = "model",
        kind = "conflict",
        message = ("the family %s does not stream: use generate"):format(plan.family.name),
    } })
end

local function open_chat(conn, plan, options)
    local source, err = require("bedrock.generate.by_chat").source(conn, plan, options)
    if not source then
        return nil, err
    end
    return new(source, plan)
end

local function open(conn, plan, options)
    local part = body.all(plan)[1]
    local source, err
    if plan.family.via == "converse" then
        part.body.modelId = plan.model
        source, err = conn.runtime:converse_stream(part.body, options)
    else
        source, err = conn.runtime:invoke_model_with_response_stream(send.params(plan.model, part.body), options)
    end
    if not source then
        return nil, err
    end
    return new(source, plan)
end

--- An answer that came in one piece, because the model does not stream.
local function open_whole(conn, plan, options)
    local result, err = send.whole(conn, plan, options)
    if not result then
        return nil, err
    end
    local self = new(result, plan)
    self._state = "whole"
    return self
end

--- A `for` without assert gets nil and the error: Lua 5.4 closes its fourth value when that fails, and this one then
--- raises the error itself, instead of "attempt to call a nil value".
local Refusal = {}

function Refusal.__close(self)
    error(host.raisable(self.err), 0)
end

local function refused(err)
    return nil, err, nil, setmetatable({ err = err }, Refusal)
end

--- Text as it is written: an iterator of its pieces, whose `answer` is the whole after the last one.
--- @param given bedrock.GenerateParams
--- @param options? bedrock.CallOptions
--- @return bedrock.GenerateStream? stream
--- @return bedrock.Error? err
local function generate_stream(conn, given, options)
    connection.client_of(conn, nil, options, 2)
    if type(given) ~= "table" then
        error("generate_stream: expected a table of parameters, got " .. errors.type_of(given), 2)
    end
    local plan, err = prepare.plan(conn, given, options)
    if not plan then
        return refused(err)
    elseif not plan.family.piece then
        return refused(unstreamable(plan))
    end
    local self
    if plan.by_chat then
        self, err = open_chat(conn, plan, options)
    else
        self, err = send.healed(conn, plan, open, options, open_whole)
    end
    if not self then
        return refused(err)
    end
    return self, nil, nil, self
end

return { open = generate_stream }
