--- What the keywords of a JSON Schema hold.
local keywords = {}

keywords.ALTERNATIVES = { "anyOf", "oneOf" }
local EMPTY = {}

--- A keyword's table; an empty one if there is none.
--- @return table
function keywords.table_of(schema, keyword)
    local value = schema[keyword]
    return type(value) == "table" and value or EMPTY
end

--- @return string[]
function keywords.sorted_names(fields)
    local names = {}
    for name in pairs(fields) do
        if type(name) == "string" then
            names[#names + 1] = name
        end
    end
    table.sort(names)
    return names
end

--- The schema of a list's entry. An older form of JSON Schema has a list as `items`.
--- @return any
function keywords.items_of(schema, i)
    local items, first = schema.items, schema.prefixItems
    if type(first) ~= "table" and type(items) == "table" and items[1] ~= nil then
        first, items = items, nil
    end
    if type(first) == "table" and first[i] ~= nil then
        return first[i]
    end
    return items
end

return keywords
