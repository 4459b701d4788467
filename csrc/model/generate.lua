--- Turns the facts (facts/*.json) into tables.c. Needs Lua 5.4, lua-cjson and sha256sum.
--
--     lua5.4 csrc/model/generate.lua csrc/model/facts > csrc/model/tables.c
--
-- Equal shapes are merged over all services (partition refinement): two shapes are one if they have
-- the same kind, limits and members, and their members' shapes are one. Names of shapes are dropped,
-- except those of errors. Output depends on nothing but the facts.
local cjson = require "cjson"

local FORMAT_VERSION = 1
local NONE = 0xFFFF

local SERVICES = {
    { "bedrock-runtime", "runtime" },
    { "bedrock", "bedrock" },
    { "bedrock-agent", "agent" },
    { "bedrock-agent-runtime", "agent_runtime" },
    { "bedrock-agentcore", "agentcore" },
    { "bedrock-agentcore-control", "agentcore_control" },
    { "bedrock-data-automation", "data_automation" },
    { "bedrock-data-automation-runtime", "data_automation_runtime" },
    { "rolesanywhere", "roles_anywhere" },
    { "sts", "sts" },
}

local KIND = {
    structure = 0, union = 1, list = 2, map = 3, string = 4, blob = 5, boolean = 6, integer = 7,
    long = 8, float = 9, double = 10, number = 10, timestamp = 11, document = 12,
}
local FLAG = { sensitive = 0x01, sparse = 0x02, event = 0x04, eventstream = 0x08, error = 0x10 }
local LOCATION = { uri = 1, querystring = 2, header = 3, statusCode = 4 }
local METHOD = { GET = 0, POST = 1, PUT = 2, DELETE = 3, PATCH = 4, HEAD = 5 }
local PROTOCOL = { ["rest-json"] = 0, json = 1, query = 2 }
local TIME = { iso8601 = 0, unixTimestamp = 1, rfc822 = 2 }

local facts_dir = assert(arg and arg[1], "usage: generate.lua FACTS_DIR > tables.c")

local function read(path)
    local file = assert(io.open(path, "rb"))
    local text = file:read("a")
    file:close()
    return text
end

local function sorted_keys(t)
    local keys = {}
    for k in pairs(t) do
        keys[#keys + 1] = k
    end
    table.sort(keys)
    return keys
end

--- A 16-bit index, or the generator stops.
local function u16(n, what)
    assert(math.type(n) == "integer" and n >= 0 and n <= NONE, what .. ": does not fit 16 bits")
    return n
end

--- A table in which equal keys get the same index, counted from 0.
local function interner(limit_name)
    local self = { items = {}, index = {} }
    function self.add(key, item)
        local i = self.index[key]
        if not i then
            i = #self.items
            assert(i < NONE, limit_name .. ": more than 65534 entries")
            self.items[i + 1] = item
            self.index[key] = i
        end
        return i
    end
    return self
end

--- Lists of equal contents share one place in a flat array of {count, items...}.
local function list_pool(name)
    local self = { flat = {}, index = {} }
    function self.add(items)
        if #items == 0 then
            return NONE
        end
        local key = table.concat(items, ",")
        local at = self.index[key]
        if not at then
            at = u16(#self.flat, name)
            assert(at ~= NONE, name .. ": full")
            self.index[key] = at
            self.flat[#self.flat + 1] = u16(#items, name)
            for _, item in ipairs(items) do
                self.flat[#self.flat + 1] = item
            end
        end
        return at
    end
    return self
end

-- Names: one pool, cut into chunks because C compilers need not take string literals above 4095
-- bytes. A chunk ends in NUL, which gets a name of its own so that offsets stay contiguous.
local CHUNK = 4000
local pool = { chunks = { "" }, offsets = { 0 }, index = {}, length = 0 }

local function append_name(text)
    local last = #pool.chunks
    pool.chunks[last] = pool.chunks[last] .. text
    pool.length = pool.length + #text
    pool.offsets[#pool.offsets + 1] = pool.length
    return u16(#pool.offsets - 2, "names")
end

local function close_chunk()
    pool.length = pool.length + 1
    pool.offsets[#pool.offsets + 1] = pool.length
    pool.chunks[#pool.chunks + 1] = ""
end

local function name(text)
    local i = pool.index[text]
    if not i then
        assert(#text < CHUNK, "a name is too long for a chunk: " .. text)
        if #pool.chunks[#pool.chunks] + #text > CHUNK then
            close_chunk()
        end
        i = append_name(text)
        assert(i ~= NONE, "names: full")
        pool.index[text] = i
    end
    return i
end

local function optional_name(text)
    return text and name(text) or NONE
end

-- Reading the facts -------------------------------------------------------------------------------

local services = {}
for i, entry in ipairs(SERVICES) do
    local data = cjson.decode(read(facts_dir .. "/" .. entry[1] .. ".json"))
    assert(data.service.id == entry[1])
    data.space = entry[2]
    services[i] = data
end
local endpoints = cjson.decode(read(facts_dir .. "/endpoints.json"))

--- Every shape that an operation reaches, by "service/shape".
local nodes, node_order = {}, {}

local function visit(service, shape_name)
    local id = service.service.id .. "/" .. shape_name
    if nodes[id] then
        return id
    end
    local shape = assert(service.shapes[shape_name], id .. ": no such shape")
    local node = { shape = shape, name = shape_name, members = {} }
    nodes[id] = node
    node_order[#node_order + 1] = id
    for _, member_name in ipairs(sorted_keys(shape.members or {})) do
        local member = shape.members[member_name]
        node.members[#node.members + 1] =
            { name = member_name, fact = member, to = visit(service, member.shape) }
    end
    for _, role in ipairs { "member", "key", "value" } do
        if shape[role] then
            local target = shape[role]
            node[role] = visit(service, type(target) == "table" and target.shape or target)
        end
    end
    return id
end

local operations = {}
for service_index, service in ipairs(services) do
    for _, op_name in ipairs(sorted_keys(service.operations)) do
        local fact = service.operations[op_name]
        local op = { name = op_name, fact = fact, service = service_index - 1, errors = {} }
        op.input = fact["in"] and visit(service, fact["in"])
        op.output = fact.out and visit(service, fact.out)
        for _, error_name in ipairs(fact.errors or {}) do
            op.errors[#op.errors + 1] = visit(service, error_name)
        end
        operations[#operations + 1] = op
    end
end

-- Merging equal shapes ----------------------------------------------------------------------------

local limits = interner("limits")

local function limit_index(shape)
    local low, high = shape.min, shape.max
    if not low and not high then
        return NONE
    end
    low = low and string.format("%.17g", low) or "-INFINITY"
    high = high and string.format("%.17g", high) or "INFINITY"
    return limits.add(low .. "," .. high, { low, high })
end

local function kind_of(shape)
    if shape.document then
        return KIND.document
    end
    if shape.type == "structure" and shape.union then
        return KIND.union
    end
    return assert(KIND[shape.type], "unknown type " .. tostring(shape.type))
end

local function flags_of(shape)
    local flags = 0
    for key, bit in pairs(FLAG) do
        if shape[key] then
            flags = flags | bit
        end
    end
    return flags
end

local enums = list_pool("enums")
local patterns = interner("patterns")

local function enum_index(shape)
    local values = {}
    for i, value in ipairs(shape.enum or {}) do
        values[i] = value
    end
    table.sort(values)
    for i, value in ipairs(values) do
        values[i] = name(value)
    end
    return enums.add(values)
end

local function time_format(shape)
    local format = shape.timestampFormat or "unixTimestamp"
    return assert(TIME[format], "unknown timestamp format " .. format)
end

local function member_bits(node, member)
    local fact, bits = member.fact, 0
    if fact.loc then
        bits = assert(LOCATION[fact.loc], "unknown location " .. fact.loc)
    end
    for _, required in ipairs(node.shape.required or {}) do
        if required == member.name then
            bits = bits | 0x08
        end
    end
    return bits | (fact.idem and 0x10 or 0) | (node.shape.payload == member.name and 0x20 or 0)
        | (fact.wire and 0x40 or 0) | (fact.deprecated and 0x80 or 0)
end

for _, id in ipairs(node_order) do
    local node = nodes[id]
    local shape = node.shape
    node.kind, node.flags = kind_of(shape), flags_of(shape)
    node.limits, node.enum = limit_index(shape), enum_index(shape)
    node.pattern = shape.pattern and patterns.add(shape.pattern, name(shape.pattern)) or NONE
    node.format = node.kind == KIND.timestamp and time_format(shape) or NONE
    for _, member in ipairs(node.members) do
        member.bits = member_bits(node, member)
    end
    local error_name = shape.error and (shape.error.code or node.name) or ""
    node.error_name = shape.error and error_name or nil
    node.own = table.concat({
        node.kind, node.flags, node.limits, node.enum, node.pattern, node.format, error_name,
    }, " ")
    node.class = 0
end

local function signature(node)
    local parts = { node.own }
    for _, role in ipairs { "member", "key", "value" } do
        parts[#parts + 1] = node[role] and nodes[node[role]].class or "-"
    end
    for _, member in ipairs(node.members) do
        parts[#parts + 1] = table.concat({
            member.name, member.bits, member.fact.wire or "", nodes[member.to].class,
        }, "\1")
    end
    return table.concat(parts, "\2")
end

local class_count, previous = 1, 0
while class_count ~= previous do
    previous = class_count
    local classes, next_class = interner("shapes"), {}
    for i, id in ipairs(node_order) do
        next_class[i] = classes.add(signature(nodes[id]), id)
    end
    for i, id in ipairs(node_order) do
        nodes[id].class = next_class[i]
    end
    class_count = #classes.items
end

-- Building the records ----------------------------------------------------------------------------

local shapes, members, wires = {}, {}, {}

local function class_of(id)
    return nodes[id].class
end

local function add_members(node)
    if #node.members == 0 then
        return 0
    end
    local first = u16(#members, "members")
    for _, member in ipairs(node.members) do
        if member.fact.wire then
            wires[#wires + 1] = { u16(#members, "members"), name(member.fact.wire) }
        end
        members[#members + 1] = { name(member.name), class_of(member.to), member.bits }
    end
    return first
end

local MEMBERS_MAX = 256

local function record(node)
    local kind = node.kind
    local a, b, c = node.limits, NONE, NONE
    if kind == KIND.structure or kind == KIND.union then
        assert(#node.members <= MEMBERS_MAX, node.name .. ": too many members")
        a, b, c = add_members(node), #node.members, optional_name(node.error_name)
    elseif kind == KIND.list then
        a, b = class_of(node.member), node.limits
    elseif kind == KIND.map then
        a, b, c = class_of(node.key), class_of(node.value), node.limits
    elseif kind == KIND.string then
        a, b, c = node.limits, node.enum, node.pattern
    elseif kind == KIND.timestamp then
        a = node.format
    end
    return { kind, node.flags, a, b, c }
end

for _, id in ipairs(node_order) do
    local node = nodes[id]
    if not shapes[node.class + 1] then
        shapes[node.class + 1] = record(node)
    end
end

local error_lists = list_pool("error lists")

--- Made up like tokens when absent, but they name a session and do not make a repeat harmless.
local SESSION_MEMBERS = { runtimeSessionId = true }

local function op_flags(op)
    local fact, flags = op.fact, 0
    local function set(condition, bit)
        flags = flags | (condition and bit or 0)
    end
    set(fact.eventOut, 0x01)
    set(fact.eventIn, 0x02)
    set(fact.readonly, 0x04)
    set(fact.idempotent, 0x08)
    set(fact.authtype == "none", 0x10)
    set(fact.streamOut, 0x20)
    for _, member in ipairs(op.input and nodes[op.input].members or {}) do
        set(member.fact.idem and not SESSION_MEMBERS[member.name], 0x40)
    end
    return flags
end

table.sort(operations, function(x, y)
    if x.service ~= y.service then
        return x.service < y.service
    end
    return x.fact.snake < y.fact.snake
end)

local function op_record(op)
    local fact, errors = op.fact, {}
    for i, id in ipairs(op.errors) do
        errors[i] = class_of(id)
    end
    table.sort(errors)
    local function structure(id)
        return id and class_of(id) or NONE
    end
    return {
        name(op.name), name(fact.snake), name(fact.uri), structure(op.input), structure(op.output),
        error_lists.add(errors), optional_name(fact.eventOut), op.service,
        assert(METHOD[fact.method], fact.method), (math.tointeger(fact.code or 200) - 200),
        op_flags(op),
    }
end

local op_records, op_index = {}, {}
for i, op in ipairs(operations) do
    op_records[i] = op_record(op)
    op_index[op.service .. "/" .. op.name] = i - 1
end

local flat = {}
for i = 1, #operations do
    flat[i] = i - 1
end
table.sort(flat, function(x, y)
    local a, b = operations[x + 1], operations[y + 1]
    if a.fact.snake ~= b.fact.snake then
        return a.fact.snake < b.fact.snake
    end
    return a.service < b.service
end)

local function auth_mask(auth)
    local mask = 0
    for _, scheme in ipairs(auth) do
        mask = mask | (scheme == "aws.auth#sigv4" and 1 or scheme == "smithy.api#httpBearerAuth" and 2 or 0)
    end
    return mask
end

local function service_record(index, service)
    local fact, first, count = service.service, NONE, 0
    for i, op in ipairs(operations) do
        if op.service == index then
            first, count = math.min(first, i - 1), count + 1
        end
    end
    return {
        name(fact.id), name(service.space), name(fact.endpointPrefix), name(fact.signingName),
        name(fact.apiVersion), optional_name(fact.targetPrefix), first, count,
        assert(PROTOCOL[fact.protocol], fact.protocol), auth_mask(fact.auth),
    }
end

local service_records = {}
for i, service in ipairs(services) do
    service_records[i] = service_record(i - 1, service)
end

--- Two list operations page without having a paginator in the model.
local DERIVED_PAGINATORS = { "ListBrowserSessions", "ListCodeInterpreterSessions" }

local paginators = {}
for i, service in ipairs(services) do
    for _, op_name in ipairs(DERIVED_PAGINATORS) do
        if service.operations[op_name] and not service.paginators[op_name] then
            service.paginators[op_name] =
                { ["in"] = "nextToken", out = "nextToken", limit = "maxResults", result = "items" }
        end
    end
    for op_name, fact in pairs(service.paginators) do
        local op = assert(op_index[(i - 1) .. "/" .. op_name], op_name .. ": no such operation")
        paginators[#paginators + 1] = {
            op, fact["in"], fact.out, fact.limit or false, fact.result, fact.more or false,
        }
    end
end
table.sort(paginators, function(x, y)
    return x[1] < y[1]
end)
for _, paginator in ipairs(paginators) do
    for i = 2, 6 do
        paginator[i] = optional_name(paginator[i])
    end
end

--- The prefixes of a partition's regions, from its pattern: ^(us|eu)\-\w+\-\d+$ or ^us\-iso\-\w+\-\d+$.
local function region_prefixes(pattern)
    local core = assert(pattern:match "^%^(.*)\\%-\\w%+\\%-\\d%+%$$", "region pattern: " .. pattern)
    core = core:gsub("\\%-", "-")
    if core:find "%(" and core:find "|" then
        return assert(core:match "^%(([a-z|]+)%)$", "region pattern: " .. pattern)
    end
    return assert((core:gsub("[()]", "")):match "^[a-z-]+$", "region pattern: " .. pattern)
end

local partition_lines, regions = {}, {}
for i, partition in ipairs(endpoints.partitions) do
    local prefixes = region_prefixes(partition.regionRegex)
    assert(#prefixes < 48 and #partition.id < 16 and #partition.dnsSuffix < 32
        and #partition.dualStackDnsSuffix < 40, partition.id .. ": a text is too long")
    partition_lines[i] = string.format('{"%s", "%s", "%s", "%s", %s, %s},', partition.id,
        partition.dnsSuffix, partition.dualStackDnsSuffix, prefixes,
        tostring(partition.supportsFIPS), tostring(partition.supportsDualStack))
    for _, region in ipairs(partition.regions) do
        if not region:find "%-global$" then
            assert(#region < 24, region)
            regions[#regions + 1] = { region, i - 1 }
        end
    end
end
table.sort(regions, function(x, y)
    return x[1] < y[1]
end)

-- Writing C ---------------------------------------------------------------------------------------

local WIDTH = 98
local out = {}

local function put(format, ...)
    out[#out + 1] = select("#", ...) > 0 and string.format(format, ...) or format
end

--- Fills lines up to the width with comma-separated items.
local function put_items(items)
    local line = "   "
    for _, item in ipairs(items) do
        if #line + #item + 2 > WIDTH then
            put("%s", line)
            line = "   "
        end
        line = line .. " " .. item .. ","
    end
    put("%s", line)
end

local function put_array(declaration, items)
    put("%s = {", declaration)
    put_items(items)
    put "};\n"
end

local function records(rows)
    local items = {}
    for i, row in ipairs(rows) do
        items[i] = "{" .. table.concat(row, ",") .. "}"
    end
    return items
end

local function strings(numbers)
    local items = {}
    for i, number in ipairs(numbers) do
        items[i] = tostring(number)
    end
    return items
end

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["?"] = "\\?" }

local function c_literal_lines(text)
    local lines, line = {}, ""
    for c in text:gmatch "." do
        local shown = ESCAPES[c] or c
        if c:byte() < 32 or c:byte() > 126 then
            shown = string.format("\\%03o", c:byte())
        end
        if #line + #shown > WIDTH - 6 then
            lines[#lines + 1] = line
            line = ""
        end
        line = line .. shown
    end
    lines[#lines + 1] = line
    return lines
end

local function put_names()
    put "static const struct {"
    for i, chunk in ipairs(pool.chunks) do
        put("    char c%d[%d];", i, #chunk + 1)
    end
    put "} name_text = {"
    for _, chunk in ipairs(pool.chunks) do
        local lines = c_literal_lines(chunk)
        for i, line in ipairs(lines) do
            put('    "%s"%s', line, i == #lines and "," or "")
        end
    end
    put "};\n"
end

local function facts_hash()
    local paths = {}
    for _, entry in ipairs(SERVICES) do
        paths[#paths + 1] = entry[1]
    end
    paths[#paths + 1] = "endpoints"
    table.sort(paths)
    for i, path in ipairs(paths) do
        paths[i] = "'" .. facts_dir:gsub("'", "'\\''") .. "/" .. path .. ".json'"
    end
    local pipe = assert(io.popen("cat " .. table.concat(paths, " ") .. " | sha256sum"))
    local hash = assert(pipe:read("l")):match "^(%x+)"
    pipe:close()
    assert(hash and #hash == 64, "sha256sum gave no hash")
    return hash
end

local function facts_source()
    local versions, order = {}, {}
    for _, service in ipairs(services) do
        for source, version in pairs(service.service.sources) do
            if source == "botocore" and not versions[version] then
                versions[version] = true
                order[#order + 1] = "botocore " .. version
            end
        end
    end
    table.sort(order)
    return table.concat(order, ", ") .. " and the newer @aws-sdk schemas"
end

put [[
/* Generated by generate.lua from facts/: change those, not this. */
#include <math.h>

#include "model/model.h"
]]
put_names()
put_array("static const uint32_t name_offsets[]", strings(pool.offsets))
put_array("static const br_shape shapes[]", records(shapes))
put_array("static const br_member members[]", records(members))
put_array("static const br_op ops[]", records(op_records))
put_array("static const uint16_t flat[]", strings(flat))
put_array("static const br_service services[]", records(service_records))
put_array("static const br_limits limits[]", records(limits.items))
put_array("static const uint16_t enums[]", strings(enums.flat))
put_array("static const uint16_t error_lists[]", strings(error_lists.flat))
put_array("static const uint16_t wires[][2]", records(wires))
put_array("static const uint16_t patterns[]", strings(patterns.items))
put_array("static const br_paginator paginators[]", records(paginators))
put "static const br_partition partitions[] = {"
for _, line in ipairs(partition_lines) do
    put("    %s", line)
