--- Values as JSON Schema tells them apart, and how messages call them.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local numbers = require "bedrock.json_schema.numbers"

local NULL = core.null
local ARRAY = getmetatable(core.array {})
local OBJECT_NAME = "bedrock.object"
--- Bytes of an object or array that a message shows.
local SHOWN_MAX = 100

--- A table without a mark, and without anything in it, may be a list or an object.
local function is_array(value)
    local mark = getmetatable(value)
    if mark == ARRAY then
        return true
    elseif type(mark) == "table" and rawget(mark, "__name") == OBJECT_NAME then
        return false
    end
    return next(value) == nil or #value > 0
end

local function is_object(value)
    return getmetatable(value) ~= ARRAY and (next(value) == nil or not is_array(value))
end

local IS = {
    string = function(value)
        return type(value) == "string"
    end,
    boolean = function(value)
        return type(value) == "boolean"
    end,
    null = function(value)
        return value == NULL
    end,
    number = numbers.is_number,
    integer = numbers.is_whole,
    array = function(value)
        return type(value) == "table" and is_array(value)
    end,
    object = function(value)
        return type(value) == "table" and is_object(value)
    end,
}

local values = { is = IS }

--- By type.
values.expected = { string = "a string", boolean = "a boolean", null = "null", number = "a number",
    integer = "an integer", array = "an array", object = "an object" }

--- @return string words for the type of a value, as JSON calls it
function values.given(value)
    if value == NULL then
        return "null"
    elseif numbers.is_number(value) then
        return "a number"
    elseif type(value) == "table" then
        return is_object(value) and "an object" or "an array"
    end
    return errors.type_of(value)
end

--- A value itself, if it is short.
function values.shown(value)
    if type(value) == "string" then
        return '"' .. core.shown(value) .. '"'
    elseif type(value) == "table" then
        local text = core.encode(value)
        return text and #text <= SHOWN_MAX and text or values.given(value)
    elseif value == NULL then
        return "null"
    end
    return tostring(value)
end

--- @return boolean equal as JSON has it: 5.0 is 5
function values.same(a, b)
    if numbers.is_number(a) and numbers.is_number(b) then
        return numbers.order(a, b) == 0
    elseif type(a) ~= "table" or type(b) ~= "table" then
        return a == b
    end
    for key, value in pairs(a) do
        if b[key] == nil or not values.same(value, b[key]) then
            return false
        end
    end
    for key in pairs(b) do
        if a[key] == nil then
            return false
        end
    end
    return is_array(a) == is_array(b) or next(a) == nil and is_object(a) == is_object(b)
end

--- @return integer of UTF-8
function values.characters(text)
    return select(2, text:gsub("[^\128-\191]", ""))
end

return values
