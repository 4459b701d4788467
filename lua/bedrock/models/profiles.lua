--- Which of the account's inference profiles keeps a model's requests in the geography of the connection's region.
--- Prefixes do not say so: that of a country exists for some models only, and "us." may be called from Canada, too. So
--- AWS's own list decides, which says where each profile sends requests. If it does not decide, nothing is chosen,
--- because a guess may send data abroad.
local errors = require "bedrock.errors"
local kept_list = require "bedrock.models.kept_list"
local listing = require "bedrock.models.listing"
local model_id = require "bedrock.models.id"

local OPERATION = "generate"

--- The regions that a profile sends requests to, as a set; "" stands for all.
local function destinations(profile)
    local regions = {}
    for _, model in ipairs(profile.models or {}) do
        regions[model.modelArn and model_id.region(model.modelArn) or ""] = true
    end
    return regions
end

local function sorted(set)
    local list = {}
    for name in pairs(set) do
        list[#list + 1] = name == "" and "any region" or name
    end
    table.sort(list)
    return list
end

--- @return table[] profiles of the model: {id, prefix, regions}
local function profiles_of(model, profiles)
    local found = {}
    for _, profile in ipairs(profiles) do
        local id = profile.inferenceProfileId or ""
        local prefix, bare = model_id.split(id)
        if prefix and bare == model then
            found[#found + 1] = { id = id, prefix = prefix, regions = destinations(profile) }
        end
    end
    return found
end

--- Both the name and the list of regions must say so. A profile without a list may go anywhere.
local function stays(profile, area)
    for region in pairs(profile.regions) do
        if model_id.area(region) ~= area then
            return false
        end
    end
    return next(profile.regions) ~= nil and model_id.may_be_of(profile.prefix, area)
end

local function filter(list, keep)
    local kept = {}
    for _, value in ipairs(list) do
        if keep(value) then
            kept[#kept + 1] = value
        end
    end
    return kept
end

local function count(set)
    local sum = 0
    for _ in pairs(set) do
        sum = sum + 1
    end
    return sum
end

--- @return table[] those that send requests to the fewest regions
local function narrowest(list)
    local least = math.huge
    for _, profile in ipairs(list) do
        least = math.min(least, count(profile.regions))
    end
    return filter(list, function(profile)
        return count(profile.regions) == least
    end)
end

--- Three steps: the profiles that stay in the geography; of these, the ones that serve the region itself, if any; of
--- these, the ones with the fewest regions.
local function candidates(found, region)
    local area = model_id.area(region)
    local own = filter(found, function(profile)
        return stays(profile, area)
    end)
    local here = filter(own, function(profile)
        return profile.regions[region]
    end)
    return narrowest(#here > 0 and here or own)
end

local function described(found)
    local texts = {}
    for i, profile in ipairs(found) do
        texts[i] = ("%s (to %s)"):format(profile.id, table.concat(sorted(profile.regions), ", "))
    end
    return table.concat(texts, ", ")
end

local function refusal(message, ...)
    return errors.validation(OPERATION, { { path = "inference", kind = "enum", message = message:format(...) } })
end

local function undecided(model, region, own, found)
    if #own > 1 then
        return refusal('"cross-region" does not decide in %s between %s: name one, as in model = "%s"', region,
            described(own), own[1].id)
    elseif #found > 0 then
        return refusal('no inference profile of %s keeps to the geography of %s; there is %s: if requests may go '
            .. 'there, name one, as in model = "%s"', model, region, described(found), found[1].id)
    end
    return refusal('the account has no inference profile of %s in %s: leave inference out, or give another model; '
        .. 'conn:models { kind = "inference_profile" } lists what there is', model, region)
end

--- The service's refusal, with what helps without the list.
local function unlisted(err, model)
    if err.kind == "service" or err.code == "BadResponse" then
        return errors.reworded(err, ('%s. inference = "cross-region" needs the list of inference profiles (permission '
            .. 'bedrock:ListInferenceProfiles); without it name the prefix, as in model = "PREFIX.%s" with one of %s')
            :format(err.message, model, table.concat(model_id.prefixes, ", ")))
    end
    return err
end

local profiles = {}

local function read(conn, options)
    return listing.whole(conn, "list_inference_profiles", "inferenceProfileSummaries",
        { typeEquals = "SYSTEM_DEFINED" }, options)
end

--- All that the system has in this region, as ListInferenceProfiles has them; asked for once for a connection.
--- @param conn bedrock.Connection
--- @param options table? as for any operation
--- @return table[]? profiles
--- @return bedrock.Error? err
function profiles.listed(conn, options)
    return kept_list.get(conn, "profiles", read, options)
end

--- @param list table[] as profiles.listed gives it
--- @param model string a bare model ID
--- @param region string
--- @return table[] own {id, prefix, regions} each: those to choose from that stay in the region's geography; one: it is
---   decided
--- @return table[] found all of the model
function profiles.of_model(list, model, region)
    local found = profiles_of(model, list)
    return candidates(found, region), found
end

--- @param found table[] {id, prefix, regions} each
--- @return string
function profiles.described(found)
    return described(found)
end

--- For `inference = "cross-region"`.
--- @param conn bedrock.Connection
--- @param model string a bare model ID
--- @param options table? as for any operation
--- @return string? id of the profile to call
--- @return bedrock.Error? err
function profiles.geographic(conn, model, options)
    local list, err = profiles.listed(conn, options)
    if not list then
        return nil, unlisted(err, model)
    end
    local own, found = profiles.of_model(list, model, conn.region)
    if #own == 1 then
        return own[1].id
    end
    kept_list.forget(conn)
    return nil, undecided(model, conn.region, own, found)
end

return profiles
