--- `conn:models`: what can be called in this region, asked of the service.
---
---     for _, model in ipairs(conn:models { provider = "Amazon", kind = "on_demand" }) do
---         print(model.id, model.name)
---     end
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local drop_null = require "bedrock.base.drop_null"
local listing = require "bedrock.models.listing"
local model_id = require "bedrock.models.id"
local modality = require "bedrock.models.modality"
local printed = require "bedrock.prints.printed"

local OPERATION = "models"

local KINDS = { "on_demand", "inference_profile", "custom", "imported", "provisioned", "prompt_router", "marketplace" }

--- The operation that lists each kind. Application profiles are listed only if asked for by type.
local LISTINGS = {
    on_demand = { { "list_foundation_models", "modelSummaries" } },
    inference_profile = {
        { "list_inference_profiles", "inferenceProfileSummaries", { typeEquals = "SYSTEM_DEFINED" } },
        { "list_inference_profiles", "inferenceProfileSummaries", { typeEquals = "APPLICATION" } },
    },
    custom = { { "list_custom_models", "modelSummaries" } },
    imported = { { "list_imported_models", "modelSummaries" } },
    provisioned = { { "list_provisioned_model_throughputs", "provisionedModelSummaries" } },
    prompt_router = { { "list_prompt_routers", "promptRouterSummaries" } },
    marketplace = { { "list_marketplace_model_endpoints", "marketplaceModelEndpoints" } },
}

--- Kinds that are made of foundation models. The list of these says what they can do, if somebody wants to know.
local DERIVED = { custom = true, provisioned = true, prompt_router = true }

--- Filters that only that list can answer.
local BY_ABILITY = { "input", "modality", "output", "streaming" }

local FILTERS = { "input", "kind", "modality", "name", "output", "provider", "streaming" }

local function has(list, wanted)
    for _, value in ipairs(list) do
        if value:lower() == wanted then
            return true
        end
    end
    return false
end

