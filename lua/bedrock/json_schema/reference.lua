--- $ref of JSON Schema: pointers into the schema itself, as in "#/$defs/city" (RFC 6901 in a fragment).
local REFS_MAX = 50

local function unescaped(step)
    step = step:gsub("%%(%x%x)", function(hex)
        return string.char(tonumber(hex, 16))
    end)
    return (step:gsub("~1", "/"):gsub("~0", "~"))
end

--- @return any? schema nil: there is nothing, or the pointer leaves this schema
local function pointed(root, ref)
    local pointer = type(ref) == "string" and ref:match "^#(.*)$"
    if not pointer then
        return nil
    end
    local place = root
    for step in pointer:gmatch "/([^/]*)" do
        if type(place) ~= "table" then
            return nil
        end
        local name = unescaped(step)
        if place[name] == nil and tonumber(name) then
            name = tonumber(name) + 1
        end
        place = place[name]
    end
    return place
end

local reference = {}

--- @param root any the whole schema
--- @param schema any a part of it
--- @return any? schema what $ref leads to, if there is one; nil: to nothing within root, or only to itself
function reference.resolved(root, schema)
    for _ = 1, REFS_MAX do
        if type(schema) ~= "table" or schema["$ref"] == nil then
            return schema
        end
        schema = pointed(root, schema["$ref"])
    end
    return nil
end

return reference
