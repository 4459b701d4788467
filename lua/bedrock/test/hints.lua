--- The usual causes of what a test of a connection meets.
local hints = {}

--- How a refused session name comes to be used.
hints.SESSION_NAME = "to have the session name used, let the Roles Anywhere profile accept it: aws rolesanywhere "
    .. "update-profile --profile-id … --accept-role-session-name"

local NETWORK = {
    ConnectTimeout = "check the way to this host: firewall, proxy, VPC endpoint; connect_timeout may also "
        .. "be too short",
    ReadTimeout = "the service was reached but said nothing in time; read_timeout may be too short",
    FirstByteTimeout = "the service was reached but said nothing in time; first_byte_timeout may be too short",
    TotalTimeout = "total_timeout may be too short",
}

local function network_hint(err)
    if err.kind == "timeout" then
        return NETWORK[err.code]
    end
    if err.kind ~= "transport" then
        return nil
    end
    local message = err.message:lower()
    if message:find("too many open files", 1, true) then
        return "this process may open more files: ulimit -n, or worker_rlimit_nofile in nginx"
    end
    if message:find("certificate required", 1, true) or message:find("alert bad certificate", 1, true)
        or message:find("client_certificate and client_key", 1, true) then
        return "the endpoint requires a client certificate, or a different one: set client_certificate and "
            .. "client_key"
    end
    if message:find("ca_file must name", 1, true) then
        return "ca_file (or SSL_CERT_FILE) must contain PEM certificates, and be readable by the user that this runs "
            .. "as (in nginx, the workers')"
    end
    if message:find("certificate", 1, true) or message:find("ssl", 1, true)
        or message:find("tls", 1, true) then
        return "the server's certificate is not trusted: behind a proxy that opens TLS, or with your "
            .. "own endpoint, set ca_file to the authority's certificate"
    end
    return "check the region, and the way to this host: DNS, firewall, proxy, VPC endpoint"
end

local function status_of(err)
    return err.status or 0
end

local function busy_hint(err)
    if status_of(err) == 429 or status_of(err) >= 500 then
        return "the service is busy or has trouble; try again later"
    end
end

local function clock_hint(err)
    if err.message:find("Signature expired", 1, true) or err.message:find("not yet current", 1, true)
        or err.code == "RequestTimeTooSkewed" or err.code == "RequestInTheFuture" then
        return "check this machine's clock"
    end
end

--- Parts of AWS's messages, in lower case, because their capitals vary.
local EXCHANGE = {
    { "untrusted", "the certificate does not lead to the trust anchor: is trust_anchor_arn the "
        .. "right one and enabled, and are the intermediate certificates in certificate_chain? Is the certificate "
        .. "revoked?" },
    { "invalid signature", "the private key and the certificate match (that is checked), so most likely the clock "
        .. "of this machine is wrong, or a proxy changed the request" },
    { "session tags", "does the role's trust policy allow sts:TagSession, and have the certificate's subject, issuer "
        .. "and alternative names only characters that tags may have: letters, digits, spaces and _.:/=+-@?" },
    { "rolesessionname", hints.SESSION_NAME },
}

--- Your own endpoint is called as if it were in Bedrock's region, whatever the ARNs say, unless an option says
--- otherwise.
local function region_hint(conn)
    local theirs, asked, option = conn._client:foreign_arns()
    if theirs then
        return ('profile_arn and trust_anchor_arn are of region %s, but Roles Anywhere was asked as %s: set %s = "%s"')
            :format(theirs, asked, option, theirs)
    end
end

--- Of what Roles Anywhere, or another way to credentials, refused.
--- @param err bedrock.Error
--- @param conn bedrock.Connection
--- @return string?
function hints.exchange(err, conn)
    local message = err.message:lower()
    for _, pair in ipairs(EXCHANGE) do
        if message:find(pair[1], 1, true) then
            return pair[2]
        end
    end
    local region = err.kind == "credentials" and region_hint(conn)
    if region then
        return region
    end
    if err.code == "ResourceNotFoundException" or status_of(err) == 404 then
        return "no such trust anchor or profile in this account and region: check profile_arn, trust_anchor_arn "
            .. "and roles_anywhere_region"
    end
    if status_of(err) == 403 then
        return "usual causes: the role is not in the profile's list; profile or trust anchor is disabled; the "
            .. "role's trust policy does not let rolesanywhere.amazonaws.com do sts:AssumeRole, sts:TagSession and "
            .. "sts:SetSourceIdentity, or has a condition this certificate does not meet"
    end
    if status_of(err) == 400 then
        return "an ARN or duration does not suit the profile: check role_arn, profile_arn, trust_anchor_arn, and "
            .. "that duration is not above the role's maximum"
    end
end

local IDENTITIES = {
    UnrecognizedClientException = true,
    InvalidClientTokenId = true,
    InvalidSignatureException = true,
    SignatureDoesNotMatch = true,
    IncompleteSignatureException = true,
}

local function is_denied(err)
    return err.code == "AccessDeniedException" or err.code == "AccessDenied"
end

--- Refusals with the same code that are not about the permission to list: parts of AWS's messages, in lower case.
local NOT_CREDENTIALS = { "api key", "bearer", "authentication failed", "security token", "signature" }
local NOT_LISTING_ALONE = { "explicit deny", "service control policy", "resource control policy", "your account" }

local function has_one(text, parts)
    for _, part in ipairs(parts) do
        if text:find(part, 1, true) then
            return true
        end
    end
    return false
end

--- AWS refuses to list, because this role may not. AWS checks that only once it knows who asks, so credentials and
--- region are right. An explicit or higher deny may be about more than the list; only asking a model can tell.
--- @param err bedrock.Error
--- @param model string? that is asked as well
--- @return boolean
function hints.may_not_list(err, model)
    local message = err.message:lower()
    return err.kind == "service" and is_denied(err) and not has_one(message, NOT_CREDENTIALS)
        and (model ~= nil or not has_one(message, NOT_LISTING_ALONE))
end

--- Of what Bedrock refused.
--- @param err bedrock.Error
--- @param conn bedrock.Connection
--- @return string?
function hints.bedrock(err, conn)
    if conn.auth == "api_key" and (err.status == 401 or err.message:find("API Key is valid", 1, true)) then
        return "AWS does not know this API key: check that all of it was copied, that it has not expired, and that "
            .. "it is for " .. conn.region
    end
    if is_denied(err) then
        return "a policy above this one permission takes it away: a service control policy that closes Bedrock or this "
            .. 'region, an explicit deny, or the account itself; conn:test { model = "…" } tells whether a model '
            .. "can be asked all the same"
    end
    if err.code == "ExpiredTokenException" or err.code == "ExpiredToken" then
        return "session_token has expired: get new temporary credentials"
    end
    if IDENTITIES[err.code] then
        return "AWS does not accept these credentials in " .. conn.region .. ": are access key and secret a pair, is "
            .. "session_token given where the key needs one, is the region enabled for the account?"
    end
    if err.status == 403 then
        return "are the credentials valid in " .. conn.region .. ", and is the region enabled for the account?"
    end
    if err.status == 404 then
        return "is Bedrock offered in " .. conn.region .. "? Your own endpoint may also be the wrong one"
    end
end

--- @param err bedrock.Error
--- @param specific fun(err: bedrock.Error, conn: bedrock.Connection): string? what only this step knows
--- @param conn bedrock.Connection
--- @return string?
function hints.of(err, specific, conn)
    return network_hint(err) or busy_hint(err) or clock_hint(err) or specific(err, conn)
end

return hints
