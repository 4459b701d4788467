--- What bedrock.families gives: a family a line, with what it takes on a line of its own, as that may be long.
local columns = require "bedrock.prints.columns"

local function about(family)
    local models = family.models[1] and table.concat(family.models, " ") or "any model that Converse speaks to"
    return { family.name, family.output, models }
end

--- @param list bedrock.Family[]
--- @return string
return function(list)
    local rows, lines = {}, {}
    for i, family in ipairs(list) do
        rows[i] = about(family)
    end
    local at = 0
    for line in (columns.rows(rows, { keep = { true, true, true } }) .. "\n"):gmatch "([^\n]*)\n" do
        at = at + 1
        lines[#lines + 1] = line
        lines[#lines + 1] = list[at] and "    " .. table.concat(list[at].takes, " ")
    end
    return table.concat(lines, "\n")
end
