--- One ask: a request, what comes of it, the tools that it wants, the next request, until there is an answer.
---
--- What differs between agents, harnesses and runtimes is their kind, a table:
---     operation   the name that errors have
---     first       function(turn): parameters of the first request; or nil and an error
---     open        function(turn, params): a stream with next and close; or nil and an error
---     event       function(turn, name, event): takes it; turn:say(text) for what is to be read. Returns an error, if
---                 the event tells one
---     ended       function(turn): the calls that the answer wants, nil if it is whole; or nil and an error. An empty
---                 list: nothing is to be run, but another request is due
---     reply       function(turn, results): parameters of the next request; or nil and an error
---     fill        function(turn, answer): what else belongs into the answer
---     asks_first  function(turn, call): is `approve` to be asked?
local answers = require "bedrock.agents.answer"
local errors = require "bedrock.errors"
local host = require "bedrock.host"
local metadata = require "bedrock.metadata"
local method_check = require "bedrock.base.method_check"
local tools = require "bedrock.agents.tools"

local turn = {}

--- The pieces of an answer as they come: for piece in stream do … end. An error is raised inside the loop.
--- @class bedrock.AgentStream
--- @field answer? bedrock.AgentAnswer once it is whole
--- @field print fun(self: bedrock.AgentStream): bedrock.AgentAnswer?, bedrock.Error? writes the pieces as they come
--- @overload fun(): string?
local Turn = { __name = "bedrock.agent_stream" }
local methods = {}

--- The bytes of a character that a text ends in the midst of.
local function cut_tail(text)
    local at, lead = text:match "()([\194-\244])[\128-\191]*$"
    if not at then
        return ""
    end
    local byte = lead:byte()
    local length = byte < 224 and 2 or byte < 240 and 3 or 4
    return #text - at + 1 < length and text:sub(at) or ""
end

