--- `conn:resolve`: from the name of a model to what operations take in this region, by the account's own lists.
---
---     conn:resolve "claude sonnet 4.5"       -- "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local kept_list = require "bedrock.models.kept_list"
local model_candidates = require "bedrock.models.candidates"
local model_id = require "bedrock.models.id"
local model_name = require "bedrock.models.name"
local profiles = require "bedrock.models.profiles"

local OPERATION = "resolve"
local NEAREST_MAX = 5

--- By connection: {ids, count}, what was found by name. When there are more, all are looked up anew.
local answers = setmetatable({}, { __mode = "k" })
local ANSWERS_MAX = 1000

local function refusal(message, ...)
    return errors.validation(OPERATION, { { path = "name", kind = "enum", message = message:format(...) } })
end

--- There is nothing that the name could mean.
local function unknown(message, ...)
    return errors.validation(OPERATION, { { path = "name", kind = "unknown", message = message:format(...) } })
end

local function read_models(conn, options)
    local answer, err = conn.bedrock:list_foundation_models({}, options)
    return answer and (answer.modelSummaries or {}), err
end

--- Would another list fare better? Those failures are about this list alone.
local function is_of_list(err)
    return err.kind == "service" or err.code == "BadResponse"
end

--- @class bedrock.Resolver one question
--- @field conn bedrock.Connection
--- @field global boolean may requests go anywhere?
--- @field options table? of the calls
--- @field denied table<string, bedrock.Error> lists that could not be read
local Resolver = {}
Resolver.__index = Resolver

--- @return table[]? list empty if it was refused
--- @return bedrock.Error? err that would hit any other list, too
function Resolver:read(name, list, err)
    if not list then
        if not is_of_list(err) then
            return nil, err
        end
        self.denied[name] = err
    end
    return list or {}
end

function Resolver:models()
    return self:read("list_foundation_models", kept_list.get(self.conn, "models", read_models, self.options))
end

function Resolver:profiles()
    return self:read("list_inference_profiles", profiles.listed(self.conn, self.options))
end

local function with_prefix(found, prefix)
    for _, profile in ipairs(found) do
        if profile.prefix == prefix then
            return profile.id
        end
    end
end

--- What calls a model: itself, the profile of the own geography, the global one if that may be.
--- @param prefix? string the profile that is wanted by name
--- @return string? id
--- @return table[] own several: the list does not decide
--- @return table[] found all profiles of the model
function Resolver:callable(one, listed, prefix)
    local own, found = profiles.of_model(listed, one.id, self.conn.region)
    if prefix then
        return with_prefix(found, prefix), {}, found
    elseif one.on_demand then
        return one.id, own, found
    elseif #own == 1 then
        return own[1].id, own, found
    end
    return #own == 0 and self.global and with_prefix(found, "global") or nil, own, found
end

--- @return table[] {one, tier, id} each: those that the name fits and that can be called, best first
--- @return table[] others that it fits
function Resolver:fitting(wanted, all, listed, prefix)
    local can, cannot = {}, {}
    for _, one in ipairs(all) do
        local tier, whole = model_candidates.fit(wanted, one)
        if tier then
            local id = self:callable(one, listed, prefix)
            local list = id and can or cannot
            list[#list + 1] = { one = one, tier = tier, id = id, legacy = one.legacy or false,
                whole = whole }
        end
    end
    for _, list in ipairs { can, cannot } do
        table.sort(list, function(a, b)
            local order = model_candidates.compare(a, b)
            return order > 0 or order == 0 and a.one.id < b.one.id
        end)
    end
    return can, cannot
end

