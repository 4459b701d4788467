--- IAM Identity Center, as far as credentials need it: the portal's GetRoleCredentials, and CreateToken of SSO OIDC,
--- whose refresh tokens serve once.
-- luacheck: std ngx_lua
local fixtures = require "server.fixtures"
local json = require "server.json"
local refusal = require "server.refusal"
local request_reader = require "server.request"
local sessions = require "server.sessions"
local state = require "server.state"

local sso = { operations = {}, verify = {} }

local LIFETIME, TOKEN_LIFETIME = 3600, 8 * 3600

sso.routes = {
    { "sso", "GET", "/federation/credentials", "GetRoleCredentials" },
    { "sso-oidc", "POST", "/token", "CreateToken" },
}

local function not_signed(request)
    if request:header "authorization" then
        refusal.validation "this request is not signed"
    end
end

function sso.verify.sso(request)
    not_signed(request)
    local token = request:header "x-amz-sso_bearer_token"
    local expires = state.tokens[token or ""]
    if token ~= fixtures.sso.access_token and not (expires and expires > state.now()) then
        refusal.raise(401, "UnauthorizedException", "Session token not found or invalid")
    end
    return {}
end

sso.operations["sso.GetRoleCredentials"] = function(request)
    local asked = request_reader.arguments(request.query)
    if asked.account_id ~= fixtures.account or asked.role_name ~= fixtures.role then
        refusal.raise(403, "ForbiddenException", "No access")
    end
    local lifetime = state.config.role_lifetime_s
    local set = sessions.issue(lifetime ~= 0 and lifetime or LIFETIME)
    return { body = json.encode { roleCredentials = {
        accessKeyId = set.access_key_id,
        secretAccessKey = set.secret_access_key,
        sessionToken = set.session_token,
        expiration = set.expires * 1000,
    } } }
end

sso.verify["sso-oidc"] = function(request)
    not_signed(request)
    if request:header "content-type" ~= "application/json" then
        refusal.validation "the body must be JSON"
    end
    return {}
end

sso.operations["sso-oidc.CreateToken"] = function(request)
    local given = json.decode(request.body)
    if type(given) ~= "table" or given.grantType ~= "refresh_token" then
        refusal.raise(400, "UnsupportedGrantTypeException", "grantType must be refresh_token")
    elseif given.clientId ~= fixtures.sso.client_id or given.clientSecret ~= fixtures.sso.client_secret then
        refusal.raise(401, "InvalidClientException", "Invalid client provided")
    elseif given.refreshToken ~= (state.refresh_token or fixtures.sso.refresh_token) then
        refusal.raise(400, "InvalidGrantException", "Invalid refresh token provided")
    end
    local token = state.token()
    state.refresh_token = state.token()
    state.tokens[token] = state.now() + TOKEN_LIFETIME
    return { body = json.encode {
        accessToken = token, tokenType = "Bearer", expiresIn = TOKEN_LIFETIME, refreshToken = state.refresh_token,
    } }
end

return sso
