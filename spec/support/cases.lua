--- Values of spec/cases, which are JSON, as a caller of the library would write them.
local json = require "spec.support.plain_json"
local mime = require "mime"

local cases = {}

local function document(v, library)
    if v == json.null then
        return library.null
    elseif type(v) ~= "table" then
        return v
    end
    local t = json.is_array(v) and library.array {} or {}
    for k, item in pairs(v) do
        t[k] = document(item, library)
    end
    return t
end

--- @param v any as plain_json reads it
--- @param library table null and array, as the library has them
function cases.input(v, library)
    if v == json.null then
        return library.null
    elseif type(v) ~= "table" then
        return v
    elseif v["$blob"] then
        return (mime.unb64(v["$blob"])) or ""
    elseif v["$time"] then
        return v["$time"]
    elseif v["$doc"] ~= nil then
        return document(v["$doc"], library)
    end
    local t = {}
    for k, item in pairs(v) do
        t[k] = cases.input(item, library)
    end
    return t
end

return cases
