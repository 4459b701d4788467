--- From facts (JSON in the form of csrc/model/facts, decoded) to the records of csrc/model/model.h.
--- The generator of the built-in tables uses it, and bedrock.load_api at run time; so it needs
--- nothing but Lua, and takes nothing in its input for granted. What is wrong is raised as a text.
local facts = {}

local NONE = 0xFFFF
local MEMBERS_MAX = 256
local PATTERN_MAX = 4000

local KIND = {
    structure = 0, union = 1, list = 2, map = 3, string = 4, blob = 5, boolean = 6, integer = 7,
    long = 8, float = 9, double = 10, number = 10, timestamp = 11, document = 12,
}
local SHAPE_FLAGS = { sensitive = 0x01, sparse = 0x02, event = 0x04, eventstream = 0x08, error = 0x10 }
local LOCATION = { uri = 1, querystring = 2, header = 3, statusCode = 4 }
local METHOD = { GET = 0, POST = 1, PUT = 2, DELETE = 3, PATCH = 4, HEAD = 5 }
local PROTOCOL = { ["rest-json"] = 0, json = 1, query = 2 }
local TIME = { iso8601 = 0, unixTimestamp = 1, rfc822 = 2 }
local AUTH = { ["aws.auth#sigv4"] = 1, ["smithy.api#httpBearerAuth"] = 2 }
local STATE = { success = 0, failure = 1, retry = 2 }

--- Made up like tokens when absent, but they name a session and do not make a repeat harmless.
local SESSION_MEMBERS = { runtimeSessionId = true }

local function fail(where, what)
    error(where .. ": " .. what, 0)
end

local function shown(value)
    if type(value) == "string" then
        return '"' .. value:sub(1, 80) .. '"'
    end
    return type(value) == "table" and "a table" or tostring(value)
end

local function want(value, kind, where)
    if type(value) ~= kind then
        fail(where, "must be a " .. kind .. ", got a " .. type(value))
    end
    return value
end

local function text(value, pattern, where)
    if not want(value, "string", where):find(pattern) then
        fail(where, "cannot be " .. shown(value))
    end
    return value
end

local function one_of(choices, value, where)
    return choices[value] or fail(where, "cannot be " .. shown(value))
end

--- The entries of a list that may be absent, all of one type.
local function list(value, kind, where)
    local copy = {}
    for i, entry in ipairs(value == nil and {} or want(value, "table", where)) do
        copy[i] = want(entry, kind, where)
    end
    return copy
end

local function u16(number, where)
    if type(number) ~= "number" or number % 1 ~= 0 or number < 0 or number > NONE then
        fail(where, "does not fit 16 bits: " .. shown(number))
    end
    return math.floor(number)
end

