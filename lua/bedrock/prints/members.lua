--- A table's members, a line each.
local columns = require "bedrock.prints.columns"
local core = require "bedrock.core"
local harmless = require "bedrock.prints.harmless"
local is_list = require "bedrock.base.is_list"
local short = require "bedrock.prints.short"

local WIDTH = 100
local LEVELS = 2

local members = {}

--- Names in the order of the model, others behind them.
--- @param value table
--- @param shape table? a structure, as core.describe has it
--- @return string[] names
--- @return table<string, table> shapes by name
function members.names(value, shape)
    local names, shapes = {}, {}
    for _, member in ipairs(shape and shape.members or {}) do
        shapes[member.name] = member
        names[#names + 1] = value[member.name] ~= nil and member.name or nil
    end
    for _, name in ipairs(core.keys(value)) do
        names[#names + 1] = not shapes[name] and name or nil
    end
    return names, shapes
end

local function is_structure(value)
    return type(value) == "table" and not is_list(value, function() return true end)
end

local function fits(value, room)
    return columns.width(tostring(value)) <= room
end

local function add(lines, value, shape, indent, level, levels)
    local names, shapes = members.names(value, shape)
    local longest = 0
    for _, name in ipairs(names) do
        longest = math.max(longest, columns.width(name))
    end
    for _, name in ipairs(names) do
        local inner, room = value[name], WIDTH - #indent - longest - 2
        local text = short.value(name, inner, shapes[name])
        if is_structure(inner) and level < levels and not fits(text, room) then
            lines[#lines + 1] = indent .. harmless.line(name)
            add(lines, inner, shapes[name], indent .. "  ", level + 1, levels)
        else
            lines[#lines + 1] = indent .. harmless.line(name) .. (" "):rep(longest + 2 - columns.width(name))
                .. columns.cut(tostring(text), room)
        end
    end
end

--- @param value table
--- @param shape table?
--- @param levels integer? that get lines of their own; 2 if not given
--- @return string
function members.text(value, shape, levels)
    local lines = {}
    add(lines, value, shape, "", 1, levels or LEVELS)
    return table.concat(lines, "\n")
end

return members
