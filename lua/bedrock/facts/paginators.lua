--- Lists that come in pages: what the facts say of them, and what they need not say.
local check = require "bedrock.facts.check"
local shapes = require "bedrock.facts.shapes"

local fail, shown, want = check.fail, check.shown, check.want

local paginators = {}

local function check_paths(b, op, fact, where)
    local ends = { out = op.output, result = op.output, more = op.output, ["in"] = op.input, limit = op.input }
    for _, key in ipairs { "in", "limit", "more", "out", "result" } do
        local path, from = fact[key], ends[key]
        if path ~= nil and not shapes.at(b, from, want(path, "string", where .. "." .. key)) then
            fail(where .. "." .. key, "there is no " .. shown(path))
        end
    end
    if fact["in"] == nil or fact.out == nil or fact.result == nil or fact["in"]:find(".", 1, true)
        or shapes.at(b, op.output, fact.result).kind ~= shapes.KIND.list then
        fail(where, "needs a member in, a path out, and as result the path of a list")
    end
end

--- An operation that takes and gives a nextToken, and one list, pages though no paginator says so.
local function derived_paginator(b, op)
    if not (shapes.at(b, op.input, "nextToken") and shapes.at(b, op.output, "nextToken")) then
        return nil
    end
    local result
    for _, member in ipairs(b.nodes[op.output].members) do
        if b.nodes[member.to].kind == shapes.KIND.list then
            if result then
                return nil
            end
            result = member.name
        end
    end
    local limit = shapes.at(b, op.input, "maxResults") and "maxResults" or nil
    return result and { ["in"] = "nextToken", out = "nextToken", limit = limit, result = result }
end

function paginators.add(b)
    for i, op in ipairs(b.operations) do
        local declared = b.services[op.service + 1].paginators[op.name]
        local fact = declared or derived_paginator(b, op)
        if fact then
            local where = "the paginator of " .. op.where
            check_paths(b, op, want(fact, "table", op.where), where)
            b.paginators[#b.paginators + 1] = {
                i - 1, b.name(fact["in"], where), b.name(fact.out, where), b.optional_name(fact.limit, where),
                b.name(fact.result, where), b.optional_name(fact.more, where),
            }
        end
    end
end

return paginators
