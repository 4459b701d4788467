--- A chat's history: undone, forked, trimmed.
local core = require "bedrock.core"
local copies = require "bedrock.chat.copies"
local errors = require "bedrock.errors"
local kept = require "bedrock.chat.kept"
local metadata = require "bedrock.metadata"
local request = require "bedrock.chat.request"

local check = kept.check

local history = {}

local OPERATION = "chat"

--- Characters of a token where nobody told, and what a picture or a video costs, roughly.
local CHARACTERS, PICTURE = 4, 1600

--- @return bedrock.Error? err the chat has no list of messages
local function no_list(self)
    local problems = {}
    if not kept.check_list(self.messages, problems) then
        return errors.validation(OPERATION, problems)
    end
end

--- Where a turn begins in a message: results of tools go on with one, and what is said behind them, after a turn that
--- had ended with them, begins the next.
--- @return integer? place of the block
local function border(message)
    if type(message) ~= "table" or message.role ~= "user" then
        return nil
    end
    local content, first = type(message.content) == "table" and message.content or {}, 1
    for i, block in ipairs(content) do
        if type(block) == "table" and (block.toolResult or block.cachePoint and first > 1) then
            first = i + 1
        end
    end
    return (first == 1 or content[first] ~= nil) and first or nil
end

--- @return {at: integer, block: integer}[] turns the message that each begins in, and the block there
local function turns_of(messages)
    local starts = {}
    for i, message in ipairs(messages) do
        local block = border(message)
        if block then
            starts[#starts + 1] = { at = i, block = block }
        end
    end
    return starts
end

--- A message with some of its blocks.
local function part(message, first, last)
    local content = {}
    for i = first, last do
        content[#content + 1] = message.content[i]
    end
    return request.rebuilt(message, content)
end

local function from(messages, start)
    local rest = {}
    for i = start.at, #messages do
        rest[#rest + 1] = messages[i]
    end
    if start.block > 1 then
        rest[1] = part(rest[1], start.block, #rest[1].content)
    end
    return rest
end

local BLOBS = { image = PICTURE * CHARACTERS, video = PICTURE * CHARACTERS, audio = PICTURE * CHARACTERS }

--- Characters of all texts in a value; media count as what they cost.
local function size_of(value)
    if type(value) == "string" then
        return #value
    elseif type(value) ~= "table" then
        return 4
    end
    local size = 0
    for name, member in pairs(value) do
        size = size + (BLOBS[name] or size_of(member))
    end
    return size
end

local function sizes_of(messages)
    local sizes = {}
    for i, message in ipairs(messages) do
        sizes[i] = type(message) == "table" and size_of(message.content) or 0
    end
    return sizes
end

--- Characters of what went out beside the messages: AWS counted it, too.
local function beside(seen)
    local size = size_of(seen.options.system or "")
    for _, value in ipairs { seen.tools.specs, seen.object and seen.object.schema } do
        size = size + #(core.encode(value) or "")
    end
    return size
end

local function tokens(told)
    return told and (told.inputTokens or 0) + (told.outputTokens or 0) + (told.cacheReadInputTokens or 0)
        + (told.cacheWriteInputTokens or 0) or 0
end

--- Tokens of a character, by what the last answer told.
local function rate(chat, sizes)
    local seen, characters = chat._seen, 0
    for i = 1, seen and math.min(seen.count, #sizes) or 0 do
        characters = characters + sizes[i]
    end
    local counted = characters > 0 and tokens(seen.told) or 0
    return counted > 0 and counted / (characters + beside(seen)) or 1 / CHARACTERS
end

--- Characters of a message before that block.
local function size_before(messages, start)
    return start.block > 1 and size_of(part(messages[start.at], 1, start.block - 1).content) or 0
end

--- Where the last turns begin that fit; the very last one always stays.
local function first_kept(chat, messages, limits)
    local starts, sizes = turns_of(messages), sizes_of(messages)
    local per_character, characters, ending = rate(chat, sizes), 0, #messages
    local first = starts[#starts]
    for n = 1, #starts do
        local start = starts[#starts - n + 1]
        for i = start.at, ending do
            characters = characters + sizes[i]
        end
        local before = size_before(messages, start)
        if n > 1 and (limits.keep and n > limits.keep
            or limits.tokens and (characters - before) * per_character > limits.tokens) then
            break
        end
        first, ending = start, start.at - 1
    end
    return first
end

--- The last messages, in whole turns.
--- @param limits table {tokens=, keep=}
function history.trimmed(chat, messages, limits)
    local first = first_kept(chat, messages, limits)
    return first and (first.at > 1 or first.block > 1) and from(messages, first) or messages
end

--- Forgets the oldest turns, whole ones: never a tool's result without its call. The last turn always stays.
--- @param limits table keep=: so many turns; tokens=: about so many, by what AWS told, else 4 characters each
--- @return integer? messages how many went
--- @return bedrock.Error? err
function history.trim(self, limits)
    check(self, "trim")
    for name in pairs(type(limits) == "table" and limits or {}) do
        if name ~= "keep" and name ~= "tokens" then
            error(('chat:trim: unknown limit "%s"; there are keep (turns) and tokens'):format(
                core.shown(tostring(name))), 2)
        end
    end
    local count = 0
    for _, name in ipairs { "keep", "tokens" } do
        local value = type(limits) == "table" and limits[name]
        if value and not (type(value) == "number" and value >= 1) then
            error(("chat:trim: %s must be a number from 1, got %s"):format(name, tostring(value)), 2)
        end
        count = count + (value and 1 or 0)
    end
    if count == 0 then
        error("chat:trim: expected a table with keep (turns) or tokens", 2)
    end
    local err = no_list(self)
    if err then
        return nil, err
    end
    local before = #self.messages
    local rest = history.trimmed(self, self.messages, limits)
    if rest ~= self.messages then
        kept.keep(self, rest)
        self._seen = nil
    end
    return before - #self.messages
end

--- Forgets the last turn: what waits for results, else the last question with all that came of it.
--- @return boolean? undone false: there is none
--- @return bedrock.Error? err
function history.undo(self)
    check(self, "undo")
    if self._pending then
        self._pending, self._said = false, {}
        return true
    end
    local err = no_list(self)
    if err then
        return nil, err
    end
    local messages, starts = self.messages, turns_of(self.messages)
    local last = starts[#starts]
    if not last then
        return false
    end
    local rest = last.block > 1 and part(messages[last.at], 1, last.block - 1) or nil
    for i = #messages, last.at, -1 do
        messages[i] = nil
    end
    messages[last.at] = rest
    self._said, self._seen = {}, nil
    return true
end

--- The calls that wait, as those of the copy of their chat.
local function calls_of(calls, fork, seen)
    local list = {}
    for i, call in ipairs(calls) do
        list[i] = {}
        for name, value in pairs(call) do
            list[i][name] = value
        end
        list[i].chat, list[i].input = fork, copies.of(call.input, seen)
    end
    return list
end

local function pending_of(pending, fork, seen)
    return pending and {
        added = copies.of(pending.added, seen),
        results = copies.of(pending.results, seen),
        calls = calls_of(pending.calls, fork, seen),
        fields = pending.fields,
    }
end

--- Its message is the one in the fork's history.
local function answer_of(old, fork, seen)
    if type(old) ~= "table" then
        return old
    end
    local copy = setmetatable({}, getmetatable(old))
    for name, value in pairs(old) do
        copy[name] = name ~= "calls" and copies.of(value, seen) or nil
    end
    copy.calls = old.calls and (fork._pending and fork._pending.calls or calls_of(old.calls, fork, seen))
    return metadata.copy(copy, old)
end

--- A second chat with the same options and history, which goes its own way: it shares no message with the first.
--- @return bedrock.Chat? fork
--- @return bedrock.Error? err
function history.fork(self)
    check(self, "fork")
    local err = no_list(self)
    if err then
        return nil, err
    end
    local seen = {}
    local fork = self._again(self._conn, self._options, self._tools, copies.of(self.messages, seen))
    if self._seen then
        kept.see(fork, self._seen, self._seen.count, self._seen.told)
    end
    fork._said = self._said
    fork._pending = pending_of(self._pending, fork, seen)
    fork.answer = answer_of(self.answer, fork, seen)
    return fork
end

return history
