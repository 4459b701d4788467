--- The numbers that JSON has, as they are here: Lua's, those of bedrock.json.number, LuaJIT's 64-bit ones.
local core = require "bedrock.core"

local DIGITS = "^%-?%d+$"

--- The text of a number that is an object; nil for everything else.
local function text_of(value)
    local kind = type(value)
    if kind == "userdata" and value ~= core.null then
        local text = tostring(value)
        return text:find "^%-?%d" and text or nil
    elseif kind == "cdata" then
        return tostring(value):match "^(%-?%d+)U?LL$"
    end
end

--- 12.50e1 is whole: its last digits are zeros, or the exponent moves the point behind them.
local function is_whole_text(text)
    if text:find(DIGITS) then
        return true
    end
    local digits, fraction, exponent = text:match "^%-?(%d+)%.?(%d*)[eE]?([+-]?%d*)$"
    if not digits then
        return false
    end
    local places = tonumber(exponent) or 0
    local all = digits .. fraction
    local significant = all:match "^(.-)0*$"
    return significant:match "^0*$" ~= nil or #significant <= #digits + places
end

local numbers = {}

--- @param value any
--- @return boolean
function numbers.is_number(value)
    return type(value) == "number" or text_of(value) ~= nil
end

--- @param value any
--- @return boolean also true of 5.0, as JSON Schema has it
function numbers.is_whole(value)
    if type(value) == "number" then
        return value % 1 == 0
    end
    local text = text_of(value)
    return text ~= nil and is_whole_text(text)
end

local function nearest(value)
    return type(value) == "number" and value or tonumber(text_of(value))
end

--- nil: an infinity, or no number
local function exact(value)
    if type(value) == "number" then
        local whole = math.type and math.type(value) == "integer"
        return core.number(whole and ("%d"):format(value) or ("%.17g"):format(value))
    end
    return core.number(text_of(value))
end

--- @param a any number
--- @param b any number
--- @return -1|0|1
function numbers.order(a, b)
    if type(a) ~= "number" or type(b) ~= "number" then
        local one, other = exact(a), exact(b)
        a, b = one and other and one or nearest(a), one and other or nearest(b)
    end
    return a == b and 0 or a < b and -1 or 1
end

--- @param value any number
--- @return string
function numbers.shown(value)
    return text_of(value) or type(value) == "number" and value % 1 == 0 and ("%.0f"):format(value) or tostring(value)
end

return numbers
