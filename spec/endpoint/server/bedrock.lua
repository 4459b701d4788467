--- The control plane's lists: models, profiles, custom, imported and provisioned models.
-- luacheck: std ngx_lua
local catalogue = require "server.catalogue"
local fixtures = require "server.fixtures"
local json = require "server.json"
local refusal = require "server.refusal"
local request_reader = require "server.request"

local CREATED = "2025-03-01T12:00:00Z"
local DEFAULT_PAGE, LARGEST_PAGE = 100, 1000
local TOKEN_START = "AgV4+/Ed9s=="

local bedrock = { operations = {} }

local function partition(region)
    if region:find("^cn%-") then
        return "aws-cn"
    end
    return region:find("^us%-gov%-") and "aws-us-gov" or "aws"
end

local function arn(who, account, resource)
    local region = who.region or "us-east-1"
    return string.format("arn:%s:bedrock:%s:%s:%s", partition(region), region, account, resource)
end

local function has(list, wanted)
    for _, value in ipairs(list) do
        if value == wanted then
            return true
        end
    end
    return false
end

local function summary(model, who)
    return {
        modelArn = arn(who, "", "foundation-model/" .. model.id),
        modelId = model.id,
        modelName = model.name,
        providerName = model.provider,
        inputModalities = model.input,
        outputModalities = model.output,
        responseStreamingSupported = model.streaming,
        customizationsSupported = json.list(model.customizations),
        inferenceTypesSupported = model.inference,
        modelLifecycle = { status = model.legacy and "LEGACY" or "ACTIVE" },
    }
end

local function wanted(model, query)
    return (not query.byProvider or model.provider:lower() == query.byProvider:lower())
        and (not query.byOutputModality or has(model.output, query.byOutputModality))
        and (not query.byInferenceType or has(model.inference, query.byInferenceType))
        and (not query.byCustomizationType or has(model.customizations, query.byCustomizationType))
end

