--- Content blocks of Converse for people: texts as they are, in brackets what else there is.
local bytes = require "bedrock.prints.bytes"
local dump = require("bedrock.prints.dump").dump

local WIDTH = 76

--- Reasons to stop that leave a whole answer; the others are told.
local WHOLE = { end_turn = true, stop_sequence = true, tool_use = true }

local blocks = {}

local function joined(list, key)
    local parts = {}
    for _, entry in ipairs(list or {}) do
        parts[#parts + 1] = type(entry[key]) == "string" and entry[key] or nil
    end
    return table.concat(parts)
end

local function media(kind)
    return function(block)
        local source = block.source or {}
        local where = source.bytes and bytes.size(#source.bytes) or source.s3Location and source.s3Location.uri
        return ("[%s%s%s]"):format(kind, block.format and ", " .. block.format or "", where and ", " .. where or "")
    end
end

local SHOWN = {
    toolUse = function(use)
        return ("[calls %s %s]"):format(tostring(use.name), dump(use.input, { width = WIDTH }))
    end,
    toolResult = function(result)
        return ("[result of %s%s]"):format(tostring(result.toolUseId), result.status and ", " .. result.status or "")
    end,
    reasoningContent = function(content)
        local text = content.reasoningText and content.reasoningText.text
        return text and ("[reasoning, %d characters]"):format(#text:gsub("[\128-\191]", "")) or "[reasoning, hidden]"
    end,
    image = media "image",
    document = media "document",
    video = media "video",
    audio = media "audio",
}

--- @return string? text as it is
--- @return string? note of what is no text
local function of_block(block)
    if type(block) ~= "table" then
        return nil, nil
    elseif type(block.text) == "string" then
        return block.text
    elseif block.citationsContent then
        return joined(block.citationsContent.content, "text")
    end
    for kind, show in pairs(SHOWN) do
        if type(block[kind]) == "table" then
            return nil, show(block[kind])
        end
    end
    local kind = next(block)
    return nil, kind and "[" .. tostring(kind) .. "]"
end

--- @param reason any why it stopped
--- @return string? note if that was too early
function blocks.ending(reason)
    return type(reason) == "string" and not WHOLE[reason] and "[" .. reason .. "]" or nil
end

--- @param content table[] blocks
--- @param reason any
--- @return string[] notes what is no text
function blocks.notes(content, reason)
    local notes = {}
    for _, block in ipairs(content) do
        notes[#notes + 1] = select(2, of_block(block))
    end
    notes[#notes + 1] = blocks.ending(reason)
    return notes
end

local function begin_line(parts)
    local last = parts[#parts]
    parts[#parts + 1] = last and last:sub(-1) ~= "\n" and "\n" or nil
end

--- @param content table[] blocks
--- @param reason any
--- @return string
function blocks.text(content, reason)
    local parts, noted = {}, false
    for _, block in ipairs(content) do
        local text, note = of_block(block)
        if note or noted then
            begin_line(parts)
        end
        parts[#parts + 1] = text or note
        noted = note ~= nil
    end
    local ending = blocks.ending(reason)
    if ending then
        begin_line(parts)
        parts[#parts + 1] = ending
    end
    return table.concat(parts)
end

return blocks
