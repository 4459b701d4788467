--- Connections whose credentials, API key or signature a function of the user's gives. It is called here, in the
--- host's own thread, where it may make calls and wait, before a call that needs what it gives. Other connections
--- never load this file.
local errors = require "bedrock.errors"
local host = require "bedrock.host"
local connection = require "bedrock.connection"
local scheduler = require "bedrock.scheduler"
local raised = require "bedrock.tasks.raised"

local asked = {}

--- How long one call waits at a time for what another asks for (it is woken sooner), and how long in all.
local TURN_MS, PATIENCE_MS = 1000, 60000

--- @class bedrock.Asked stands for the client of such a connection
local Asked = { __name = "bedrock.client" }

local function refuse(code, text)
    return nil, errors.new { kind = "credentials", code = code, message = text }
end

local TIMES = { ["nil"] = true, number = true, string = true }

--- What a function of credentials gave, as the client takes it.
local function give_set(client, set, err)
    if set == nil then
        return nil, err or "the function gave nothing"
    elseif type(set) ~= "table" then
        return nil, "the function must give a table, got " .. errors.type_of(set)
    end
    for _, name in ipairs { "access_key_id", "secret_access_key" } do
        if type(set[name]) ~= "string" or set[name] == "" then
            return nil, ("%s must be a string, got %s"):format(name, errors.type_of(set[name]))
        end
    end
    if set.session_token ~= nil and type(set.session_token) ~= "string" then
        return nil, "session_token must be a string, got " .. errors.type_of(set.session_token)
    end
    if not TIMES[type(set.expiration)] then
        return nil, "expiration must be epoch seconds or an ISO 8601 time, got " .. errors.type_of(set.expiration)
    end
    return client:give(set.access_key_id, set.secret_access_key, set.session_token, set.expiration)
end

--- Of an API key: the same, with the key in the session token's place.
local function give_key(client, key, expiration)
    if key == nil then
        return nil, expiration or "the function gave nothing"
    elseif type(key) ~= "string" or key == "" or key:find "[^\33-\126]" then
        return nil, "the function must give a key without spaces or line breaks"
    end
    if not TIMES[type(expiration)] then
        return nil, "expiration must be epoch seconds or an ISO 8601 time, got " .. errors.type_of(expiration)
    end
    return client:give("api_key", "api_key", key, expiration)
end

--- A signature, which C checks by the certificate.
local function give_signature(client, order, signature, err)
    if signature == nil then
        return nil, err or "the function gave nothing"
    elseif type(signature) ~= "string" then
        return nil, "the function must give the signature as a string, got " .. errors.type_of(signature)
    end
    return client:sign(order, signature)
end

--- What came of calling the function, given on.
local function checked(give, client, ok, ...)
    if not ok then
        local why = ...
        if errors.is(why) and why.kind == "cancelled" or raised.is_interrupt(why) then
            error(why, 0)
        end
        return refuse("FunctionRaised", "the function raised: " .. tostring(why))
    end
    local given, problem = give(client, ...)
    if given then
        return true
    elseif errors.is(problem) then
        return nil, problem
    end
    return refuse("FunctionFailed", tostring(problem))
end

--- Calls the function and gives on what it gave.
local function call(self)
    return checked(self._give, self._client, pcall(self._ask))
end

--- Likewise one that signs, with what it is to sign. The data is not secret.
local function call_signer(self, fresh)
    local order, data, algorithm = self._client:order(fresh)
    if not order then
        return nil, data
    end
    local function give(client, ...)
        return give_signature(client, order, ...)
    end
    return checked(give, self._client, pcall(self._ask, data, algorithm))
end

--- LuaJIT has no coroutine for the main program.
local function current()
    return coroutine.running() or "main"
end

--- What that coroutine belongs to: in nginx a request, which may end without it; and coroutines serve one request after
--- another there.
local function place()
    return host.loop and host.loop.place and host.loop.place() or "program"
end

--- Does nobody come back to it? Its coroutine was closed, or given up with its request; what lives on is waited for,
--- but not for ever.
local function is_abandoned(flight, waited_ms)
    local owner, where = flight.owner[1], flight.owner[2]
    if not owner or not where or waited_ms >= PATIENCE_MS then
        return true
    elseif where == "program" then
        return type(owner) == "thread" and coroutine.status(owner) == "dead"
    end
    return owner == current() and where ~= place()