--- Strings by their bytes, whatever the locale; the tables are searched in that order.
local function before(x, y)
    for i = 1, math.min(#x, #y) do
        local a, b = x:byte(i), y:byte(i)
        if a ~= b then
            return a < b
        end
    end
    return #x < #y
end

local function sorted_keys(map, where)
    local keys = {}
    for key, value in pairs(map) do
        want(key, "string", where)
        want(value, "table", where .. "." .. key)
        keys[#keys + 1] = key
    end
    table.sort(keys, before)
    return keys
end

--- A table in which equal keys get the same index, counted from 0.
local function interner(what)
    local self = { items = {}, index = {} }
    function self.add(key, item)
        local i = self.index[key]
        if not i then
            i = #self.items
            if i >= NONE then
                fail(what, "more than " .. NONE .. " entries")
            end
            self.items[i + 1] = item
            self.index[key] = i
        end
        return i
    end
    return self
end
facts.interner = interner

--- Lists of equal contents share one place in a flat array of {count, items...}.
local function list_pool(what)
    local self = { flat = {}, index = {} }
    function self.add(items)
        if #items == 0 then
            return NONE
        end
        local key = table.concat(items, ",")
        local at = self.index[key]
        if not at then
            at = #self.flat
            if at >= NONE then
                fail(what, "full")
            end
            self.index[key] = at
            self.flat[at + 1] = u16(#items, what)
            for i, item in ipairs(items) do
                self.flat[at + 1 + i] = item
            end
        end
        return at
    end
    return self
end

--- "MemoryCreated" -> "memory_created"
local function snake_case(name)
    name = name:gsub("(%l)(%u)", "%1_%2"):gsub("(%u)(%u%l)", "%1_%2")
    return name:lower()
end

local NAMESPACES = { rolesanywhere = "roles_anywhere" }

--- The namespace of a service in Lua: without "bedrock-", and with _ for -.
--- @param id string
--- @return string
function facts.namespace(id)
    local short = id:gsub("^bedrock%-", ""):gsub("%-", "_")
    return NAMESPACES[id] or short
end

-- Shapes ------------------------------------------------------------------------------------------

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
    return b.limits.add(("%.17g,%.17g"):format(low, high), { low, high })
end

local function enum_of(b, shape, where)
    local values = list(shape.enum, "string", where .. ".enum")
    table.sort(values, before)
    for i, value in ipairs(values) do
        values[i] = b.name(value)
    end
    return b.enums.add(values)
end

local function pattern_of(b, shape, where)
    local pattern = shape.pattern
    if pattern == nil then
        return NONE
    end
    if #want(pattern, "string", where .. ".pattern") > PATTERN_MAX then
        fail(where .. ".pattern", "longer than " .. PATTERN_MAX .. " bytes")
    end
    return b.patterns.add(pattern, b.name(pattern))
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
    local bits = fact.loc == nil and 0 or one_of(LOCATION, fact.loc, where .. ".loc")
    return bits + (is_in(required, name) and 0x08 or 0) + (fact.idem and 0x10 or 0)
        + (shape.payload == name and 0x20 or 0) + (fact.wire and 0x40 or 0)
        + (fact.deprecated and 0x80 or 0)
end

local function members_of(node, shape, where)
    local members = want(shape.members or {}, "table", where .. ".members")
    local required = list(shape.required, "string", where .. ".required")
    for _, name in ipairs(sorted_keys(members, where .. ".members")) do
        local fact, at = members[name], where .. ".members." .. text(name, "^[%w_.:-]+$", where)
        if fact.wire ~= nil then
            text(fact.wire, "^[%w_.-]+$", at .. ".wire")
        end
        node.members[#node.members + 1] = {
            name = name,
            wire = fact.wire,
            idem = fact.idem,
            bits = member_bits(shape, name, fact, required, at),
            shape = want(fact.shape, "string", at .. ".shape"),
        }
    end
    if #node.members > MEMBERS_MAX then
        fail(where, "more than " .. MEMBERS_MAX .. " members")
    end
end

--- The name of an error is what services send: a code if it has one, else the shape's name.
local function error_name(shape, name, where)
    if not shape.error then
        return nil
    end
    local code = type(shape.error) == "table" and shape.error.code
    return code and want(code, "string", where .. ".error.code") or name
end

local function new_node(b, shape, name, where)
    local node = {
        where = where,
        kind = kind_of(shape, where),
        flags = shape_flags(shape),
        limits = limits_of(b, shape, where),
        enum = enum_of(b, shape, where),
        pattern = pattern_of(b, shape, where),
        error_name = error_name(shape, name, where),
        members = {},
    }
    node.format = node.kind == KIND.timestamp
        and one_of(TIME, shape.timestampFormat or "unixTimestamp", where .. ".timestampFormat") or NONE
    members_of(node, shape, where)
    return node
end

local ROLES = { "member", "key", "value" }

--- Every shape that is reached, by "service/shape".
local function visit(b, service, name)
    local id = service.service.id .. "/" .. name
    if b.nodes[id] then
        return id
    end
    local shape = want(service.shapes[name], "table", id)
    local node = new_node(b, shape, name, id)
    b.nodes[id] = node
    b.order[#b.order + 1] = id
    for _, member in ipairs(node.members) do
        member.to = visit(b, service, member.shape)
    end
    for _, role in ipairs(ROLES) do
        local target = shape[role]
        if target ~= nil then
            target = type(target) == "table" and target.shape or target
            node[role] = visit(b, service, want(target, "string", id .. "." .. role))
        end
    end
    return id
end

local function class_of(b, id)
    return b.nodes[id].class
end

local function add_members(b, node)
    local first = #b.members
    for _, member in ipairs(node.members) do
        if member.wire then
            b.wires[#b.wires + 1] = { u16(#b.members, "members"), b.name(member.wire) }
        end
        b.members[#b.members + 1] = { b.name(member.name), class_of(b, member.to), member.bits }
    end
    return #node.members > 0 and u16(first, "members") or 0
end

local function element(b, node, role)
    return class_of(b, node[role] or fail(node.where, "has no " .. role))
end

local function shape_record(b, node)
    local kind = node.kind
    local x, y, z = node.limits, NONE, NONE
    if kind == KIND.structure or kind == KIND.union then
        x, y = add_members(b, node), #node.members
        z = node.error_name and b.name(node.error_name) or NONE
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

--- One class for each shape.
local function keep_all(nodes, order)
    for i, id in ipairs(order) do
        nodes[id].class = u16(i - 1, "shapes")
    end
end

local function add_shapes(b, classify)
    classify(b.nodes, b.order)
    for _, id in ipairs(b.order) do
        local node = b.nodes[id]
        if not b.shapes[node.class + 1] then
            b.shapes[node.class + 1] = shape_record(b, node)
        end
    end
end

-- Operations --------------------------------------------------------------------------------------

--- Labels are members of the input, of its strings; {name+} may take several segments.
local function check_uri(op, input, where)
    local rest = text(op.uri, "^/[!-~]*$", where):gsub("{([^{}+]*)%+?}", function(label)
        for _, member in ipairs(input and input.members or {}) do
            if member.name == label and member.bits % 8 == LOCATION.uri then
                return ""
            end
        end
        fail(where, "its input has no member for the label {" .. label .. "}")
    end)
    if rest:find "[{}?#]" then
        fail(where, "cannot be " .. shown(op.uri))
    end
end

local function side(b, service, name, where)
    if name == nil then
        return nil
    end
    local id = visit(b, service, want(name, "string", where))
    if b.nodes[id].kind ~= KIND.structure then
        fail(where, "must be a structure")
    end
    return id
end

local function add_operation(b, index, service, name)
    local fact = service.operations[name]
    local where = service.service.id .. "." .. text(name, "^%a%w*$", service.service.id)
    local op = { name = name, fact = fact, service = index, errors = {}, where = where }
    text(fact.snake, "^%l[%l%d_]*$", where .. ".snake")
    op.input = side(b, service, fact["in"], where .. ".in")
    op.output = side(b, service, fact.out, where .. ".out")
    check_uri(fact, op.input and b.nodes[op.input], where .. ".uri")
    for i, error_shape in ipairs(list(fact.errors, "string", where .. ".errors")) do
        op.errors[i] = visit(b, service, error_shape)
    end
    b.operations[#b.operations + 1] = op
end

--- A name that was flat when others got it, too, stays its first owner's.
local function owns_flat_name(b, op)
    local pins = b.pins
    return b.having[op.fact.snake] > 1 and pins ~= nil
        and pins[op.fact.snake] == b.services[op.service + 1].service.id
end

local function op_flags(b, op)
    local fact, token = op.fact, false
    for _, member in ipairs(op.input and b.nodes[op.input].members or {}) do
        token = token or (member.idem and not SESSION_MEMBERS[member.name])
    end
    return (fact.eventOut and 0x01 or 0) + (fact.eventIn and 0x02 or 0) + (fact.readonly and 0x04 or 0)
        + (fact.idempotent and 0x08 or 0) + (fact.authtype == "none" and 0x10 or 0)
        + (fact.streamOut and 0x20 or 0) + (token and 0x40 or 0) + (owns_flat_name(b, op) and 0x80 or 0)
end

local function optional_name(b, value, where)
    return value and b.name(want(value, "string", where)) or NONE
end

local function success_code(code, where)
    code = code == nil and 200 or code
    if type(code) ~= "number" or code % 1 ~= 0 or code < 200 or code > 299 then
        fail(where, "cannot be " .. shown(code))
    end
    return math.floor(code - 200)
end

--- Its errors by name, so that operations with the same ones share a list.
local function error_list(b, op)
    local nodes, classes = {}, {}
    for i, id in ipairs(op.errors) do
        nodes[i] = b.nodes[id]
    end
    table.sort(nodes, function(x, y)
        return before(x.error_name or "", y.error_name or "")
    end)
    for i, node in ipairs(nodes) do
        classes[i] = node.class
    end
    return b.error_lists.add(classes)
end

local function op_record(b, op)
    local fact = op.fact
    return {
        b.name(op.name), b.name(fact.snake), b.name(fact.uri), op.input and class_of(b, op.input) or NONE,
        op.output and class_of(b, op.output) or NONE, error_list(b, op),
        optional_name(b, fact.eventOut, op.where .. ".eventOut"), op.service,
        one_of(METHOD, fact.method, op.where .. ".method"), success_code(fact.code, op.where .. ".code"),
        op_flags(b, op),
    }
end

local function add_op_records(b)
    for _, op in ipairs(b.operations) do
        b.having[op.fact.snake] = (b.having[op.fact.snake] or 0) + 1
    end
    table.sort(b.operations, function(x, y)
        if x.service ~= y.service then
            return x.service < y.service
        end
        return before(x.fact.snake, y.fact.snake)
    end)
    for i, op in ipairs(b.operations) do
        b.ops[i] = op_record(b, op)
        b.op_index[op.service .. "/" .. op.name] = i - 1
        b.flat[i] = i - 1
    end
    table.sort(b.flat, function(x, y)
        local a, c = b.operations[x + 1], b.operations[y + 1]
        if a.fact.snake ~= c.fact.snake then
            return before(a.fact.snake, c.fact.snake)
        end
        return a.service < c.service
    end)
end

local function service_record(b, index, service)
    local fact, first, count = service.service, NONE, 0
    for i, op in ipairs(b.operations) do
        if op.service == index then
            first, count = math.min(first, i - 1), count + 1
        end
    end
    local where, auth = "service " .. fact.id, 0
    for _, scheme in ipairs(list(fact.auth, "string", where .. ".auth")) do
        auth = auth + (AUTH[scheme] or 0)
    end
    local target = fact.targetPrefix ~= nil and text(fact.targetPrefix, "^[%w_.]+$", where .. ".targetPrefix")
    local domain = fact.domain ~= nil and text(fact.domain, "^[%l%d][%l%d.-]*$", where .. ".domain")
    return {
        b.name(fact.id), b.name(facts.namespace(fact.id)),
        b.name(text(fact.endpointPrefix, "^[%l%d][%l%d.-]*$", where .. ".endpointPrefix")),
        b.name(text(fact.signingName, "^[%l%d-]+$", where .. ".signingName")),
        b.name(text(fact.apiVersion, "^[%d-]+$", where .. ".apiVersion")),
        optional_name(b, target, where), optional_name(b, domain, where), first, count,
        one_of(PROTOCOL, fact.protocol, where .. ".protocol"), auth,
    }
end

-- Pages and waiters -------------------------------------------------------------------------------

--- The node at the end of a dotted path through structures; nil if there is none.
local function node_at(b, id, path)
    for part in path:gmatch "[^.]+" do
        local found
        for _, member in ipairs(id and b.nodes[id].members or {}) do
            found = found or (member.name == part and member.to)
        end
        id = found
    end
    return id and b.nodes[id]
end

local function check_paths(b, op, fact, where)
    local ends = { out = op.output, result = op.output, more = op.output, ["in"] = op.input, limit = op.input }
    for key, from in pairs(ends) do
        local path = fact[key]
        if path ~= nil and not node_at(b, from, want(path, "string", where .. "." .. key)) then
            fail(where .. "." .. key, "there is no " .. shown(path))
        end
    end
    if fact["in"] == nil or fact.out == nil or fact.result == nil or fact["in"]:find(".", 1, true)
        or node_at(b, op.output, fact.result).kind ~= KIND.list then
        fail(where, "needs a member in, a path out, and as result the path of a list")
    end
end

--- An operation that takes and gives a nextToken, and one list, pages though no paginator says so.
local function derived_paginator(b, op)
    if not (node_at(b, op.input, "nextToken") and node_at(b, op.output, "nextToken")) then
        return nil
    end
    local result
    for _, member in ipairs(b.nodes[op.output].members) do
        if b.nodes[member.to].kind == KIND.list then
            if result then
                return nil
            end
            result = member.name
        end
    end
    local limit = node_at(b, op.input, "maxResults") and "maxResults" or nil
    return result and { ["in"] = "nextToken", out = "nextToken", limit = limit, result = result }
end

local function add_paginators(b)
    for i, op in ipairs(b.operations) do
        local declared = b.services[op.service + 1].paginators[op.name]
        local fact = declared or derived_paginator(b, op)
        if fact then
            check_paths(b, op, want(fact, "table", op.where), "the paginator of " .. op.where)
            b.paginators[#b.paginators + 1] = {
                i - 1, b.name(fact["in"]), b.name(fact.out), optional_name(b, fact.limit), b.name(fact.result),
                optional_name(b, fact.more),
            }
        end
    end
end

local MATCHERS = { path = true, error = true }

local function add_acceptor(b, op, fact, where)
    one_of(MATCHERS, fact.matcher, where .. ".matcher")
    local path = fact.matcher == "path" and want(fact.argument, "string", where .. ".argument") or nil
    if path and not node_at(b, op.output, path) then
        fail(where .. ".argument", "there is no " .. shown(path))
    end
    b.acceptors[#b.acceptors + 1] = {
        optional_name(b, path), b.name(want(fact.expected, "string", where .. ".expected")),
        one_of(STATE, fact.state, where .. ".state"),
    }
end

local function add_waiter(b, index, service, name)
    local fact, where = service.waiters[name], "the waiter " .. text(name, "^%a%w*$", "waiters")
    local op = b.op_index[index .. "/" .. want(fact.operation, "string", where .. ".operation")]
        or fail(where, "there is no operation " .. shown(fact.operation))
    local acceptors = list(fact.acceptors, "table", where .. ".acceptors")
    b.waiters[#b.waiters + 1] = {
        b.name(snake_case(name)), op, u16(fact.delay, where .. ".delay"),
        u16(fact.maxAttempts, where .. ".maxAttempts"), #b.acceptors, #acceptors,
    }
    for _, acceptor in ipairs(acceptors) do
        add_acceptor(b, b.operations[op + 1], acceptor, where)
    end
end

local function add_waiters(b)
    for i, service in ipairs(b.services) do
        for _, name in ipairs(sorted_keys(service.waiters, "waiters")) do
            add_waiter(b, i - 1, service, name)
        end
    end
end

-- All of it ---------------------------------------------------------------------------------------

local SECTIONS = { "service", "operations", "shapes", "paginators", "waiters" }

local function check_service(service)
    want(service, "table", "the facts")
    for _, section in ipairs(SECTIONS) do
        want(service[section], "table", section)
    end
    text(service.service.id, "^%l[%l%d-]*$", "service.id")
    if #service.service.id > 63 then
        fail("service.id", "longer than 63 bytes")
    end
end

local function plain_names()
    local names = interner "names"
    return function(value)
        return names.add(value, value)
    end, names.items
end

local function new_builder(services, options)
    local name, names = options.name, nil
    if not name then
        name, names = plain_names()
    end
    return {
        services = services, name = name, names = names, pins = options.pins, having = {},
        limits = interner "limits", patterns = interner "patterns",
        enums = list_pool "enums", error_lists = list_pool "error lists",
        nodes = {}, order = {}, operations = {}, op_index = {},
        shapes = {}, members = {}, wires = {}, ops = {}, flat = {}, service_records = {},
        paginators = {}, waiters = {}, acceptors = {},
    }
end

--- @class bedrock.RecordOptions
--- @field name nil|fun(text: string): integer gives each different text an index; else `names` has them
--- @field pins table<string, string|false>|nil flat name to the service that owns it
--- @field classify nil|fun(nodes: table, order: string[]) sets the class of each shape: equal shapes may share one

--- @param services table[] one decoded facts file for each service
--- @param options bedrock.RecordOptions?
--- @return table records lists of records, their fields in the order of model.h
function facts.records(services, options)
    options = options or {}
    local b = new_builder(services, options)
    for i, service in ipairs(services) do
        check_service(service)
        for _, name in ipairs(sorted_keys(service.operations, "operations")) do
            add_operation(b, i - 1, service, name)
        end
    end
    add_shapes(b, options.classify or keep_all)
    add_op_records(b)
    for i, service in ipairs(services) do
        b.service_records[i] = service_record(b, i - 1, service)
    end
    add_paginators(b)
    add_waiters(b)
    return {
        names = b.names, shapes = b.shapes, members = b.members, ops = b.ops, flat = b.flat,
        services = b.service_records, limits = b.limits.items, enums = b.enums.flat,
        error_lists = b.error_lists.flat, wires = b.wires, patterns = b.patterns.items,
        paginators = b.paginators, waiters = b.waiters, acceptors = b.acceptors,
    }
end

return facts
