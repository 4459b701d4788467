--- ConverseStream put together to what Converse returns.
local core = require "bedrock.core"

local converse = { events = {} }

function converse.new()
    return { blocks = {}, order = {}, metadata = {} }
end

--- Blocks are numbered; deltas of several may come mixed.
local function block_of(state, index)
    index = index or 0
    local block = state.blocks[index]
    if not block then
        block = {}
        state.blocks[index] = block
        state.order[#state.order + 1] = index
    end
    return block
end

local function add_text(block, key, text)
    if text then
        block[key] = block[key] or {}
        table.insert(block[key], text)
    end
end

function converse.events.messageStart(state, event)
    state.role = event.role
end

--- Kinds that are put together from a start and deltas; the others are kept as they come.
local STARTS = { image = true, toolResult = true, toolUse = true }

local function keep(block, kind, value)
    block.others = block.others or {}
    block.others[kind] = value
end

function converse.events.contentBlockStart(state, event)
    local block = block_of(state, event.contentBlockIndex)
    for kind, start in pairs(event.start or {}) do
        if STARTS[kind] then
            block[kind] = start
        else
            keep(block, kind, start)
        end
    end
end

local deltas = {}

function deltas.text(block, text)
    add_text(block, "pieces", text)
end

function deltas.toolUse(block, delta)
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

function deltas.reasoningContent(block, delta)
    block.reasoning = true
    add_text(block, "thoughts", delta.text)
    add_text(block, "signature", delta.signature)
    add_text(block, "redacted", delta.redactedContent)
end

function deltas.citation(block, citation)
    block.citations = block.citations or {}
    table.insert(block.citations, citation)
end

function deltas.image(block, delta)
    block.image = block.image or {}
    block.image.error = delta.error or block.image.error
    local source = delta.source or {}
    add_text(block, "image_bytes", source.bytes)
    block.image_location = source.s3Location or block.image_location
end

function converse.events.contentBlockDelta(state, event)
    local block = block_of(state, event.contentBlockIndex)
    for kind, delta in pairs(event.delta or {}) do
        local add = deltas[kind]
        if add then
            add(block, delta)
        else
            keep(block, kind, delta)
        end
    end
end

function converse.events.messageStop(state, event)
    state.stopReason = event.stopReason
    state.additionalModelResponseFields = event.additionalModelResponseFields
end

function converse.events.metadata(state, event)
    for name, value in pairs(event) do
        state.metadata[name] = value
    end
end

local function joined(pieces)
    return pieces and table.concat(pieces)
end

--- A tool's input comes as pieces of JSON text; none at all is an empty input.
local function tool_use(block, problems)
    local text = joined(block.input) or ""
    local input = core.decode(text == "" and "{}" or text)
    if input == nil then
        problems[#problems + 1] = "the input of tool " .. tostring(block.toolUse.name) .. " is not whole JSON"
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

local function reasoning(block)
    if block.redacted then
        return { reasoningContent = { redactedContent = joined(block.redacted) } }
    end
    local text = { text = joined(block.thoughts) or "", signature = joined(block.signature) }
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

local function content_of(block, problems)
    if block.toolUse then
        return tool_use(block, problems)
    elseif block.toolResult then
        return tool_result(block)
    elseif block.reasoning then
        return reasoning(block)
    elseif block.image then
        return image(block)
    elseif block.citations then
        local text = { { text = joined(block.pieces) or "" } }
        return { citationsContent = { content = text, citations = block.citations } }
    elseif block.pieces then
        return { text = joined(block.pieces) }
    end
    return block.others
end

--- @return table result
--- @return string? unfit why it cannot be relied on
function converse.result(state)
    local content, problems = {}, {}
    table.sort(state.order)
    for _, index in ipairs(state.order) do
        content[#content + 1] = content_of(state.blocks[index], problems)
    end
    local result = {
        output = { message = { role = state.role, content = content } },
        stopReason = state.stopReason,
        additionalModelResponseFields = state.additionalModelResponseFields,
    }
    for name, value in pairs(state.metadata) do
        if result[name] == nil then
            result[name] = value
        end
    end
    local unfit = problems[1] and table.concat(problems, "; ")
        .. (state.stopReason and " (stop reason " .. state.stopReason .. ")" or "")
    return result, unfit
end

return converse
