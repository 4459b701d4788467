--- A harness's messages, put together from their events. A stream holds several: the assistant's, and results of the
--- tools that the harness runs itself. Numbers of blocks come again within one message, so a start always begins a
--- block.
local core = require "bedrock.core"

local messages = {}

function messages.new()
    return { list = {}, open = {} }
end

local function current(state)
    local message = state.message
    if not message then
        message = { blocks = {} }
        state.message = message
        table.insert(state.list, message)
    end
    return message
end

local function add_block(state, index, block)
    table.insert(current(state).blocks, block)
    state.open[index or 0] = block
    return block
end

--- The block that a delta belongs to; one that needs no start begins with its first delta.
local function block_for(state, index, kind)
    local block = state.open[index or 0]
    if not block or block.kind ~= kind then
        block = add_block(state, index, { kind = kind, pieces = {} })
    end
    return block
end

local events = {}
messages.events = events

function events.messageStart(state, event)
    state.message, state.open = { role = event.role, blocks = {} }, {}
    table.insert(state.list, state.message)
end

--- @return boolean? unknown it has no place
function events.contentBlockStart(state, event)
    for kind, start in pairs(event.start or {}) do
        if kind ~= "toolUse" and kind ~= "toolResult" then
            return true
        end
        add_block(state, event.contentBlockIndex, { kind = kind, start = start, pieces = {}, results = {} })
    end
end

local deltas = {}

function deltas.text(block, text, kept)
    table.insert(block.pieces, kept or text)
end

function deltas.toolUse(block, delta)
    table.insert(block.pieces, delta.input)
end

function deltas.toolResult(block, parts)
    block.results = block.results or {}
    for _, part in ipairs(parts) do
        table.insert(block.results, part)
    end
end

local function append(block, name, value)
    if value then
        block[name] = block[name] or {}
        table.insert(block[name], value)
    end
end

function deltas.reasoningContent(block, delta)
    append(block, "thoughts", delta.text)
    append(block, "signature", delta.signature)
    append(block, "redacted", delta.redactedContent)
end

function events.contentBlockDelta(state, event, kept)
    local unknown
    for kind, delta in pairs(event.delta or {}) do
        local add = deltas[kind]
        if add then
            add(block_for(state, event.contentBlockIndex, kind), delta, kept and kept.delta[kind])
        else
            unknown = true
        end
    end
    return unknown
end

function events.contentBlockStop(state, event)
    state.open[event.contentBlockIndex or 0] = nil
end

function events.messageStop(state, event)
    current(state).stop = event.stopReason
    state.stop, state.message, state.open = event.stopReason, nil, {}
end

local function copy_of(start, more)
    for name, value in pairs(start or {}) do
        if more[name] == nil then
            more[name] = value
        end
    end
    return more
end

local function joined(pieces)
    return pieces and table.concat(pieces) or nil
end

local makers = {}

function makers.text(block)
    return { text = core.join_halves(joined(block.pieces)) }
end

--- No input at all is an empty one. What is no JSON stays a text, and the call has a problem.
function makers.toolUse(block)
    local text = joined(block.pieces)
    local input = core.decode(text == "" and "{}" or text)
    if input == nil then
        block.problem, input = "its input is not complete JSON", text
    end
    return { toolUse = copy_of(block.start, { input = input }) }
end

function makers.toolResult(block)
    return { toolResult = copy_of(block.start, { content = core.array(block.results) }) }
end

function makers.reasoningContent(block)
    if block.redacted then
        return { reasoningContent = { redactedContent = joined(block.redacted) } }
    end
    return { reasoningContent = { reasoningText = {
        text = joined(block.thoughts) or "", signature = joined(block.signature) } } }
end

--- @return { role: string, content: table[] }[] list
--- @return table<table, string> problems of blocks that cannot be relied on
function messages.made(state)
    local list, problems = {}, {}
    for i, message in ipairs(state.list) do
        local content = {}
        for j, block in ipairs(message.blocks) do
            content[j] = makers[block.kind](block)
            problems[content[j]] = block.problem
        end
        list[i] = { role = message.role or "assistant", content = core.array(content) }
    end
    return list, problems
end

return messages
