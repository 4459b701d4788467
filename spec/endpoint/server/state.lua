--- Everything the endpoint remembers. nginx runs one worker, so plain tables are enough.
-- luacheck: std ngx_lua
local fixtures = require "server.fixtures"
local rand = require "openssl.rand"

local LOG_LENGTH = 200
local LOGGED_BODY = 1024 * 1024

local DEFAULTS = {
    verify = true,
    exchange_delay_ms = 0,
    exchange_lifetime_s = 0,
    role_lifetime_s = 0,
    instance_role = fixtures.role,
    accept_session_names = true,
    clock_offset_s = 0,
    stream_interval_ms = 0,
    tls_delay_ms = 0,
    tls_refuse = false,
    path_prefix = "",
    hosts = {},
}

local state = { config = {}, counters = {}, log = {}, rules = {}, issued = {}, tokens = {} }

--- Back to the defaults. Credentials already handed out stay good unless asked otherwise.
--- @param drop_credentials boolean?
function state.reset(drop_credentials)
    state.config, state.counters, state.log, state.rules = {}, {}, {}, {}
    state.tokens, state.refresh_token = {}, nil
    for name, value in pairs(DEFAULTS) do
        state.config[name] = value
    end
    if drop_credentials then
        state.issued = {}
    end
end

--- @return boolean|nil, string|nil
function state.configure(settings)
    for name, value in pairs(settings) do
        if type(DEFAULTS[name]) ~= type(value) then
            return nil, "no setting " .. tostring(name) .. " of type " .. type(value)
        end
    end
    for name, value in pairs(settings) do
        state.config[name] = value
    end
    return true
end

function state.count(name, by)
    state.counters[name] = (state.counters[name] or 0) + (by or 1)
end

--- A new token, of IMDS or of IAM Identity Center.
function state.token()
    return (ngx.encode_base64(rand.bytes(30)):gsub("[+/]", "x"))
end

--- The endpoint's own clock: the machine's, moved by `clock_offset_s`.
--- @return number seconds since the epoch
function state.now()
    ngx.update_time()
    return ngx.now() + state.config.clock_offset_s
end

--- Opens the record of one request; the caller fills in what becomes known later.
function state.record(request)
    local entry = {
        method = request.method,
        uri = request.uri,
        headers = request.headers,
        body_length = #request.body,
        body = #request.body <= LOGGED_BODY and request.body or nil,
        listener = request.listener,
        client = ngx.var.ssl_client_s_dn,
        verified = false,
        at = ngx.now(),
    }
    local log = state.log
    log[#log + 1] = entry
    if #log > LOG_LENGTH then
        table.remove(log, 1)
    end
    return entry
end

--- @return table|nil the credential set of an access key ID
function state.credentials(access_key_id)
    if access_key_id == fixtures.access_key_id then
        return fixtures
    end
    if access_key_id == fixtures.session.access_key_id then
        return fixtures.session
    end
    return state.issued[access_key_id]
end

--- From now on every credential set handed out so far is refused as expired.
function state.expire_all()
    local now = state.now()
    for _, set in pairs(state.issued) do
        set.expires = math.min(set.expires, now)
    end
end

state.reset()
return state
