--- Texts and numbers as Lua source that reads back as the same on Lua 5.4 and LuaJIT, whatever the locale.
local quoted = {}

local NAMED = { ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ['"'] = '\\"', ["\\"] = "\\\\" }

local function escape(char)
    return NAMED[char] or ("\\%03d"):format(char:byte())
end

--- Lead bytes: the lowest second byte, the highest, and how many follow (RFC 3629, section 4).
local function follows(lead)
    if lead == 0xC2 then
        return 0xA0, 0xBF, 1 -- U+0080 to U+009F are controls
    elseif lead > 0xC2 and lead <= 0xDF then
        return 0x80, 0xBF, 1
    elseif lead >= 0xE0 and lead <= 0xEF then
        return lead == 0xE0 and 0xA0 or 0x80, lead == 0xED and 0x9F or 0xBF, 2
    elseif lead >= 0xF0 and lead <= 0xF4 then
        return lead == 0xF0 and 0x90 or 0x80, lead == 0xF4 and 0x8F or 0xBF, 3
    end
end

--- The length of the character that begins there; nil: none does, or one that a terminal obeys.
local function character_at(text, at)
    local low, high, count = follows(text:byte(at))
    local second = low and text:byte(at + 1)
    if not second or second < low or second > high then
        return nil
    end
    for i = at + 2, at + count do
        local byte = text:byte(i)
        if not byte or byte < 0x80 or byte > 0xBF then
            return nil
        end
    end
    return count + 1
end

--- Of bytes above 127: characters stay, other bytes are escaped.
local function escape_high(run)
    local parts, first, at = {}, 1, 1
    while at <= #run do
        local length = character_at(run, at)
        if not length then
            parts[#parts + 1] = run:sub(first, at - 1) .. escape(run:sub(at, at))
            first = at + 1
        end
        at = at + (length or 1)
    end
    return table.concat(parts) .. run:sub(first)
end

--- @param text string
--- @return string source with quotes; UTF-8 stays, other bytes and controls are escaped
function quoted.text(text)
    if text:find '[%c"\\\127-\255]' then
        text = text:gsub('[%z\1-\31\127"\\]', escape):gsub("[\128-\255]+", escape_high)
    end
    return '"' .. text .. '"'
end

local SPECIAL = {
    [tostring(math.huge)] = "math.huge",
    [tostring(-math.huge)] = "-math.huge",
}

local function float(value)
    for digits = 14, 17 do
        local text = ("%." .. digits .. "g"):format(value)
        if tonumber(text) == value then
            return (text:gsub(",", "."))
        end
    end
end

--- @param value number
--- @return string source
function quoted.number(value)
    if value ~= value then
        return "0/0"
    elseif value == 0 and 1 / value < 0 then
        return "-0.0"
    elseif math.type and math.type(value) == "integer" then
        return value == math.mininteger and "math.mininteger" or ("%d"):format(value)
    end
    local text = SPECIAL[tostring(value)] or float(value)
    return math.type and not text:find "[%.einh]" and text .. ".0" or text
end

local KEYWORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true "
    .. "until while"):gmatch "%a+" do
    KEYWORDS[word] = true
end

--- @param name string
--- @return string source of a key in a table
function quoted.key(name)
    if name:find "^[%a_][%w_]*$" and not name:find "[\128-\255]" and not KEYWORDS[name] then
        return name
    end
    return "[" .. quoted.text(name) .. "]"
end

return quoted
