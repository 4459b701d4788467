--- From facts (JSON in the form of csrc/model/facts, decoded) to the records of csrc/model/model.h.
--- The generator of the built-in tables uses it, and bedrock.load_api at run time; so it needs
--- nothing but Lua, and checks all of its input. What is wrong is raised as a text.
local check = require "bedrock.facts.check"
local names_of = require "bedrock.facts.names"
local operations = require "bedrock.facts.operations"
local paginators = require "bedrock.facts.paginators"
local pools = require "bedrock.facts.pools"
local shapes = require "bedrock.facts.shapes"
local waiters = require "bedrock.facts.waiters"

local fail, want, text, at_most = check.fail, check.want, check.text, check.at_most

local facts = {
    interner = pools.interner,
    namespace = names_of.namespace,
}

local ID_MAX = 63
--- Bytes of a name, and of all: what model.h has room for.
local NAME_MAX, NAMES_MAX = 4095, 1048575

local SECTIONS = { "service", "operations", "shapes", "paginators", "waiters" }

local function check_service(service)
    want(service, "table", "the facts")
    for _, section in ipairs(SECTIONS) do
        want(service[section], "table", section)
    end
    text(service.service.id, "^%l[%l%d-]*$", "service.id")
    at_most(ID_MAX, #service.service.id, "bytes", "service.id")
end

local function plain_names()
    local names, bytes = pools.interner "names", 0
    return function(value, where)
        if not names.index[value] then
            bytes = bytes + #value
            if #value > NAME_MAX then
                fail(where, ("%s has %d bytes, and %d are the most"):format(check.shown(value), #value, NAME_MAX))
            end
            at_most(NAMES_MAX, bytes, "bytes with all other names", where)
        end
        return names.add(value, value, where)
    end, names.items
end

local function new_builder(services, options)
    local name, names = options.name, nil
    if not name then
        name, names = plain_names()
    end
    local function optional_name(value, where)
        return value and name(want(value, "string", where), where) or check.NONE
    end
    return {
        services = services, name = name, optional_name = optional_name, names = names,
        pattern_name = options.pattern_name or name,
        pins = options.pins, having = {}, keys = options.keys, sorted = options.sorted,
        limits = pools.interner "pairs of min and max", patterns = pools.interner "patterns",
        enums = pools.lists "enumerations", error_lists = pools.lists "lists of errors",
        nodes = {}, order = {}, operations = {}, op_index = {},
        shapes = {}, members = {}, wires = {}, elements = {}, ops = {}, flat = {}, service_records = {},
        paginators = {}, waiters = {}, acceptors = {}, places = { ops = {}, shapes = {} },
    }
end

--- @class bedrock.RecordOptions
--- @field name nil|fun(text: string): integer gives each different text an index; else `names` has them
--- @field keys fun(object: table): string[] the keys of a table of the facts, in their order there
--- @field sorted fun(set: table<string, any>): string[] the keys of a table by their bytes, as the tables are searched
--- @field pins table<string, string|false>|nil flat name to the service that owns it
--- @field classify nil|fun(nodes: table, order: string[]) sets the class of each shape: equal shapes may share one

--- @param services table[] one decoded facts file for each service
--- @param options bedrock.RecordOptions
--- @return table records lists of records, their fields in the order of model.h; `places`: where operations and
--- shapes are in the facts
function facts.records(services, options)
    local b = new_builder(services, options)
    for i, service in ipairs(services) do
        check_service(service)
        for _, name in ipairs(b.sorted(check.names(service.operations, "operations"))) do
            operations.add(b, i - 1, service, name)
        end
    end
    shapes.add(b, options.classify or shapes.keep_all, operations.outputs(b))
    operations.add_records(b)
    for i, service in ipairs(services) do
        b.service_records[i] = operations.service_record(b, i - 1, service)
    end
    paginators.add(b)
    waiters.add(b)
    return {
        names = b.names, shapes = b.shapes, members = b.members, ops = b.ops, flat = b.flat,
        services = b.service_records, limits = b.limits.items, enums = b.enums.flat,
        error_lists = b.error_lists.flat, wires = b.wires, elements = b.elements, patterns = b.patterns.items,
        paginators = b.paginators, waiters = b.waiters, acceptors = b.acceptors, places = b.places,
    }
end

return facts
