--- The models that the account's lists name, to be looked through for a name.
local core = require "bedrock.core"
local model_id = require "bedrock.models.id"
local model_name = require "bedrock.models.name"

local ON_DEMAND, LEGACY = "ON_DEMAND", "LEGACY"

--- @class bedrock.ModelCandidate
--- @field id string
--- @field parts bedrock.NameParts of the ID
--- @field names bedrock.NameParts[] of the ID, and of the name that AWS shows
--- @field on_demand? boolean
--- @field legacy? boolean
--- @field born? number when it came, in epoch seconds

local model_candidates = {}

--- @param summary table as ListFoundationModels has it
--- @return boolean
function model_candidates.is_on_demand(summary)
    for _, kind in ipairs(summary.inferenceTypesSupported or {}) do
        if kind == ON_DEMAND then
            return true
        end
    end
    return false
end

--- @param all table candidates by ID and in a list; gets the new one
--- @param id string
--- @return bedrock.ModelCandidate
function model_candidates.add(all, id)
    local one = all[id]
    if not one then
        one = { id = id, parts = model_name.parts(id), names = {} }
        one.names[1] = one.parts
        all[id], all[#all + 1] = one, one
    end
    return one
end

local function add_name(one, name)
    if type(name) == "string" then
        one.names[#one.names + 1] = model_name.parts(name)
    end
end

--- Every model that one of the lists has, by ID and in a list.
--- @param models table[] of ListFoundationModels
--- @param listed table[] of ListInferenceProfiles
--- @return table all
function model_candidates.of(models, listed)
    local all = {}
    for _, summary in ipairs(models) do
        if summary.modelId then
            local one = model_candidates.add(all, summary.modelId)
            one.on_demand = model_candidates.is_on_demand(summary)
            one.legacy = (summary.modelLifecycle or {}).status == LEGACY
            one.born = (summary.modelLifecycle or {}).startOfLifeTime
            add_name(one, summary.modelName)
        end
    end
    for _, profile in ipairs(listed) do
        local prefix, id = model_id.split(profile.inferenceProfileId or "")
        if prefix then
            model_candidates.add(all, id)
        end
    end
    return all
end

--- @param wanted bedrock.NameParts
--- @param one bedrock.ModelCandidate
--- @return integer? tier of the name that fits best; nil: none fits
--- @return boolean whole one of its names has no other words
function model_candidates.fit(wanted, one)
    local best, whole = nil, false
    for _, parts in ipairs(one.names) do
        local tier = model_name.fit(wanted, parts)
        if tier then
            best = math.min(tier, best or tier)
            whole = whole or model_name.is_whole(wanted, parts)
        end
    end
    return best, whole
end

--- @param a {one: bedrock.ModelCandidate, tier: integer, legacy: boolean, whole: boolean}
--- @param b {one: bedrock.ModelCandidate, tier: integer, legacy: boolean, whole: boolean}
--- @return number above 0: a goes before b; 0: neither
function model_candidates.compare(a, b)
    if a.tier ~= b.tier then
        return b.tier - a.tier
    elseif a.legacy ~= b.legacy then
        return b.legacy and 1 or -1
    end
    local order = model_name.newer(a.one.parts, b.one.parts)
    order = order ~= 0 and order or (a.one.born or 0) - (b.one.born or 0)
    if order == 0 and a.whole ~= b.whole then
        order = a.whole and 1 or -1
    end
    return order
end

--- @param wanted bedrock.NameParts
--- @param one bedrock.ModelCandidate
--- @return number above 0: the more, the more is alike
function model_candidates.likeness(wanted, one)
    local best = 0
    for _, parts in ipairs(one.names) do
        best = math.max(best, model_name.likeness(wanted, parts, core.suggest))
    end
    return best
end

return model_candidates
