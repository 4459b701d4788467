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
