--- `conn:models`: what can be called in this region, asked of the service.
---
---     for _, model in ipairs(conn:models { provider = "Amazon", kind = "on_demand" }) do
---         print(model.id, model.name)
---     end
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local given_of = require "bedrock.given"
local model_id = require "bedrock.model_id"

local OPERATION = "models"
local PAGE_SIZE = 1000
local PAGES_MAX = 1000

local KINDS = { "on_demand", "inference_profile", "custom", "imported", "provisioned" }

--- These need permissions of their own, which those who only use models often lack.
local LISTINGS = {
    inference_profile = { "list_inference_profiles", "inferenceProfileSummaries" },
    custom = { "list_custom_models", "modelSummaries" },
    imported = { "list_imported_models", "modelSummaries" },
    provisioned = { "list_provisioned_model_throughputs", "provisionedModelSummaries" },
}

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
        add(problems, "kind", "enum", '"%s" is no kind of model; there are %s%s', core.shown(kind),
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

local function endless(operation)
    return errors.new {
        kind = "transport",
        code = "BadResponse",
        operation = operation,
        message = "the pages of this list have no end: a page token came again",
    }
end

local function nameless(operation)
    return errors.new {
        kind = "transport",
        code = "BadResponse",
        operation = operation,
        message = "an entry of the list has no ID or ARN to call it by",
    }
end

--- All pages of a listing.
local function whole_list(conn, operation, member, options)
    local list, token, seen = {}, nil, {}
    for _ = 1, PAGES_MAX do
        local page, err = conn.bedrock[operation](conn.bedrock,
            { maxResults = PAGE_SIZE, nextToken = token }, options)
        if not page then
            return nil, err
        end
        for _, summary in ipairs(page[member] or {}) do
            list[#list + 1] = summary
        end
        token = page.nextToken
        if not token then
            return list
        end
        if seen[token] then
            break
        end
        seen[token] = true
    end
    return nil, endless(operation)
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

--- A model made of a foundation model; it can what that one can, as far as this region lists it.
local function derived(kind, id, arn, name, base)
    base = base or {}
    return {
        id = id,
        arn = arn,
        name = name or id,
        provider = base.provider,
        kind = kind,
        input = base.input or {},
        output = base.output or {},
        streaming = base.streaming or false,
    }
end

local READ = {
    inference_profile = function(summary, base_of)
        local routed = summary.models and summary.models[1]
        return derived("inference_profile", summary.inferenceProfileId, summary.inferenceProfileArn,
            summary.inferenceProfileName, routed and base_of(routed.modelArn))
    end,
    custom = function(summary, base_of)
        return derived("custom", summary.modelArn, summary.modelArn, summary.modelName,
            base_of(summary.baseModelArn))
    end,
    imported = function(summary)
        return derived("imported", summary.modelArn, summary.modelArn, summary.modelName)
    end,
    provisioned = function(summary, base_of)
        return derived("provisioned", summary.provisionedModelArn, summary.provisionedModelArn,
            summary.provisionedModelName, base_of(summary.foundationModelArn))
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

local function collect(list, models, filter)
    for _, model in ipairs(models) do
        if wanted(model, filter) then
            list[#list + 1] = model
        end
    end
end

--- Foundation models callable on demand, and a function from the ARN or ID of any of them to the model.
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
    return on_demand, function(arn)
        return arn and by_id[model_id.foundation(arn)]
    end
end

local function others(conn, kind, base_of, options)
    local summaries, err = whole_list(conn, LISTINGS[kind][1], LISTINGS[kind][2], options)
    if not summaries then
        return nil, err
    end
    local models = {}
    for i, summary in ipairs(summaries) do
        models[i] = READ[kind](summary, base_of)
        if not models[i].id then
            return nil, nameless(LISTINGS[kind][1])
        end
    end
    return models
end

local function may_be_left_out(err, filter)
    return not filter.kind and (err.code == "AccessDeniedException" or err.status == 404)
end

--- @class bedrock.Model
--- @field id string what operations take as modelId
--- @field arn string
--- @field name string
--- @field provider string?
--- @field kind "on_demand"|"inference_profile"|"custom"|"imported"|"provisioned"
--- @field input string[] modalities: TEXT, IMAGE, …
--- @field output string[]
--- @field streaming boolean

--- @class bedrock.ModelFilter
--- @field provider string? "Amazon", "Anthropic", …; upper and lower case are the same
--- @field kind string?
--- @field name string? a part of the name
--- @field input string? a modality
--- @field output string? a modality; also called modality
--- @field modality string?
--- @field streaming boolean?

--- Lists that the role may not read are left out and noted in `list.denied` (kind to error), unless
--- that kind was asked for: then it is an error.
--- @param conn bedrock.Connection
--- @param filter bedrock.ModelFilter?
--- @param options table? as for any operation
--- @return bedrock.Model[]? list
--- @return bedrock.Error? err
local function models(conn, filter, options)
    connection.client_of(conn, nil, options, 2)
    if filter ~= nil and type(filter) ~= "table" then
        error("models: a table of filters is needed, got a " .. type(filter), 2)
    end
    filter = given_of(filter or {})
    local bad = check_filter(filter)
    if bad then
        return nil, bad
    end
    local on_demand, base_of = foundations(conn, options)
    if not on_demand then
        return nil, base_of
    end
    local list = {}
    for _, kind in ipairs(KINDS) do
        if not filter.kind or filter.kind == kind then
            local found, err = on_demand, nil
            if kind ~= "on_demand" then
                found, err = others(conn, kind, base_of, options)
            end
            if found then
                collect(list, found, filter)
            elseif may_be_left_out(err, filter) then
                list.denied = list.denied or {}
                list.denied[kind] = err
            else
                return nil, err
            end
        end
    end
    return list
end

return { list = models }
