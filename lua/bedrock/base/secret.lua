--- Names whose values are credentials, wherever they stand: such values are never shown.
local core = require "bedrock.core"

local NAMES = {}
for name in ([[
    accesstoken apikey apikeysecret appsecret applicationtoken authorization authorizationprivatekey
    authorizationsignature basicauthtoken bearertoken clientkey clientkeypassword clientsecret contextassertion cookie
    downloadurl idtoken passphrase password paymentcredential paymenttoken pkcs12 presignedurl privatekey
    privatekeypassword proxyauthorization refreshtoken samlassertion secret secretaccesskey securitytoken sessiontoken
    setcookie tokencode tradeintoken usertoken walletauthtoken walletsecret webidentitytoken workloadaccesstoken
    workloadidentitytoken xamzsecuritytoken xapikey
]]):gmatch "%S+" do
    NAMES[name] = true
end

--- Settings that are URLs, in which a password may stand.
local URLS = { cache = true, endpoint = true, proxy = true }

--- Tables of texts under names of the user's own, of which any may be a secret.
local MAPS = { customParameters = true, environmentVariables = true }

local secret = { HIDDEN = "(hidden)" }

--- @param name any the key of a table
--- @return boolean may all texts in it be secrets?
function secret.is_map(name)
    return MAPS[name] == true or name == "headers"
end

--- @param name any key of a value
--- @return boolean
function secret.is(name)
    return type(name) == "string" and NAMES[(name:lower():gsub("[_-]", ""))] == true
end

--- A text as it may be shown.
--- @param name any its key, if it has one
--- @param text string
--- @param within any the key of the table that it is in: "headers" that are sent, "endpoint"
--- @return string
function secret.shown(name, text, within)
    if secret.is(name) or MAPS[within] or text:find("PRIVATE KEY-----", 1, true) then
        return secret.HIDDEN
    elseif within == "headers" and type(name) == "string" and not core.is_public_header(name) then
        return secret.HIDDEN
    elseif URLS[name] or within == "endpoint" then
        return (text:gsub("://[^/@%s]*@", "://" .. secret.HIDDEN .. "@"))
    end
    return text
end

return secret
