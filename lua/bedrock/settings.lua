--- The settings of the command and of bedrock.open: options given, then the environment, then a file.
---
---     local conn = assert(bedrock.open())                       -- as `bedrock` on the command line connects
---     local conn = assert(bedrock.open { region = "eu-central-1" })
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local file = require "bedrock.settings.file"
local options = require "bedrock.settings.options"

local settings = {}

local OPERATION = "settings"

local function refuse(path, kind, message, ...)
    return nil, errors.config(OPERATION, { { path = path, kind = kind, message = message:format(...) } })
end

--- Variables of the environment that hold options: BEDROCK_PROFILE_ARN and the like.
--- @param getenv fun(name: string): string?
--- @return table? found
--- @return bedrock.Error? err
function settings.of_environment(getenv)
    local found, problems = {}, {}
    for name in pairs(options.known) do
        local variable = "BEDROCK_" .. name:upper()
        local text = getenv(variable)
        if text and text ~= "" then
            local value, why = options.value(name, text)
            if why then
                problems[#problems + 1] = { path = variable, kind = "type", message = why }
            end
            found[name] = value
        end
    end
    if problems[1] then
        return nil, errors.config(OPERATION, problems)
    end
    return found
end

--- Variables that have another meaning.
local NO_OPTIONS = { log = true, settings = true }

local function nearest(name)
    local names = {}
    for _, list in ipairs { options.known, NO_OPTIONS } do
        for known in pairs(list) do
            names[#names + 1] = known
        end
    end
    local near = core.suggest(name, names)
    return near and math.abs(#near - #name) <= 2 and near
end

--- Variables that are no option's, and much like one that is.
--- @return string[][] pairs: the name, what may have been meant
function settings.slips()
    local found = {}
    for _, variable in ipairs(core.variables "BEDROCK_") do
        local name = variable:sub(#"BEDROCK_" + 1):lower()
        local near = not options.known[name] and not NO_OPTIONS[name] and nearest(name)
        if near then
            found[#found + 1] = { variable, "BEDROCK_" .. near:upper() }
        end
    end
    return found
end

--- The file: the one named, or the user's own if it is there.
--- @param named string?
--- @param getenv fun(name: string): string?
--- @return table? found empty: there is none
--- @return string|bedrock.Error|nil path of the file, or what is wrong with it
function settings.of_file(named, getenv)
    local path = named or getenv "BEDROCK_SETTINGS"
    if not path or path == "" then
        local found
        path, found = file.place(getenv)
        if not found then
            return {}
        end
    end
    local read, why = file.read(path)
    if not read then
        return refuse(path, "file", "%s", why)
    end
    return read, path
end

--- @class bedrock.FoundSettings
--- @field connect bedrock.Settings for bedrock.connect
--- @field own table {model=, system=}
--- @field from table<string, string> where each option is from: "option", a variable, a file
--- @field file? string

local function take(found, values, from)
    for name, value in pairs(values) do
        if value ~= core.null and found.from[name] == nil then
            local known = options.known[name]
            found.from[name] = from(name)
            if known and known.own then
                found.own[name] = value
            else
                found.connect[name] = value
            end
        end
    end
end

--- An option that says where credentials come from puts aside what says so less strongly.
local function is_elsewhere(found, values)
    return found.connect.auth ~= nil and values.auth ~= nil and values.auth ~= found.connect.auth
end

settings.of_credentials = { "access_key_id", "api_key", "assume_role", "certificate", "certificate_chain", "container",
    "credential_process", "instance", "openssl_providers", "pkcs12", "private_key", "private_key_password",
    "profile", "profile_arn", "role_arn", "secret_access_key", "session_name", "session_token", "trust_anchor_arn",
    "web_identity" }

local function without_credentials(values)
    local rest = {}
    for name, value in pairs(values) do
        rest[name] = value
    end
    for _, name in ipairs(settings.of_credentials) do
        rest[name] = nil
    end
    rest.auth = nil
    return rest
end

--- @param given table options
--- @param environment table
--- @param contents table of a settings file
--- @param path string? the file's
--- @return bedrock.FoundSettings
local function together(given, environment, contents, path)
    local found = { connect = {}, own = {}, from = {}, file = path }
    local sources = {
        { given, function() return "option" end },
        { environment, function(name) return "BEDROCK_" .. name:upper() end },
        { contents, function() return path end },
    }
    for _, source in ipairs(sources) do
        local values = is_elsewhere(found, source[1]) and without_credentials(source[1]) or source[1]
        take(found, values, source[2])
    end
    return found
end

--- What will be found when a file holds that.
--- @param contents table
--- @param path string
--- @return bedrock.FoundSettings? found
--- @return bedrock.Error? err
function settings.with_file(contents, path)
    local environment, err = settings.of_environment(os.getenv)
    return environment and together({}, environment, contents, path), err
end

--- All together, the strongest first.
--- @param given table? options
--- @param named string? a settings file
--- @param getenv? fun(name: string): string? os.getenv
--- @return bedrock.FoundSettings? found
--- @return bedrock.Error? err
function settings.find(given, named, getenv)
    getenv = getenv or os.getenv
    local environment, err = settings.of_environment(getenv)
    if not environment then
        return nil, err
    end
    local contents, path = settings.of_file(named, getenv)
    if not contents then
        return nil, path
    end
    return together(given or {}, environment, contents, path --[[@as string?]])
end

--- A connection with what was found.
--- @param found bedrock.FoundSettings
--- @return bedrock.Connection? conn
--- @return bedrock.Error? err
function settings.connect(found)
    local conn, err = require("bedrock.connection").connect(found.connect)
    if not conn then
        return nil, err.kind == "config" and require("bedrock.settings.refused").explained(found, err) or err
    end
    return conn
end

--- A connection with the command's settings: what is given here, the variables BEDROCK_…, and the settings file.
--- @param given? bedrock.Settings with `settings` (a path), `model` and `system`, too
--- @return bedrock.Connection? conn
--- @return bedrock.Error? err
--- @return table? own model and system, where they are set
function settings.open(given)
    if given ~= nil then
        require("bedrock.connection").check_settings("open", given, 2)
    end
    local rest = {}
    for name, value in pairs(given or {}) do
        rest[name] = value
    end
    local named = rest.settings
    rest.settings = nil
    local found, err = settings.find(rest, named)
    if not found then
        require("bedrock.host").refused(err)
        return nil, err
    end
    local conn
    conn, err = settings.connect(found)
    if not conn then
        return nil, err
    end
    return conn, nil, found.own
end

return settings
