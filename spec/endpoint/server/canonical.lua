--- The canonical request of Signature Version 4, from the bytes of the request line.
local digest = require "openssl.digest"

local canonical = {}

local function hex(bytes)
    return (bytes:gsub(".", function(c)
        return string.format("%02x", c:byte())
    end))
end
canonical.hex = hex

function canonical.sha256_hex(bytes)
    return hex(digest.new("sha256"):final(bytes))
end

local function encode(text)
    return (text:gsub("[^%w%-%._~]", function(c)
        return string.format("%%%02X", c:byte())
    end))
end

local function decode(text)
    text = text:gsub("%+", " ")
    return (text:gsub("%%(%x%x)", function(digits)
        return string.char(tonumber(digits, 16))
    end))
end

--- Dot segments and empty segments go, then each segment is encoded once more.
function canonical.path(raw)
    local kept = {}
    for segment in raw:gmatch("[^/]+") do
        if segment == ".." then
            kept[#kept] = nil
        elseif segment ~= "." then
            kept[#kept + 1] = encode(segment)
        end
    end
    local path = "/" .. table.concat(kept, "/")
    local keeps_slash = #kept > 0 and raw:find("/%.?%.?$")
    return keeps_slash and path .. "/" or path
end

function canonical.query(raw)
    local pairs_ = {}
    for part in raw:gmatch("[^&]+") do
        local name, value = part:match("^([^=]*)=?(.*)$")
        pairs_[#pairs_ + 1] = { encode(decode(name)), encode(decode(value)) }
    end
    table.sort(pairs_, function(a, b)
        if a[1] ~= b[1] then
            return a[1] < b[1]
        end
        return a[2] < b[2]
    end)
    for i, pair in ipairs(pairs_) do
        pairs_[i] = pair[1] .. "=" .. pair[2]
    end
    return table.concat(pairs_, "&")
end

local function header_value(value)
    return (value:gsub("^%s+", ""):gsub("%s+$", ""):gsub("%s+", " "))
end

--- @param request table
--- @param names string[] the signed headers, all present in the request
--- @param payload_hash string lower-case hex, or the literal that stands for it
function canonical.request(request, names, payload_hash)
    local lines = {
        request.method,
        canonical.path(request.path),
        canonical.query(request.query),
    }
    for _, name in ipairs(names) do
        lines[#lines + 1] = name .. ":" .. header_value(request:header(name))
    end
    lines[#lines + 1] = ""
    lines[#lines + 1] = table.concat(names, ";")
    lines[#lines + 1] = payload_hash
    return table.concat(lines, "\n")
end

return canonical
