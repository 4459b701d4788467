--- The options of a connection that are one value: their names and types, for the environment and the command.
--- The same as those of bedrock.Settings; a spec compares them.
local options = {}

--- @class bedrock.SettingsOption
--- @field type "text"|"integer"|"boolean"
--- @field secret? boolean never among a command's arguments

local TEXTS = {
    "auth", "cache", "cache_dir", "ca_file", "certificate", "certificate_chain", "client_certificate", "client_key",
    "config_file", "credential_process", "credentials_file", "custom_region", "endpoint", "openssl_providers", "pkcs12",
    "private_key", "profile", "profile_arn", "proxy", "region", "role_arn", "roles_anywhere_custom_region",
    "roles_anywhere_region", "session_name", "trust_anchor_arn", "unknown",
}
local SECRETS = {
    "access_key_id", "api_key", "client_key_password", "private_key_password", "secret_access_key", "session_token",
}
local INTEGERS = {
    "connect_timeout", "duration", "first_byte_timeout", "max_attempts", "read_timeout", "total_timeout",
}
local BOOLEANS = { "allow_http", "retry_timeouts", "strict", "use_dualstack", "use_fips", "validate" }

--- What only the command and bedrock.open know.
local OWN = { "model", "system" }

--- @type table<string, bedrock.SettingsOption>
options.known = {}

local function add(names, fields)
    for _, name in ipairs(names) do
        options.known[name] = fields
    end
end

add(TEXTS, { type = "text" })
add(SECRETS, { type = "text", secret = true })
add(INTEGERS, { type = "integer" })
add(BOOLEANS, { type = "boolean" })
add(OWN, { type = "text", own = true })

local YES = { ["1"] = true, ["true"] = true, yes = true, on = true }
local NO = { ["0"] = true, ["false"] = true, no = true, off = true }

--- What a text means for an option.
--- @param name string
--- @param text string
--- @return any value nil: none that fits
--- @return string? why
function options.value(name, text)
    local known = options.known[name].type
    if known == "integer" then
        local number = tonumber(text)
        if not number or number % 1 ~= 0 then
            return nil, ('expected a whole number, got "%s"'):format(text)
        end
        return number
    elseif known == "boolean" then
        local word = text:lower()
        if not YES[word] and not NO[word] then
            return nil, ('expected true or false, got "%s"'):format(text)
        end
        return YES[word] or false
    elseif (name == "cache" or name == "proxy") and text == "false" then
        return false
    end
    return text
end

return options
