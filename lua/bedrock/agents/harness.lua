--- AgentCore harnesses: InvokeHarness. Tools of the client are its inline functions.
--- https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/harness-tools.html
local answers = require "bedrock.agents.answer"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local halves = require "bedrock.base.halves"
local messages = require "bedrock.agents.messages"
local options = require "bedrock.agents.options"
local tools = require "bedrock.agents.tools"

local harness = {
    operation = "agent_session",
    options = {
        harness_arn = "text", session_id = "text", qualifier = "text", tools = "table", approve = "callable",
        params = "table", max_rounds = "whole", tool_limit = "whole",
    },
    asked = { tools = "table", approve = "callable", tool_limit = "whole" },
    required = {},
    tool_names = { pattern = "^[%w_-]+$", most = 64, words = "1 to 64 letters, digits, _ or -" },
}

--- AWS's own limit for IDs of such sessions.
local SESSION_ID_MIN = 33

function harness.name_of(session)
    return session.harness_arn
end

--- @param given table
--- @param problems bedrock.Problem[]
function harness.check(given, problems)
    if type(given.session_id) == "string" and #given.session_id < SESSION_ID_MIN then
        options.add(problems, "session_id", "min-length", "needs at least %d characters, has %d", SESSION_ID_MIN,
            #given.session_id)
    end
end

--- Tools with a description or an input are told to the harness, in place of those that it has.
--- @return table[]? list
local function definitions(turn)
    local found = turn.tools
    if not found or not found.list[1] then
        return turn.params.tools
    end
    local list = {}
    for i, tool in ipairs(found.list) do
        list[i] = { type = "inline_function", name = tool.name, config = { inlineFunction = {
            description = tool.description or tool.name,
            inputSchema = found.inputs[tool.name] or { type = "object" },
        } } }
    end
    for _, one in ipairs(turn.params.tools or {}) do
        list[#list + 1] = one
    end
    return list
end

local function params_of(turn, said)
    local session = turn.session
    local params = options.merged({ qualifier = session.qualifier }, turn.params)
    params.harnessArn, params.runtimeSessionId, params.messages = session.harness_arn, session.session_id, said
    params.tools = definitions(turn)
    return params
end

function harness.first(turn)
    local input = turn.input
    turn.built, turn.said, turn.halves = messages.new(), {}, { text = "", reasoning = "" }
    local content = type(input) == "table" and input or { { text = input } }
    return params_of(turn, { { role = "user", content = content } })
end

function harness.open(turn, params)
    turn.built = messages.new()
    return turn.session.conn.agentcore:invoke_harness(params, turn.call)
end

--- What a piece brings, in whole characters.
local function joined(turn, kind, piece)
    local text
    text, turn.halves[kind] = halves.join(turn.halves[kind], piece)
    return text
end

local function said(turn, event, kept)
    local delta = (kept or event).delta or {}
    turn:say(delta.text and joined(turn, "text", delta.text))
    local thought = delta.reasoningContent and delta.reasoningContent.text
    if thought and turn.on.reasoning then
        turn.on.reasoning(joined(turn, "reasoning", thought))
    end
    return messages.events.contentBlockDelta(turn.built, event, kept)
end

--- The end of a block: half a character that waits stays alone.
local function say_half(turn)
    turn:say(core.join_halves(turn.halves.text))
    turn.halves.text = ""
end

--- Has it members beside these?
local function has_more(event, first, second)
    for name in pairs(event) do
        if name ~= first and name ~= second then
            return true
        end
    end
    return false
end

local takers = {
    contentBlockDelta = said,
    metadata = function(turn, event)
        answers.count(turn.answer_so_far, event.usage)
        turn.answer_so_far.metrics = event.metrics or turn.answer_so_far.metrics
        return has_more(event, "usage", "metrics")
    end,
    messageStop = function(turn, event)
        messages.events.messageStop(turn.built, event)
        return has_more(event, "stopReason")
    end,
    hookEvent = function(turn, event)
        table.insert(turn.answer_so_far.trace, event)
        if turn.on.trace then
            turn.on.trace(event)
        end
    end,
}

function harness.event(turn, name, event)
    local take, build = takers[name], messages.events[name]
    local unknown = not take and not build
    if name ~= "contentBlockDelta" then
        say_half(turn)
    end
    if take then
        unknown = take(turn, event, turn.stream._halves)
    elseif build then
        unknown = build(turn.built, event)
    end
    if unknown then
        answers.other(turn.answer_so_far, name, event)
    end
end

--- What the harness runs elsewhere.
local THEIRS = { server_tool_use = true, mcp_tool_use = true }

local function answered(list)
    local ids = {}
    for _, message in ipairs(list) do
        for _, block in ipairs(message.content) do
            if block.toolResult then
                ids[tostring(block.toolResult.toolUseId)] = true
            end
        end
    end
    return ids
end

local function call_of(use)
    return { id = use.toolUseId, name = use.name, params = use.input, input = use }
end

local function incomplete(use)
    return errors.new {
        kind = "conversation",
        code = "Incomplete",
        operation = harness.operation,
        message = ("the call of tool %s was cut: its input is not complete JSON"):format(tostring(use.name)),
    }
end

--- Calls of the stream that it holds no result for.
local function calls_in(list, problems)
    local done, calls = answered(list), {}
    for _, message in ipairs(list) do
        for _, block in ipairs(message.content) do
            local use = block.toolUse
            local is_ours = use and not THEIRS[use.type] and not done[tostring(use.toolUseId)]
            if is_ours and problems[block] then
                return nil, incomplete(use)
            elseif is_ours then
                calls[#calls + 1] = call_of(use)
            end
        end
    end
    return calls
end

function harness.ended(turn)
    local state = turn.built
    local list, problems = messages.made(state)
    for _, message in ipairs(list) do
        table.insert(turn.said, message)
    end
    turn.last, turn.built = list, messages.new()
    turn.answer_so_far.stop_reason = state.stop
    if state.stop ~= "tool_use" then
        return nil
    end
    local calls, err = calls_in(list, problems)
    if err then
        return nil, err
    end
    return calls[1] and calls
end

--- JSON goes as text, which every version of the harness takes.
local function result_block(result)
    local text, why = nil, result.failed
    if not why then
        text, why = tools.text_of(result.value)
    end
    result.failed = why
    text = why or text
    return { toolResult = {
        toolUseId = result.call.id,
        content = { { text = text } },
        status = why and "error" or "success",
    } }
end

local function is_blank(block)
    return block.text and not block.text:find "%S"
end

--- The assistant's last message with the calls that are answered. Harnesses of earlier versions keep no turn that
--- waits for the client; later ones ignore the copy.
local function copy_of_calls(turn, results)
    local wanted = {}
    for _, result in ipairs(results) do
        wanted[tostring(result.call.id)] = true
    end
    local content = {}
    for _, message in ipairs(turn.last) do
        for _, block in ipairs(message.role == "assistant" and message.content or {}) do
            local is_answered = block.toolUse and wanted[tostring(block.toolUse.toolUseId)]
            if is_answered or not block.toolUse and message == turn.last[#turn.last] and not is_blank(block) then
                content[#content + 1] = block
            end
        end
    end
    return content
end

function harness.reply(turn, results)
    local content = {}
    for i, result in ipairs(results) do
        content[i] = result_block(result)
    end
    return params_of(turn, {
        { role = "assistant", content = copy_of_calls(turn, results) },
        { role = "user", content = content },
    })
end

local function texts_of(message, kind, read)
    local list = {}
    for _, block in ipairs(message and message.content or {}) do
        if block[kind] then
            list[#list + 1] = read(block[kind])
        end
    end
    return table.concat(list)
end

local function last_message(list)
    for i = #list, 1, -1 do
        if list[i].role == "assistant" then
            return list[i]
        end
    end
end

local function is_empty(text)
    return text == "" and nil or text
end

function harness.fill(turn, answer)
    local list = {}
    for _, message in ipairs(turn.said or {}) do
        list[#list + 1] = message
    end
    for _, message in ipairs(turn.built and messages.made(turn.built) or {}) do
        list[#list + 1] = message
    end
    local last = last_message(list)
    answer.messages, answer.message = list, last
    answer.text = texts_of(last, "text", tostring)
    answer.reasoning = is_empty(texts_of(last, "reasoningContent", function(content)
        return content.reasoningText and content.reasoningText.text or ""
    end))
end

--- Nothing else says which calls are to be confirmed: all are, where somebody can be asked.
function harness.asks_first(turn)
    return turn.approve ~= nil
end

function harness.finish(session, _, given)
    local ok, err = session.conn.agentcore:stop_runtime_session({
        agentRuntimeArn = session.harness_arn, runtimeSessionId = session.session_id, qualifier = session.qualifier,
    }, given)
    return ok and true, err
end

return harness
