--- What can be waited for.
local check = require "bedrock.facts.check"
local names = require "bedrock.facts.names"
local shapes = require "bedrock.facts.shapes"

local fail, shown, want, text = check.fail, check.shown, check.want, check.text
local one_of, list, u16, at_most = check.one_of, check.list, check.u16, check.at_most

local STATE = { success = 0, failure = 1, retry = 2 }

local waiters = {}

local MATCHERS = { path = true, error = true }

local function add_acceptor(b, op, fact, where)
    one_of(MATCHERS, fact.matcher, where .. ".matcher")
    local path = fact.matcher == "path" and want(fact.argument, "string", where .. ".argument") or nil
    if path and not shapes.at(b, op.output, path) then
        fail(where .. ".argument", "there is no " .. shown(path))
    end
    b.acceptors[#b.acceptors + 1] = {
        b.optional_name(path, where), b.name(want(fact.expected, "string", where .. ".expected"), where),
        one_of(STATE, fact.state, where .. ".state"),
    }
end

local function add_waiter(b, index, service, name)
    local fact, where = service.waiters[name], "the waiter " .. text(name, "^%a%w*$", "waiters")
    local op = b.op_index[index .. "/" .. want(fact.operation, "string", where .. ".operation")]
        or fail(where, "there is no operation " .. shown(fact.operation))
    local acceptors = list(fact.acceptors, "table", where .. ".acceptors")
    at_most(check.NONE, #b.acceptors + #acceptors, "acceptors, with those of other waiters", where)
    b.waiters[#b.waiters + 1] = {
        b.name(names.snake_case(name), where), op, u16(fact.delay, where .. ".delay"),
        u16(fact.maxAttempts, where .. ".maxAttempts"), #b.acceptors, #acceptors,
    }
    for _, acceptor in ipairs(acceptors) do
        add_acceptor(b, b.operations[op + 1], acceptor, where)
    end
end

function waiters.add(b)
    for i, service in ipairs(b.services) do
        for _, name in ipairs(b.sorted(check.names(service.waiters, "waiters"))) do
            add_waiter(b, i - 1, service, name)
        end
    end
end

return waiters
