--- What conn:generate gives.
local blocks = require "bedrock.prints.blocks"
local bytes = require "bedrock.prints.bytes"
local members = require "bedrock.prints.members"
local short = require "bedrock.prints.short"

local function add_images(lines, images)
    for i, image in ipairs(images or {}) do
        lines[#lines + 1] = ("image %d: %s"):format(i, bytes.about(image))
    end
end

local function add_embeddings(lines, embeddings)
    for i, embedding in ipairs(embeddings or {}) do
        lines[#lines + 1] = ("embedding %d: %s"):format(i, short.numbers(embedding))
    end
end

local KNOWN = { text = true, images = true, embeddings = true, stop_reason = true, usage = true, raw = true }

--- @param value bedrock.Generated
--- @return string
return function(value)
    local lines, others = {}, {}
    lines[1] = value.text
    lines[#lines + 1] = value.text and blocks.ending(value.stop_reason)
    add_images(lines, value.images)
    add_embeddings(lines, value.embeddings)
    for name, other in pairs(value) do
        others[name] = not KNOWN[name] and other or nil
    end
    if not lines[1] and next(others) then
        lines[1] = members.text(others)
    end
    return table.concat(lines, "\n")
end
