--- AWS4-HMAC-SHA256 and API keys: who may call Bedrock.
local authorization = require "server.authorization"
local canonical = require "server.canonical"
local fixtures = require "server.fixtures"
local hmac = require "openssl.hmac"
local presigned = require "server.presigned"
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

local function check_token(token, set)
    if token ~= set.session_token then
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

--- The signature fits the request, the key and the token; who it is.
local function check_signature(request, auth)
    if auth.algorithm ~= "AWS4-HMAC-SHA256" then
        refusal.incomplete("Unsupported AWS 'algorithm': '" .. auth.algorithm .. "'.")
    end
    local set = state.credentials(auth.id)
    if not set then
        refusal.raise(403, "UnrecognizedClientException",
            "The security token included in the request is invalid.", "unknown access key ID")
    end
    check_token(auth.token, set)
    authorization.check_date(request, auth)
    authorization.check_signed_headers(request, auth.names, auth.stamp ~= nil)
    local text = authorization.string_to_sign(request, auth)
    if auth.signature ~= signature(set.secret_access_key, auth, text) then
        refusal.invalid_signature("signature differs; string to sign: " .. text)
    end
    return { region = auth.region, access_key_id = auth.id }
end

local function refuse_key(reason)
    refusal.raise(403, "AccessDeniedException",
        "Authentication failed: Please make sure your API Key is valid.", reason)
end

--- A short-term key is a request of its own, which is checked like any other.
local function check_short_term(key)
    local request, longest = presigned.of_key(key)
    if not request then
        refuse_key("unknown API key")
    end
    local ok, who = pcall(function()
        local auth, signed = presigned.parse(request, longest)
        check_scope(auth, "bedrock")
        return check_signature(signed, auth)
    end)
    if not ok then
        refuse_key("short-term API key: " .. tostring(type(who) == "table" and who.reason or who))
    end
    return who
end

local function check_api_key(request, service)
    local key = request:header("authorization"):match("^Bearer (.+)$")
    local for_keys = not service or service == "bedrock" or service == "bedrock-runtime"
        or service == "bedrock-mantle"
    if not for_keys or request:header("x-amz-security-token") then
        refuse_key("this service takes no API key, or there is a token beside it")
    end
    return key == fixtures.api_key and {} or check_short_term(key)
end

local function parse(request)
    local header = request:header("authorization")
    if header then
        local auth = authorization.parse(header)
        auth.token = request:header("x-amz-security-token")
        return auth, request
    elseif presigned.is(request.query) then
        return presigned.parse(request)
    end
    refusal.raise(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
end

--- Refuses the request, or returns what is known about its sender.
--- @param request table
--- @param service string? the service the path belongs to
--- @return table {region, access_key_id}
function sigv4.verify(request, service)
    if (request:header("authorization") or ""):find("^Bearer ") then
        return check_api_key(request, service)
    end
    local auth, signed = parse(request)
    check_scope(auth, service)
    authorization.check_host(request)
    return check_signature(signed, auth)
end

return sigv4
