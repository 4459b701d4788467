--- Shapes: the nodes of the facts that operations reach, and their records.
local check = require "bedrock.facts.check"
local traits = require "bedrock.facts.traits"

local fail, want, text, one_of = check.fail, check.want, check.text, check.one_of
local list, at_most = check.list, check.at_most
local NONE = check.NONE
local MEMBERS_MAX = 256
local PATTERN_MAX = 4000

local KIND = {
    structure = 0, union = 1, list = 2, map = 3, string = 4, blob = 5, boolean = 6, integer = 7,
    long = 8, float = 9, double = 10, number = 10, timestamp = 11, document = 12,
}
local SHAPE_FLAGS = {
    sensitive = 0x01, sparse = 0x02, event = 0x04, eventstream = 0x08, error = 0x10, flattened = 0x40,
}
local ANSWERED = 0x20
local LOCATION = { uri = 1, querystring = 2, header = 3, statusCode = 4 }
local ATTRIBUTE = 5
local TIME = { iso8601 = 0, unixTimestamp = 1, rfc822 = 2 }

local shapes = {}

--- Kinds and places that operations and pages ask for.
shapes.KIND, shapes.LOCATION = KIND, LOCATION

local function kind_of(shape, where)
    if shape.document then
        return KIND.document
    end
    if shape.type == "structure" and shape.union then
        return KIND.union
    end
    return one_of(KIND, shape.type, where .. ".type")
end

local function shape_flags(shape)
    local flags = 0
    for key, bit in pairs(SHAPE_FLAGS) do
        flags = flags + (shape[key] and bit or 0)
    end
    return flags
end

--- Integers beyond 2^53 may come as strings.
local function bound(value, where)
    return value ~= nil and (tonumber(value) or fail(where, "must be a number")) or nil
end

local function limits_of(b, shape, where)
    local low, high = bound(shape.min, where .. ".min"), bound(shape.max, where .. ".max")
    if not low and not high then
        return NONE
    end
    low, high = low or -math.huge, high or math.huge
    return b.limits.add(("%.17g,%.17g"):format(low, high), { low, high }, where)
end

local function enum_of(b, shape, where)
    if shape.enum == nil then
        return NONE
    end
    where = where .. ".enum"
    local set, values = {}, {}
    for _, value in ipairs(list(shape.enum, "string", where)) do
        set[value] = true
    end
    for i, value in ipairs(b.sorted(set)) do
        values[i] = b.name(value, where)
    end
    return b.enums.add(values, where)
end

