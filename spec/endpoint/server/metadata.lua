--- What gives credentials on a machine itself: the endpoint of a container (ECS, EKS Pod Identity), and the metadata
--- service of an EC2 instance, version 2.
-- luacheck: std ngx_lua
local fixtures = require "server.fixtures"
local json = require "server.json"
local refusal = require "server.refusal"
local sessions = require "server.sessions"
local state = require "server.state"

local metadata = { operations = {}, verify = {} }

local LIST = "/latest/meta-data/iam/security-credentials/"
local LONGEST_TTL = 21600
local LIFETIME = 6 * 3600

metadata.routes = {
    { "container", "GET", "/container/credentials", "GetContainerCredentials" },
    { "instance", "PUT", "/latest/api/token", "PutInstanceToken" },
    { "instance", "GET", LIST, "GetInstanceRole" },
    { "instance", "GET", LIST .. "{role}", "GetInstanceCredentials" },
}

--- What IMDS, and what plays a container's endpoint, say instead of JSON.
local function plain(status, text)
    return { status = status, headers = { ["Content-Type"] = "text/plain" }, body = text }
end

local function credentials(more)
    if state.config.exchange_delay_ms > 0 then
        ngx.sleep(state.config.exchange_delay_ms / 1000)
    end
    local lifetime = state.config.role_lifetime_s
    local set = sessions.issue(lifetime ~= 0 and lifetime or LIFETIME)
    local answer = {
        AccessKeyId = set.access_key_id,
        SecretAccessKey = set.secret_access_key,
        Token = set.session_token,
        Expiration = os.date("!%Y-%m-%dT%H:%M:%SZ", set.expires),
    }
    for name, value in pairs(more) do
        answer[name] = value
    end
    return { body = json.encode(answer) }
end

--- Its token, in the header or not at all, and no other way to be asked.
function metadata.verify.container(request)
    if request:header "authorization" ~= fixtures.container_token then
        refusal.raise(403, "AccessDenied", "The authorization token is not valid",
            "authorization: " .. tostring(request:header "authorization"))
    end
    return {}
end

metadata.operations["container.GetContainerCredentials"] = function()
    return credentials { RoleArn = "arn:aws:iam::" .. fixtures.account .. ":role/" .. fixtures.role }
end

--- What came through a proxy gets no token; one that has expired or was never put opens nothing.
function metadata.verify.instance(request)
    if request.method == "PUT" then
        local ttl = tonumber(request:header "x-aws-ec2-metadata-token-ttl-seconds")
        if request:header "x-forwarded-for" or request:header "via" then
            refusal.raise(403, "Forbidden", "Forbidden", "it came through a proxy")
        elseif not ttl or ttl < 1 or ttl > LONGEST_TTL or ttl % 1 ~= 0 then
            refusal.raise(400, "BadRequest", "Bad Request", "no time to live of 1 to 21600 s")
        end
        return { ttl = ttl }
    end
    local expires = state.tokens[request:header "x-aws-ec2-metadata-token" or ""]
    if not expires or expires <= state.now() then
        refusal.raise(401, "Unauthorized", "Unauthorized", "no token, or one that is not known any more")
    end
    return {}
end

metadata.operations["instance.PutInstanceToken"] = function(_, who)
    local token = state.token() .. "=="
    state.tokens[token] = state.now() + (who.ttl or LONGEST_TTL)
    return plain(200, token)
end

metadata.operations["instance.GetInstanceRole"] = function()
    local role = state.config.instance_role
    return role ~= "" and plain(200, role) or plain(404, "404 - Not Found")
end

metadata.operations["instance.GetInstanceCredentials"] = function(_, _, labels)
    if labels[1] ~= state.config.instance_role then
        return plain(404, "404 - Not Found")
    end
    return credentials { Code = "Success", Type = "AWS-HMAC", LastUpdated = "2026-01-01T00:00:00Z" }
end

return metadata
