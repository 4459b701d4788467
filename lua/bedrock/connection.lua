--- Connections: operations as methods, and what else a connection can do.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local given_of = require "bedrock.given"
local host = require "bedrock.host"
local metadata = require "bedrock.metadata"

--- @class bedrock.Connection
--- @field region string the effective region
--- @field auth string "roles_anywhere", "access_keys", "api_key" or "chain"
local connection = {}

--- Hand-written methods; operations join them when first used. `connection.handwritten` lists the former.
local methods = {}
connection.methods = methods

local await = host.await

local function client_of(self)
    local client = type(self) == "table" and rawget(self, "_client")
    if not client then
        error("no connection: call its methods with a colon, as in conn:converse { … }", 3)
    end
    return client
end

local function check_table(value, what, level)
    if value ~= nil and type(value) ~= "table" then
        error(what .. " must be a table, got a " .. type(value), level + 1)
    end
end

--- Raises misuse of a connection's method. Level 1 is the function that calls this one.
function connection.check(self, params, options, level)
    if type(self) ~= "table" or not rawget(self, "_client") then
        error("no connection: call its methods with a colon, as in conn:converse { … }", level + 1)
    end
    check_table(params, "the parameters", level + 1)
    check_table(options, "the options", level + 1)
end

local function finish(call)
    await(call)
    local output, facts = call:result()
    if output == nil then
        return nil, facts
    end
    metadata.set(output, facts)
    return output
end

local function open(call, name)
    await(call)
    local fields, facts = call:head()
    if fields == nil then
        return nil, facts
    end
    return require("bedrock.stream").new(call, name, fields, facts)
end

local function plain(index)
    return function(self, params, options)
        local client = client_of(self)
        check_table(params, "the parameters", 2)
        check_table(options, "the options", 2)
        local call, err = client:call(index, params, options)
        if not call then
            return nil, err
        end
        return finish(call)
    end
end

local function streaming(index, name, only_if_asked)
    return function(self, params, options)
        local client = client_of(self)
        check_table(params, "the parameters", 2)
        check_table(options, "the options", 2)
        local call, err = client:call(index, params, options)
        if not call then
            return nil, err
        end
        if only_if_asked and not (options and options.stream) then
            return finish(call)
        end
        return open(call, name)
    end
end

local function method_of(index, kind, name)
    if kind == "plain" then
        return plain(index)
    end
    return streaming(index, name, kind == "raw")
end

local by_index = {}

--- The function of an operation; one for each, however it is named.
local function operation(index, kind, name)
    local method = by_index[index]
    if not method then
        method = method_of(index, kind, name)
        by_index[index] = method
    end
    return method
end
connection.operation = operation

local function is_name(key)
    return type(key) == "string" and key:sub(1, 1) ~= "_"
end

local function find_for(key, service)
    local index, kind, name = core.find(key, service, connection.handwritten)
    if not index then
        error("bedrock.connection: " .. kind, 3)
    end
    return operation(index, kind, name)
end

setmetatable(methods, {
    __index = function(self, key)
        if not is_name(key) then
            return nil
        end
        local method = find_for(key)
        rawset(self, key, method)
        return method
    end,
})

--- A namespace holds the operations of one service.
local function namespace_class(service)
    local operations = setmetatable({}, {
        __index = function(self, key)
            if not is_name(key) then
                return nil
            end
            local method = find_for(key, service.id)
            rawset(self, key, method)
            return method
        end,
    })
    return {
        __index = operations,
        __name = "bedrock.namespace",
        __tostring = function()
            return "bedrock.namespace (" .. service.id .. ")"
        end,
    }
end

local namespaces = {}

local function add_namespaces()
    for _, service in ipairs(core.services()) do
        namespaces[service.namespace] = namespaces[service.namespace] or namespace_class(service)
    end
end
add_namespaces()

--- Connections that there are, to be told of services that come later.
local connections = setmetatable({}, { __mode = "k" })

