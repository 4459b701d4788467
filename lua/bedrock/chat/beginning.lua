--- What a turn of a chat begins with: its options, what the user says, results of calls, or an error to go on from.
local answer = require "bedrock.chat.answer"
local errors = require "bedrock.errors"
local input = require "bedrock.chat.input"
local objects = require "bedrock.chat.objects"
local options = require "bedrock.chat.options"
local request = require "bedrock.chat.request"
local tools = require "bedrock.chat.tools"

local beginning = {}

--- The options of a turn, those of the chat beneath them.
local function merged(chat, fields, problems)
    local own, call = options.of_say(chat._conn, fields, problems)
    local set = own.tools and tools.read(own.tools, problems) or chat._tools
    tools.check_choice(own.tool_choice, set, problems)
    local schema = own.schema or chat._options.schema
    return setmetatable(own, { __index = chat._options }), call, set, objects.read(schema, set.by_name, problems)
end

--- The fields of a turn.
--- @param problems bedrock.Problem[] gets what is wrong
function beginning.turn(chat, fields, problems)
    local own, call, set, object = merged(chat, fields, problems)
    return {
        chat = chat, conn = chat._conn, options = own, call = call, tools = set, object = object, on = own.on or {},
        rounds = 0, healed = {}, usage = answer.no_usage(),
    }
end

--- The message of the user's that begins a turn; it joins one that nobody has answered.
local function add_input(turn, given, problems)
    local messages = answer.copy(turn.chat.messages)
    local content = input.content(given, messages, turn.options.citations, problems)
    local message, last = { role = "user", content = content }, messages[#messages]
    if last and last.role == "user" and not problems[1] then
        messages[#messages] = request.joined(last, message)
    else
        messages[#messages + 1] = message
    end
    turn.messages = messages
end

--- The results of calls that waited, in the order of the calls.
local function add_results(turn, given, problems)
    local pending = turn.chat._pending
    local content, left = answer.copy(pending.results), {}
    for id in pairs(given) do
        left[id] = true
    end
    for i, use in ipairs(tools.calls(pending.messages[#pending.messages])) do
        if content[i] == false and given[use.toolUseId] == nil then
            options.add(problems, "results", "missing", "nothing for the call %s of %s", use.toolUseId, use.name)
        elseif content[i] == false then
            content[i] = tools.given_result(use.toolUseId, given[use.toolUseId])
            left[use.toolUseId] = nil
        end
    end
    for id in pairs(left) do
        options.add(problems, "results", "unknown", "no call %s waits", tostring(id))
    end
    turn.messages = answer.copy(pending.messages)
    turn.messages[#turn.messages + 1] = { role = "user", content = content }
end

local function is_results(given)
    return type(given) == "table" and type(given.results) == "table" and next(given, "results") == nil
end

--- What a turn begins with: something new, results of calls, or an error to go on from.
--- @return bedrock.Error? err
function beginning.messages(turn, given, problems)
    local pending = turn.chat._pending
    if errors.is(given) then
        turn.messages = answer.copy(given.messages or {})
        if not turn.messages[1] then
            options.add(problems, "err", "value", "this error is of no turn of a chat: it has no messages")
        end
    elseif is_results(given) then
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
