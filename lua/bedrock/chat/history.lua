--- A chat's history: kept, saved, loaded, undone, forked, trimmed.
local core = require "bedrock.core"
local answer = require "bedrock.chat.answer"
local errors = require "bedrock.errors"
local files = require "bedrock.chat.files"
local is_list = require "bedrock.base.is_list"
local options = require "bedrock.chat.options"
local tools = require "bedrock.chat.tools"

local history = {}

local OPERATION = "chat"
local VERSION = 1

--- Characters of a token where nobody told, and what a picture or a video costs, roughly.
local CHARACTERS, PICTURE = 4, 1600

local function check(self, name)
    if (getmetatable(self) or {}).__name ~= "bedrock.chat" then
        error(("not a chat: call its methods with a colon, as in chat:%s(…)"):format(name), 3)
    end
end

--- Gives the chat these messages; the table itself stays the same.
function history.keep(chat, messages)
    local own = chat.messages
    for i = 1, math.max(#own, #messages) do
        own[i] = messages[i]
    end
end

--- Does a turn begin with it? Results of tools go on with one.
local function begins_turn(message)
    if type(message) ~= "table" or message.role ~= "user" then
        return false
    end
    for _, block in ipairs(type(message.content) == "table" and message.content or {}) do
        if type(block) == "table" and block.toolResult then
            return false
        end
    end
    return true
end

--- @return integer[] places where turns begin
local function turns_of(messages)
    local starts = {}
    for i, message in ipairs(messages) do
        if begins_turn(message) then
            starts[#starts + 1] = i
        end
    end
    return starts
end

local function from(messages, first)
    local rest = {}
    for i = first, #messages do
        rest[#rest + 1] = messages[i]
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
    local size = size_of(seen.system or "")
    for _, value in ipairs { seen.specs, seen.schema } do
        size = size + #(core.encode(value) or "")
    end
    return size
end

--- Tokens of a character, by what the last answer told.
local function rate(chat, sizes)
    local seen, characters = chat._seen, 0
    for i = 1, seen and math.min(seen.messages, #sizes) or 0 do
        characters = characters + sizes[i]
    end
    return seen and seen.tokens and characters > 0 and seen.tokens / (characters + beside(seen)) or 1 / CHARACTERS
end

--- Where the last turns begin that fit; the very last one always stays.
local function first_kept(chat, messages, limits)
    local starts, sizes = turns_of(messages), sizes_of(messages)
    local per_character, tokens, ending = rate(chat, sizes), 0, #messages
    local first = starts[#starts]
    for n = 1, #starts do
        local start = starts[#starts - n + 1]
        for i = start, ending do
            tokens = tokens + sizes[i] * per_character
        end
        ending = start - 1
        if n > 1 and (limits.keep and n > limits.keep or limits.tokens and tokens > limits.tokens) then
            break
        end
        first = start
    end
    return first
end

--- The last messages, in whole turns.
--- @param limits table {tokens=, keep=}
function history.trimmed(chat, messages, limits)
    local first = first_kept(chat, messages, limits)
    return first and first > 1 and from(messages, first) or messages
end

--- Forgets the oldest turns, whole ones: never a tool's result without its call. The last turn always stays.
--- @param limits table keep=: so many turns; tokens=: about so many, by what AWS told, else 4 characters each
--- @return integer messages how many went
function history.trim(self, limits)
    check(self, "trim")
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
    if type(self.messages) ~= "table" then
        return 0
    end
    local before = #self.messages
    local kept = history.trimmed(self, self.messages, limits)
    if kept ~= self.messages then
        history.keep(self, kept)
        self._seen = nil
    end
    return before - #self.messages
end

--- Forgets the last turn: what waits for results, else the last question with all that came of it.
--- @return boolean undone false: there is none
function history.undo(self)
    check(self, "undo")
    if self._pending then
        self._pending, self._said = nil, {}
        return true
    end
    if type(self.messages) ~= "table" then
        return false
    end
    local starts = turns_of(self.messages)
    if not starts[1] then
        return false
    end
    self._said = {}
    for i = #self.messages, starts[#starts], -1 do
        self.messages[i] = nil
    end
    return true
end

--- A second chat with the same options and history, which goes its own way. The messages themselves are shared.
--- @return bedrock.Chat fork
function history.fork(self)
    check(self, "fork")
    local fork = self._again(self._conn, self._options, self._tools, answer.copy(self.messages))
    fork._pending, fork._seen, fork._said, fork.answer = self._pending, self._seen, self._said, self.answer
    return fork
end

--- Members whose text is bytes, which JSON has as base64.
--- Source: the blob members of ContentBlock in the Amazon Bedrock API reference.
local BYTES = { bytes = true, redactedContent = true }
--- Any JSON, in which such names mean nothing.
local DOCUMENTS = { input = true, json = true }

--- The same with all bytes changed. Documents stay what they are, with the order of their keys.
local function with_bytes(value, change)
    if type(value) ~= "table" then
        return value
    end
    local copy = setmetatable({}, getmetatable(value))
    for name, member in pairs(value) do
        if BYTES[name] and type(member) == "string" then
            copy[name] = change(member)
        elseif DOCUMENTS[name] then
            copy[name] = member
        else
            copy[name] = with_bytes(member, change)
        end
    end
    return copy
end

local function waiting(self)
    local pending = self._pending
    if not pending then
        return nil
    end
    local calls = {}
    for i, call in ipairs(pending.calls) do
        calls[i] = { id = call.id, name = call.name, input = call.input, round = call.round }
    end
    return { added = with_bytes(pending.added, core.base64_encode), calls = calls,
        results = with_bytes(pending.results, core.base64_encode) }
end

--- Writes the chat into a file of the user's alone (0600): model, system, messages, calls that wait. The file is whole
--- or as it was before.
--- @param path string
--- @return true? ok
--- @return bedrock.Error? err
function history.save(self, path)
    check(self, "save")
    if type(path) ~= "string" then
        error("chat:save: expected a path, got " .. errors.type_of(path), 2)
    end
    local text, err = core.encode {
        version = VERSION,
        model = self._options.model,
        system = self._options.system,
        messages = core.array(with_bytes(self.messages, core.base64_encode)),
        waiting = waiting(self),
    }
    if not text then
        return nil, err
    end
    local ok, why = core.save(path, text)
    if not ok then
        return nil, errors.config(OPERATION, { { path = "path", kind = "file", message = why } })
    end
    return true
end

local function read(path)
    local text, why = files.read(path)
    if not text then
        return nil, why
    end
    local saved, err = core.decode(text)
    if type(saved) ~= "table" or type(saved.messages) ~= "table" then
        return nil, ("%s holds no saved chat: %s"):format(path, err and err.message or "it has no messages")
    elseif saved.version ~= VERSION then
        return nil, ("%s is of version %s, this module reads %d"):format(path, tostring(saved.version), VERSION)
    end
    return saved
end

--- Bytes again, or what was there.
local function bytes_of(text)
    return core.base64_decode(text) or text
end

--- They go back as they were, whatever this version knows of them.
local function loaded(list)
    local copy = with_bytes(list, bytes_of)
    for _, value in ipairs(copy) do
        if type(value) == "table" then
            core.came(value)
        end
    end
    return copy
end

local function is_table(value)
    return type(value) == "table"
end

--- The calls that wait in a file, or what is wrong with them.
local function waiting_of(saved, path, problems)
    local added = is_table(saved) and saved.added
    local last = is_list(added, is_table) and added[#added]
    local is_sound = last and is_list(last.content, is_table) and is_list(saved.calls, is_table) and saved.calls[1]
        and is_list(saved.results, function(value)
            return value == false or is_table(value)
        end) and #saved.results == #tools.calls(last)
    if not is_sound then
        options.add(problems, "messages", "file", "%s holds calls that wait, but not as chat:save writes them", path)
        return nil
    end
    return { added = loaded(added), calls = saved.calls, results = loaded(saved.results) }
end

--- The options of a chat whose messages are in a file; model and system come from there if they are not given.
--- @param fields table with the path as `messages`
--- @return table fields
--- @return table? pending calls that wait
function history.load(fields, problems)
    local saved, why = read(fields.messages)
    local copy = {}
    for name, value in pairs(fields) do
        copy[name] = value
    end
    copy.messages = nil
    if not saved then
        options.add(problems, "messages", "file", "%s", why)
        return copy
    end
    copy.model = copy.model or saved.model
    copy.system = copy.system or saved.system
    copy.messages = loaded(saved.messages)
    return copy, saved.waiting ~= nil and waiting_of(saved.waiting, fields.messages, problems) or nil
end

return history
