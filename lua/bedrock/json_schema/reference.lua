--- $ref of JSON Schema: pointers into the schema itself, as in "#/$defs/city" (RFC 6901 in a fragment).
local function unescaped(step)
    step = step:gsub("%%(%x%x)", function(hex)
        return string.char(tonumber(hex, 16))
    end)
    return (step:gsub("~1", "/"):gsub("~0", "~"))
end

local reference = {}

--- @param root any the whole schema
--- @param ref any
--- @return any? schema what it points to; nil: nothing, or something that is not within the schema
function reference.target(root, ref)
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

return reference
