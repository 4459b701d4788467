--- Files of chats: saved, and loaded again.
local answer = require "bedrock.chat.answer"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local is_list = require "bedrock.base.is_list"
local kept = require "bedrock.chat.kept"
local options = require "bedrock.chat.options"
local tools = require "bedrock.chat.tools"

local saved = {}

local OPERATION = "chat"
local VERSION = 1
local MISSING = 2 -- ENOENT

--- Members whose text is bytes, which JSON has as base64.
--- Source: the blob members of ContentBlock in the Amazon Bedrock API reference.
local BYTES = { bytes = true, redactedContent = true }
--- Any JSON, in which such names mean nothing.
local DOCUMENTS = { input = true, json = true }

--- What is deeper is no message, but a table that has itself in it: encoding tells.
local DEPTH_MAX = 100

--- The same with all bytes changed. Documents stay what they are, with the order of their keys.
--- @param depth? integer
local function with_bytes(value, change, depth)
    depth = depth or 0
    if type(value) ~= "table" or depth > DEPTH_MAX then
        return value
    end
    local copy = setmetatable({}, getmetatable(value))
    for name, member in pairs(value) do
        if BYTES[name] and type(member) == "string" then
            copy[name] = change(member)
        elseif DOCUMENTS[name] then
            copy[name] = member
        else
            copy[name] = with_bytes(member, change, depth + 1)
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
function saved.save(self, path)
    kept.check(self, "save")
    if type(path) ~= "string" then
        error("chat:save: expected a path, got " .. errors.type_of(path), 2)
    end
    local problems = {}
    kept.check_messages(self.messages, problems)
    if problems[1] then
        return nil, errors.validation(OPERATION, problems)
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
    local text, why, code = require("bedrock.chat.files").read(path)
    if code == MISSING then
        return nil, why .. "; leave messages out to begin a new chat"
    elseif not text then
        return nil, why
    end
    local found, err = core.decode(text)
    if type(found) ~= "table" or type(found.messages) ~= "table" then
        return nil, ("%s holds no saved chat: %s"):format(path, err and err.message or "it has no messages")
    elseif found.version ~= VERSION then
        return nil, ("%s is of version %s, this module reads %d"):format(path, tostring(found.version), VERSION)
    end
    return found
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

--- May the block be in a message that calls wait of?
local function is_block(block)
    local use = is_table(block) and block.toolUse
    return is_table(block) and (use == nil or is_table(use) and type(use.toolUseId) == "string")
end

local function is_call(call)
    return is_table(call) and type(call.id) == "string" and type(call.name) == "string"
end

--- The calls that wait in a file, or what is wrong with them.
local function waiting_of(found, path, problems)
    local added = is_table(found) and found.added
    local last = is_list(added, is_table) and added[#added]
    local is_sound = last and is_list(last.content, is_block) and is_list(found.calls, is_call) and found.calls[1]
        and is_list(found.results, function(value)
            return value == false or is_table(value)
        end) and #found.results == #tools.calls(last)
    if not is_sound then
        options.add(problems, "messages", "file", "%s holds calls that wait, but not as chat:save writes them", path)
        return nil
    end
    return { added = loaded(added), calls = found.calls, results = loaded(found.results) }
end

--- The options of a chat whose messages are in a file; model and system come from there if they are not given.
--- @param fields table with the path as `messages`
--- @return table fields
--- @return table? pending calls that wait
function saved.load(fields, problems)
    local found, why = read(fields.messages)
    local copy = {}
    for name, value in pairs(fields) do
        copy[name] = value
    end
    copy.messages = nil
    if not found then
        options.add(problems, "messages", "file", "%s", why)
        return copy
    end
    copy.model = copy.model or found.model
    copy.system = copy.system or found.system
    copy.messages = loaded(found.messages)
    return copy, found.waiting ~= nil and waiting_of(found.waiting, fields.messages, problems) or nil
end

--- The chat waits for the results of those calls.
--- @param pending table as load found it
function saved.wait(chat, pending)
    for _, call in ipairs(pending.calls) do
        call.chat = chat
    end
    chat._pending = pending
    chat.answer = answer.new({ output = { message = pending.added[#pending.added] }, stopReason = "tool_use" },
        answer.no_usage(), 0, { calls = pending.calls })
end

return saved
