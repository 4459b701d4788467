--- Credentials as other programs take them.
local lent = {}

--- Programs renew what ends within a quarter of an hour, and would ask again and again.
local ENDS_SOON_S = 15 * 60

--- Does it pay to have new ones? Not where all of them last no longer than that.
local function ends_soon(found, info)
    local lasts = tonumber(found.connect.duration) or 3600
    return info.seconds_left ~= nil and info.seconds_left < ENDS_SOON_S and lasts >= 2 * ENDS_SOON_S
        and (info.cache == "memory" or info.cache == "file" or info.cache == "redis")
end

--- @return bedrock.ExportedCredentials
function lent.secrets(self)
    local conn = self:connect()
    if conn.auth ~= "api_key" and conn.auth ~= "none" then
        local info = self:check(conn:credentials())
        if ends_soon(self:settings(), info) then
            -- What there is still works, so a refusal is no failure.
            conn:refresh { early = true }
        end
    end
    return self:check(conn:export())
end

--- @param expiration integer? epoch seconds
--- @return string? # nil: there is none
function lent.iso(expiration)
    return expiration and os.date("!%Y-%m-%dT%H:%M:%SZ", expiration) or nil
end

--- @return string[][] pairs of name and value, as AWS's SDKs know them
function lent.variables(secrets)
    local list = {
        { "AWS_ACCESS_KEY_ID", secrets.access_key_id },
        { "AWS_SECRET_ACCESS_KEY", secrets.secret_access_key },
    }
    if secrets.session_token then
        list[#list + 1] = { "AWS_SESSION_TOKEN", secrets.session_token }
    end
    if secrets.expiration then
        list[#list + 1] = { "AWS_CREDENTIAL_EXPIRATION", lent.iso(secrets.expiration) }
    end
    return list
end

return lent
