--- What a connection's calls are signed with.
local connection = require "bedrock.connection"
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

--- @class bedrock.CredentialsInfo
--- @field source string the outermost layer: an `auth`, "assume_role" or "sso"
--- @field via string[] all layers that they come through, from the outermost in
--- @field cache? "exchange"|"memory"|"file"|"redis" where they were found
--- @field access_key_id? string
--- @field expiration? integer epoch seconds; nil: they do not expire
--- @field seconds_left? integer

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

--- Gets new credentials, whatever memory and files contain, and replaces those.
--- @return true? ok
--- @return bedrock.Error? err
function credentials.refresh(self)
    local client = connection.client_of(self, nil, nil, 2)
    local _, auth = client:about()
    if WITHOUT_IDENTITY[auth] then
        return true
    end
    local info, err = identity(client, true)
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
