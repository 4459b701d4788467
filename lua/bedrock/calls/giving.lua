--- What a connection gives to other programs: signatures, URLs, API keys and, by one function alone, its secrets.
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local credentials = require "bedrock.credentials"
local drop_null = require "bedrock.base.drop_null"
local errors = require "bedrock.errors"
local printed = require "bedrock.prints.printed"

local giving = {}

--- Credentials that Lua cannot look into.
local function lent(client, operation)
    local keys, err = credentials.lend(client)
    if keys == false then
        local _, auth = client:about()
        return nil, errors.new {
            kind = "config",
            code = "NotSupported",
            operation = operation,
            message = ('auth = "%s" has no keys to sign with: connect with another, as "roles_anywhere"'):format(auth),
        }
    end
    return keys, err
end

--- Level 1 is the function that calls this one.
local function check_table(request, what, operation, level)
    if type(request) ~= "table" then
        error(("%s: expected a table with the %s, got %s"):format(operation, what, errors.type_of(request)), level + 1)
    end
end

--- Wrong types are raised where the connection's method was called.
local function run(work, ...)
    local ok, result, more = pcall(work, ...)
    if not ok then
        error(result, 3)
    end
    return result, more
end

--- What was asked, with the connection's region if none was named; and the keys.
local function prepared(self, request, operation)
    local client = connection.client_of(self, nil, nil, 3)
    check_table(request, "request's fields", operation, 3)
    local fields = drop_null(request)
    fields.region = fields.region or (client:about())
    local keys, err = lent(client, operation)
    return fields, keys, err
end

--- The headers given go with those that were added, in their own spelling; what was signed anew replaces them.
local function whole(added, given)
    for name, value in pairs(given or {}) do
        if added[name:lower()] == nil then
            added[name] = value
        end
    end
    return added
end

--- A request to be signed with the credentials of a connection.
--- @class bedrock.SignRequest
--- @field url string path and query percent-encoded
--- @field method? string POST if not given
--- @field headers? table<string, string> to be signed besides
--- @field body? string its bytes
--- @field service? string "bedrock" if not given
--- @field region? string the connection's if not given

--- Signature Version 4 for a request that another program sends, with this connection's credentials.
--- @param request bedrock.SignRequest
--- @return table<string, string>? headers all to send: those given, and those added
--- @return bedrock.Error? err
function giving.sign(self, request)
    local fields, keys, err = prepared(self, request, "sign")
    if not keys then
        return nil, err
    end
    local added
    added, err = run(core.sign, fields, keys)
    if not added then
        return nil, err
    end
    return whole(added, fields.headers)
end

--- A request to be signed into its URL, with the credentials of a connection.
--- @class bedrock.PresignRequest
--- @field url string path and query percent-encoded
--- @field method? string GET if not given
--- @field headers? table<string, string> whoever uses the URL must send them
--- @field expires? integer seconds, 1 to 604800; 3600 if not given
--- @field service? string "bedrock" if not given
--- @field region? string the connection's if not given

--- A URL that is good without credentials until it expires, at the latest with the credentials that signed it.
--- @param request bedrock.PresignRequest
--- @return string? url
--- @return bedrock.Error? err
function giving.presign(self, request)
    local fields, keys, err = prepared(self, request, "presign")
    if not keys then
        return nil, err
    end
    local url
    url, err = run(core.presign, fields, keys)
    return url, err
end

local function check_options(options)
    local problems = {}
    for name in pairs(options) do
        if name ~= "duration" then
            problems[#problems + 1] = {
                path = tostring(name),
                kind = "unknown",
                message = "unknown option; the only one is duration",
            }
        end
    end
    return problems[1] and errors.validation("api_key", problems)
end

--- A short-term API key of Amazon Bedrock for this connection's region. It may do what the connection's role may.
--- @param options? { duration?: integer } seconds, 1 to 43200; 43200 if not given
--- @return string? key
--- @return integer|bedrock.Error expiration epoch seconds: when the key or the credentials end, whichever is sooner
function giving.api_key(self, options)
    local client = connection.client_of(self, nil, nil, 2)
    check_table(options or {}, "options", "api_key", 2)
    local given = drop_null(options or {})
    local err = check_options(given)
    if err then
        return nil, err
    end
    local keys
    keys, err = lent(client, "api_key")
    if not keys then
        return nil, err
    end
    local key, expiration = run(core.api_key, (client:about()), keys, given.duration)
    return key, expiration
end

--- Keys for a program that signs by itself. They are secrets.
--- @class bedrock.ExportedCredentials
--- @field access_key_id string
--- @field secret_access_key string a secret
--- @field session_token? string a secret
--- @field expiration? integer epoch seconds; nil: they do not expire

--- The credentials themselves, for a program that has to sign by itself. Nothing else hands out secrets.
--- @return bedrock.ExportedCredentials? secrets
--- @return bedrock.Error? err
function giving.export(self)
    local keys, err = lent(connection.client_of(self, nil, nil, 2), "export")
    if not keys then
        return nil, err
    end
    return printed.as(core.export(keys), "credentials")
end

return giving