local function pattern_of(b, shape, where)
    local pattern = shape.pattern
    if pattern == nil then
        return NONE
    end
    where = where .. ".pattern"
    at_most(PATTERN_MAX, #want(pattern, "string", where), "bytes", where)
    return b.patterns.add(pattern, b.pattern_name(pattern, where), where)
end

local function is_in(names, name)
    for _, one in ipairs(names) do
        if one == name then
            return true
        end
    end
    return false
end

local function member_bits(shape, name, fact, required, where)
    local bits = fact.loc == nil and (fact.attribute and ATTRIBUTE or 0) or one_of(LOCATION, fact.loc, where .. ".loc")
    return bits + (is_in(required, name) and 0x08 or 0) + (fact.idem and 0x10 or 0)
        + (shape.payload == name and 0x20 or 0) + (fact.wire and 0x40 or 0)
        + (fact.deprecated and 0x80 or 0)
end

--- The place of each member in the model's own order, counted from 0; `at` is the other way.
local function rank_members(b, node, members)
    local place = {}
    for i, member in ipairs(node.members) do
        place[member.name] = i
    end
    for rank, name in ipairs(b.keys(members)) do
        local member = node.members[place[name]]
        member.rank, node.members[rank].at = rank - 1, place[name] - 1
    end
end

local function members_of(b, node, shape, where)
    local members = want(shape.members or {}, "table", where .. ".members")
    local required = list(shape.required, "string", where .. ".required")
    for _, name in ipairs(b.sorted(check.names(members, where .. ".members"))) do
        local fact, at = members[name], where .. ".members." .. text(name, "^[%w_.:-]+$", where)
        if fact.wire ~= nil then
            text(fact.wire, fact.attribute and "^[%w_.:-]+$" or "^[%w_.-]+$", at .. ".wire")
        end
        node.members[#node.members + 1] = {
            name = name,
            wire = fact.wire,
            idem = fact.idem,
            bits = member_bits(shape, name, fact, required, at),
            shape = want(fact.shape, "string", at .. ".shape"),
        }
    end
    at_most(MEMBERS_MAX, #node.members, "members", where)
    rank_members(b, node, members)
end

--- The name of an error is what services send: a code if it has one, else the shape's name.
local function error_name(shape, name, where)
    if not shape.error then
        return nil
    end
    local code = type(shape.error) == "table" and shape.error.code
    return code and want(code, "string", where .. ".error.code") or name
end

--- What elements are called in XML and forms: one name of a list's, those of key and value of a map's.
local function element_names(shape, where)
    local names = {}
    for place, role in pairs { member = 1, key = 1, value = 2 } do
        local target = shape[place]
        if type(target) == "table" and target.wire ~= nil then
            names[role] = text(target.wire, "^[%w_.-]+$", where .. "." .. place .. ".wire")
        end
    end
    return names
end

local function new_node(b, service, name)
    local where = service.service.id .. "/" .. name
    local shape = want(service.shapes[name], "table", where)
    traits.check(service, shape, where)
    local node = {
        where = where,
        kind = kind_of(shape, where),
        flags = shape_flags(shape),
        limits = limits_of(b, shape, where),
        enum = enum_of(b, shape, where),
        pattern = pattern_of(b, shape, where),
        error_name = error_name(shape, name, where),
        names = element_names(shape, where),
        members = {},
    }
    local usual = service.service.protocol == "query" and "iso8601" or "unixTimestamp"
    node.format = node.kind == KIND.timestamp
        and one_of(TIME, shape.timestampFormat or usual, where .. ".timestampFormat") or NONE
    members_of(b, node, shape, where)
    return node
end

local ROLES = { "member", "key", "value" }

--- Every shape that is reached, by "service/shape".
function shapes.visit(b, service, name)
    local id = service.service.id .. "/" .. name
    if b.nodes[id] then
        return id
    end
    local shape, node = service.shapes[name], new_node(b, service, name)
    b.nodes[id] = node
    b.order[#b.order + 1] = id
    for _, member in ipairs(node.members) do
        member.to = shapes.visit(b, service, member.shape)
    end
    for _, role in ipairs(ROLES) do
        local target = shape[role]
        if target ~= nil then
            target = type(target) == "table" and target.shape or target
            node[role] = shapes.visit(b, service, want(target, "string", id .. "." .. role))
        end
    end
    return id
end

function shapes.class_of(b, id)
    return b.nodes[id].class
end

--- How many of its members a body must have; 255 stands for more, too.
local function demanded(node)
    local count = 0
    for _, member in ipairs(node.members) do
        local required = math.floor(member.bits / 0x08) % 2 == 1
        count = count + (required and member.bits % 0x08 == 0 and 1 or 0)
    end
    return math.min(count, 0xFF)
end

local function add_members(b, node)
    local first, where = #b.members, node.where
    at_most(NONE, first + #node.members, "members, with those of other shapes", where)
    for _, member in ipairs(node.members) do
        if member.wire then
            b.wires[#b.wires + 1] = { #b.members, b.name(member.wire, where) }
        end
        local bits = member.bits + (#b.members == first and demanded(node) * 0x100 or 0)
        b.members[#b.members + 1] = {
            b.name(member.name, where), shapes.class_of(b, member.to), bits, member.rank, member.at,
        }
    end
    return #node.members > 0 and first or 0
end

local function element(b, node, role)
    return shapes.class_of(b, node[role] or fail(node.where, "has no " .. role))
end

local function shape_record(b, node)
    local kind = node.kind
    local x, y, z = node.limits, NONE, NONE
    if kind == KIND.structure or kind == KIND.union then
        x, y = add_members(b, node), #node.members
        z = node.error_name and b.name(node.error_name, node.where) or NONE
    elseif kind == KIND.list then
        x, y = element(b, node, "member"), node.limits
    elseif kind == KIND.map then
        x, y, z = element(b, node, "key"), element(b, node, "value"), node.limits
    elseif kind == KIND.string then
        y, z = node.enum, node.pattern
    elseif kind == KIND.timestamp then
        x = node.format
    end
    return { kind, node.flags, x, y, z }
end

local function add_names(b, node)
    local first, second = node.names[1], node.names[2]
    if first or second then
        b.elements[#b.elements + 1] = { node.class, b.optional_name(first, node.where),
            b.optional_name(second, node.where) }
    end
end

--- One class for each shape.
function shapes.keep_all(nodes, order)
    for i, id in ipairs(order) do
        at_most(NONE, i, "shapes before and with it", nodes[id].where)
        nodes[id].class = i - 1
    end
end

--- Notes the classes of structures that are in the shape, itself included.
local function note_answered(b, id, classes, visited)
    local node = b.nodes[id]
    if visited[id] then
        return
    end
    visited[id] = true
    classes[node.class] = node.kind == KIND.structure or node.kind == KIND.union
    for _, member in ipairs(node.members) do
        note_answered(b, member.to, classes, visited)
    end
    for _, role in ipairs(ROLES) do
        if node[role] then
            note_answered(b, node[role], classes, visited)
        end
    end
end

--- @param outputs string[] the shapes that operations answer with
function shapes.add(b, classify, outputs)
    classify(b.nodes, b.order)
    local answered, visited = {}, {}
    for _, id in ipairs(outputs) do
        note_answered(b, id, answered, visited)
    end
    for _, id in ipairs(b.order) do
        local node = b.nodes[id]
        if not b.shapes[node.class + 1] then
            local record = shape_record(b, node)
            add_names(b, node)
            record[2] = record[2] + (answered[node.class] and ANSWERED or 0)
            b.shapes[node.class + 1] = record
            b.places.shapes[node.class + 1] = node.where
        end
    end
    table.sort(b.elements, function(x, y)
        return x[1] < y[1]
    end)
end

--- The node at the end of a dotted path through structures; nil if there is none.
function shapes.at(b, id, path)
    for part in path:gmatch "[^.]+" do
        local found
        for _, member in ipairs(id and b.nodes[id].members or {}) do
            found = found or (member.name == part and member.to)
        end
        id = found
    end
    return id and b.nodes[id]
end

return shapes
