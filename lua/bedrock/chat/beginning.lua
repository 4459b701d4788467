--- What a turn of a chat begins with: its options, what the user says, results of calls, or an error to go on from.
local answer = require "bedrock.chat.answer"
local copies = require "bedrock.chat.copies"
local errors = require "bedrock.errors"
local input = require "bedrock.chat.input"
local kept = require "bedrock.chat.kept"
local look = require "bedrock.chat.look"
local options = require "bedrock.chat.options"
local request = require "bedrock.chat.request"
local tools = require "bedrock.chat.tools"

local beginning = {}

local NOTHING = {}

--- What an error's turn was, apart from the error: its options are not for printing, nor for hooks.
local failed = setmetatable({}, { __mode = "k" })

--- What a turn leaves for the one that goes on with it.
local function rest_of(turn)
    return { fields = turn.fields, said = turn.chat._said, base = turn.base, joined = turn.joined, first = turn.first,
        rounds = turn.rounds }
end

--- An error of the turn can be gone on from.
function beginning.fail(turn, err)
    err.messages = turn.messages
    failed[err] = rest_of(turn)
end

--- What the turn added, as it was said: without an unanswered message before that it joined.
local function added(messages, about)
    local list = {}
    for i = about.base + 1, #messages do
        list[#list + 1] = messages[i] == about.joined and about.first or messages[i]
    end
    return list
end

--- The turn waits for results.
function beginning.pause(turn, results, calls)
    turn.chat._pending = { added = added(turn.messages, turn), results = results, calls = calls, fields = turn.fields }
end

local function is_results(given)
    return type(given.results) == "table" and next(given, "results") == nil
end

--- What a turn has left that is gone on from; nil: something new is said.
local function left_by(chat, given)
    if type(given) ~= "table" then
        return nil
    end
    return errors.is(given) and failed[given] or is_results(given) and chat._pending or nil
end

--- The options of the turn that goes on, and those given now over them. Forced choices were for its first request.
local function fields_of(about, fields)
    local own = {}
    for name, value in pairs(about and about.fields or NOTHING) do
        own[name] = value
    end
    for name, value in pairs(fields or NOTHING) do
        own[name] = value
    end
    local forced = about and about.rounds ~= 0 and (fields or NOTHING).tool_choice == nil
    if forced then
        own.tool_choice = nil
    end
    return own, forced
end

--- @param schema any JSON Schema or the short form; no table: no object
--- @param set table the chat's tools
--- @param problems bedrock.Problem[]
--- @return bedrock.ChatObject?
function beginning.object(schema, set, problems)
    return type(schema) == "table" and require("bedrock.chat.objects").read(schema, set.by_name, problems) or nil
end

--- The options of a turn, those of the chat beneath them.
local function merged(chat, fields, problems)
    local own, call = options.of_say(chat._conn, fields, problems)
    local set = own.tools and tools.read(own.tools, problems) or chat._tools
    tools.check_choice(own.tool_choice, set, problems)
    local schema = own.schema or chat._options.schema
    return setmetatable(own, { __index = chat._options }), call, set,
        beginning.object(schema, set, problems)
end

local function turn_of(chat, own, set)
    return { chat = chat, options = own, tools = set, messages = false, usage = false, rounds = 0, upto = 0, base = 0 }
end

--- The fields of a turn. Most have no options of their own, and nothing to go on from.
--- @param problems bedrock.Problem[] gets what is wrong
function beginning.turn(chat, given, fields, problems)
    local about = left_by(chat, given)
    if not about and fields == nil then
        local turn = turn_of(chat, chat._options, chat._tools)
        if chat._object or chat._options.on then
            turn.object, turn.on = chat._object, chat._options.on
        end
        return turn
    end
    local all, forced = fields_of(about, fields)
    local own, call, set, object = merged(chat, all, problems)
    if forced then
        own.tool_choice = false
    end
    local turn = turn_of(chat, own, set)
    turn.fields, turn.call, turn.object, turn.on = all, call, object, own.on
    return turn
end

--- A turn whose first request was sent already: its last message is what the user says.
function beginning.said(chat, messages)
    local turn = turn_of(chat, chat._options, chat._tools)
    turn.messages, turn.on, turn.base, turn.upto = messages, chat._options.on, #messages - 1, #messages
    return turn
end

--- A message after those of the history; it joins one of the user's that nobody has answered.
local function say(turn, message)
    local messages = turn.messages
    local base = #messages
    local last = messages[base]
    if last and last.role == "user" and message.role == "user" then
        base = base - 1
        turn.first, turn.joined = message, request.joined(last, message)
    end
    messages[base + 1] = turn.joined or message
    turn.base, turn.upto = base, base
end

--- Those messages after the history.
local function go_on(turn, list)
    turn.base = #turn.messages
    for i = 1, #list do
        if i == 1 then
            say(turn, list[i])
        else
            turn.messages[#turn.messages + 1] = list[i]
        end
    end
end

--- The message of the user's that begins a turn. A text was looked at already.
local function add_input(turn, given, problems)
    local content = input.content(given, turn.chat.messages, turn.options.citations, problems)
    if problems[1] then
        return
    end
    say(turn, { role = "user", content = content })
    if type(given) == "string" and not turn.joined then
        turn.upto = #turn.messages
    end
end

--- The results of calls that waited, in the order of the calls.
local function add_results(turn, given, problems)
    local pending = turn.chat._pending
    local content, left = answer.copy(pending.results), {}
    for id in pairs(given) do
        left[id] = true
    end
    for i, use in ipairs(tools.calls(pending.added[#pending.added])) do
        if content[i] == false and given[use.toolUseId] == nil then
            options.add(problems, "results", "missing", "nothing for the call %s of %s", use.toolUseId, use.name)
        elseif content[i] == false then
            content[i] = require("bedrock.chat.tool_runs").given_result(use.toolUseId, given[use.toolUseId])
            left[use.toolUseId] = nil
        end
    end
    for id in pairs(left) do
        options.add(problems, "results", "unknown", "no call %s waits", tostring(id))
    end
    go_on(turn, pending.added)
    turn.messages[#turn.messages + 1] = { role = "user", content = content }
end

--- What an error's turn had said, on top of the history as it is now.
local function add_failed(turn, err, problems)
    local about, messages = failed[err], err.messages
    if type(messages) ~= "table" or not messages[1] then
        options.add(problems, "err", "value", "this error is of no turn of a chat: it has no messages")
    elseif not about then
        turn.messages, turn.base = copies.of(messages), 0
        look.anew(turn)
    elseif about.said ~= turn.chat._said then
        return errors.new { kind = "conversation", code = "Stale", operation = "chat",
            message = "the chat has gone on since that error, so its turn cannot; say it anew" }
    else
        go_on(turn, copies.of(added(messages, about)))
    end
end

--- The turn's own list of what was said.
--- @return boolean ok
local function take_history(turn, problems)
    local chat, count = turn.chat, #problems
    if kept.check_list(chat.messages, problems) then
        turn.messages = look.copied(turn, chat)
        if turn.wrong then
            kept.check_messages(chat.messages, problems)
        end
    end
    return #problems == count
end

--- What a turn begins with: something new, results of calls, or an error to go on from.
--- @return bedrock.Error? err
function beginning.messages(turn, given, problems)
    local pending, is_table = turn.chat._pending, type(given) == "table"
    if not take_history(turn, problems) then
        return nil
    elseif is_table and errors.is(given) then
        return add_failed(turn, given, problems)
    elseif is_table and is_results(given) then
        if not pending then
            options.add(problems, "results", "value", "no call waits for a result")
        else
            add_results(turn, given.results, problems)
        end
    elseif pending then
        return errors.new { kind = "conversation", code = "PendingCalls", operation = "chat", calls = pending.calls,
            message = ("%d call(s) of the last answer wait for chat:results; chat:undo() drops them"):format(
                #pending.calls) }
    else
        add_input(turn, given, problems)
    end
end

return beginning
