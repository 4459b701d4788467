--- Values of operations as JSON, and back: bytes are base64, times ISO 8601, an empty list is [].
local core = require "bedrock.core"

local by_shape = {}

local convert

--- Members that the model does not know stay as they are.
local function structure(value, shape, leaf)
    local result = {}
    for name, inner in pairs(value) do
        result[name] = inner
    end
    for _, member in ipairs(shape.members or {}) do
        local inner = value[member.name]
        if inner ~= nil then
            result[member.name] = convert(inner, member, leaf)
        end
    end
    return result
end

local TABLES = {
    structure = structure,
    union = structure,
    list = function(value, shape, leaf)
        local result = {}
        for i = 1, #value do
            result[i] = convert(value[i], shape.element, leaf)
        end
        return core.array(result)
    end,
    map = function(value, shape, leaf)
        local result = {}
        for name, inner in pairs(value) do
            result[name] = convert(inner, shape.value, leaf)
        end
        return result
    end,
}

function convert(value, shape, leaf)
    local of_table = TABLES[shape.type]
    if of_table then
        return type(value) == "table" and value ~= core.null and of_table(value, shape, leaf) or value
    end
    return leaf(value, shape)
end

local function iso(seconds)
    local ms = math.floor(seconds * 1000 + 0.5) % 1000
    local whole = math.floor((seconds * 1000 + 0.5 - ms) / 1000)
    return os.date("!%Y-%m-%dT%H:%M:%S", whole) .. (ms > 0 and (".%03d"):format(ms) or "") .. "Z"
end

local function written(value, shape)
    if shape.type == "blob" and type(value) == "string" then
        return core.base64_encode(value)
    elseif shape.type == "timestamp" and type(value) == "number" then
        return iso(value)
    end
    return value
end

--- @param value any as an operation gives it
--- @param shape table? as core.describe gives it
--- @return any # to be written as JSON
function by_shape.json(value, shape)
    return shape and convert(value, shape, written) or value
end

--- @param value any as JSON has it
--- @param shape table?
--- @return any # as an operation takes it
--- @return string? why
function by_shape.value(value, shape)
    local why
    local function read(text, of)
        if of.type ~= "blob" or type(text) ~= "string" then
            return text
        end
        local bytes = core.base64_decode(text)
        why = why or not bytes and (of.name or "bytes") .. ": bytes are written as base64"
        return bytes
    end
    local result = shape and convert(value, shape, read) or value
    return result, why or nil
end

return by_shape
