--- Texts and numbers as Lua source that reads back as the same on Lua 5.4 and LuaJIT, whatever the locale.
local harmless = require "bedrock.prints.harmless"

local quoted = {}

local NAMED = { ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ['"'] = '\\"', ["\\"] = "\\\\" }

local function escape(char)
    return NAMED[char] or ("\\%03d"):format(char:byte())
end

--- Each of these bytes as an escape.
local function escape_all(bytes)
    return (bytes:gsub(".", escape))
end

--- Of bytes above 127: characters stay, other bytes and controls are escaped.
local function escape_high(run)
    return harmless.high(run, escape_all)
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
