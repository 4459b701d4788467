--- One request from its arrival to its answer.
-- luacheck: std ngx_lua
local agentcore = require "server.agentcore"
local agents = require "server.agents"
local answer = require "server.answer"
local async = require "server.async"
local bedrock = require "server.bedrock"
local converse = require "server.converse"
local faults = require "server.faults"
local knowledge = require "server.knowledge"
local mantle = require "server.mantle"
local metadata = require "server.metadata"
local models = require "server.models"
local refusal = require "server.refusal"
local request_reader = require "server.request"
local routes = require "server.routes"
local sessions = require "server.sessions"
local sigv4 = require "server.sigv4"
local sso = require "server.sso"
local state = require "server.state"
local sts = require "server.sts"
local x509 = require "server.x509"

local main = {}
local handlers = {}
local verifiers = {} -- of services that are asked without a signature

local function is_exchange(route)
    return route ~= nil and route.service == "rolesanywhere" and route.operation == "CreateSession"
end

local function verify(request, route)
    if not state.config.verify then
        return {}
    end
    if is_exchange(route) then
        return sessions.verify(request)
    end
    if request.form then
        return sts.verify(request)
    end
    local own = route and verifiers[route.service]
    if own then
        return own(request)
    end
    return sigv4.verify(request, route and route.service)
end

local function serve(request, route, labels, who)
    local handler = route and handlers[route.service .. "." .. route.operation]
    if not handler then
        refusal.raise(404, "UnknownOperationException", "Unknown operation", request.uri)
    end
    for i, label in ipairs(labels) do
        labels[i] = ngx.unescape_uri(label:gsub("%+", "%%2B"))
    end
    return handler(request, who, labels)
end

local function guarded(entry, step, request, ...)
    local ok, result = pcall(step, request, ...)
    if ok then
        return result
    end
    if type(result) ~= "table" then
        ngx.log(ngx.ERR, result)
        result = { status = 500, code = "InternalServerException", message = "internal error",
            reason = tostring(result) }
    end
    entry.refused, entry.reason = result.code, result.reason
    return nil, (request.form and sts or answer).refused(result)
end

local function path_of(request)
    local prefix = state.config.path_prefix
    if prefix ~= "" and request.path:sub(1, #prefix) == prefix then
        return request.path:sub(#prefix + 1)
    end
    return request.path
end

local function find_route(request)
    local form = sts.route(request, path_of(request))
    if form then
        return form, {}
    end
    local header = request:header("authorization") or ""
    local is_agentcore = header:find("/bedrock-agentcore/", 1, true) ~= nil
    return routes.find(request.method, path_of(request), is_agentcore)
end

local function counter_of(route)
    if not route then
        return "unknown"
    end
    if route.operation == "CreateSession" and not is_exchange(route) then
        return route.service .. ".CreateSession"
    end
    return route.operation
end

local function watch_client()
    ngx.on_abort(answer.leave)
end

local function open(request, route)
    state.count("requests")
    state.count(counter_of(route))
    if ngx.var.connection_requests == "1" then
        state.count("connections")
    end
    local entry = state.record(request)
    entry.operation = route and route.operation
    entry.service = route and route.service
    entry.connection = tonumber(ngx.var.connection)
    return entry
end

local function respond(request, route, labels, entry)
    local early = faults.take(request, route, true)
    local given = early and faults.answer(early)
    if given then
        return given, early
    end
    local who, refused = guarded(entry, verify, request, route)
    if refused then
        state.count("refused")
        return refused, early
    end
    entry.verified, entry.region = state.config.verify, who.region
    local action = faults.take(request, route, false) or early
    given = action and faults.answer(action)
    if not given then
        given, refused = guarded(entry, serve, request, route, labels, who)
    end
    return given or refused, action
end

--- Content handler of the ports that play AWS.
function main.handle()
    watch_client()
    local request = request_reader.read()
    local route, labels = find_route(request)
    local entry = open(request, route)
    local given, shape = respond(request, route, labels, entry)
    entry.status = given.status or 200
    answer.send(given, shape)
end

--- Delays or refuses TLS handshakes as configured; only full handshakes come here.
function main.handshake()
    state.count("handshakes")
    if state.config.tls_delay_ms > 0 then
        ngx.sleep(state.config.tls_delay_ms / 1000)
    end
    if state.config.tls_refuse then
        return ngx.exit(ngx.ERROR)
    end
end

--- @param settings table {operations = file, trust_anchor = file}
function main.init(settings)
    routes.load(settings.operations)
    for _, module in ipairs { mantle, metadata, sso } do
        for _, route in ipairs(module.routes) do
            routes.add(unpack(route))
        end
        for service, check in pairs(module.verify or {}) do
            verifiers[service] = check
        end
    end
    x509.trust(settings.trust_anchor)
    handlers["rolesanywhere.CreateSession"] = sessions.create
    for _, module in ipairs { agentcore, agents, async, bedrock, converse, knowledge, mantle, metadata, models, sso,
        sts } do
        for name, handler in pairs(module.operations) do
            handlers[name] = handler
        end
    end
end

return main
