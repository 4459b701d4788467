--- The model for people: lists of operations, and what each takes and returns.
local core = require "bedrock.core"
local errors = require "bedrock.errors"

local describe = {}

local List = { __name = "bedrock.operations" }

function List.__tostring(names)
    return table.concat(names, "\n")
end

local function check_name(name, caller)
    if type(name) ~= "string" then
        error(caller .. ": a name is needed, got a " .. type(name), 4)
    end
end

local function unknown(caller, path, message)
    return errors.config(caller, { { path = path, kind = "unknown", message = message } })
end

function describe.operations(service)
    if service ~= nil then
        check_name(service, "operations")
    end
    local names, message = core.operations(service)
    if not names then
        return nil, unknown("operations", "service", message)
    end
    return setmetatable(names, List)
end

local function limits(shape)
    if shape.min and shape.max then
        return shape.min == shape.max and tostring(shape.min) or shape.min .. " to " .. shape.max
    end
    return shape.min and "at least " .. shape.min or shape.max and "at most " .. shape.max
end

local function type_name(shape)
    if shape.type == "list" then
        return "list of " .. type_name(shape.element)
    elseif shape.type == "map" then
        return "map to " .. type_name(shape.value)
    end
    return shape.type
end

local function notes(member)
    local list = {}
    for _, mark in ipairs { "required", "token", "payload", "sensitive" } do
        if member[mark] then
            list[#list + 1] = mark
        end
    end
    list[#list + 1] = member.location and "in " .. member.location
    list[#list + 1] = limits(member)
    if member.enum then
        list[#list + 1] = table.concat(member.enum, " | ")
    end
    return list[1] and "  (" .. table.concat(list, ", ") .. ")" or ""
end

--- The structure in a list or map, where there is one.
local function inner(shape)
    while shape.element or shape.value do
        shape = shape.element or shape.value
    end
    return shape
end

local function add_members(lines, shape, indent)
    for _, member in ipairs(shape.members or {}) do
        lines[#lines + 1] = indent .. member.name .. ": " .. type_name(member) .. notes(member)
        add_members(lines, inner(member), indent .. "  ")
    end
end

local function add_side(lines, title, shape)
    if shape then
        lines[#lines + 1] = title
        add_members(lines, shape, "  ")
    end
end

local Operation = { __name = "bedrock.operation" }

function Operation.__tostring(op)
    local lines = { op.name .. "  " .. op.service .. " " .. op.operation .. "  " .. op.method .. " " .. op.uri }
    add_side(lines, "takes", op.input)
    add_side(lines, "returns" .. (op.stream and " (streams " .. op.stream .. ")" or ""), op.output)
    if op.errors[1] then
        lines[#lines + 1] = "errors"
        lines[#lines + 1] = "  " .. table.concat(op.errors, ", ")
    end
    return table.concat(lines, "\n")
end

function describe.operation(name, depth)
    check_name(name, "describe")
    local index, message = core.find(name)
    if not index then
        return nil, unknown("describe", "operation", message)
    end
    return setmetatable(core.describe(index, depth), Operation)
end

return describe