end

--- Did the function start the task that this is?
local function is_errand(flight)
    local errand = scheduler.errand()
    while errand and errand ~= flight do
        errand = errand.outer
    end
    return errand ~= nil
end

--- Is the function below on the stack, as it resumed this coroutine, which waits in its way? The main program may also
--- be below where it runs an event loop while it waits. In nginx other threads of the request run while a coroutine of
--- the function waits, and nothing tells them apart but a long time.
--- @param long boolean? it was waited for in vain
local function is_nested(flight, long)
    local owner = flight.owner[1]
    if flight.owner[2] ~= "program" and not long or scheduler.in_task()
        or flight.is_main and scheduler.can_pause() then
        return false
    end
    return owner == "main" or type(owner) == "thread" and coroutine.status(owner) == "normal"
end

--- Would it wait for itself? What a request of nginx left behind when it ended does not count.
local function is_within(flight, long)
    return flight.owner[2] == place() and (is_errand(flight) or is_nested(flight, long))
end

local function refuse_itself()
    return refuse("FunctionFailed", "the function used the connection that it gives credentials to: it would wait for "
        .. "itself; let it use another one")
end

--- Waits for what another asks for.
--- @return boolean over false: it is given up
local function await(self, flight)
    local waited_ms = 0
    while not flight.over and self._client:about() and not is_abandoned(flight, waited_ms) do
        connection.pause(self, TURN_MS, flight.sleepers)
        waited_ms = waited_ms + TURN_MS
    end
    return flight.over or false
end

--- Asks, for itself and for those who wait meanwhile. A call that is cancelled leaves it to one of them.
local function lead(self, fresh)
    local thread, is_main = coroutine.running()
    local flight = { owner = setmetatable({ current(), place() }, { __mode = "v" }), sleepers = {},
        is_main = is_main or not thread, outer = scheduler.errand() }
    self._flight = flight
    scheduler.set_errand(flight)
    local ok, given, err = pcall(self._call, self, fresh)
    scheduler.set_errand(flight.outer)
    flight.over, flight.given, flight.err = ok, given, err
    if self._flight == flight then
        self._flight = false
    end
    if not ok then
        flight.owner[1] = nil
    end
    for timer in pairs(flight.sleepers) do
        timer:cancel()
    end
    if not ok then
        error(given, 0)
    end
    return given, err
end

--- One at a time asks; the others wait, and have what that gave.
--- @param fresh boolean? for a refresh
local function ask(self, fresh)
    local flight = self._flight
    while flight do
        if is_within(flight) then
            return refuse_itself()
        elseif await(self, flight) then
            return flight.given, flight.err
        elseif not self._client:about() then
            return true
        elseif is_within(flight, true) then
            return refuse_itself()
        end
        if self._flight == flight then
            self._flight = false
        end
        flight = self._flight
    end
    return lead(self, fresh)
end

--- Asks for what the next call needs, if it does.
local function ready(self)
    if self._client:wanted() then
        return ask(self)
    end
    return true
end

local methods = {}

for _, name in ipairs { "call", "request" } do
    methods[name] = function(self, ...)
        local ok, err = ready(self)
        if not ok then
            return nil, err
        end
        return self._client[name](self._client, ...)
    end
end

--- @param refresh boolean|"early" new ones, whatever is held; nobody asks a function early
function methods:identity(refresh)
    refresh = refresh == true
    local ok, err = (refresh and ask or ready)(self, refresh)
    if not ok then
        return nil, err
    end
    return self._client:identity(refresh)
end

function Asked.__index(self, name)
    local method = methods[name]
    if method == nil then
        local forwarded = rawget(self, "_client")[name]
        function method(this, ...)
            return forwarded(rawget(this, "_client"), ...)
        end
        methods[name] = method
    end
    return method
end

--- The client of such a connection.
--- @param client userdata
--- @param settings bedrock.Settings
function asked.client(client, settings)
    local self = setmetatable({ _client = client, _flight = false, _call = call }, Asked)
    if type(settings.sign) == "function" then
        self._ask, self._call = settings.sign, call_signer
    elseif type(settings.api_key) == "function" then
        self._ask, self._give = settings.api_key, give_key
    else
        self._ask, self._give = settings.credentials, give_set
    end
    return self
end

return asked
