--- Conversations: history, tools and objects over Converse and ConverseStream.
---
---     local chat = assert(conn:chat { model = "us.amazon.nova-lite-v1:0", tools = { … } })
---     print(assert(chat:say "What is the weather in Rome?"))
---     for piece in chat:stream "And tomorrow?" do io.write(piece) end
local answer = require "bedrock.chat.answer"
local beginning = require "bedrock.chat.beginning"
local connection = require "bedrock.connection"
local copies = require "bedrock.chat.copies"
local errors = require "bedrock.errors"
local kept = require "bedrock.chat.kept"
local lazy = require "bedrock.base.lazy"
local look = require "bedrock.chat.look"
local options = require "bedrock.chat.options"
local plain = require "bedrock.chat.plain"
local request = require "bedrock.chat.request"
local sending = require "bedrock.chat.sending"
local tools = require "bedrock.chat.tools"

local OPERATION = "chat"
local ROUNDS_MAX = 10

--- @class bedrock.Chat
--- @field messages table[] what was said, as Converse has it; plain data, and never half a turn
--- @field usage bedrock.Usage of all requests
--- @field answer? bedrock.ChatAnswer the last one
local Chat = { __name = "bedrock.chat" }
local methods = {}
Chat.__index = methods

local function refuse(code, message, fields)
    local err = fields or {}
    err.kind, err.code, err.operation, err.message = "conversation", code, OPERATION, message
    return nil, errors.new(err)
end

--- One `say`: its requests, until the model has no more calls. What is said joins the chat at the end, whole.
local Turn = { on = {} }
Turn.__index = Turn

--- Stop reasons after which a tool call may lack its end.
local CUT = { content_filtered = true, malformed_model_output = true, malformed_tool_use = true, max_tokens = true,
    model_context_window_exceeded = true }

--- What is told of the chat so far goes with the error, so that chat:resume can go on.
function Turn:fail(err)
    beginning.fail(self, err)
    return nil, err
end

function Turn:refuse(code, message, fields)
    local _, err = refuse(code, message, fields)
    return self:fail(err)
end

--- @param more? table {calls, object, text}
--- @param usage? bedrock.Usage the turn's own, if it has ended; else a copy
function Turn:answer(output, more, usage)
    if self.healed then
        more = more or {}
        more.healed = answer.copy(self.healed)
    end
    usage = usage or self.usage and answer.copy_usage(self.usage) or answer.no_usage()
    return answer.new(output, usage, self.rounds, more)
end

