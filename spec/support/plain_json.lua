--- A plain JSON reader for specs, sharing nothing with the library. Arrays carry the metatable
-- `array`, objects none; null is `null`; integers stay integers where Lua has them, and become
-- decimal strings where a double cannot hold them.
local json = { array = {}, null = setmetatable({}, { __tostring = function() return "null" end }) }

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }
local EXACT = 2 ^ 53

local function utf8_bytes(code)
    if code < 0x80 then
        return string.char(code)
    elseif code < 0x800 then
        return string.char(0xC0 + math.floor(code / 64), 0x80 + code % 64)
    elseif code < 0x10000 then
        return string.char(0xE0 + math.floor(code / 4096), 0x80 + math.floor(code / 64) % 64,
            0x80 + code % 64)
    end
    return string.char(0xF0 + math.floor(code / 262144), 0x80 + math.floor(code / 4096) % 64,
        0x80 + math.floor(code / 64) % 64, 0x80 + code % 64)
end

local function unescape(text)
    text = text:gsub("\\u([dD][89abAB]%x%x)\\u([dD][c-fC-F]%x%x)", function(high, low)
        return utf8_bytes(0x10000 + (tonumber(high, 16) - 0xD800) * 1024
            + tonumber(low, 16) - 0xDC00)
    end)
    return (text:gsub("\\(.)(%x?%x?%x?%x?)", function(kind, digits)
        if kind == "u" then
            return utf8_bytes(tonumber(digits, 16))
        end
        return (ESCAPES[kind] or kind) .. digits
    end))
end

local function string_end(text, at)
    repeat
        at = assert(text:find('["\\]', at), "unfinished string")
        local c = text:sub(at, at)
        at = at + (c == "\\" and 2 or 1)
    until c == '"'
    return at
end

local function read_string(text, at)
    local after = string_end(text, at + 1)
    local raw = text:sub(at + 1, after - 2)
    return raw:find("\\", 1, true) and unescape(raw) or raw, after
end

local function number_of(text)
    local value = tonumber(text)
    local whole = not text:find "[.eE]"
    if whole and not math.type and math.abs(value) > EXACT then
        return text
    end
    return value
end

local LITERALS = { ["true"] = true, ["false"] = false, null = json.null }
local read_value

local function skip(text, at)
    return text:find("[^ \t\r\n]", at) or #text + 1
end

local function read_array(text, at)
    local list = setmetatable({}, json.array)
    at = skip(text, at + 1)
    if text:sub(at, at) == "]" then
        return list, at + 1
    end
    while true do
        list[#list + 1], at = read_value(text, at)
        at = skip(text, at)
        if text:sub(at, at) == "]" then
            return list, at + 1
        end
        assert(text:sub(at, at) == ",", "no comma in an array")
        at = skip(text, at + 1)
    end
end

local function read_object(text, at)
    local object, key, value = {}
    at = skip(text, at + 1)
    if text:sub(at, at) == "}" then
        return object, at + 1
    end
    while true do
        assert(text:sub(at, at) == '"', "no key in an object")
        key, at = read_string(text, at)
        at = skip(text, at)
        assert(text:sub(at, at) == ":", "no colon in an object")
        value, at = read_value(text, skip(text, at + 1))
        object[key] = value
        at = skip(text, at)
        if text:sub(at, at) == "}" then
            return object, at + 1
        end
        assert(text:sub(at, at) == ",", "no comma in an object")
        at = skip(text, at + 1)
    end
end

function read_value(text, at)
    local c = text:sub(at, at)
    if c == "{" then
        return read_object(text, at)
    elseif c == "[" then
        return read_array(text, at)
    elseif c == '"' then
        return read_string(text, at)
    end
    local word = assert(text:match("^[%w+.-]+", at), "no value")
    local value = LITERALS[word]
    if value == nil then
        value = assert(number_of(word), "no value: " .. word)
    end
    return value, at + #word
end

function json.decode(text)
    local value, at = read_value(text, skip(text, 1))
    assert(skip(text, at) == #text + 1, "something follows the value")
    return value
end

function json.is_array(t)
    return getmetatable(t) == json.array
end

return json
