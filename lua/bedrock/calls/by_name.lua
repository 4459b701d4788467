--- Operations by name: sent, or only prepared.
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local host = require "bedrock.host"

local by_name = {}

local function unknown_name(caller, message)
    return errors.config(caller, { { path = "operation", kind = "unknown", message = message } })
end

--- Any operation by name: conn:call("bedrock-runtime", "Converse", { … }).
--- @param service bedrock.ServiceName
--- @param name string as AWS writes it, or in snake case
--- @param params? table
--- @param options? bedrock.CallOptions
--- @return table? result
--- @return bedrock.Error? err
function by_name.call(self, service, name, params, options)
    connection.client_of(self, nil, nil, 2)
    if type(service) ~= "string" or type(name) ~= "string" then
        error("call: expected the names of a service and an operation, as strings", 2)
    end
    local index, kind, snake = core.find(name, service)
    if not index then
        return nil, unknown_name("call", kind)
    end
    return connection.operation(index, kind, snake)(self, params, options)
end

local Prepared = { __name = "bedrock.prepared" }

function Prepared.__tostring(request)
    local lines, names = { request.method .. " " .. request.url }, {}
    for name in pairs(request.headers) do
        names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
        lines[#lines + 1] = name .. ": " .. (core.is_public_header(name) and request.headers[name] or "(hidden)")
    end
    if request.body then
        lines[#lines + 1] = ""
        lines[#lines + 1] = request.body
    end
    return table.concat(lines, "\n")
end

local function sign(client, index, params, options)
    local call, err = client:call(index, params, options, true)
    if not call then
        return nil, err
    end
    host.await(call)
    return call:prepared()
end

--- A signed request, not sent.
--- @class bedrock.Prepared
--- @field method string GET, POST, …
--- @field url string with its query
--- @field headers table<string, string> all that is sent but content-length and user-agent
--- @field body? string as it would be sent

--- The signed request that an operation would send, without sending it.
--- @param name bedrock.OperationName
--- @param params? table
--- @param options? bedrock.CallOptions
--- @return bedrock.Prepared? request
--- @return bedrock.Error? err
function by_name.prepare(self, name, params, options)
    local client = connection.client_of(self, params, options, 2)
    if type(name) ~= "string" then
        error("prepare: expected the name of an operation, got " .. errors.type_of(name), 2)
    end
    local index, kind = core.find(name)
    if not index then
        return nil, unknown_name("prepare", kind)
    end
    local request, err = sign(client, index, params, options)
    request, err = connection.again_if_wanted(request, err, sign, client, index, params, options)
    if not request then
        return nil, err
    end
    return setmetatable(request, Prepared)
end

return by_name
