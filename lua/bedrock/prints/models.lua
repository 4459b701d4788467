--- The list of conn:models as a table.
local columns = require "bedrock.prints.columns"

local WIDTH = 120
local HEADER = { "id", "name", "provider", "kind", "input", "output" }

local function words(list)
    return table.concat(list or {}, " "):lower()
end

local function row_of(model)
    return { model.id, model.name, model.provider or "", model.kind, words(model.input), words(model.output) }
end

--- @param list bedrock.ModelList
--- @return string
return function(list)
    local rows, lines, kinds = {}, {}, {}
    for i, model in ipairs(list) do
        rows[i] = row_of(model)
    end
    lines[1] = rows[1] and columns.rows(rows, { header = HEADER, keep = { true }, width = WIDTH }) or nil
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
