--- Settings that connect refused: what there is to say of them beside its words.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local file = require "bedrock.settings.file"

local refused = {}

--- Where a settings file would be, if none was read.
--- @param found bedrock.FoundSettings
--- @return string? sentence
function refused.no_file(found)
    local place = not found.file and file.place(os.getenv)
    return place and ("no settings file at %s; `bedrock configure` writes one"):format(place) or nil
end

local VARIABLES = { "AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI" }
local FILES = { { "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials" }, { "AWS_CONFIG_FILE", "/.aws/config" } }

--- What shows, without a look into it, that AWS's own credentials may be here: a variable or a file.
--- @param getenv fun(name: string): string?
--- @return string?
function refused.sign_of_aws(getenv)
    for _, name in ipairs(VARIABLES) do
        if (getenv(name) or "") ~= "" then
            return name
        end
    end
    for _, row in ipairs(FILES) do
        local path = getenv(row[1]) or (getenv "HOME" or "") .. row[2]
        if path ~= "" and file.exists(path) then
            return path
        end
    end
end

--- Does anything say where credentials come from?
local function has_credentials(values)
    for _, name in ipairs(require("bedrock.settings").of_credentials) do
        if values[name] ~= nil then
            return true
        end
    end
    return values.auth ~= nil or values.credentials ~= nil or values.sign ~= nil
end

local OWN = { "model", "settings", "system" }

--- What connect refused, with what it cannot know: options of ours, and that there is no file.
--- @param found bedrock.FoundSettings
--- @param err bedrock.Error
--- @return bedrock.Error
function refused.explained(found, err)
    local sentence, problems = refused.no_file(found), {}
    local is_bare = sentence and not has_credentials(found.connect)
    for _, problem in ipairs(err.errors or {}) do
        local near = problem.kind == "unknown" and core.suggest(problem.path, OWN)
        local message = near and ("unknown option (did you mean %s?)"):format(near) or problem.message
        if not (is_bare and problem.kind == "missing") then
            problems[#problems + 1] = { path = problem.path, kind = problem.kind, message = message }
        end
    end
    if is_bare then
        problems[#problems + 1] = { path = "", kind = "missing", message = sentence }
    end
    return problems[1] and errors.config(err.operation, problems) or err
end

return refused
