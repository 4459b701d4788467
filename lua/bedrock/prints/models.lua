--- The list of conn:models as a table.
local columns = require "bedrock.prints.columns"

local unpack = table.unpack or unpack

local WIDTH = 120
local HEADER = { "id", "name", "provider", "kind", "input", "output" }
--- Where it is narrower than that, so many columns are shown. IDs are always whole.
local NARROW = { { 60, 1 }, { 100, 2 } }

local function words(list)
    return table.concat(list or {}, " "):lower()
end

local function row_of(model)
    return { model.id, model.name, model.provider or "", model.kind, words(model.input), words(model.output) }
end

local function header_of(width)
    for _, row in ipairs(NARROW) do
        if width < row[1] then
            return { unpack(HEADER, 1, row[2]) }
        end
    end
    return HEADER
end

--- @param list bedrock.ModelList
--- @param width integer? of the terminal
--- @return string
return function(list, width)
    width = width or WIDTH
    local header, rows, lines, kinds = header_of(width), {}, {}, {}
    for i, model in ipairs(list) do
        rows[i] = { unpack(row_of(model), 1, #header) }
    end
    lines[1] = rows[1] and columns.rows(rows, { header = header, keep = { true }, width = width }) or nil
    lines[#lines + 1] = ("(models: %d)"):format(#list)
    for kind in pairs(list.denied or {}) do
        kinds[#kinds + 1] = kind
    end
    table.sort(kinds)
    for _, kind in ipairs(kinds) do
        lines[#lines + 1] = ("not listed: %s: %s"):format(kind, tostring(list.denied[kind]))
    end
    return table.concat(lines, "\n")
end
