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
        error(caller .. ": expected a name, got " .. errors.type_of(name), 3)
    end
end

local function unknown(caller, path, message)
    return errors.config(caller, { { path = path, kind = "unknown", message = message } })
end

--- Names of operations, as conn:prepare takes them. The list prints one name on each line.
--- @param service? bedrock.ServiceName
--- @return string[]? names
--- @return bedrock.Error? err
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

local WIDTH = 100

--- Adds a text in lines of at most WIDTH, broken at blanks; what follows the first is indented more.
local function add_wrapped(lines, indent, text)
    local line = indent
    for word in text:gmatch "%S+" do
        if #line + #word >= WIDTH and line:find "%S" then
            lines[#lines + 1] = line
            line = indent .. "    "
        end
        line = line .. (line:find "%S" and " " or "") .. word
    end
    lines[#lines + 1] = line
end

local function limits(shape)
    if shape.min and shape.max then
        return shape.min == shape.max and "exactly " .. shape.min or shape.min .. " to " .. shape.max
    end
    return shape.min and "at least " .. shape.min or shape.max and "at most " .. shape.max
end

--- "string", "list of union", "map to integer"
function describe.type_name(shape)
    if shape.type == "list" then
        return "list of " .. describe.type_name(shape.element)
    elseif shape.type == "map" then
        return "map to " .. describe.type_name(shape.value)
    end
    return shape.type
end

local MARKS = { "required", "deprecated", "payload", "sensitive", "sparse" }

local function add_marks(list, shape)
    for _, mark in ipairs(MARKS) do
        if shape[mark] then
            list[#list + 1] = mark
        end
    end
    list[#list + 1] = shape.token and "made up if absent" or nil
    list[#list + 1] = shape.location and "in " .. shape.location
end

local function add_values(list, shape, prefix)
    local range = limits(shape)
    list[#list + 1] = range and prefix .. range
    if shape.enum then
        list[#list + 1] = prefix .. table.concat(shape.enum, " | ")
    end
end

--- What may be said of a member's value: marks, limits, the values of an enumeration.
function describe.notes(member)
    local list = {}
    add_marks(list, member)
    add_values(list, member, "")
    local each = member.element or member.value
    if each then
        add_values(list, each, "each ")
    end
    return table.concat(list, ", ")
end

--- The structure in a list or map, where there is one.
function describe.inner(shape)
    while shape.element or shape.value do
        shape = shape.element or shape.value
    end
    return shape
end

local function add_members(lines, shape, indent)
    for _, member in ipairs(shape.members or {}) do
        local notes = describe.notes(member)
        add_wrapped(lines, indent, member.name .. ": " .. describe.type_name(member)
            .. (notes ~= "" and " (" .. notes .. ")" or "") .. (describe.inner(member).more and " …" or ""))
        if not member.stream then
            add_members(lines, describe.inner(member), indent .. "  ")
        end
    end
end

local function add_side(lines, title, shape)
    if shape and shape.members[1] then
        lines[#lines + 1] = title
        add_members(lines, shape, "  ")
    end
end

local function stream_of(side)
    for _, member in ipairs(side and side.members or {}) do
        if member.stream then
            return member
        end
    end
end

local function add_events(lines, title, member)
    if not member then
        return
    end
    lines[#lines + 1] = title
    for _, event in ipairs(member.members or {}) do
        lines[#lines + 1] = "  " .. event.name .. (event.error and " (an exception, ends the stream)" or "")
        add_members(lines, event, "    ")
    end
end

local function add_names(lines, title, names)
    if names[1] then
        lines[#lines + 1] = title
        add_wrapped(lines, "  ", table.concat(names, ", "))
    end
end

local function add_pages(lines, op)
    local paginator = op.paginator
    if paginator then
        lines[#lines + 1] = ("pages: conn:items(%q) gives what is in %s%s"):format(op.full_name, paginator.result,
            paginator.limit and "; " .. paginator.limit .. " bounds one page" or "")
    end
    for _, name in ipairs(op.waiters) do
        lines[#lines + 1] = ("waiter: conn:wait(%q, { … }) repeats it"):format(name)
    end
end

local Operation = { __name = "bedrock.operation" }

function Operation.__tostring(op)
    local lines = { op.full_name .. "  " .. op.service .. " " .. op.operation .. "  " .. op.method .. " " .. op.uri }
    add_side(lines, "takes", op.input)
    add_events(lines, "takes the events", stream_of(op.input))
    add_side(lines, "returns", op.output)
    add_events(lines, "streams the events", stream_of(op.output))
    add_names(lines, "errors", op.errors)
    add_pages(lines, op)
    return table.concat(lines, "\n")
end

local function waiters_of(index)
    local names = {}
    for _, waiter in ipairs(core.waiters()) do
        names[#names + 1] = waiter.op == index and waiter.name or nil
    end
    return names
end

--- The name that finds an operation without a service.
--- @param index integer
--- @param op table as core.describe has it
--- @return string
function describe.full_name(index, op)
    return core.find(op.name) == index and op.name or op.namespace .. "." .. op.name
end

--- The operation's facts, or what is wrong with its name.
local function find(caller, name, depth)
    local index, message = core.find(name)
    if not index then
        return nil, unknown(caller, "operation", message)
    end
    local op = core.describe(index, depth)
    op.paginator, op.waiters = core.paginator(index), waiters_of(index)
    op.full_name = describe.full_name(index, op)
    return op
end

--- What an operation takes and returns.
--- @param name bedrock.OperationName
--- @param depth? integer levels of members to show, 1 to 8; 3 if not given
--- @return bedrock.Description? description
--- @return bedrock.Error? err
function describe.operation(name, depth)
    check_name(name, "describe")
    if depth ~= nil and not (type(depth) == "number" and depth >= 1 and depth <= 8 and depth % 1 == 0) then
        error("describe: the depth must be an integer from 1 to 8, got " .. tostring(depth), 2)
    end
    local op, err = find("describe", name, depth)
    if not op then
        return nil, err
    end
    return setmetatable(op, Operation)
end

--- A table of an operation's parameters to fill in: required members with a placeholder each. Printed, it is Lua
--- source to paste, with the optional ones in comments.
--- @param name bedrock.OperationName
--- @return table? params
--- @return bedrock.Error? err
function describe.skeleton(name)
    check_name(name, "skeleton")
    local op, err = find("skeleton", name, 8)
    if not op then
        return nil, err
    end
    return require("bedrock.help.skeleton")(op)
end

return describe
