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

--- Some have texts in their paths that botocore sends and this library refuses: control characters, dot segments.
--- @param case table
--- @return boolean
function cases.is_refused_path(case)
    local path = case.expect and case.expect.path or ""
    for escape in path:gmatch "%%(%x%x)" do
        local byte = tonumber(escape, 16)
        if byte < 0x20 or byte == 0x7F then
            return true
        end
    end
    path = path:gsub("%%2F", "/"):gsub("%%C2%%[89]%x", "/./") .. "/"
    return path:find("/%.%.?/") ~= nil
end

return cases