end
put "};\n"
local region_items = {}
for i, region in ipairs(regions) do
    region_items[i] = string.format('{"%s", %d}', region[1], region[2])
end
put_array("static const br_known_region regions[]", region_items)
put([[
const br_model br_model_builtin = {
    .format_version = %d,
    .facts_hash = "%s",
    .facts_source = "%s",
    .names = (const char *)&name_text,
    .name_offsets = name_offsets,
    .name_count = %d,
    .shapes = shapes,
    .shape_count = %d,
    .members = members,
    .member_count = %d,
    .ops = ops,
    .op_count = %d,
    .flat = flat,
    .services = services,
    .service_count = %d,
    .limits = limits,
    .enums = enums,
    .error_lists = error_lists,
    .wires = wires,
    .wire_count = %d,
    .patterns = patterns,
    .paginators = paginators,
    .paginator_count = %d,
    .partitions = partitions,
    .partition_count = %d,
    .regions = regions,
    .region_count = %d,
};]], FORMAT_VERSION, facts_hash(), facts_source(), #pool.offsets - 1, #shapes, #members,
    #op_records, #service_records, #wires, #paginators, #partition_lines, #regions)

io.write(table.concat(out, "\n"), "\n")
io.stderr:write(string.format("%d operations, %d shapes, %d members, %d names (%d bytes)\n",
    #op_records, #shapes, #members, #pool.offsets - 1, pool.length))
