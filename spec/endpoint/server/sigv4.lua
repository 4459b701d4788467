--- AWS4-HMAC-SHA256 and API keys: who may call Bedrock.
local authorization = require "server.authorization"
local canonical = require "server.canonical"
local fixtures = require "server.fixtures"
local hmac = require "openssl.hmac"
local refusal = require "server.refusal"
local state = require "server.state"

local sigv4 = {}

local function mac(key, text)
    return hmac.new(key, "sha256"):final(text)
end

local function signature(secret, auth, text)
    local key = mac("AWS4" .. secret, auth.date)
    for _, part in ipairs { auth.region, auth.service, "aws4_request" } do
        key = mac(key, part)
    end
    return canonical.hex(mac(key, text))
end

local function check_token(request, set)
    if request:header("x-amz-security-token") ~= set.session_token then
        refusal.raise(403, "UnrecognizedClientException",
            "The security token included in the request is invalid.",
            "token missing, unknown, or not of this access key")
    end
    if set.expires and set.expires <= state.now() then
        refusal.raise(403, "ExpiredTokenException",
            "The security token included in the request is expired")
    end
end

local function signing_name(service)
    if service and service:find("^bedrock%-agentcore") then
        return "bedrock-agentcore"
    end
    local own_name = service == "rolesanywhere" or service == "bedrock-mantle" or service == "sts"
    return own_name and service or "bedrock"
end

local function check_scope(auth, service)
    local expected = signing_name(service)
    local fits = auth.service == expected or (not service and auth.service == "bedrock-agentcore")
    if not fits then
        refusal.raise(403, "InvalidSignatureException",
            "Credential should be scoped to correct service: '" .. expected .. "'. ",
            "scoped to " .. auth.service)
    end
    if not auth.region:find("^[a-z0-9%-]+$") then
        refusal.raise(403, "InvalidSignatureException",
            "Credential should be scoped to a valid region. ", "region " .. auth.region)
    end
end

local function check_api_key(request, service)
    local key = request:header("authorization"):match("^Bearer (.+)$")
    local for_keys = not service or service == "bedrock" or service == "bedrock-runtime"
        or service == "bedrock-mantle"
    if key ~= fixtures.api_key or not for_keys or request:header("x-amz-security-token") then
        refusal.raise(403, "AccessDeniedException",
            "Authentication failed: Please make sure your API Key is valid.",
            for_keys and "unknown API key" or "this service takes no API key")
    end
end

--- Refuses the request, or returns what is known about its sender.
--- @param request table
--- @param service string? the service the path belongs to
--- @return table {region, access_key_id}
function sigv4.verify(request, service)
    local header = request:header("authorization")
    if not header then
        refusal.raise(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    end
    if header:find("^Bearer ") then
        check_api_key(request, service)
        return {}
    end
    local auth = authorization.parse(header)
    if auth.algorithm ~= "AWS4-HMAC-SHA256" then
        refusal.incomplete("Unsupported AWS 'algorithm': '" .. auth.algorithm .. "'.")
    end
    local set = state.credentials(auth.id)
    if not set then
        refusal.raise(403, "UnrecognizedClientException",
            "The security token included in the request is invalid.", "unknown access key ID")
    end
    check_token(request, set)
    check_scope(auth, service)
    authorization.check_host(request)
    authorization.check_date(request, auth)
    authorization.check_signed_headers(request, auth.names)
    local text = authorization.string_to_sign(request, auth)
    if auth.signature ~= signature(set.secret_access_key, auth, text) then
        refusal.invalid_signature("signature differs; string to sign: " .. text)
    end
    return { region = auth.region, access_key_id = auth.id }
end

return sigv4