--- The end of the turn. What a guardrail stopped is not kept, as it would block every later turn.
function Turn:finish(output, more)
    local chat, result = self.chat, self:answer(output, more, self.usage)
    chat._pending = false
    if output.stopReason ~= "guardrail_intervened" then
        kept.keep(chat, self.messages, self.base, self.joined)
        kept.see(chat, self, #self.messages, output.usage)
        chat._said, chat._spare = result, self.messages
    end
    chat.answer = result
    return result
end

--- Calls of tools that somebody else runs: the turn waits for chat:results.
function Turn:pause(output, results, waiting)
    beginning.pause(self, results, waiting)
    self.chat.answer = self:answer(output, { calls = waiting })
    return self.chat.answer
end

--- Runs the tools that were called. Nothing: the next request goes out with their results.
function Turn:run_tools(output, calls)
    local o, chat, runs = self.options, self.chat, require "bedrock.chat.tool_runs"
    local results, waiting = runs.run(self.tools, calls, { chat = chat, round = self.rounds, context = o.context,
        approve = o.approve, limit = o.tool_limit, on_call = self.on.tool_call, on_result = self.on.tool_result })
    if waiting[1] then
        return self:pause(output, results, waiting)
    end
    self.messages[#self.messages + 1] = { role = "user", content = results }
    if o.stop_when and o.stop_when(self:answer(output), self.rounds) then
        return self:finish(output)
    elseif self.rounds >= (o.max_rounds or ROUNDS_MAX) then
        return self:refuse("TooManyRounds", ("the model still called tools after %d requests; chat:resume(err) goes "
            .. "on, max_rounds allows more"):format(self.rounds), { answer = self:answer(output) })
    end
end

--- Why what the model began cannot be used.
local function why_cut(stop, unreadable, calls)
    return ("the model's %s was cut (%s)%s"):format(calls[1] and "tool call" or "object", unreadable or stop,
        stop == "max_tokens" and "; allow more max_tokens" or "")
end

--- What is to be done with an answer of Converse.
--- @param unreadable string? why its tool calls cannot be read
--- @return bedrock.ChatAnswer? nil without an error: the next request goes out
--- @return bedrock.Error? err
function Turn:take(output, unreadable)
    local message = answer.message(output)
    self.rounds = self.rounds + 1
    self:add_usage(output.usage)
    local calls, stop = tools.calls(message), output.stopReason
    if self.options.on_step then
        self.options.on_step(self:answer(output), self.rounds)
    end
    if stop == "guardrail_intervened" then
        return self:finish(output)
    end
    if (CUT[stop] or unreadable) and (calls[1] or self.object) then
        return self:refuse("Incomplete", why_cut(stop, unreadable, calls), { answer = self:answer(output) })
    end
    self.messages[#self.messages + 1] = message
    local objects = self.object and require "bedrock.chat.objects"
    if objects and objects.has_come(self.object, calls) then
        return objects.take(self, output, message, calls)
    elseif calls[1] then
        return self:run_tools(output, calls)
    end
    return self:finish(output)
end

function Turn:add_usage(told)
    local usage = answer.count(self.chat.usage, told)
    if self.usage then
        answer.add_usage(self.usage, usage)
    else
        self.usage = usage
    end
end

--- Requests and tools, until there is an answer.
--- @param output? table what the first request gave, if that was sent already
--- @param err? bedrock.Error
function Turn:run(output, err)
    while true do
        if not (output or err) then
            output, err = sending.send(self)
        end
        if not output then
            return self:fail(err)
        end
        local result, why = self:take(output)
        if result or why then
            return result, why
        end
        output = nil
    end
end

--- A turn that nobody runs any more, as its coroutine or its stream is gone, holds the chat no longer.
local WEAK = { __mode = "v" }

function Turn:hold()
    self.chat._turn[1] = self
end

function Turn:release()
    local held = self.chat._turn
    if held[1] == self then
        held[1] = nil
    end
end

--- What is raised has what was said, too.
local function raise(turn, what)
    if errors.is(what) then
        beginning.fail(turn, what)
    end
    error(what, 0)
end

--- Runs it; the chat is free again, however that ends.
local function guarded(turn, ...)
    turn:hold()
    local ok, result, err = pcall(turn.run, turn, ...)
    turn:release()
    if not ok then
        raise(turn, result)
    elseif result then
        return result
    end
    return nil, err
end

--- A stream that was left without its end and that nobody can reach is garbage, and holds the chat no longer.
local function is_held(chat)
    local held = chat._turn
    if held[1] and held[1].idle then
        collectgarbage()
    end
    return held[1] ~= nil
end

--- A turn that may begin, or what is wrong.
local function begin(chat, given, fields)
    if fields ~= nil and type(fields) ~= "table" then
        error("the options must be a table, got a " .. type(fields), 3)
    elseif is_held(chat) then
        return refuse("Busy", "another say or stream of this chat runs; wait for its end, or close it")
    end
    local problems = {}
    local turn = setmetatable(beginning.turn(chat, given, fields, problems), Turn)
    local err = beginning.messages(turn, given, problems)
    if problems[1] or err then
        return nil, err or errors.validation(OPERATION, problems)
    end
    if turn.options.context_limit then
        local count = #turn.messages
        turn.messages = require("bedrock.chat.history").trimmed(chat, turn.messages,
            { tokens = turn.options.context_limit })
        turn.base = math.max(turn.base - (count - #turn.messages), 0)
        look.anew(turn)
    end
    return turn
end

--- A turn goes on whose first request was sent already.
local function go_on(chat, messages, ok, output, err)
    local turn = setmetatable(beginning.said(chat, messages), Turn)
    if not ok then
        raise(turn, output)
    end
    return guarded(turn, output, err)
end

local function check(self, name)
    if getmetatable(self) ~= Chat then
        error(("not a chat: call its methods with a colon, as in chat:%s(…)"):format(name), 3)
    end
end

--- Says something, and waits for the answer; tools run meanwhile. `messages` changes only when it succeeds.
--- @param given string|table text; a list of blocks; or {text=, images=, documents=, video=}
--- @param fields? table options of the chat's for this turn, and of calls (timeouts)
--- @return bedrock.ChatAnswer? answer
--- @return bedrock.Error? err err.messages: what was said until then, for chat:resume
function methods.say(self, given, fields)
    check(self, "say")
    if type(given) == "string" and fields == nil and self._plain and not self._turn[1] then
        local result, messages, ok, output, why = plain.say(self, given)
        if result then
            return result
        elseif messages then
            return go_on(self, messages, ok, output, why)
        end
    end
    local turn, err = begin(self, given, fields)
    if not turn then
        return nil, err
    end
    return guarded(turn)
end

--- The same, a piece of text at a time: `for piece in chat:stream(text) do`. An error inside is raised. chat.answer has
--- the answer then.
--- @param given string|table as for say; {results = …} or an error, too
--- @param fields? table as for say; on = {reasoning=f, tool_call=f, tool_result=f, event=f} sees the rest
--- @return bedrock.ChatStream? stream
--- @return bedrock.Error? err
function methods.stream(self, given, fields)
    check(self, "stream")
    local turn, err = begin(self, given, fields)
    if not turn then
        return require("bedrock.chat.stream").failed(err)
    end
    return require("bedrock.chat.stream").new(turn)
end

--- Writes the answer to standard output as it comes. Not for nginx.
--- @param given string|table as for stream
--- @param fields? table as for stream
--- @return bedrock.ChatAnswer? answer
--- @return bedrock.Error? err
function methods.print(self, given, fields)
    check(self, "print")
    return require("bedrock.prints.printing").answer(OPERATION, methods.stream, self, given, fields)
end

--- The request that `say` or `stream` would send: signed, not sent. It prints without secrets.
--- @param given string|table as for say
--- @param fields? table as for say
--- @param as? "say"|"stream" "say" if not given
--- @return bedrock.Prepared? request
--- @return bedrock.Error? err
function methods.prepare(self, given, fields, as)
    check(self, "prepare")
    if as ~= nil and as ~= "say" and as ~= "stream" then
        error('chat:prepare: expected "say" or "stream", got ' .. tostring(as), 2)
    end
    local turn, err = begin(self, given, fields)
    if not turn then
        return nil, err
    end
    return sending.prepared(turn, as == "stream" and "converse_stream" or "converse")
end

--- Goes on with the results of calls that had no `run`, by their ids.
--- @param results table<string, any> what `run` could have returned, an error, or Converse's {content, status}
--- @param fields? table as for say
--- @return bedrock.ChatAnswer? answer
--- @return bedrock.Error? err
function methods.results(self, results, fields)
    check(self, "results")
    if type(results) ~= "table" then
        error("chat:results: expected a table of results by the ids of their calls, got " .. errors.type_of(results), 2)
    end
    return methods.say(self, { results = results }, fields)
end

--- Goes on from an error of `say` without running again what has run.
--- @param err bedrock.Error
--- @param fields? table as for say
--- @return bedrock.ChatAnswer? answer
--- @return bedrock.Error? err
function methods.resume(self, err, fields)
    check(self, "resume")
    if not errors.is(err) then
        error("chat:resume: expected the error of a say, got " .. errors.type_of(err), 2)
    end
    return methods.say(self, err, fields)
end

lazy(methods, {
    fork = "chat.history.fork",
    save = "chat.saved.save",
    trim = "chat.history.trim",
    undo = "chat.history.undo",
})

setmetatable(methods, { __index = require "bedrock.chat.meant"(methods) })

function Chat.__tostring(self)
    return ("bedrock.chat (%s, %d messages)"):format(self._options.model,
        type(self.messages) == "table" and #self.messages or 0)
end

local chat = {}

--- A chat of those options; used by fork, too.
local function begun(conn, own, set, messages)
    local self = setmetatable({
        messages = messages,
        usage = answer.no_usage(),
        _conn = conn,
        _options = own,
        _tools = set,
        _object = beginning.object(own.schema, set, {}),
        _plan = request.plan(own, set.specs),
        _turn = setmetatable({}, WEAK),
        _texts = {},
        _pending = false,
        _again = begun,
    }, Chat)
    self._plain = plain.of(self)
    return self
end

--- Begins a conversation.
--- @param fields bedrock.ChatOptions see docs/chat.md
--- @return bedrock.Chat? chat
--- @return bedrock.Error? err all that is wrong with the options
function chat.new(conn, fields)
    connection.client_of(conn, nil, nil, 2)
    if type(fields) ~= "table" then
        error("chat: expected a table of options, got " .. errors.type_of(fields), 2)
    end
    local problems, saved = {}, nil
    if type(fields.messages) == "string" then
        fields, saved = require("bedrock.chat.saved").load(fields, problems)
    end
    local own = options.of_chat(fields, problems)
    local set = tools.read(own.tools, problems)
    tools.check_choice(own.tool_choice, set, problems)
    beginning.object(own.schema, set, problems)
    if problems[1] then
        return nil, errors.validation(OPERATION, problems)
    end
    local self = begun(conn, own, set, copies.of(own.messages or {}))
    if saved then
        require("bedrock.chat.saved").wait(self, saved)
    end
    return self
end

return chat
