--- Operations and services: their records.
local check = require "bedrock.facts.check"
local names = require "bedrock.facts.names"
local shapes = require "bedrock.facts.shapes"
local traits = require "bedrock.facts.traits"

local fail, shown, want, text = check.fail, check.shown, check.want, check.text
local one_of, list = check.one_of, check.list
local NONE = check.NONE

local METHOD = { GET = 0, POST = 1, PUT = 2, DELETE = 3, PATCH = 4, HEAD = 5 }
local PROTOCOL = { ["rest-json"] = 0, json = 1, query = 2 }
local AUTH = { ["aws.auth#sigv4"] = 1, ["smithy.api#httpBearerAuth"] = 2 }

--- Made up like tokens when absent, but they name a session and do not make a repeat harmless.
local SESSION_MEMBERS = { runtimeSessionId = true }

local operations = {}

--- Labels are taken out already, so that none can complete what is beside it to ".." (they are checked alone).
local function has_dot_segment(path)
    for segment in path:gsub("%%2[eE]", "."):gmatch "[^/]+" do
        if segment == "." or segment == ".." then
            return true
        end
    end
    return false
end

--- Labels are members of the input, of its strings; {name+} may take several segments.
local function check_uri(op, input, where)
    local rest = text(op.uri, "^/[!-~]*$", where):gsub("{([^{}+]*)%+?}", function(label)
        for _, member in ipairs(input and input.members or {}) do
            if member.name == label and member.bits % 8 == shapes.LOCATION.uri then
                return ""
            end
        end
        fail(where, "its input has no member for the label {" .. label .. "}")
    end)
    if rest:find "[{}?#]" or has_dot_segment(rest) then
        fail(where, "cannot be " .. shown(op.uri))
    end
end

local function side(b, service, name, where)
    if name == nil then
        return nil
    end
    local id = shapes.visit(b, service, want(name, "string", where))
    if b.nodes[id].kind ~= shapes.KIND.structure then
        fail(where, "must be a structure")
    end
    return id
end

function operations.add(b, index, service, name)
    local fact = service.operations[name]
    local where = service.service.id .. "." .. text(name, "^%a%w*$", service.service.id)
    local op = { name = name, fact = fact, service = index, errors = {}, where = where }
    text(fact.snake, "^%l[%l%d_]*$", where .. ".snake")
    traits.check_operation(service, fact, name, where)
    op.input = side(b, service, fact["in"], where .. ".in")
    op.output = side(b, service, fact.out, where .. ".out")
    check_uri(fact, op.input and b.nodes[op.input], where .. ".uri")
    for i, error_shape in ipairs(list(fact.errors, "string", where .. ".errors")) do
        op.errors[i] = shapes.visit(b, service, error_shape)
    end
    b.operations[#b.operations + 1] = op
end

--- The shapes that operations answer with.
function operations.outputs(b)
    local outputs = {}
    for _, op in ipairs(b.operations) do
        outputs[#outputs + 1] = op.output
    end
    return outputs
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

local function success_code(code, where)
    code = code == nil and 200 or code
    if type(code) ~= "number" or code % 1 ~= 0 or code < 200 or code > 299 then
        fail(where, "cannot be " .. shown(code))
    end
    return math.floor(code - 200)
end

--- Its errors by name, so that operations with the same ones share a list.
local function error_list(b, op)
    local classes, sorted = {}, {}
    for _, id in ipairs(op.errors) do
        local node = b.nodes[id]
        classes[(node.error_name or "") .. "\0" .. id] = node.class
    end
    for i, key in ipairs(b.sorted(classes)) do
        sorted[i] = classes[key]
    end
    return b.error_lists.add(sorted, op.where .. ".errors")
end

local function op_record(b, op)
    local fact, where = op.fact, op.where
    return {
        b.name(op.name, where), b.name(fact.snake, where), b.name(fact.uri, where),
        op.input and shapes.class_of(b, op.input) or NONE, op.output and shapes.class_of(b, op.output) or NONE,
        error_list(b, op), b.optional_name(fact.eventOut, where .. ".eventOut"), op.service,
        one_of(METHOD, fact.method, where .. ".method"), success_code(fact.code, where .. ".code"),
        op_flags(b, op),
    }
end

--- The operations in the order of a text that each has for itself.
--- @param text_of fun(op: table): string
local function in_order(b, text_of)
    local by_text, ordered = {}, {}
    for _, op in ipairs(b.operations) do
        local key = text_of(op)
        if by_text[key] then
            fail(op.where .. ".snake", "is that of " .. by_text[key].where .. ", too")
        end
        by_text[key] = op
    end
    for i, key in ipairs(b.sorted(by_text)) do
        ordered[i] = by_text[key]
    end
    return ordered
end

local function by_service(op)
    return string.char(op.service) .. op.fact.snake
end

local function by_name(op)
    return op.fact.snake .. "\0" .. string.char(op.service)
end

function operations.add_records(b)
    for _, op in ipairs(b.operations) do
        b.having[op.fact.snake] = (b.having[op.fact.snake] or 0) + 1
    end
    b.operations = in_order(b, by_service)
    for i, op in ipairs(b.operations) do
        op.at = i - 1
        b.ops[i] = op_record(b, op)
        b.op_index[op.service .. "/" .. op.name] = op.at
        b.places.ops[i] = op.where
    end
    for i, op in ipairs(in_order(b, by_name)) do
        b.flat[i] = op.at
    end
end

function operations.service_record(b, index, service)
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
        b.name(fact.id, where), b.name(names.namespace(fact.id), where),
        b.name(text(fact.endpointPrefix, "^[%l%d][%l%d.-]*$", where .. ".endpointPrefix"), where),
        b.name(text(fact.signingName, "^[%l%d-]+$", where .. ".signingName"), where),
        b.name(text(fact.apiVersion, "^[%d-]+$", where .. ".apiVersion"), where),
        b.optional_name(target, where), b.optional_name(domain, where), first, count,
        one_of(PROTOCOL, fact.protocol, where .. ".protocol"), auth,
    }
end

return operations
