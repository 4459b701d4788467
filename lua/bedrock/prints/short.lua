--- One value in one line.
local bytes = require "bedrock.prints.bytes"
local columns = require "bedrock.prints.columns"
local dump = require("bedrock.prints.dump").dump
local harmless = require "bedrock.prints.harmless"
local is_list = require "bedrock.base.is_list"
local secret = require "bedrock.base.secret"

local FIRST_NUMBERS = 4
local NUMBERS_MIN = 8
local LIST_MAX = 12

local function is_number(value)
    return type(value) == "number"
end

local function is_word(value)
    return type(value) == "string" and #value <= 40 or type(value) == "boolean" or is_number(value)
end

local short = {}

--- @param list number[]
--- @return string "1024 numbers: 0.1, 0.2, …"
function short.numbers(list)
    local first = {}
    for i = 1, math.min(#list, FIRST_NUMBERS) do
        first[i] = ("%.6g"):format(list[i]):gsub(",", ".")
    end
    return ("%d numbers: %s%s"):format(#list, table.concat(first, ", "), #list > FIRST_NUMBERS and ", …" or "")
end

local function of_table(value)
    if is_list(value, is_number) and #value >= NUMBERS_MIN then
        return short.numbers(value)
    elseif is_list(value, is_word) and #value > 0 and #value <= LIST_MAX then
        local words = {}
        for i, word in ipairs(value) do
            words[i] = tostring(word)
        end
        return table.concat(words, ", ")
    elseif is_list(value, is_word) or next(value) == nil then
        return next(value) == nil and "none" or ("%d, from %s"):format(#value, tostring(value[1]))
    end
    return dump(value, { depth = 3, width = 1000000 })
end

local function time(value)
    local ok, text = pcall(os.date, "!%Y-%m-%d %H:%M:%S UTC", math.floor(value))
    return ok and text or tostring(value)
end

--- Where no model tells what it is.
local function is_time(name, value)
    return value > 1e9 and value < 4e9 and type(name) == "string"
        and (name:find "[a-z]At$" or name:find "Time$" or name == "expiration") ~= nil
end

--- @param name any its key
--- @param value any
--- @param shape table? of its member, as core.describe has it
--- @param width integer? cells that it may take; nil: all it needs
--- @return any cell for columns: a number stays one
function short.value(name, value, shape, width)
    local kind = shape and shape.type
    if is_number(value) then
        return (kind == "timestamp" or is_time(name, value)) and time(value) or value
    elseif type(value) == "table" then
        value = of_table(value)
    elseif type(value) == "string" then
        value = secret.shown(name, value)
        if kind == "blob" or not bytes.is_text(value) then
            return bytes.about(value)
        end
    end
    value = harmless.line(tostring(value))
    return width and columns.cut(value, width) or value
end

return short
