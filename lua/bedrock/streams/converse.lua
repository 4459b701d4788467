--- ConverseStream put together to what Converse returns. InvokeHarness streams the same events, of one message after
--- the other.
local collect = require "bedrock.streams.collect"
local core = require "bedrock.core"
local marks = require "bedrock.streams.marks"

local other, text_of = collect.other, collect.text

local converse = {
    gathered = { converse_stream = { "converse" }, invoke_harness = "bedrock.GatheredMessage" },
    ending = marks { messageStart = false, messageStop = true },
    events = {},
}

local function new_message()
    return { blocks = {}, order = {} }
end

function converse.new()
    return { message = new_message(), messages = {}, metadata = {} }
end

--- Blocks are numbered within their message; deltas of several may come mixed.
local function block_of(state, index)
    index = index or 0
    local message = state.message
    local block = message.blocks[index]
    if not block then
        block = {}
        message.blocks[index] = block
        message.order[#message.order + 1] = index
    end
    return block
end

local function add_text(block, key, text)
    if text then
        block[key] = block[key] or {}
        table.insert(block[key], text)
    end
end

--- The answer is the last message; how earlier ones ended has no place there.
function converse.events.messageStart(state, event)
    local message = state.message
    if message.role or message.stop or message.order[1] then
        table.insert(state.messages, message)
        if message.stop then
            other(state, "messageStop", message.stop)
        end
        state.message = new_message()
    end
    state.message.role = event.role
end

--- Kinds that are put together from a start and deltas; the others are kept as they come.
local STARTS = { image = true, toolResult = true, toolUse = true }

local function keep(block, kind, value)
    block.others = block.others or {}
    block.others[kind] = block.others[kind] or {}
    table.insert(block.others[kind], value)
end

function converse.events.contentBlockStart(state, event)
    local block = block_of(state, event.contentBlockIndex)
    for kind, start in pairs(event.start or {}) do
        if STARTS[kind] and not block[kind] then
            block[kind] = start
        else
            keep(block, kind, start)
            other(state, "contentBlockStart", event)
        end
    end
end

function converse.events.contentBlockStop()
end

--- Each takes a delta of its kind, and once more with the halves of surrogate pairs kept. True: it has no place.
local deltas = {}

function deltas.text(block, _, text)
    add_text(block, "pieces", text)
end

function deltas.toolUse(block, _, delta)
    block.toolUse = block.toolUse or {}
    add_text(block, "input", delta.input)
end

function deltas.toolResult(block, parts)
    block.toolResult = block.toolResult or {}
    block.results = block.results or {}
    for _, part in ipairs(parts) do
        table.insert(block.results, part)
    end
end

function deltas.reasoningContent(block, delta, kept)
    block.reasoning = true
    add_text(block, "thoughts", kept.text)
    add_text(block, "signature", delta.signature)
    add_text(block, "redacted", delta.redactedContent)
end

function deltas.citation(block, citation)
    block.citations = block.citations or {}
    table.insert(block.citations, citation)
end

function deltas.image(block, delta)
    block.image = block.image or {}
    local source = delta.source or {}
    local taken = delta.error and block.image.error or source.s3Location and block.image_location
    block.image.error = block.image.error or delta.error
    block.image_location = block.image_location or source.s3Location
    add_text(block, "image_bytes", source.bytes)
    return taken
end

function converse.events.contentBlockDelta(state, event, kept)
    local block = block_of(state, event.contentBlockIndex)
    for kind, delta in pairs(event.delta or {}) do
        local add = deltas[kind]
        if not add then
            keep(block, kind, delta)
        end
        if not add or add(block, delta, kept.delta[kind]) then
            other(state, "contentBlockDelta", event)
        end
    end
end

function converse.events.messageStop(state, event)
    if state.message.stop then
        other(state, "messageStop", event)
    else
        state.message.stop = event
    end
end

function converse.events.metadata(state, event)
    local taken = false
    for name, value in pairs(event) do
        taken = taken or state.metadata[name] ~= nil
        if state.metadata[name] == nil then
            state.metadata[name] = value
        end
    end
    if taken then
        other(state, "metadata", event)
    end
end

local function joined(pieces)
    return pieces and table.concat(pieces)
end

function converse.piece(name, event)
    return name == "contentBlockDelta" and event.delta and event.delta.text or nil
end

--- A tool's input comes as pieces of JSON text; none at all is an empty input.
local function tool_use(state, block, problems)
    local text = text_of(state, block.input) or ""
    local input = core.decode(text == "" and "{}" or text)
    if input == nil then
        problems[#problems + 1] = "the input of tool " .. tostring(block.toolUse.name) .. " is not complete JSON"
        input = text
    end
    local use = { input = input }
    for name, value in pairs(block.toolUse) do
        use[name] = value
    end
    return { toolUse = use }
end

local function tool_result(block)
    local result = { content = block.results or {} }
    for name, value in pairs(block.toolResult) do
        result[name] = value
    end
    return { toolResult = result }
end

local function reasoning(state, block)
    if block.redacted then
        return { reasoningContent = { redactedContent = joined(block.redacted) } }
    end
    local text = { text = text_of(state, block.thoughts) or "", signature = joined(block.signature) }
    return { reasoningContent = { reasoningText = text } }
end

local function image(block)
    local result = { source = {} }
    for name, value in pairs(block.image) do
        result[name] = value
    end
    result.source.bytes, result.source.s3Location = joined(block.image_bytes), block.image_location
    return { image = result }
end

--- Kinds that this version does not know: what came, or a list of it.
local function unknown(block)
    local content = {}
    for kind, list in pairs(block.others or {}) do
        content[kind] = #list == 1 and list[1] or list
    end
    return content
end

local function content_of(state, block, problems)
    if block.toolUse then
        return tool_use(state, block, problems)
    elseif block.toolResult then
        return tool_result(block)
    elseif block.reasoning then
        return reasoning(state, block)
    elseif block.image then
        return image(block)
    elseif block.citations then
        local text = { { text = text_of(state, block.pieces) or "" } }
        return { citationsContent = { content = text, citations = block.citations } }
    elseif block.pieces then
        return { text = text_of(state, block.pieces) }
    end
    return block.others and unknown(block)
end

--- What it is made of came from AWS, so it may go back as it is.
local function message_of(state, message, problems)
    local content = {}
    table.sort(message.order)
    for _, index in ipairs(message.order) do
        content[#content + 1] = content_of(state, message.blocks[index], problems)
    end
    return core.came { role = message.role, content = content }
end

--- The messages in their order, where there are several.
local function messages_of(state, last, problems)
    if not state.messages[1] then
        return nil
    end
    local list = {}
    for i, message in ipairs(state.messages) do
        list[i] = message_of(state, message, problems)
    end
    list[#list + 1] = last
    return list
end

--- @return table result
--- @return string? unfit why it cannot be relied on
function converse.result(state)
    local problems, stop = {}, state.message.stop or {}
    local last = message_of(state, state.message, problems)
    local result = {
        output = { message = last },
        messages = messages_of(state, last, problems),
        stopReason = stop.stopReason,
        additionalModelResponseFields = stop.additionalModelResponseFields,
    }
    for name, value in pairs(state.metadata) do
        if result[name] == nil then
            result[name] = value
        end
    end
    local unfit = problems[1] and table.concat(problems, "; ")
        .. (stop.stopReason and " (stop reason " .. stop.stopReason .. ")" or "")
    return result, unfit
end

return converse
