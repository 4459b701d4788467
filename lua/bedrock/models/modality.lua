--- Filters by what models take and give: a word that names no modality would fit nothing, in silence.
local core = require "bedrock.core"

local modality = {}

local FILTERS = { "input", "modality", "output" }

--- What AWS has named so far. The lists of a region may name more.
local KNOWN = { "TEXT", "IMAGE", "EMBEDDING", "VIDEO", "AUDIO", "SPEECH" }

--- @param models table<string, bedrock.Model>
local function all(models)
    local names = {}
    for _, name in ipairs(KNOWN) do
        names[#names + 1], names[name] = name, true
    end
    for _, model in pairs(models) do
        for _, list in ipairs { model.input, model.output } do
            for _, name in ipairs(list) do
                if not names[name] then
                    names[#names + 1], names[name] = name, true
                end
            end
        end
    end
    return names
end

--- @param filter bedrock.ModelFilter that fits no model
--- @param models table<string, bedrock.Model> what the region lists
--- @return table[] problems
function modality.problems(filter, models)
    local names, problems = all(models), {}
    for _, path in ipairs(FILTERS) do
        local given = filter[path]
        if given and not names[given:upper()] then
            local near = core.suggest(given:upper(), names)
            problems[#problems + 1] = { path = path, kind = "enum",
                message = ('"%s" is no modality; choose one of %s%s'):format(core.shown(given),
                    table.concat(names, ", "), near and (" (did you mean %s?)"):format(near) or "") }
        end
    end
    return problems
end

return modality
