--- Raw requests: from what a person writes to what is sent, and its answer.
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local drop_null = require "bedrock.base.drop_null"
local is_list = require "bedrock.base.is_list"
local metadata = require "bedrock.metadata"
local model_id = require "bedrock.models.id"
local printed = require "bedrock.prints.printed"

local request = {}

local FIELDS = { "body", "headers", "method", "path", "query", "require_end", "service", "stream" }
local DEFAULT_SERVICE = "bedrock-runtime"

local known = {}
for _, name in ipairs(FIELDS) do
    known[name] = true
end

local function add(problems, path, kind, message)
    problems[#problems + 1] = { path = path, kind = kind, message = message }
end

local function check_names(fields, problems)
    for name in pairs(fields) do
        if not known[name] then
            local near = type(name) == "string" and core.suggest(name, FIELDS)
            add(problems, core.shown(tostring(name)), "unknown",
                "unknown field of a request" .. (near and " (did you mean " .. near .. "?)" or ""))
        end
    end
end

local TYPES = {
    headers = "table",
    method = "string",
    path = "string",
    require_end = "boolean",
    service = "string",
}

local function check_types(fields, problems)
    for name, wanted in pairs(TYPES) do
        local value = fields[name]
        if value ~= nil and type(value) ~= wanted then
            add(problems, name, "type", "must be a " .. wanted .. ", got a " .. type(value))
        end
    end
    if fields.path == nil then
        add(problems, "path", "missing", "missing: the path of the request, percent-encoded")
    end
end

local function check_stream(fields, options, problems)
    local stream = fields.stream
    if stream ~= nil and type(stream) ~= "boolean" and stream ~= "bytes" then
        add(problems, "stream", type(stream) == "string" and "enum" or "type", 'must be true, false or "bytes"')
    elseif stream == nil and options and options.stream then
        add(problems, "stream", "conflict", "belongs in the request itself: conn:request { stream = true, … }")
    end
    if fields.require_end == nil and options and options.require_end then
        add(problems, "require_end", "conflict", "belongs in the request itself, as stream does")
    elseif fields.require_end == true and stream ~= true then
        add(problems, "require_end", "conflict", "is for server-sent events: set stream = true with it")
    end
end

local SCALARS = { string = true, number = true, boolean = true }

local function is_scalar(value)
    local finite = type(value) ~= "number" or value - value == 0
    return finite and SCALARS[type(value)]
end

--- Numbers as in JSON: with all their digits.
local function text_of(value)
    return type(value) == "number" and core.encode(value) or tostring(value)
end

local function add_pairs(list, name, value)
    for _, one in ipairs(type(value) == "table" and value or { value }) do
        list[#list + 1] = core.percent(name) .. "=" .. core.percent(text_of(one))
    end
end

local function is_query_value(value)
    return is_scalar(value) or is_list(value, is_scalar)
end

--- @return string? query in the order of the names, so that equal tables make equal requests
local function query_text(query, problems)
    if query == nil or type(query) == "string" then
        return query
    elseif type(query) ~= "table" then
        return add(problems, "query", "type", "must be a table or a string, got a " .. type(query))
    end
    local names, list = {}, {}
    for name, value in pairs(query) do
        if type(name) ~= "string" or not is_query_value(value) then
            return add(problems, "query", "type",
                "must map names to strings, finite numbers, booleans or lists of them")
        end
        names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
        add_pairs(list, name, query[name])
    end
    return table.concat(list, "&")
end

local function body_text(body, problems)
    if body == nil or type(body) == "string" then
        return body
    elseif type(body) ~= "table" and not core.literal(body) then
        return add(problems, "body", "type", "must be a table or a string, got a " .. type(body))
    end
    local text, err = core.encode(body)
    if not text then
        for _, problem in ipairs(err.errors) do
            local dot = problem.path:find("^[^%[]") and "." or ""
            add(problems, "body" .. dot .. problem.path, problem.kind, problem.message)
        end
    end
    return text, "application/json"
end

local function service_index(name, problems)
    local index, message = core.service(name)
    if not index then
        add(problems, "service", "unknown", message)
    end
    return index
end

--- @param fields bedrock.RawRequest
--- @param options table?
--- @return table? wire as the core takes it
--- @return bedrock.Error? err
local function wire_of(fields, options)
    local problems = {}
    check_names(fields, problems)
    check_types(fields, problems)
    check_stream(fields, options, problems)
    local query = query_text(fields.query, problems)
    local body, content_type = body_text(fields.body, problems)
    local service = type(fields.service or "") == "string"
        and service_index(fields.service or DEFAULT_SERVICE, problems)
    if #problems > 0 then
        return nil, errors.validation("request", problems)
    end
    return {
        service = service,
        method = fields.method or (body and "POST" or "GET"),
        path = fields.path,
        query = query,
        headers = fields.headers,
        body = body,
        content_type = content_type,
        stream = fields.stream,
    }
end

--- Segments of the path that are ARNs, as parameters: the path is percent-encoded.
local function arns_of(path)
    local arns = {}
    for segment in path:gmatch "[^/]+" do
        local text = segment:gsub("%%(%x%x)", function(hex)
            return string.char(tonumber(hex, 16))
        end)
        if model_id.is_arn(text) then
            arns.path = arns.path or text
        end
    end
    return arns
end

--- A request that AWS's model does not describe.
--- @class bedrock.RawRequest
--- @field path string percent-encoded
--- @field service? bedrock.ServiceName "bedrock-runtime" if not given
--- @field method? string POST with a body, GET without
--- @field query? table<string, any>|string names to values or lists; a string is sent as it is
--- @field headers? table<string, string>
--- @field body? table|string a table is sent as JSON
--- @field stream? boolean|"bytes" the answer as a stream: of events if it is text/event-stream, else of its bytes;
---   "bytes": always of its bytes
--- @field require_end? boolean server-sent events that end without their last one ([DONE], message_stop,
---   response.completed) are an error, and so is an event that reports one

--- The answer of a raw request.
--- @class bedrock.RawAnswer
--- @field status integer of the HTTP answer
--- @field headers table<string, string> names in lower case
--- @field body string its bytes

local function attempt(client, wire, options, stream)
    local call, err = client:request(wire, options)
    if not call then
        return nil, err
    end
    if stream then
        return require("bedrock.calls.streamed").open(call, "request")
    end
    return connection.finish(call, nil, printed.of "raw")
end

--- A signed request to a path that no model describes.
--- @param fields bedrock.RawRequest
--- @param options? bedrock.CallOptions
--- @return bedrock.RawAnswer|bedrock.ServerSentStream|bedrock.ByteStream|nil answer
--- @return bedrock.Error? err
function request.send(self, fields, options)
    local client = connection.client_of(self, nil, options, 2)
    if type(fields) ~= "table" then
        error("request: expected a table, got " .. errors.type_of(fields), 2)
    end
    fields = drop_null(fields)
    local wire, err = wire_of(fields, options)
    if not wire then
        return nil, err
    end
    local answer
    answer, err = attempt(client, wire, options, fields.stream)
    answer, err = connection.again_if_wanted(answer, err, attempt, client, wire, options, fields.stream)
    if not answer then
        return connection.explained(client, arns_of(fields.path), nil, err)
    end
    rawset(answer, "headers", metadata.of(answer).headers)
    if fields.stream == true then
        require("bedrock.streams.sse").decode(answer, fields.require_end)
    end
    return answer
end

return request
