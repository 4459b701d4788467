--- What the codec can read and write of shapes: a trait that it lacks is refused by name, as what is left out in
--- silence would be read wrong.
local check = require "bedrock.facts.check"

local fail, shown = check.fail, check.shown

local function set(names)
    local all = {}
    for name in names:gmatch "%S+" do
        all[name] = true
    end
    return all
end

local SHAPE = set [[
    box deprecated document enum error event eventstream flattened key max member members min pattern payload required
    sensitive sparse src streaming timestampFormat type union value
]]
local MEMBER = set "attribute deprecated idem jsonvalue loc shape src wire"
local ELEMENT = set "shape wire"

--- Of these the query protocol has no form.
local NOT_QUERY = { "document", "event", "eventstream", "payload", "sparse", "streaming" }

--- What stands outside the body has another usual format than what stands in it.
local TEXTUAL = { header = true, querystring = true, uri = true }

local function check_keys(known, node, where)
    for trait in pairs(type(node) == "table" and node or {}) do
        if not known[trait] then
            fail(where, "has the trait " .. shown(trait) .. ", which this version cannot read or write")
        end
    end
end

local function check_query(shape, where)
    for _, trait in ipairs(NOT_QUERY) do
        if shape[trait] then
            fail(where, 'has the trait "' .. trait .. '", which the query protocol has no form for')
        end
    end
    for name, member in pairs(shape.members or {}) do
        if member.loc ~= nil or member.jsonvalue then
            fail(where .. ".members." .. name, "is not in the body, which the query protocol has no form for")
        end
    end
end

local function check_time(service, member, where)
    local target = TEXTUAL[member.loc] and service.shapes[member.shape]
    if type(target) == "table" and target.type == "list" then
        local element = target.member
        target = element ~= nil and service.shapes[type(element) == "table" and element.shape or element]
    end
    if type(target) == "table" and target.type == "timestamp" and not target.timestampFormat then
        fail(where, "is a time outside the body without a format")
    end
end

local traits = {}

--- @param service table facts of one service
--- @param shape table one of its shapes
function traits.check(service, shape, where)
    check_keys(SHAPE, shape, where)
    for _, role in ipairs { "member", "key", "value" } do
        check_keys(ELEMENT, shape[role], where .. "." .. role)
    end
    for name, member in pairs(type(shape.members) == "table" and shape.members or {}) do
        local at = where .. ".members." .. tostring(name)
        check_keys(MEMBER, check.want(member, "table", at), at)
        check_time(service, member, at)
    end
    if service.service.protocol == "query" then
        check_query(shape, where)
    end
end

--- The result of an operation stands in an element that is called like it.
function traits.check_operation(service, operation, name, where)
    local wrapper = operation.resultWrapper
    if service.service.protocol == "query" and operation.out ~= nil and wrapper ~= name .. "Result" then
        fail(where .. ".resultWrapper", "cannot be " .. shown(wrapper))
    end
end

return traits