--- A piece of text for whoever reads the stream. The service may cut within a character: its bytes wait for the rest.
local function say(self, text)
    if not text or text == "" then
        return
    end
    text = self.held .. text
    self.held = cut_tail(text)
    if #text > #self.held then
        self.pieces[#self.pieces + 1] = text:sub(1, #text - #self.held)
    end
end

--- At the end of a stream nothing waits any more.
local function say_rest(self)
    if self.held ~= "" then
        self.pieces[#self.pieces + 1], self.held = self.held, ""
    end
end

local function close_stream(self)
    local stream = self.stream
    self.stream = nil
    if stream then
        stream:close()
    end
end

local function part_of(self)
    self.kind.fill(self, self.answer_so_far)
    return self.answer_so_far
end

--- Nothing that came is lost: the error has it.
local function fail(self, err)
    if self.state == "closed" then
        return nil, self.error
    end
    close_stream(self)
    self.state, self.error = "failed", err
    if errors.is(err) then
        err.answer = part_of(self)
    end
    return nil, err
end

local function finish(self, calls)
    local answer = part_of(self)
    answer.calls = calls
    self.state, self.answer = "ended", answer
    self.session.answer = answer
end

local function too_many(self)
    return errors.new {
        kind = "conversation",
        code = "TooManyRounds",
        operation = self.kind.operation,
        message = ("it wants tools again after %d requests (max_rounds)"):format(self.max_rounds),
    }
end

local function open(self, params)
    local stream, err = self.kind.open(self, params)
    if not stream then
        return fail(self, err)
    elseif self.state ~= "open" then
        return stream:close()
    end
    self.stream = stream
    self.answer_so_far.rounds = self.answer_so_far.rounds + 1
    metadata.copy(self.answer_so_far, stream)
    return true
end

local function begin(self)
    local params, err = self.kind.first(self)
    if not params then
        return fail(self, err)
    end
    return open(self, params)
end

--- Results that cannot be sent are kept for `resume`: the tools need not run again.
local function send(self, params)
    local ok, err = open(self, params)
    if not ok then
        self.unsent, self.session.unsent = params, self
    end
    return ok, err
end

local function reply(self, results)
    for _, result in ipairs(results) do
        table.insert(self.answer_so_far.results, result)
    end
    local params, err = self.kind.reply(self, results)
    if not params then
        return fail(self, err)
    end
    return send(self, params)
end

--- Runs what is wanted and asks on.
local function go_on(self, calls)
    if self.answer_so_far.rounds >= self.max_rounds then
        return fail(self, too_many(self))
    end
    for _, call in ipairs(calls) do
        call.session, call.round, call.context = self.session, self.answer_so_far.rounds, self.context
    end
    local results = tools.run(self, calls)
    if self.state == "open" then
        return reply(self, results)
    end
end

--- The stream has ended: there is the answer, or something is wanted.
local function settle(self)
    self.stream = nil
    local calls, err = self.kind.ended(self)
    say_rest(self)
    if err then
        return fail(self, err)
    elseif not calls then
        return finish(self)
    elseif calls[1] and not self.tools and not self.approve then
        self.session.waiting = self
        return finish(self, calls)
    end
    return go_on(self, calls)
end

--- Takes one event, or does what is due at the end of a stream.
local function advance(self)
    if self.given then
        local results = self.given
        self.given = nil
        return reply(self, results)
    elseif self.unsent then
        local params = self.unsent
        self.unsent = nil
        return send(self, params)
    elseif not self.stream then
        return begin(self)
    end
    local name, event = self.stream:next()
    if name == nil then
        if event then
            return fail(self, event)
        end
        return settle(self)
    end
    if self.on.event then
        self.on.event(name, event)
    end
    local err = self.kind.event(self, name, event)
    if err then
        return fail(self, err)
    end
end

local function next_piece(self)
    while not self.pieces[1] and self.state == "open" do
        advance(self)
    end
    local piece = table.remove(self.pieces, 1)
    if piece then
        return piece
    end
    return nil, self.error
end

--- What is raised through it (a task that is cancelled, Ctrl-C, an error in a function of the user's) ends the turn.
local function guarded(self, ok, piece, err)
    self.running = false
    if ok then
        return piece, err
    end
    close_stream(self)
    self.state = "failed"
    if errors.is(piece) then
        piece.answer = part_of(self)
    end
    self.error = errors.is(piece) and piece or errors.new {
        kind = "cancelled",
        code = "Cancelled",
        operation = self.kind.operation,
        message = "it was interrupted",
    }
    error(piece, 0)
end

--- The next piece of text; nil at the end; nil and an error.
--- @return string? piece
--- @return bedrock.Error? err
function methods.next(self)
    if self.running then
        error("two coroutines wait on one stream of a session", 3)
    end
    self.running = true
    return guarded(self, pcall(next_piece, self))
end
local next_of = methods.next

--- Reads to the end.
--- @return bedrock.AgentAnswer? answer
--- @return bedrock.Error? err
function methods.gather(self)
    local piece, err
    repeat
        piece, err = next_of(self)
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
--- @return bedrock.AgentAnswer? answer
--- @return bedrock.Error? err
function methods.print(self)
    return require("bedrock.prints.printing").answer(self.kind.operation, itself, self)
end

--- Ends it without reading what is left. May be called again.
--- @return true
function methods.close(self)
    if self.state == "open" then
        close_stream(self)
        self.state = "closed"
        self.error = errors.new {
            kind = "cancelled",
            code = "Closed",
            operation = self.kind.operation,
            message = "the stream is closed",
        }
    end
    return true
end

function Turn.__call(self)
    local piece, err = next_of(self)
    if err then
        error(host.raisable(err), 0)
    end
    return piece
end

Turn.__index = method_check(Turn, methods, "stream")
Turn.__close = methods.close

function Turn.__tostring(self)
    return "bedrock.agent_stream (" .. self.state .. ")"
end

--- @param session table
--- @param fields table kind, input, tools, approve, on, max_rounds, tool_limit, context, call (its options), …
--- @return bedrock.AgentStream
function turn.new(session, fields)
    fields.session, fields.pieces, fields.state, fields.say = session, {}, "open", say
    fields.held = ""
    fields.answer_so_far = answers.new(session.session_id)
    return setmetatable(fields, Turn)
end

--- Goes on from calls that were handed out.
--- @param results bedrock.AgentResult[]
function turn.resume(self, results)
    self.state, self.given, self.answer_so_far.calls = "open", results, nil
    return self
end

--- Sends again what could not be sent.
function turn.send_again(self)
    self.state, self.error = "open", nil
    return self
end

--- Is it at its end, whatever that was?
function turn.is_over(self)
    return self.state ~= "open"
end

--- One that fails at once: what a loop over it raises.
function turn.failed(session, kind, err)
    local self = turn.new(session, { kind = kind })
    self.state, self.error = "failed", err
    return self
end

return turn