local function give_namespaces(self)
    for name, namespace in pairs(namespaces) do
        if not rawget(self, name) then
            self[name] = setmetatable({ _client = self._client }, namespace)
        end
    end
end

local class = { __index = methods, __name = "bedrock.connection" }

function class.__tostring(self)
    local region, auth, session_name = self._client:about()
    if not region then
        return "bedrock.connection (closed)"
    end
    local session = session_name and ', session "' .. session_name .. '"' or ""
    return "bedrock.connection (" .. region .. ", " .. auth .. session .. ")"
end

function class.__close(self)
    self:close()
end

--- @param settings table see the README for every setting
--- @return bedrock.Connection? conn
--- @return bedrock.Error? err with all that is wrong in err.errors
function connection.connect(settings)
    if type(settings) ~= "table" then
        error("connect: a table of settings is needed, got a " .. type(settings), 2)
    end
    local client, err = core.connect(settings)
    if not client then
        return nil, err
    end
    local self = { _client = client }
    self.region, self.auth = client:about()
    give_namespaces(self)
    connections[self] = true
    return setmetatable(self, class)
end

local function unknown_name(caller, message)
    return errors.config(caller, { { path = "operation", kind = "unknown", message = message } })
end

--- Any operation by name: conn:call("bedrock-runtime", "Converse", { … }).
--- @param service string its id or namespace
--- @param name string as AWS writes it, or in snake case
--- @param params table?
--- @param options table?
function methods.call(self, service, name, params, options)
    client_of(self)
    if type(service) ~= "string" or type(name) ~= "string" then
        error("call: the service's and the operation's names are needed, as strings", 2)
    end
    local index, kind, snake = core.find(name, service)
    if not index then
        return nil, unknown_name("call", kind)
    end
    return operation(index, kind, snake)(self, params, options)
end

local SECRET = { ["authorization"] = true, ["x-amz-security-token"] = true }

local Prepared = { __name = "bedrock.prepared" }

