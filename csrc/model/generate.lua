--- Turns the facts (facts/*.json) into tables.c. Needs Lua 5.4 and sha256sum.
--
--     lua5.4 csrc/model/generate.lua csrc/model/facts > csrc/model/tables.c
--
-- lua/bedrock/facts.lua makes the records; here equal shapes are merged over all services (partition
-- refinement): two shapes are one if they have the same kind, limits and members in the same order, and
-- their members' shapes are one. Names of shapes are dropped, except those of errors. Output depends on nothing but
-- the facts. A file pins.json among them says which service a flat name belongs to.
local here = arg[0]:match "^(.*)/[^/]*$" or "."
package.path = here .. "/../../lua/?.lua;" .. package.path
local facts = require "bedrock.facts"
local sorted_keys = require "bedrock.base.sorted_keys"
local json = dofile(here .. "/json_in_order.lua")
local names = dofile(here .. "/names.lua")(here)

local FORMAT_VERSION = 5

--- These first, so that their names lie close together; others follow in alphabetical order.
local FIRST = {
    "bedrock-runtime", "bedrock", "bedrock-agent", "bedrock-agent-runtime", "bedrock-agentcore",
    "bedrock-agentcore-control", "bedrock-data-automation", "bedrock-data-automation-runtime",
    "rolesanywhere", "sts",
}

local facts_dir = assert(arg[1], "usage: generate.lua FACTS_DIR > tables.c")

local function read(path)
    local file = io.open(path, "rb")
    local text = file and file:read("a")
    if file then
        file:close()
    end
    return text
end

local function decoded(name)
    local text = read(facts_dir .. "/" .. name .. ".json")
    return json.decode(text or error(name .. ": no such facts"))
end

local function quoted(path)
    return "'" .. path:gsub("'", "'\\''") .. "'"
end

local function facts_files()
    local files = {}
    local pipe = assert(io.popen("ls " .. quoted(facts_dir)))
    for line in pipe:lines() do
        files[#files + 1] = line:match "^(.*)%.json$"
    end
    pipe:close()
    table.sort(files)
    return files
end

local OTHERS = { endpoints = true, pins = true }

local function service_order(files)
    local order, seen = {}, {}
    for _, list in ipairs { FIRST, files } do
        for _, name in ipairs(list) do
            if not seen[name] and not OTHERS[name] then
                seen[name] = true
                order[#order + 1] = name
            end
        end
    end
    return order
end

local files = facts_files()
local services = {}
for i, name in ipairs(service_order(files)) do
    services[i] = decoded(name)
    assert(services[i].service.id == name, name .. ": is of another service")
end
local endpoints = decoded "endpoints"
local pins = read(facts_dir .. "/pins.json") and decoded "pins"

-- Merging equal shapes ----------------------------------------------------------------------------

local function signature(nodes, node)
    local parts = {
        node.kind, node.flags, node.limits, node.enum, node.pattern, node.format, node.error_name or "",
        node.names[1] or "", node.names[2] or "",
    }
    for _, role in ipairs { "member", "key", "value" } do
        parts[#parts + 1] = node[role] and nodes[node[role]].class or "-"
    end
    for _, member in ipairs(node.members) do
        parts[#parts + 1] = table.concat({
            member.name, member.bits, member.wire or "", member.rank, nodes[member.to].class,
        }, "\1")
    end
    return table.concat(parts, "\2")
end

--- One round: shapes that look the same, as far as the last round told them apart.
local function refine(nodes, order)
    local classes, next_class = facts.interner "shapes", {}
    for i, id in ipairs(order) do
        next_class[i] = classes.add(signature(nodes, nodes[id]), id)
    end
    for i, id in ipairs(order) do
        nodes[id].class = next_class[i]
    end
    return #classes.items
end

local function merge(nodes, order)
    for _, id in ipairs(order) do
        nodes[id].class = 0
    end
    local count, previous = 1, 0
    while count ~= previous do
        count, previous = refine(nodes, order), count
    end
end

local tables = facts.records(services, {
    name = names.add, pattern_name = names.add_pattern, pins = pins, classify = merge, keys = json.keys,
    sorted = sorted_keys, -- by their bytes, as this program sets no locale
})

local fragments = names.pack(tables.patterns)
local chunks, places = names.lay_out()

-- Regions -----------------------------------------------------------------------------------------

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

local function limit(value)
    if value == math.huge or value == -math.huge then
        return value > 0 and "INFINITY" or "-INFINITY"
    end
    return string.format("%.17g", value)
end

local limits = {}
for i, pair in ipairs(tables.limits) do
    limits[i] = { limit(pair[1]), limit(pair[2]) }
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

local function put_text()
    put "static const struct {"
    for i, chunk in ipairs(chunks) do
        put("    char c%d[%d];", i, #chunk + 1)
    end
    put "} name_text = {"
    for _, chunk in ipairs(chunks) do
        local lines = c_literal_lines(chunk)
        for i, line in ipairs(lines) do
            put('    "%s"%s', line, i == #lines and "," or "")
        end
    end
    put "};\n"
end

local function facts_hash()
    local paths = {}
    for i, file in ipairs(files) do
        paths[i] = quoted(facts_dir .. "/" .. file .. ".json")
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
put_text()
put_array("static const uint32_t name_places[]", strings(places))
put_array("static const br_shape shapes[]", records(tables.shapes))
put_array("static const br_member members[]", records(tables.members))
put_array("static const br_op ops[]", records(tables.ops))
put_array("static const uint16_t flat[]", strings(tables.flat))
put_array("static const br_service services[]", records(tables.services))
put_array("static const br_limits limits[]", records(limits))
put_array("static const uint16_t enums[]", strings(tables.enums))
put_array("static const uint16_t error_lists[]", strings(tables.error_lists))
put_array("static const uint16_t wires[][2]", records(tables.wires))
local elements = records(tables.elements)
if #elements == 0 then
    elements[1] = "{0}"
end
put_array("static const uint16_t elements[][3]", elements)
put_array("static const uint16_t patterns[]", strings(tables.patterns))
put_array("static const uint16_t fragments[]", strings(fragments))
put_array("static const br_paginator paginators[]", records(tables.paginators))
put_array("static const br_waiter waiters[]", records(tables.waiters))
put_array("static const br_acceptor acceptors[]", records(tables.acceptors))
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
    .names_size = sizeof name_text,
    .name_places = name_places,
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
    .limit_count = %d,
    .enums = enums,
    .enum_count = %d,
    .error_lists = error_lists,
    .error_list_count = %d,
    .wires = wires,
    .wire_count = %d,
    .elements = elements,
    .element_count = %d,
    .patterns = patterns,
    .pattern_count = %d,
    .fragments = fragments,
    .fragment_count = %d,
    .paginators = paginators,
    .paginator_count = %d,
    .waiters = waiters,
    .waiter_count = %d,
    .acceptors = acceptors,
    .acceptor_count = %d,
    .partitions = partitions,
    .partition_count = %d,
    .regions = regions,
    .region_count = %d,
};]], FORMAT_VERSION, facts_hash(), facts_source(), #names.texts, #tables.shapes,
    #tables.members, #tables.ops, #tables.services, #limits, #tables.enums, #tables.error_lists, #tables.wires,
    #tables.elements, #tables.patterns, #fragments, #tables.paginators, #tables.waiters, #tables.acceptors,
    #partition_lines, #regions)

io.write(table.concat(out, "\n"), "\n")
io.stderr:write(string.format("%d operations, %d shapes, %d members, %d names (%d bytes)\n",
    #tables.ops, #tables.shapes, #tables.members, #names.texts, #table.concat(chunks)))
