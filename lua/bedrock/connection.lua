--- Connections: operations as methods, and what else a connection can do.
local core = require "bedrock.core"
local host = require "bedrock.host"
local lazy = require "bedrock.base.lazy"
local metadata = require "bedrock.metadata"
local printed = require "bedrock.prints.printed"
--- Not later, as an error must be printable when no more files can be opened.
local errors = require "bedrock.errors"

--- @class bedrock.Connection
--- @field region string the effective region
--- @field auth bedrock.Auth
local connection = { handwritten = {} }

--- Hand-written methods; operations join them when first used. `connection.handwritten` lists the former.
local methods = {}
connection.methods = methods

local await = host.await

local function check_table(value, what, level)
    if value ~= nil and type(value) ~= "table" then
        error(what .. " must be a table, got a " .. type(value), level + 1)
    end
end

--- The client of a connection. Misuse of its method is raised; level 1 is the function that calls this one.
local function client_of(self, params, options, level)
    local client = type(self) == "table" and rawget(self, "_client")
    if not client then
        error("not a connection: call its methods with a colon, as in conn:converse { … }", level + 1)
    end
    check_table(params, "the parameters", level + 1)
    check_table(options, "the options", level + 1)
    return client
end
connection.client_of = client_of

--- @param as table the metatable that the output prints by
local function finish(call, _, as)
    await(call)
    local output, facts = call:result()
    if output == nil then
        return nil, facts
    end
    metadata.set(output, facts)
    return setmetatable(output, as)
end
connection.finish = finish

--- A service's refusal with what can be told about the parameters that it was made with, unless no more files can be
--- opened, so that what tells it cannot be read.
local function told_of(client, params, err)
    local ok, regions = pcall(require, "bedrock.regions")
    if ok then
        return regions.explain(err, params, (client:about()))
    elseif not tostring(regions):find("not found", 1, true) then
        error(regions, 0)
    end
    return err
end

--- What a call gave.
local function explained(client, params, output, err)
    if output ~= nil then
        return output -- and no nil behind it, which print would show
    elseif err.kind == "service" then
        return nil, told_of(client, params, err)
    end
    return nil, err
end
connection.explained = explained

--- Something was wanted of a function of the user's in the midst of a call: the service called credentials expired,
--- or refused what was signed. The function is asked before a call, so it is made again.
local WANTED = { CredentialsWanted = true, SignatureWanted = true }
local ASKED_MAX = 4

--- @param again fun(...): any, bedrock.Error? what gave that output or error
function connection.again_if_wanted(output, err, again, ...)
    for _ = 1, ASKED_MAX do
        if output ~= nil or not WANTED[err.code] then
            break
        end
        output, err = again(...)
    end
    return output, err
end
local again_if_wanted = connection.again_if_wanted

--- @param run fun(client, params, options): any, bedrock.Error? makes the call
local function tried(run, client, params, options, output, err)
    if output == nil then
        output, err = again_if_wanted(nil, err, run, client, params, options)
    end
    return explained(client, params, output, err)
end

--- The method of an operation: makes the call and takes what it gives.
--- @param take fun(call: userdata, options: table?, as: table): any, bedrock.Error?
--- @return function method
local function maker(index, take)
    local as = printed.answers(index)
    local function run(client, params, options)
        local call, err = client:call(index, params, options)
        if not call then
            return nil, err
        end
        return take(call, options, as)
    end
    return function(self, params, options)
        local client = client_of(self, params, options, 2)
        local call, err = client:call(index, params, options)
        if not call then
            return nil, err
        end
        return tried(run, client, params, options, take(call, options, as))
    end
end

connection.maker = maker

local function method_of(index, kind, name)
    if kind == "plain" then
        return maker(index, finish)
    end
    return require("bedrock.calls.streamed").method(index, kind, name)
end

local by_index = {}
connection.by_index = by_index

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
    local index, kind, name = core.find(key, service)
    if not index then
        error("bedrock.connection: " .. require("bedrock.help.meant").operation(key, service), 3)
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
            return require("bedrock.help.topics").namespace(service)
        end,
    }
