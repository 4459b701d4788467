--- Connections whose credentials, API key or signature a function of the user's gives. It is called here, in the
--- host's own thread, where it may make calls and wait, before a call that needs what it gives. Other connections
--- never load this file.
local errors = require "bedrock.errors"
local connection = require "bedrock.connection"

local asked = {}

--- How long one call waits at a time for what another asked for: it is woken sooner.
local TURN_MS = 60000

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

--- What came of calling the function, given on; a cancelled call is raised further.
local function checked(give, client, ok, ...)
    if not ok then
        local raised = ...
        if errors.is(raised) and raised.kind == "cancelled" then
            error(raised, 0)
        end
        return refuse("FunctionRaised", "the function raised: " .. tostring(raised))
    end
    local given, problem = give(client, ...)
    if given then
        return true
    elseif errors.is(problem) then
        return nil, problem
    end
    return refuse("FunctionFailed", tostring(problem))
end

local function wake(sleepers)
    for timer in pairs(sleepers) do
        timer:cancel()
    end
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

--- One at a time asks; the others wait, and look again.
--- @param fresh boolean? for a refresh
local function ask(self, fresh)
    while self._busy do
        connection.pause(self, TURN_MS, self._busy)
        if not self._busy and not self._client:wanted() then
            return true
        end
    end
    local sleepers = {}
    self._busy = sleepers
    local ok, given, err = pcall(self._call, self, fresh)
    self._busy = false
    wake(sleepers)
    if not ok then
        error(given, 0)
    end
    return given, err
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

--- @param refresh boolean new ones, whatever is held
function methods:identity(refresh)
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
    local self = setmetatable({ _client = client, _busy = false, _call = call }, Asked)
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