function Prepared.__tostring(request)
    local lines, names = { request.method .. " " .. request.url }, {}
    for name in pairs(request.headers) do
        names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
        lines[#lines + 1] = name .. ": " .. (SECRET[name] and "(hidden)" or request.headers[name])
    end
    if request.body then
        lines[#lines + 1] = ""
        lines[#lines + 1] = request.body
    end
    return table.concat(lines, "\n")
end

--- @class bedrock.Prepared
--- @field method string
--- @field url string
--- @field headers table<string, string> all that is sent but content-length and user-agent
--- @field body string?

--- The signed request that an operation would send, without sending it.
--- @param name string "converse", "agent.tag_resource"
--- @param params table?
--- @param options table?
--- @return bedrock.Prepared? request
--- @return bedrock.Error? err
function methods.prepare(self, name, params, options)
    local client = client_of(self)
    if type(name) ~= "string" then
        error("prepare: the name of an operation is needed, got a " .. type(name), 2)
    end
    check_table(params, "the parameters", 2)
    check_table(options, "the options", 2)
    local index, kind = core.find(name)
    if not index then
        return nil, unknown_name("prepare", kind)
    end
    local call, err = client:call(index, params, options, true)
    if not call then
        return nil, err
    end
    await(call)
    local request
    request, err = call:prepared()
    if not request then
        return nil, err
    end
    return setmetatable(request, Prepared)
end

--- @class bedrock.RawRequest
--- @field path string percent-encoded
--- @field service string? "bedrock-runtime" if not given
--- @field method string? POST with a body, GET without
--- @field query table|string|nil names to values or lists; a string is sent as it is
--- @field headers table<string, string>?
--- @field body table|string|nil a table is sent as JSON
--- @field stream boolean|"bytes"|nil the answer as a stream: of events if it is text/event-stream, else (and always
---   with "bytes") of its bytes

--- @class bedrock.RawAnswer
--- @field status integer
--- @field headers table<string, string>
--- @field body string

--- A signed request to a path that no model describes.
--- @param fields bedrock.RawRequest
--- @param options table?
--- @return bedrock.RawAnswer|bedrock.Stream|nil answer
--- @return bedrock.Error? err
function methods.request(self, fields, options)
    local client = client_of(self)
    if type(fields) ~= "table" then
        error("request: a table is needed, got a " .. type(fields), 2)
    end
    check_table(options, "the options", 2)
    fields = given_of(fields)
    local wire, err = require("bedrock.request").wire(fields, options)
    if not wire then
        return nil, err
    end
    local call
    call, err = client:request(wire, options)
    if not call then
        return nil, err
    end
    local answer
    answer, err = (fields.stream and open or finish)(call, "request")
    if answer then
        rawset(answer, "headers", metadata.of(answer).headers)
    end
    if answer and fields.stream == true then
        require("bedrock.sse").decode(answer)
    end
    return answer, err
end

local function identity(client, refresh)
    local call, err = client:identity(refresh)
    if not call then
        return nil, err
    end
    await(call)
    return call:credentials()
end

--- @class bedrock.CredentialsInfo
--- @field source string the connection's kind of credentials
--- @field cache "exchange"|"memory"|"file"|nil where these were found
--- @field access_key_id string?
--- @field expiration integer? epoch seconds; nil: they do not expire
--- @field seconds_left integer?

--- What the next call will be signed with, without its secrets; obtained first if there is none.
--- @return bedrock.CredentialsInfo? info
--- @return bedrock.Error? err
function methods.credentials(self)
    local client = client_of(self)
    local _, auth = client:about()
    if auth == "api_key" then
        return { source = auth }
    end
    local info, err = identity(client, false)
    if info then
        info.source = auth
    end
    return info, err
end

--- Exchanges for new credentials, whatever memory and files hold, and replaces both.
--- @return true? ok
--- @return bedrock.Error? err
function methods.refresh(self)
    local client = client_of(self)
    local _, auth = client:about()
    if auth == "api_key" then
        return true
    end
    local info, err = identity(client, true)
    if not info then
        return nil, err
    end
    return true
end

--- One line about the certificate in use; nil if there is none.
--- @return string?
function methods.certificate(self)
    return client_of(self):certificate()
end

--- Pauses of each connection.
local pauses = setmetatable({}, { __mode = "k" })

--- Waits so long, or until the connection is closed.
--- @param ms number
--- @return true? ok
--- @return bedrock.Error? err
function connection.pause(self, ms)
    local timer, err = core.timer(ms)
    if not timer then
        return nil, err
    end
    local own = pauses[self] or {}
    pauses[self] = own
    own[timer] = true
    local ok, why = pcall(await, timer)
    own[timer] = nil
    if not ok then
        error(why, 0)
    end
    return true
end

--- Ends what runs on it. May be called again.
--- @return true
function methods.close(self)
    local closed = client_of(self):close()
    for timer in pairs(pauses[self] or {}) do
        timer:cancel()
    end
    return closed
end

connection.handwritten = { "call", "certificate", "close", "credentials", "prepare", "refresh", "request" }

--- Adds a method whose module is only loaded when it is first used.
--- @param name string
--- @param load fun(): function
function connection.add(name, load)
    connection.handwritten[#connection.handwritten + 1] = name
    methods[name] = function(...)
        methods[name] = load()
        return methods[name](...)
    end
end

--- Is the name one of a connection's own, apart from operations?
--- @param name string
function connection.has(name)
    for _, own in ipairs(connection.handwritten) do
        if own == name then
            return true
        end
    end
    return namespaces[name] ~= nil or name == "region" or name == "auth"
end

local function forget_operations(known)
    for name in pairs(known) do
        if not connection.has(name) then
            known[name] = nil
        end
    end
end

--- The models have changed: names are looked up anew, and connections get the new namespaces.
function connection.renew()
    forget_operations(methods)
    for _, namespace in pairs(namespaces) do
        forget_operations(namespace.__index)
    end
    add_namespaces()
    for self in pairs(connections) do
        give_namespaces(self)
    end
end

return connection