local function ids(list, most)
    local texts = {}
    for i = 1, math.min(#list, most) do
        texts[i] = list[i].id or list[i].one.id
    end
    return table.concat(texts, ", ")
end

--- IDs of what is most like the name, of that which can be called; "": nothing is.
function Resolver:nearest(wanted, all, listed)
    local near = {}
    for _, one in ipairs(all) do
        local likeness = model_candidates.likeness(wanted, one)
        local id = likeness > 0 and self:callable(one, listed)
        if id then
            near[#near + 1] = { id = id, one = one, likeness = likeness }
        end
    end
    table.sort(near, function(a, b)
        if a.likeness ~= b.likeness then
            return a.likeness > b.likeness
        end
        local order = model_name.newer(a.one.parts, b.one.parts)
        return order > 0 or order == 0 and a.id < b.id
    end)
    return ids(near, NEAREST_MAX)
end

--- What the lists that were refused would have told.
function Resolver:unread()
    local texts = {}
    for name, err in pairs(self.denied) do
        texts[#texts + 1] = (" (%s could not be read: %s)"):format(name, tostring(err.message))
    end
    table.sort(texts)
    return table.concat(texts)
end

--- One model, and nothing to call it by.
function Resolver:uncallable(one, listed, prefix)
    local _, own, found = self:callable(one, listed)
    local region = self.conn.region
    if prefix then
        return refusal('the account has no inference profile "%s" of %s in %s; there is %s%s', prefix, one.id, region,
            #found > 0 and profiles.described(found) or "none", self:unread())
    elseif #own > 1 then
        return refusal("the list of profiles does not decide in %s between %s: name one", region,
            profiles.described(own))
    elseif #found > 0 then
        return refusal("no inference profile of %s keeps to the geography of %s; there is %s: if requests may go "
            .. "there, name one%s", one.id, region, profiles.described(found),
            with_prefix(found, "global") and ", or give global = true" or "")
    end
    return refusal("%s is not offered on demand in %s, and there is no inference profile of it%s", one.id, region,
        self:unread())
end

--- @return bedrock.Error? err neither list could be read
function Resolver:refused()
    local err = self.denied.list_foundation_models
    if not err or not self.denied.list_inference_profiles then
        return nil
    end
    return errors.reworded(err, ("%s. resolve needs the lists of models and of inference profiles (permissions "
        .. "bedrock:ListFoundationModels and bedrock:ListInferenceProfiles)"):format(err.message))
end

--- @return table[] the best, and those that nothing tells from it
local function best_of(can)
    local best = {}
    for i, one in ipairs(can) do
        if model_candidates.compare(can[1], one) == 0 then
            best[i] = one
        end
    end
    return best
end

--- @return string? id
--- @return bedrock.Error? err
function Resolver:by_part(name, prefix, all, listed)
    local wanted = model_name.parts(name)
    local can, cannot = self:fitting(wanted, all, listed, prefix)
    local best = best_of(can)
    if #best > 1 then
        return nil, refusal('"%s" fits several models: %s; say more of the name', core.shown(name),
            ids(best, NEAREST_MAX))
    elseif best[1] then
        return best[1].id
    elseif cannot[1] then
        return nil, self:uncallable(cannot[1].one, listed, prefix)
    end
    local near = self:nearest(wanted, all, listed)
    return nil, unknown('no model in %s fits "%s"%s%s', self.conn.region, core.shown(name),
        near ~= "" and "; nearest: " .. near or '; conn:models() lists what there is', self:unread())
end

--- @return boolean known a profile of that name is listed, or no list says that it is not
function Resolver:is_profile(name, listed)
    for _, profile in ipairs(listed) do
        if profile.inferenceProfileId == name then
            return true
        end
    end
    return self.denied.list_inference_profiles ~= nil
end

--- By both lists.
--- @return string? id
--- @return bedrock.Error? err
function Resolver:by_lists(prefix, bare, models, listed)
    local all = model_candidates.of(models, listed)
    if self:refused() then
        return nil, self:refused()
    elseif not all[bare] then
        return self:by_part(bare, prefix, all, listed)
    end
    local id = self:callable(all[bare], listed, prefix)
    if id then
        return id
    end
    return nil, self:uncallable(all[bare], listed, prefix)
end

--- @return boolean
local function is_offered(models, name)
    for _, summary in ipairs(models) do
        if summary.modelId == name then
            return model_candidates.is_on_demand(summary)
        end
    end
    return false
end

--- A list is only read if those before do not decide.
--- @return string? id
--- @return bedrock.Error? err
function Resolver:run(name)
    local prefix, bare = model_id.split(name)
    local listed, models, err
    if prefix then
        listed, err = self:profiles()
        if listed and self:is_profile(name, listed) then
            return name
        end
    end
    if not err then
        models, err = self:models()
    end
    if models and not prefix and is_offered(models, name) then
        return name
    end
    if not err and not listed then
        listed, err = self:profiles()
    end
    if err then
        return nil, err
    end
    return self:by_lists(prefix, bare, models, listed)
end

--- @return table own what resolve takes itself
--- @return table? rest options of the calls
local function split_options(options)
    local own, rest = {}, nil
    for name, value in pairs(options or {}) do
        if name == "global" or name == "refresh" then
            own[name] = value ~= core.null and value or nil
        else
            rest = rest or {}
            rest[name] = value
        end
    end
    return own, rest
end

local function check(name, own)
    local problems = {}
    if name == "" then
        problems[1] = { path = "name", kind = "min-length", message = "must not be empty" }
    elseif not model_id.is_arn(name) and model_name.is_blank(model_name.parts(select(2, model_id.split(name)))) then
        problems[1] = { path = "name", kind = "pattern",
            message = ('has no word or number of a model\'s name: "%s"'):format(core.shown(name)) }
    end
    for option, value in pairs(own) do
        if type(value) ~= "boolean" then
            problems[#problems + 1] = { path = option, kind = "type",
                message = "must be a boolean, got " .. errors.type_of(value) }
        end
    end
    return #problems > 0 and errors.validation(OPERATION, problems) or nil
end

local function remembered(conn, key)
    return answers[conn] and answers[conn].ids[key]
end

local function remember(conn, key, id)
    local known = answers[conn]
    if not known or known.count == ANSWERS_MAX then
        known = { ids = {}, count = 0 }
        answers[conn] = known
    end
    known.ids[key], known.count = id, known.count + 1
end

--- What to call a model by in this region: itself where it is offered on demand, else the account's inference profile
--- that keeps to the region's geography, else, only if asked, the global one. A part of a name finds the newest model
--- that it fits. An ARN is called as it is. The answer is kept for the connection.
--- @param name string an ID, an inference profile, an ARN, or words such as "claude sonnet 4.5"
--- @param options? bedrock.ResolveOptions
--- @return string? id
--- @return bedrock.Error? err with the nearest names
local function resolve(conn, name, options)
    connection.client_of(conn, nil, options, 2)
    if type(name) ~= "string" then
        error("resolve: expected the name of a model, got " .. errors.type_of(name), 2)
    end
    local own, rest = split_options(options)
    local bad = check(name, own)
    if bad then
        return nil, bad
    elseif model_id.is_arn(name) then
        return name
    end
    local key = (own.global and "global " or "") .. name
    if own.refresh then
        answers[conn] = nil
        kept_list.forget(conn)
    end
    local known = remembered(conn, key)
    if known then
        return known
    end
    local resolver = setmetatable({ conn = conn, global = own.global or false, options = rest, denied = {} }, Resolver)
    local id, err = resolver:run(name)
    if not id then
        kept_list.forget(conn)
        return nil, err
    end
    remember(conn, key, id)
    return id
end

--- The profile that calls a foundation model, although the model may be offered on demand.
--- @param conn bedrock.Connection
--- @param id string
--- @return string? profile
--- @return bedrock.Error? err
local function profile(conn, id)
    local prefix, bare = model_id.split(id)
    if prefix or model_id.is_arn(id) then
        return nil, refusal("%s is a profile already, or an ARN", core.shown(id))
    end
    local resolver = setmetatable({ conn = conn, global = false, denied = {} }, Resolver)
    local listed, err = resolver:profiles()
    if not listed then
        return nil, err
    end
    local one = model_candidates.add({}, bare)
    local found = resolver:callable(one, listed)
    if found then
        return found
    end
    return nil, resolver:uncallable(one, listed)
end

--- @class bedrock.ResolveOptions: bedrock.CallOptions
--- @field global? boolean requests may go to any region, if the geography has no profile
--- @field refresh? boolean ask the service again

return { profile = profile, resolve = resolve }
