--- IAM Roles Anywhere: POST /sessions.
-- luacheck: std ngx_lua
local authorization = require "server.authorization"
local fixtures = require "server.fixtures"
local json = require "server.json"
local rand = require "openssl.rand"
local refusal = require "server.refusal"
local request_reader = require "server.request"
local state = require "server.state"
local x509 = require "server.x509"

local MINIMUM_DURATION, MAXIMUM_DURATION, DEFAULT_DURATION = 900, 43200, 3600
local TOKEN_BYTES = 600

local sessions = {}

local function check_scope(auth)
    if auth.service ~= "rolesanywhere" then
        refusal.raise(403, "InvalidSignatureException",
            "Credential should be scoped to correct service: 'rolesanywhere'. ",
            "scoped to " .. auth.service)
    end
end

local function check_certificate_headers_signed(request, names)
    local signed = ";" .. table.concat(names, ";") .. ";"
    for _, name in ipairs { "content-type", "x-amz-x509", "x-amz-x509-chain" } do
        if request:header(name) and not signed:find(";" .. name .. ";", 1, true) then
            refusal.invalid_x509_signature("header " .. name .. " is not signed")
        end
    end
end

--- Refuses the request, or returns what is known about its sender.
--- @return table {region, leaf, serial}
function sessions.verify(request)
    local header = request:header("authorization")
    if not header then
        refusal.raise(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    end
    local auth = authorization.parse(header)
    if not auth.algorithm:find("^AWS4%-X509%-") then
        refusal.incomplete("Unsupported AWS 'algorithm': '" .. auth.algorithm .. "'.")
    end
    check_scope(auth)
    local leaf, intermediates = x509.read(request)
    authorization.check_host(request)
    authorization.check_date(request, auth)
    authorization.check_signed_headers(request, auth.names)
    check_certificate_headers_signed(request, auth.names)
    x509.check_signature(leaf, auth, authorization.string_to_sign(request, auth))
    x509.check_trust(leaf, intermediates)
    return { region = auth.region, leaf = leaf, serial = auth.id }
end

local function parameters(request)
    local given = request_reader.arguments(request.query)
    given.durationSeconds = tonumber(given.durationSeconds)
    local body = request.body ~= "" and json.decode(request.body) or {}
    if type(body) ~= "table" then
        refusal.validation("The request body is not a JSON object.")
    end
    for name, value in pairs(body) do
        given[name] = value
    end
    return given
end

local function check_arns(given)
    local shapes = {
        profileArn = "^arn:aws[%w-]*:rolesanywhere:[%w-]+:%d+:profile/.+$",
        trustAnchorArn = "^arn:aws[%w-]*:rolesanywhere:[%w-]+:%d+:trust%-anchor/.+$",
        roleArn = "^arn:aws[%w-]*:iam::%d+:role/.+$",
    }
    for name, shape in pairs(shapes) do
        local plain = type(given[name]) == "string" and given[name]:gsub(":alias/", ":", 1)
        if not plain or not plain:find(shape) or #given[name] > 1011 then
            refusal.validation("Value at '" .. name .. "' failed to satisfy constraint: "
                .. "Member must be an ARN.")
        end
    end
end

local function duration_of(given)
    local seconds = given.durationSeconds
    if seconds == nil then
        return DEFAULT_DURATION
    end
    if type(seconds) ~= "number" or seconds % 1 ~= 0 or seconds < MINIMUM_DURATION
        or seconds > MAXIMUM_DURATION then
        refusal.validation("Value at 'durationSeconds' failed to satisfy constraint: "
            .. "Member must be between 900 and 43200.")
    end
    return seconds
end

local function session_name_of(given, who)
    local name = given.roleSessionName
    if name == nil then
        return who.leaf:getSerial():toHex():lower()
    end
    if not state.config.accept_session_names then
        refusal.raise(403, "AccessDeniedException", "Not authorized to set roleSessionName.")
    end
    if type(name) ~= "string" or #name < 2 or #name > 64 or name:find("[^%w+=,.@_-]") then
        refusal.validation("Value at 'roleSessionName' failed to satisfy constraint.")
    end
    return name
end

local ID_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

local function random_id(prefix, length)
    local id = rand.bytes(length):gsub(".", function(c)
        local at = c:byte() % #ID_LETTERS + 1
        return ID_LETTERS:sub(at, at)
    end)
    return prefix .. id
end

function sessions.issue(seconds)
    local set = {
        access_key_id = random_id("ASIA", 16),
        secret_access_key = ngx.encode_base64(rand.bytes(30)),
        session_token = ngx.encode_base64(rand.bytes(TOKEN_BYTES)),
        expires = math.floor(state.now()) + seconds,
    }
    state.issued[set.access_key_id] = set
    state.count("credentials_issued")
    return set
end

--- @return table the answer
function sessions.create(request, who)
    local given = parameters(request)
    check_arns(given)
    local lifetime, name = duration_of(given), session_name_of(given, who)
    if state.config.exchange_delay_ms > 0 then
        ngx.sleep(state.config.exchange_delay_ms / 1000)
    end
    if state.config.exchange_lifetime_s > 0 then
        lifetime = state.config.exchange_lifetime_s
    end
    local set = sessions.issue(lifetime)
    local role = given.roleArn:match("([^/]+)$")
    local common_name = tostring(who.leaf:getSubject()):match("CN=([^/,]+)") or "unknown"
    return { status = 201, body = json.encode {
        credentialSet = { {
            assumedRoleUser = {
                arn = string.format("arn:aws:sts::%s:assumed-role/%s/%s",
                    fixtures.account, role, name),
                assumedRoleId = random_id("AROA", 17) .. ":" .. name,
            },
            credentials = {
                accessKeyId = set.access_key_id,
                secretAccessKey = set.secret_access_key,
                sessionToken = set.session_token,
                expiration = os.date("!%Y-%m-%dT%H:%M:%SZ", set.expires),
            },
            packedPolicySize = 42,
            roleArn = given.roleArn,
            sourceIdentity = "CN=" .. common_name,
        } },
        subjectArn = string.format("arn:aws:rolesanywhere:%s:%s:subject/%s", who.region,
            fixtures.account, "41cl0bae-6783-40d4-ab20-65dc5d922e45"),
    } }
end

return sessions
