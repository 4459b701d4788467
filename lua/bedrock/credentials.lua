--- What a connection's calls are signed with.
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local drop_null = require "bedrock.base.drop_null"
local errors = require "bedrock.errors"
local host = require "bedrock.host"
local printed = require "bedrock.prints.printed"

local credentials = {}

--- Those that obtain no credentials, so there is nothing more to report.
local WITHOUT_IDENTITY = { api_key = true, none = true }

local function obtain(client, refresh)
    local call, err = client:identity(refresh)
    if not call then
        return nil, err
    end
    host.await(call)
    return call
end

local function read(client, refresh)
    local call, err = obtain(client, refresh)
    if not call then
        return nil, err
    end
    return call:credentials()
end

local function identity(client, refresh)
    local info, err = read(client, refresh)
    return connection.again_if_wanted(info, err, read, client, refresh)
end

local function lend(client)
    local call, err = obtain(client, false)
    if not call then
        return nil, err
    end
    return call:lend()
end

--- For functions of the core that sign: secrets that Lua does not see.
--- @return userdata|false|nil keys false: none are used
--- @return bedrock.Error? err
function credentials.lend(client)
    local _, auth = client:about()
    if WITHOUT_IDENTITY[auth] then
        return false
    end
    local keys, err = lend(client)
    return connection.again_if_wanted(keys, err, lend, client)
end

--- What calls are signed with: where it is from and how long it lasts, never a secret.
--- @class bedrock.CredentialsInfo
--- @field source string the outermost layer: an `auth`, "assume_role" or "sso"
--- @field via string[] all layers that they come through, from the outermost in
--- @field cache? "exchange"|"memory"|"file"|"redis" where they were found
--- @field access_key_id? string no secret
--- @field expiration? integer epoch seconds; nil: they do not expire
--- @field seconds_left? integer until they end

--- What the next call will be signed with, without secrets. If there are no credentials yet, they are obtained first.
--- @return bedrock.CredentialsInfo? info
--- @return bedrock.Error? err
function credentials.info(self)
    local client = connection.client_of(self, nil, nil, 2)
    local _, auth = client:about()
    if WITHOUT_IDENTITY[auth] then
        return printed.as({ source = auth, via = { auth } }, "credentials")
    end
    local info, err = identity(client, false)
    if info then
        info.via = client:via() or { auth }
        info.source = info.via[1]
        printed.as(info, "credentials")
    end
    return info, err
end

--- What is asked of the client: new ones, or with `early` those that last.
local function wish(options)
    local problems = {}
    for name, value in pairs(drop_null(options)) do
        if name ~= "early" then
            problems[#problems + 1] = { path = core.shown(tostring(name)), kind = "unknown",
                message = "unknown option; the only one is early" }
        elseif type(value) ~= "boolean" then
            problems[#problems + 1] = { path = "early", kind = "type",
                message = "must be true or false, got " .. errors.type_of(value) }
        end
    end
    if problems[1] then
        return nil, errors.validation("refresh", problems)
    end
    return options.early == true and "early" or true
end

--- Gets new credentials, whatever memory and files contain, and replaces those. With `early` only where they end within
--- 15 minutes, as programs expect of what they are given; of all processes that do so at once, one makes the exchange.
--- @param options? { early?: boolean }
--- @return true? ok
--- @return bedrock.Error? err
function credentials.refresh(self, options)
    local client = connection.client_of(self, nil, nil, 2)
    if options ~= nil and type(options) ~= "table" then
        error("refresh: expected a table with the options, got " .. errors.type_of(options), 2)
    end
    local how, problem = wish(options or {})
    if not how then
        return nil, problem
    end
    local _, auth = client:about()
    if WITHOUT_IDENTITY[auth] then
        return true
    end
    local info, err = identity(client, how)
    if not info then
        return nil, err
    end
    return true
end

--- One line about the certificate in use; nil if there is none.
--- @return string?
function credentials.certificate(self)
    return connection.client_of(self, nil, nil, 2):certificate()
end

return credentials
