--- What conn:generate gives: its text as it is, or lines about what else it made.
local bytes = require "bedrock.prints.bytes"
local columns = require "bedrock.prints.columns"
local members = require "bedrock.prints.members"
local short = require "bedrock.prints.short"

--- Of many of a kind only the first are shown.
local SHOWN = 3

local function add_all(lines, word, list, about)
    for i = 1, math.min(#(list or {}), SHOWN) do
        lines[#lines + 1] = ("%s %d: %s"):format(word, i, about(list[i]))
    end
    if list and #list > SHOWN then
        lines[#lines + 1] = ("… %d %ss in all"):format(#list, word)
    end
end

local function add_results(lines, results)
    local rows = {}
    for i, result in ipairs(results or {}) do
        rows[i] = { result.index, ("%.3f"):format(result.score), result.document }
    end
    lines[#lines + 1] = rows[1] and columns.rows(rows)
end

local KNOWN = { text = true, images = true, embeddings = true, results = true, uri = true, stop_reason = true,
    usage = true, raw = true, healed = true, reasoning = true, object = true }

--- @param value bedrock.Generated
--- @return string
return function(value)
    if value.text then
        return value.text
    end
    local lines, others = {}, {}
    add_all(lines, "image", value.images, bytes.about)
    add_all(lines, "embedding", value.embeddings, short.numbers)
    add_results(lines, value.results)
    lines[#lines + 1] = value.uri
    for name, other in pairs(value) do
        others[name] = not KNOWN[name] and other or nil
    end
    if not lines[1] and next(others) then
        lines[1] = members.text(others)
    end
    return table.concat(lines, "\n")
end
