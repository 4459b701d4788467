--- `inference = "cross-region"`: which of the account's inference profiles keeps a model's requests in the
--- geography of the connection's region. Prefixes do not say so: that of a country exists for some models only, and
--- "us." may be called from Canada, too. So AWS's own list decides, which says where each profile sends requests.
--- If it does not decide, the call is refused, because a guess may send data abroad.
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local listing = require "bedrock.listing"
local model_id = require "bedrock.model_id"

local OPERATION = "generate"

--- How long a list is good, and how long to wait for another coroutine that asks for it. That one may have been
--- abandoned without anybody noticing.
local LIFE_MS, WAIT_MS = 3600000, 15000

--- By connection: {profiles, at_ms}, and the request that is on its way: {sleepers, done, profiles, err}.
local lists = setmetatable({}, { __mode = "k" })
local flights = setmetatable({}, { __mode = "k" })

local function wake(flight)
    for timer in pairs(flight.sleepers) do
        timer:cancel()
    end
end

local function ask(conn, options)
    local flight = { sleepers = {} }
    flights[conn] = flight
    local ok, profiles, err = pcall(listing.whole, conn, "list_inference_profiles", "inferenceProfileSummaries",
        { typeEquals = "SYSTEM_DEFINED" }, options)
    if flights[conn] == flight then
        flights[conn] = nil
    end
    if ok then
        flight.done, flight.profiles, flight.err = true, profiles, err
    end
    wake(flight)
    if not ok then
        error(profiles, 0)
    end
    if profiles then
        lists[conn] = { profiles = profiles, at_ms = core.now_ms() }
    end
    return profiles, err
end

local function patience(options)
    local total = options and options.total_timeout
    return type(total) == "number" and total >= 1 and math.min(total, WAIT_MS) or WAIT_MS
end

--- If many coroutines ask at once, one sends the request and the others wait for it.
local function listed(conn, options)
    local known = lists[conn]
    if known and core.now_ms() - known.at_ms < LIFE_MS then
        return known.profiles
    end
    local flight = flights[conn]
    if not flight then
        return ask(conn, options)
    end
    local _, err = connection.pause(conn, patience(options), flight.sleepers)
    if err then
        return nil, err
    elseif flight.done then
        return flight.profiles, flight.err
    end
    return ask(conn, options)
end

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

local function goes_nowhere_else(profile, others)
    for _, other in ipairs(others) do
        for region in pairs(profile.regions) do
            if not other.regions[region] then
                return false
            end
        end
    end
    return true
end

--- Three steps: the profiles that stay in the geography; of these, the ones that serve the region itself, if any; of
--- these, the one whose regions all the others have, too, if there is one.
local function candidates(found, region)
    local area = model_id.area(region)
    local own = filter(found, function(profile)
        return stays(profile, area)
    end)
    local here = filter(own, function(profile)
        return profile.regions[region]
    end)
    own = #here > 0 and here or own
    local narrowest = filter(own, function(profile)
        return goes_nowhere_else(profile, own)
    end)
    return #narrowest == 1 and narrowest or own
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
        err.message = ('%s. inference = "cross-region" needs the list of inference profiles (permission '
            .. 'bedrock:ListInferenceProfiles); without it name the prefix, as in model = "PREFIX.%s" with one of %s')
            :format(err.message, model, table.concat(model_id.prefixes, ", "))
    end
    return err
end

local profiles = {}

--- @param conn bedrock.Connection
--- @param model string a bare model ID
--- @param options table? as for any operation
--- @return string? id of the profile to call
--- @return bedrock.Error? err
function profiles.geographic(conn, model, options)
    local list, err = listed(conn, options)
    if not list then
        return nil, unlisted(err, model)
    end
    local found = profiles_of(model, list)
    local own = candidates(found, conn.region)
    if #own == 1 then
        return own[1].id
    end
    lists[conn] = nil
    return nil, undecided(model, conn.region, own, found)
end

return profiles