bedrock.operations["bedrock.ListFoundationModels"] = function(request, who)
    local query, list = request_reader.arguments(request.query), {}
    for _, model in ipairs(catalogue.models) do
        if wanted(model, query) then
            list[#list + 1] = summary(model, who)
        end
    end
    return { body = json.encode { modelSummaries = json.list(list) } }
end

bedrock.operations["bedrock.GetFoundationModel"] = function(_, who, labels)
    local model = catalogue.find(labels[1])
    if not model then
        refusal.raise(404, "ResourceNotFoundException",
            "Could not resolve the foundation model from the model identifier: " .. labels[1])
    end
    return { body = json.encode { modelDetails = summary(model, who) } }
end

local function page_limits(query)
    local size = tonumber(query.maxResults or DEFAULT_PAGE)
    if not size or size % 1 ~= 0 or size < 1 or size > LARGEST_PAGE then
        refusal.validation("maxResults must be between 1 and 1000.")
    end
    local start = 0
    if query.nextToken then
        start = tonumber(query.nextToken:sub(1, #TOKEN_START) == TOKEN_START
            and query.nextToken:match("%+(%d+)=$"))
        if not start then
            refusal.validation("The nextToken is invalid.")
        end
    end
    return start, size
end

--- One page of a list. Tokens have characters in them that a query must escape.
local function page(request, all, member)
    local start, size = page_limits(request_reader.arguments(request.query))
    local list = {}
    for i = start + 1, math.min(start + size, #all) do
        list[#list + 1] = all[i]
    end
    local more = start + size < #all
    return { body = json.encode {
        [member] = json.list(list),
        nextToken = more and string.format("%s/%s+%d=", TOKEN_START, member:sub(1, 4), start + size)
            or nil,
    } }
end

--- Profiles by prefix: the regions they can be called from, those they send requests to (`own`: to the
--- caller's as well), and providers. Canada and Mexico may call those of the United States.
local GEOGRAPHIES = {
    { "us", { "^us%-[ew]", "^ca%-", "^mx%-" }, { "us-east-1", "us-east-2", "us-west-2" }, own = true },
    { "us-gov", { "^us%-gov%-" }, { "us-gov-east-1", "us-gov-west-1" } },
    { "eu", { "^eu%-" }, { "eu-central-1", "eu-west-1", "eu-west-3" } },
    { "apac", { "^ap%-" }, { "ap-northeast-1", "ap-south-1", "ap-southeast-2" }, but = "Anthropic" },
    { "au", { "^ap%-southeast%-[24]$" }, { "ap-southeast-2", "ap-southeast-4" }, only = "Anthropic" },
    { "jp", { "^ap%-northeast%-[13]$" }, { "ap-northeast-1", "ap-northeast-3" }, only = "Anthropic" },
    { "ca", { "^ca%-" }, { "ca-central-1", "ca-west-1" }, only = "Amazon" },
}

local function serves(geography, region, provider)
    if geography.but == provider or (geography.only or provider) ~= provider then
        return false
    end
    for _, pattern in ipairs(geography[2]) do
        if region:find(pattern) then
            return true
        end
    end
    return false
end

local function destinations(geography, region)
    local regions = { unpack(geography[3]) }
    if geography.own and not has(regions, region) then
        regions[#regions + 1] = region
    end
    return regions
end

local function profile(model, prefix, regions, who)
    local routed = {}
    for i, region in ipairs(regions) do
        routed[i] = { modelArn = arn({ region = region }, "", "foundation-model/" .. model.id) }
    end
    local id = prefix .. "." .. model.id
    return {
        inferenceProfileName = prefix:upper() .. " " .. model.name,
        description = "Routes requests to " .. model.name .. " in several regions.",
        createdAt = CREATED,
        updatedAt = CREATED,
        inferenceProfileArn = arn(who, fixtures.account, "inference-profile/" .. id),
        models = routed,
        inferenceProfileId = id,
        status = "ACTIVE",
        type = "SYSTEM_DEFINED",
    }
end

local function application_profile(who)
    local id = "a1b2c3d4e5f6"
    return {
        inferenceProfileName = "reporting",
        createdAt = CREATED,
        updatedAt = CREATED,
        inferenceProfileArn = arn(who, fixtures.account, "application-inference-profile/" .. id),
        models = { { modelArn = arn(who, "", "foundation-model/" .. catalogue.models[1].id) } },
        inferenceProfileId = id,
        status = "ACTIVE",
        type = "APPLICATION",
    }
end

--- Profiles of a model, of every geography that the region belongs to.
local function add_profiles(list, model, who)
    local region = who.region or "us-east-1"
    for _, geography in ipairs(GEOGRAPHIES) do
        if serves(geography, region, model.provider) then
            list[#list + 1] = profile(model, geography[1], destinations(geography, region), who)
        end
    end
    if model.global then
        list[#list + 1] = profile(model, "global", { region, "" }, who)
    end
end

local function profiles(who)
    local list = {}
    for _, model in ipairs(catalogue.models) do
        if has(model.inference, "INFERENCE_PROFILE") then
            add_profiles(list, model, who)
        end
    end
    list[#list + 1] = application_profile(who)
    return list
end

--- Application profiles are only listed when they are asked for.
bedrock.operations["bedrock.ListInferenceProfiles"] = function(request, who)
    local kind = request_reader.arguments(request.query).type or "SYSTEM_DEFINED"
    local list = {}
    for _, one in ipairs(profiles(who)) do
        if one.type == kind then
            list[#list + 1] = one
        end
    end
    return page(request, list, "inferenceProfileSummaries")
end

bedrock.operations["bedrock.GetInferenceProfile"] = function(_, who, labels)
    for _, one in ipairs(profiles(who)) do
        if one.inferenceProfileId == labels[1] or one.inferenceProfileArn == labels[1] then
            return { body = json.encode(one) }
        end
    end
    refusal.raise(404, "ResourceNotFoundException", "The inference profile was not found.")
end

bedrock.operations["bedrock.ListCustomModels"] = function(request, who)
    local base = "amazon.nova-lite-v1:0"
    return page(request, { {
        modelArn = arn(who, fixtures.account, "custom-model/" .. base .. "/k3v9p2x7q1zz"),
        modelName = "support-answers",
        creationTime = CREATED,
        baseModelArn = arn(who, "", "foundation-model/" .. base),
        baseModelName = "Nova Lite",
        customizationType = "FINE_TUNING",
        ownerAccountId = fixtures.account,
        modelStatus = "Active",
    } }, "modelSummaries")
end

bedrock.operations["bedrock.ListImportedModels"] = function(request, who)
    return page(request, { {
        modelArn = arn(who, fixtures.account, "imported-model/h7n4m2c8b5aa"),
        modelName = "own-llama",
        creationTime = CREATED,
        instructSupported = true,
        modelArchitecture = "llama",
    } }, "modelSummaries")
end

bedrock.operations["bedrock.ListProvisionedModelThroughputs"] = function(request, who)
    local base = arn(who, "", "foundation-model/amazon.nova-lite-v1:0")
    return page(request, { {
        provisionedModelName = "reserved-nova",
        provisionedModelArn = arn(who, fixtures.account, "provisioned-model/t5r8w1e3q6yy"),
        modelArn = base,
        desiredModelArn = base,
        foundationModelArn = base,
        modelUnits = 1,
        desiredModelUnits = 1,
        status = "InService",
        creationTime = CREATED,
        lastModifiedTime = CREATED,
    } }, "provisionedModelSummaries")
end

bedrock.operations["bedrock.ListPromptRouters"] = function(request, who)
    local base = arn(who, "", "foundation-model/anthropic.claude-3-haiku-20240307-v1:0")
    return page(request, { {
        promptRouterName = "Anthropic Prompt Router",
        promptRouterArn = arn(who, fixtures.account, "default-prompt-router/anthropic.claude:1"),
        routingCriteria = { responseQualityDifference = 0.25 },
        models = { { modelArn = base } },
        fallbackModel = { modelArn = base },
        status = "AVAILABLE",
        type = "default",
        createdAt = CREATED,
        updatedAt = CREATED,
    } }, "promptRouterSummaries")
end

bedrock.operations["bedrock.ListMarketplaceModelEndpoints"] = function(request, who)
    local region = who.region or "us-east-1"
    return page(request, { {
        endpointArn = ("arn:%s:sagemaker:%s:%s:endpoint/own-endpoint"):format(partition(region), region,
            fixtures.account),
        modelSourceIdentifier = ("arn:%s:sagemaker:%s:aws:hub-content/SageMakerPublicHub/Model/own-model/1.0.0")
            :format(partition(region), region),
        status = "REGISTERED",
        createdAt = CREATED,
        updatedAt = CREATED,
    } }, "marketplaceModelEndpoints")
end

return bedrock
