--- The answer to a turn of a chat, a piece of text at a time; tools run between the pieces.
local answer = require "bedrock.chat.answer"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local gathering = require "bedrock.streams.gather"
local halves = require "bedrock.base.halves"
local host = require "bedrock.host"
local sending = require "bedrock.chat.sending"

local stream = {}

--- @class bedrock.ChatStream call it for the next piece, or use it in a `for`
--- @field answer? bedrock.ChatAnswer at the end
--- @field gather fun(self: bedrock.ChatStream): bedrock.ChatAnswer?, bedrock.Error? reads what is still to come
--- @field print fun(self: bedrock.ChatStream): bedrock.ChatAnswer?, bedrock.Error? writes the pieces as they come
local Stream = { __name = "bedrock.chat_stream" }
local methods = {}
Stream.__index = methods

--- What a piece of text brings, if that is something.
local function joined(self, kind, piece)
    local text
    text, self._held[kind] = halves.join(self._held[kind], piece)
    return text ~= "" and text or nil
end

--- The end of a block: half a character that waits stays alone.
local function rest(self)
    local text = core.join_halves(self._held.text)
    self._held.text = ""
    return text ~= "" and text or nil
end

--- What the model says beside its call of the object's tool is no part of the object, so it is held back until it is
--- known whether there is such a call.
local function aside(self, text)
    if not (self._by_tool and text) then
        return text
    elseif self._object_seen then
        return nil
    end
    self._aside[#self._aside + 1] = text
    return nil
end

--- What was held back, as there is no such call.
local function held_back(self)
    local text = table.concat(self._aside)
    self._aside = {}
    return not self._object_seen and text ~= "" and text or nil
end

--- A block begins or ends: is it the object? Once that was seen, it is "empty" until it has input, then "begun".
local function at_border(self, name, event)
    local text = rest(self)
    if self._in_object then
        local is_empty = self._object_seen == "empty" -- for an empty object, models send no input at all
        self._in_object = name ~= "contentBlockStop"
        return text or is_empty and not self._in_object and "{}" or nil
    end
    text = aside(self, text)
    local use = name == "contentBlockStart" and event.start and event.start.toolUse
    if use and self._turn.object and use.name == self._turn.object.name then
        self._in_object, self._object_seen = true, "empty"
        return text
    end
    return use and held_back(self) or text
end

--- Where the text of a delta is, and who sees what else it has. An object is text, whichever way it comes.
--- @param event table as it is gathered
--- @param shown table as the user sees it
local function piece_of(self, name, event, shown)
    local on = self._turn.on
    if on.event then
        on.event(name, shown)
    end
    if name ~= "contentBlockDelta" then
        return at_border(self, name, event)
    end
    local delta = event.delta or {}
    local thought = delta.reasoningContent and delta.reasoningContent.text
    thought = thought and joined(self, "reasoning", thought)
    if thought and on.reasoning then
        on.reasoning(thought)
    end
    if self._in_object then
        local json = delta.toolUse and delta.toolUse.input
        self._object_seen = json and json ~= "" and "begun" or self._object_seen
        return json and joined(self, "text", json)
    end
    return aside(self, delta.text and joined(self, "text", delta.text))
end

--- Texts up to this many bytes are read at each piece; longer ones when an eighth of them is new, so that the cost in
--- all grows with their length alone.
local READ_ALWAYS = 512

local function read_partial(self, at_end)
    if self._fresh == 0 or not at_end and self._length > READ_ALWAYS and self._fresh * 8 < self._length then
        return
    end
    self._fresh = 0
    local value = require("bedrock.chat.objects").partial(table.concat(self._json))
    if value ~= nil then
        self._turn.options.partial(value)
    end
end

--- What is there of an object while it comes: in the text, or in the input of its tool.
local function show_partial(self, name, event)
    local turn = self._turn
    if not (turn.object and turn.options.partial) then
        return
    end
    if name == "contentBlockStart" and event.start and event.start.toolUse then
        self._json, self._length, self._fresh = {}, 0, 0
    elseif name == "contentBlockStop" then
        read_partial(self, true)
    elseif name == "contentBlockDelta" and event.delta then
        local text = self._in_object and event.delta.toolUse and event.delta.toolUse.input
            or not self._in_object and event.delta.text
        if text then
            self._json[#self._json + 1] = text
            self._length, self._fresh = self._length + #text, self._fresh + #text
            read_partial(self, false)
        end
    end
end

--- The end of a round: its answer goes to the turn.
local function take(turn, output, err)
    if output then
        return turn:take(output)
    elseif err.partial and err.code == "BadResponse" and err.partial.stopReason then
        return turn:take(err.partial, err.message)
    end
    return turn:fail(err)
end

--- Opens the stream of the next round; what came whole is one piece. Somebody may close this one meanwhile.
local function open(self)
    local turn = self._turn
    local opened, err, streaming = sending.send(turn)
    self._length, self._fresh = 0, 0
    self._json, self._in_object, self._held = {}, false, { reasoning = "", text = "" }
    self._aside, self._object_seen = {}, false
    if not opened then
        return turn:fail(err)
    elseif streaming then
        self._by_tool = turn.object and not turn.sent.object
        self._stream, self._state = opened, gathering.begin(opened)
        return nil
    end
    self._whole = { output = opened }
    local message = answer.message(opened)
    local text, reasoning = answer.parts(message)
    if reasoning and turn.on.reasoning then
        turn.on.reasoning(reasoning)
    end
    text = turn.object and require("bedrock.chat.objects").said(turn.object, message) or text
    return nil, nil, text ~= "" and text or nil
end

--- One step: a piece, an answer, an error, or none of these.
--- @return bedrock.ChatAnswer? answer
--- @return bedrock.Error? err
--- @return string? piece
local function step(self)
    local ended = self._whole
    if ended then
        self._whole = nil
        return take(self._turn, ended.output, ended.err)
    elseif not self._stream then
        return open(self)
    end
    local turn, source, state = self._turn, self._stream, self._state
    local name, event = source:next()
    if name then
        gathering.add(state, source, name, event)
        show_partial(self, name, event)
        return nil, nil, piece_of(self, name, source._halves or event, event)
    end
    self._stream, self._state = nil, nil
    local output, err = gathering.finish(state, source, event)
    local text = held_back(self)
    if text then
        self._whole = { output = output, err = err }
        return nil, nil, text
    end
    return take(turn, output, err)
end

local function leave(self)
    if self._turn then
        self._turn:release()
    end
    self._turn, self._done = nil, true
    if self._stream then
        self._stream:close()
        self._stream = nil
    end
end

local function closed()
    return errors.new { kind = "cancelled", code = "Closed", operation = "chat", message = "the stream is closed" }
end

--- Somebody else may close it while tools run, or while it opens.
--- @return bedrock.ChatAnswer? answer
--- @return bedrock.Error? err
--- @return string? piece
local function run(self)
    while true do
        local result, err, piece = step(self)
        if self._done then
            leave(self)
            return nil, err or closed()
        elseif result or err or piece then
            return result, err, piece
        end
    end
end

--- The next piece; nil at the end. An error is raised.
--- @return string? piece
local function next_piece(self)
    if self._failed then
        error(host.raisable(self._failed), 0)
    elseif self._done then
        return nil
    elseif self._running then
        error("two coroutines wait on one stream of a chat", 3)
    end
    local turn = self._turn
    self._running, turn.idle = true, false
    local ok, result, err, piece = pcall(run, self)
    self._running, turn.idle = false, true
    if not ok or err then
        local raised = err or result
        if errors.is(raised) then
            self._broken = raised
            turn:fail(raised)
        end
        leave(self)
        error(host.raisable(raised), 0)
    elseif result then
        self.answer = result
        leave(self)
        return nil
    end
    return piece
end

function Stream.__call(self)
    return next_piece(self)
end

--- Reads what is still to come. An error is returned, where a loop raises it.
--- @return bedrock.ChatAnswer? answer
--- @return bedrock.Error? err
function methods.gather(self)
    local ok, piece
    repeat
        ok, piece = pcall(next_piece, self)
    until not ok or piece == nil
    if ok and self.answer then
        return self.answer
    elseif ok then
        return nil, self._broken or closed()
    elseif errors.is(piece) then
        return nil, piece
    end
    error(piece, 0)
end

local function itself(self)
    return self, self._failed
end

--- Writes what is still to come to standard output, as it comes. Not for nginx.
--- @return bedrock.ChatAnswer? answer
--- @return bedrock.Error? err
function methods.print(self)
    return require("bedrock.prints.printing").answer("chat", itself, self)
end

--- Ends it. The chat is as it was before. May be called again.
--- @return true
function methods.close(self)
    leave(self)
    return true
end

function Stream.__close(self)
    leave(self)
end

function Stream.__tostring(self)
    return "bedrock.chat_stream (" .. (self._failed and "failed" or self._done and "ended" or "open") .. ")"
end

--- For a generic `for`, whose last value Lua 5.4 closes when the loop is left.
--- @param turn table
function stream.new(turn)
    turn.streaming, turn.idle = true, true
    turn:hold()
    local self = setmetatable({ _turn = turn, _json = {} }, Stream)
    return self, nil, nil, self
end

--- A stream that cannot begin: its first piece is the error, which is raised, so that a `for` tells it.
--- @return bedrock.ChatStream stream
--- @return bedrock.Error err
function stream.failed(err)
    return setmetatable({ _failed = err }, Stream), err
end

return stream