end

local namespaces = {}
connection.namespaces = namespaces

--- Connections that there are, to be told of services that come later.
local connections = host.shared "connections"

local function give_namespaces(self)
    for name, namespace in pairs(namespaces) do
        if not rawget(self, name) then
            self[name] = setmetatable({ _client = self._client }, namespace)
        end
    end
end

--- Of all services that are known by now, for all connections.
function connection.add_namespaces()
    for _, service in ipairs(core.services()) do
        namespaces[service.namespace] = namespaces[service.namespace] or namespace_class(service)
    end
    for self in pairs(connections) do
        give_namespaces(self)
    end
end
connection.add_namespaces()

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

--- Options that may be functions.
local FUNCTIONS = { "credentials", "api_key", "sign" }

--- The environment may ask for a log; it is looked at once.
local function begin_log()
    begin_log = nil
    local level = os.getenv "BEDROCK_LOG"
    if level and level ~= "" then
        require("bedrock.log").begin(level)
    end
end

--- Misuse of a function that takes settings is raised; level 1 is the function that calls this one.
--- @param name string of that function
function connection.check_settings(name, settings, level)
    if settings == package.loaded.bedrock then
        error(("%s: call it with a dot, as in bedrock.%s { … }"):format(name, name), level + 1)
    elseif type(settings) ~= "table" or connections[settings] then
        error(("%s: expected a table of settings, got %s"):format(name,
            type(settings) == "table" and "a connection" or errors.type_of(settings)), level + 1)
    end
end

--- Checks all it can without network I/O, and reports all problems in one error: err.errors.
--- @param settings bedrock.Settings
--- @return bedrock.Connection? conn
--- @return bedrock.Error? err
function connection.connect(settings)
    connection.check_settings("connect", settings, 2)
    if begin_log then
        begin_log()
    end
    local client, err
    if settings.on == nil then
        client, err = core.connect(settings)
    else
        client, err = require("bedrock.log.hooks").connect(settings)
    end
    if not client then
        host.refused(err)
        return nil, err
    end
    if settings.strict == true and not core.patterns then
        host.report("bedrock: strict checks enum values and regions only, not patterns: built without PCRE2")
    end
    for _, option in ipairs(FUNCTIONS) do
        if type(settings[option]) == "function" then
            client = require("bedrock.calls.asked").client(client, settings)
            break
        end
    end
    if type(settings.on) == "table" then
        client = require("bedrock.log.hooks").client(client, settings.on)
    end
    local self = { _client = client }
    self.region, self.auth = client:about()
    give_namespaces(self)
    connections[self] = true
    return setmetatable(self, class)
end

--- Timers of each connection's pauses.
local pauses = host.shared "pauses"

--- Cancels what runs on it. May be called again.
--- @return true
function methods.close(self)
    local closed = client_of(self, nil, nil, 2):close()
    for timer in pairs(pauses[self] or {}) do
        timer:cancel()
    end
    return closed
end

lazy(connection, { pause = "calls.pause.pause" })

lazy(methods, {
    agent_session = "agent_session.open",
    api_key = "calls.giving.api_key",
    call = "calls.by_name.call",
    certificate = "credentials.certificate",
    chat = "chat.new",
    credentials = "credentials.info",
    export = "calls.giving.export",
    generate = "generate.generate",
    generate_stream = "generate.stream.open",
    help = "help.connection",
    items = "calls.pages.items",
    knowledge = "knowledge.open",
    models = "models.list.list",
    pages = "calls.pages.pages",
    prepare = "calls.by_name.prepare",
    presign = "calls.giving.presign",
    refresh = "credentials.refresh",
    request = "calls.request.send",
    resolve = "models.resolve.resolve",
    sign = "calls.giving.sign",
    test = "test.connection",
    wait = "calls.wait.wait",
})

for name in pairs(methods) do
    connection.handwritten[#connection.handwritten + 1] = name
end
table.sort(connection.handwritten)

--- How often the models have changed: what was found in others must be looked up anew.
connection.generation = 0

return connection