local function add(problems, path, kind, message, ...)
    problems[#problems + 1] = { path = path, kind = kind, message = message:format(...) }
end

local function check_kind(kind, problems)
    if not has(KINDS, kind) then
        local near = core.suggest(kind, KINDS)
        add(problems, "kind", "enum", '"%s" is not a kind of model; choose one of %s%s', core.shown(kind),
            table.concat(KINDS, ", "), near and (" (did you mean %s?)"):format(near) or "")
    end
end

local function check_filter(filter)
    local problems = {}
    for name, value in pairs(filter) do
        if not has(FILTERS, tostring(name)) then
            local near = type(name) == "string" and core.suggest(name, FILTERS)
            add(problems, core.shown(tostring(name)), "unknown", "unknown filter%s",
                near and (" (did you mean %s?)"):format(near) or "")
        elseif type(value) ~= (name == "streaming" and "boolean" or "string") then
            add(problems, name, "type", "must be a %s, got a %s",
                name == "streaming" and "boolean" or "string", type(value))
        elseif name == "kind" then
            check_kind(value, problems)
        end
    end
    table.sort(problems, function(a, b)
        return a.path < b.path
    end)
    return #problems > 0 and errors.validation(OPERATION, problems) or nil
end

local function foundation(summary)
    return {
        id = summary.modelId,
        arn = summary.modelArn,
        name = summary.modelName or summary.modelId,
        provider = summary.providerName,
        kind = "on_demand",
        input = summary.inputModalities or {},
        output = summary.outputModalities or {},
        streaming = summary.responseStreamingSupported or false,
    }
end

--- A model made of a foundation model. It can do what that one can, as far as this region lists it. Its ARN also
--- names the provider.
local function derived(kind, id, arn, name, base_arn, base_of)
    local base = base_arn and base_of(base_arn) or {}
    return {
        id = id,
        arn = arn,
        name = name or id,
        provider = base.provider or base_arn and model_id.provider(base_arn),
        kind = kind,
        input = base.input or {},
        output = base.output or {},
        streaming = base.streaming or false,
    }
end

local READ = {
    --- The ID of an application profile is not a model ID: such a profile is called by its ARN.
    inference_profile = function(summary, base_of)
        local routed = summary.models and summary.models[1] or {}
        local id = summary.type ~= "APPLICATION" and summary.inferenceProfileId or summary.inferenceProfileArn
        local model = derived("inference_profile", id, summary.inferenceProfileArn, summary.inferenceProfileName,
            routed.modelArn, base_of)
        model.profile_type = summary.type == "APPLICATION" and "application" or "system"
        return model
    end,
    custom = function(summary, base_of)
        return derived("custom", summary.modelArn, summary.modelArn, summary.modelName, summary.baseModelArn, base_of)
    end,
    imported = function(summary, base_of)
        return derived("imported", summary.modelArn, summary.modelArn, summary.modelName, nil, base_of)
    end,
    provisioned = function(summary, base_of)
        return derived("provisioned", summary.provisionedModelArn, summary.provisionedModelArn,
            summary.provisionedModelName, summary.foundationModelArn, base_of)
    end,
    --- Any of its models may answer, and what fits its last resort fits them all.
    prompt_router = function(summary, base_of)
        local fallback = (summary.fallbackModel or {}).modelArn
        return derived("prompt_router", summary.promptRouterArn, summary.promptRouterArn, summary.promptRouterName,
            fallback, base_of)
    end,
    --- The hub's name of the model, which stands in the ARN that it was deployed from.
    marketplace = function(summary, base_of)
        local source = summary.modelSourceIdentifier or ""
        local name = source:match "/Model/([^/]+)" or source:match "([^/]+)$"
        return derived("marketplace", summary.endpointArn, summary.endpointArn, name, nil, base_of)
    end,
}

local function wanted(model, filter)
    local output = filter.output or filter.modality
    return (not filter.provider or (model.provider or ""):lower() == filter.provider:lower())
        and (not filter.name or model.name:lower():find(filter.name:lower(), 1, true) ~= nil)
        and (not filter.input or has(model.input, filter.input:lower()))
        and (not output or has(model.output, output:lower()))
        and (filter.streaming == nil or model.streaming == filter.streaming)
end

local function nameless(operation)
    return listing.unusable(operation, "an entry of the list has no ID or ARN to call it by")
end

--- Foundation models callable on demand, and all of them by ID.
local function foundations(conn, options)
    local answer, err = conn.bedrock:list_foundation_models({}, options)
    if not answer then
        return nil, err
    end
    local on_demand, by_id = {}, {}
    for _, summary in ipairs(answer.modelSummaries or {}) do
        local model = foundation(summary)
        if not model.id then
            return nil, nameless "list_foundation_models"
        end
        by_id[model.id] = model
        if has(summary.inferenceTypesSupported or {}, "on_demand") then
            on_demand[#on_demand + 1] = model
        end
    end
    return on_demand, by_id
end

local function others(conn, kind, source, base_of, options)
    local operation, member, params = source[1], source[2], source[3]
    local summaries, err = listing.whole(conn, operation, member, params, options)
    if not summaries then
        return nil, err
    end
    local models = {}
    for i, summary in ipairs(summaries) do
        models[i] = READ[kind](summary, base_of)
        if not models[i].id then
            return nil, nameless(operation)
        end
    end
    return models
end

--- Is a failure about this list alone? Others (service not reached, no credentials, no time, cancelled) would hit
--- every list.
local function is_of_list(err)
    return err.kind == "service" or err.code == "BadResponse"
end

--- What is asked for, on its way.
local Search = {}
Search.__index = Search

function Search:collect(models)
    self.read = true
    for _, model in ipairs(models) do
        if wanted(model, self.filter) then
            self.list[#self.list + 1] = model
        end
    end
end

--- @return boolean go_on
function Search:note(kind, source, err)
    self.err = self.err or err
    if not is_of_list(err) then
        self.err, self.stopped = err, true
        return false
    end
    if source[3] then
        err.message = ("for those of type %s: %s"):format(source[3].typeEquals, err.message)
    end
    self.list.denied = self.list.denied or {}
    self.list.denied[kind] = self.list.denied[kind] or err
    return true
end

--- Profiles tell their models, so only what these can do takes the list of them.
function Search:needs_foundations()
    local kind = self.filter.kind
    if kind == "inference_profile" then
        for _, name in ipairs(BY_ABILITY) do
            if self.filter[name] ~= nil then
                return true
            end
        end
        return false
    end
    return not kind or kind == "on_demand" or DERIVED[kind] or false
end

--- The list of foundation models is needed for itself, and to say what others can do. The others can be listed
--- without it.
function Search:foundations(conn, options)
    local kind = self.filter.kind
    if not self:needs_foundations() then
        return true
    end
    local on_demand, by_id = foundations(conn, options)
    if not on_demand then
        return self:note("on_demand", LISTINGS.on_demand[1], by_id)
    end
    self.by_id = by_id
    if not kind or kind == "on_demand" then
        self:collect(on_demand)
    end
    return true
end

function Search:others(conn, kind, options)
    local function base_of(arn)
        return self.by_id[model_id.foundation(arn)]
    end
    for _, source in ipairs(LISTINGS[kind]) do
        local found, err = others(conn, kind, source, base_of, options)
        if found then
            self:collect(found)
        elseif not self:note(kind, source, err) then
            return false
        end
    end
    return true
end

function Search:run(conn, options)
    if not self:foundations(conn, options) then
        return
    end
    for _, kind in ipairs(KINDS) do
        local asked = kind ~= "on_demand" and (not self.filter.kind or self.filter.kind == kind)
        if asked and not self:others(conn, kind, options) then
            return
        end
    end
end

--- @return bedrock.Error? err nothing that was asked for could be read, or a failure that is of no list alone,
--- or nothing was found, and by a word that finds nothing anywhere. Where the list that names the modalities could not
--- be read, there may be more than are known here.
function Search:failure()
    local denied = self.list.denied or {}
    if self.stopped then
        return self.err
    elseif not self.read then
        return denied[self.filter.kind] or self.err
    elseif not self.list[1] and not denied.on_demand then
        local problems = modality.problems(self.filter, self.by_id)
        return problems[1] and errors.validation(OPERATION, problems)
    end
end

--- A model that can be called here.
--- @class bedrock.Model
--- @field id string what operations take as modelId
--- @field arn string its ARN
--- @field name string as AWS shows it
--- @field provider? string who made it
--- @field kind bedrock.ModelKind how it is called
--- @field profile_type? "system"|"application" of inference profiles
--- @field input string[] modalities: TEXT, IMAGE, …
--- @field output string[] modalities
--- @field streaming boolean does it stream?

--- @class bedrock.ModelList
--- @field [integer] bedrock.Model
--- @field denied? table<bedrock.ModelKind, bedrock.Error> kinds that lack a list, or one of their lists

--- Which models to list; all that is given must fit.
--- @class bedrock.ModelFilter
--- @field provider? string "Amazon", "Anthropic", …; upper and lower case are the same
--- @field kind? bedrock.ModelKind how it is called
--- @field name? string a part of the name
--- @field input? string a modality
--- @field output? string a modality; also called modality
--- @field modality? string the same as output
--- @field streaming? boolean only those that stream, or do not

--- What can be called in this region. A list that cannot be read (the role may not, the service does not know it, the
--- answer makes no sense) is left out and noted in `list.denied` (kind to error). It is an error if none can be read.
--- `input` and `output` of what is made of foundation models are told by the list of these: they are empty if that is
--- denied (`denied.on_demand`), and where only profiles are asked for, unless a filter needs them.
--- @param filter? bedrock.ModelFilter
--- @param options? bedrock.CallOptions
--- @return bedrock.ModelList? list
--- @return bedrock.Error? err
local function models(conn, filter, options)
    connection.client_of(conn, nil, options, 2)
    if filter ~= nil and type(filter) ~= "table" then
        error("models: expected a table of filters, got " .. errors.type_of(filter), 2)
    end
    filter = drop_null(filter or {})
    local bad = check_filter(filter)
    if bad then
        return nil, bad
    end
    local search = setmetatable({ filter = filter, list = {}, by_id = {} }, Search)
    search:run(conn, options)
    local err = search:failure()
    if err then
        return nil, err
    end
    return printed.as(search.list, "models")
end

return { list = models }
