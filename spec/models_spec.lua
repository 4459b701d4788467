--- models: every kind in one form, paged, filtered.
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"

local APPLICATION_PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"

describe("models", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    local function by_id(list)
        local found = {}
        for _, model in ipairs(list) do
            assert.is_nil(found[model.id], model.id .. " is there twice")
            found[model.id] = model
        end
        return found
    end

    local function deny(operation, how)
        ep:script { { times = how and how.times, match = { operation = operation }, action = how and how.action
            or { status = 403, json = { __type = "AccessDeniedException", message = "not authorized" } } } }
    end

    it("takes null for a filter that is not given", function()
        local null = bedrock.null
        assert.equal(#assert(conn:models()), #assert(conn:models { kind = null, name = null, streaming = null }))
    end)

    it("lists every kind, each in the same form", function()
        local list = assert(conn:models())
        local found, kinds = by_id(list), {}
        for _, model in ipairs(list) do
            kinds[model.kind] = (kinds[model.kind] or 0) + 1
            local owner = model.kind == "marketplace" and "sagemaker" or "bedrock"
            assert.truthy(model.arn:find("^arn:aws:" .. owner .. ":us%-east%-1:"))
            assert.is_string(model.name)
            assert.is_table(model.input)
            assert.is_table(model.output)
            assert.is_boolean(model.streaming)
        end
        assert.equal(1, kinds.custom)
        assert.equal(1, kinds.imported)
        assert.equal(1, kinds.provisioned)
        assert.equal(1, kinds.prompt_router)
        assert.equal(1, kinds.marketplace)
        assert.same({
            id = "amazon.nova-micro-v1:0",
            arn = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0",
            name = "Nova Micro",
            provider = "Amazon",
            kind = "on_demand",
            input = { "TEXT" },
            output = { "TEXT" },
            streaming = true,
        }, found["amazon.nova-micro-v1:0"])
        assert.is_nil(list.denied)
    end)

    it("leaves models out of on_demand that only run through a profile", function()
        local found = by_id(assert(conn:models { kind = "on_demand" }))
        assert.is_nil(found["anthropic.claude-sonnet-4-20250514-v1:0"])
        assert.is_not_nil(found["anthropic.claude-3-haiku-20240307-v1:0"])
        assert.equal(1, ep:counters().requests)
    end)

    it("tells of profiles what their models can", function()
        local found = by_id(assert(conn:models()))
        local profile = found["us.anthropic.claude-sonnet-4-20250514-v1:0"]
        assert.equal("Anthropic", profile.provider)
        assert.same({ "TEXT", "IMAGE" }, profile.input)
        assert.same({ "TEXT" }, profile.output)
        assert.is_true(profile.streaming)
        assert.equal("inference_profile", found["global.anthropic.claude-sonnet-4-20250514-v1:0"].kind)
        assert.equal("system", profile.profile_type)
        local application = found[APPLICATION_PROFILE]
        assert.equal("inference_profile", application.kind)
        assert.equal("application", application.profile_type)
        assert.equal(APPLICATION_PROFILE, application.arn)
        assert.equal("reporting", application.name)
        assert.equal("Amazon", application.provider)
        assert.same({ "TEXT" }, application.input)
        assert.equal(2, ep:counters().ListInferenceProfiles)
    end)

    it("lists profiles alone by what they tell themselves", function()
        deny("ListFoundationModels", { times = -1 })
        local list = assert(conn:models { kind = "inference_profile" })
        local found = by_id(list)
        assert.is_nil(list.denied)
        assert.equal(0, ep:counters().ListFoundationModels)
        assert.equal("Anthropic", found["us.anthropic.claude-sonnet-4-20250514-v1:0"].provider)
        assert.equal("application", found[APPLICATION_PROFILE].profile_type)
        assert.equal(2, #assert(conn:models { kind = "inference_profile", provider = "meta" }))
    end)

    it("asks what the models of profiles can where a filter needs it", function()
        for _, filter in ipairs { { input = "TEXT" }, { output = "TEXT" }, { modality = "TEXT" },
            { streaming = true } } do
            ep:reset()
            filter.kind = "inference_profile"
            assert.truthy(#assert(conn:models(filter)) > 0)
            assert.equal(1, ep:counters().ListFoundationModels)
        end
        assert.equal(0, #assert(conn:models { kind = "inference_profile", output = "EMBEDDING" }))
    end)

    it("calls what is not a foundation model by its ARN", function()
        local providers = { custom = "Amazon", provisioned = "Amazon", prompt_router = "Anthropic" }
        for _, kind in ipairs { "custom", "imported", "provisioned", "prompt_router", "marketplace" } do
            local list = assert(conn:models { kind = kind })
            assert.equal(1, #list)
            assert.equal(list[1].arn, list[1].id)
            assert.equal(providers[kind], list[1].provider)
        end
    end)

    it("tells of prompt routers what their last resort can, and of the marketplace which model it is", function()
        local router = assert(conn:models { kind = "prompt_router" })[1]
        assert.equal("Anthropic Prompt Router", router.name)
        assert.same({ "TEXT", "IMAGE" }, router.input)
        assert.is_true(router.streaming)
        assert.equal("own-model", assert(conn:models { kind = "marketplace" })[1].name)
    end)

    it("filters by provider, modality, name and streaming", function()
        for _, model in ipairs(assert(conn:models { provider = "anthropic" })) do
            assert.equal("Anthropic", model.provider)
        end
        local images = by_id(assert(conn:models { output = "IMAGE" }))
        assert.is_not_nil(images["amazon.nova-canvas-v1:0"])
        assert.is_nil(images["amazon.nova-lite-v1:0"])
        assert.same(by_id(assert(conn:models { modality = "image" })), images)
        assert.equal(1, #assert(conn:models { input = "video", kind = "on_demand", name = "pro" }))
        for _, model in ipairs(assert(conn:models { streaming = false, kind = "on_demand" })) do
            assert.not_equal("TEXT", model.output[1])
        end
        assert.equal(0, #assert(conn:models { provider = "Nobody" }))
    end)

    it("refuses a modality that there is not, and takes any that the region's list names", function()
        for _, case in ipairs { { "output", { output = "BOGUS" } }, { "input", { input = "TXT", kind = "imported" } },
            { "modality", { modality = "TXT", kind = "inference_profile" } } } do
            local list, err = conn:models(case[2])
            assert.is_nil(list)
            assert.equal("validation", err.kind)
            assert.equal(case[1], err.errors[1].path)
            assert.matches("is no modality; choose one of TEXT, IMAGE, EMBEDDING, VIDEO", err.message, 1, true)
        end
        assert.matches("did you mean TEXT?", select(2, conn:models { input = "txt" }).message, 1, true)
        assert.equal(0, #assert(conn:models { output = "speech", kind = "imported" }))
        ep:script { { times = -1, match = { operation = "ListFoundationModels" }, action = { status = 200, json = {
            modelSummaries = { { modelId = "new.smell-v1:0", modelArn = "arn:aws:bedrock:us-east-1::x",
                inputModalities = { "SMELL" }, outputModalities = { "TEXT" },
                inferenceTypesSupported = { "PROVISIONED" } } } } } } }
        assert.equal(0, #assert(conn:models { input = "smell", kind = "on_demand" }))
    end)

    it("takes any modality where the list that names them is denied", function()
        ep:script { { times = -1, match = { operation = "ListFoundationModels" }, action = { status = 403,
            headers = { ["x-amzn-ErrorType"] = "AccessDeniedException" }, json = { message = "No." } } } }
        for _, filter in ipairs { { output = "smell" }, { modality = "smell", kind = "custom" },
            { input = "smell", kind = "inference_profile" } } do
            local list = assert(conn:models(filter))
            assert.equal(0, #list)
            assert.equal("AccessDeniedException", list.denied.on_demand.code)
        end
    end)

    it("follows pages to the end", function()
        local function page(first, count, token)
            local profiles = {}
            for i = 1, count do
                local id = ("us.example.model-%d"):format(first + i)
                profiles[i] = { inferenceProfileName = id, inferenceProfileId = id, status = "ACTIVE",
                    type = "SYSTEM_DEFINED",
                    models = { { modelArn = "arn:aws:bedrock:us-east-1::foundation-model/x" } },
                    inferenceProfileArn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/" .. id }
            end
            return { match = { operation = "ListInferenceProfiles" },
                action = { json = { inferenceProfileSummaries = profiles, nextToken = token } } }
        end
        ep:script { page(0, 100, "a+/="), page(100, 100, "b"), page(200, 7) }
        assert.equal(207 + 1, #assert(conn:models { kind = "inference_profile" }))
        local tokens = {}
        for _, request in ipairs(ep:requests()) do
            tokens[#tokens + 1] = request.uri:match "nextToken=([^&]*)"
        end
        assert.same({ "a%2B%2F%3D", "b" }, tokens)
    end)

    it("does not go round for ever", function()
        ep:script { { times = -1, match = { operation = "ListInferenceProfiles" },
            action = { json = { inferenceProfileSummaries = { { inferenceProfileName = "x", inferenceProfileId = "x",
                inferenceProfileArn = "x", models = { { modelArn = "x" } }, status = "ACTIVE",
                type = "APPLICATION" } }, nextToken = "again" } } } }
        local list, err = conn:models { kind = "inference_profile" }
        assert.is_nil(list)
        assert.equal("BadResponse", err.code)
        assert.equal(2 * 2, ep:counters().ListInferenceProfiles)
    end)

    local NOTHING_TO_CALL = { body = '{"modelSummaries":[{}]}' }

    it("refuses entries that have nothing to call them by", function()
        for kind, operation in pairs { on_demand = "ListFoundationModels", custom = "ListCustomModels" } do
            deny(operation, { action = NOTHING_TO_CALL })
            assert.equal("BadResponse", assert(conn:models()).denied[kind].code)
            deny(operation, { action = NOTHING_TO_CALL })
            local list, err = conn:models { kind = kind }
            assert.is_nil(list)
            assert.equal("BadResponse", err.code)
        end
    end)

    it("goes on without a list that cannot be read, and notes it, whatever the reason", function()
        local reasons = {
            AccessDeniedException = { status = 403, json = { __type = "AccessDeniedException", message = "no" } },
            ValidationException = { status = 400, json = { __type = "ValidationException", message = "no" } },
            UnknownOperationException = { status = 404, json = { __type = "UnknownOperationException" } },
            HTTP405 = { status = 405, body = "<html>method not allowed</html>" },
            HTTP501 = { status = 501, body = "not here" },
            BadResponse = { body = "<html>hello</html>" },
        }
        local operations = { on_demand = "ListFoundationModels", inference_profile = "ListInferenceProfiles",
            custom = "ListCustomModels", imported = "ListImportedModels",
            provisioned = "ListProvisionedModelThroughputs", prompt_router = "ListPromptRouters",
            marketplace = "ListMarketplaceModelEndpoints" }
        conn:close()
        conn = service.connect(ep, { max_attempts = 1 })
        for code, action in pairs(reasons) do
            for kind, operation in pairs(operations) do
                ep:reset()
                deny(operation, { times = -1, action = action })
                local list = assert(conn:models())
                local kinds = {}
                for _, model in ipairs(list) do
                    kinds[model.kind] = true
                end
                for other in pairs(operations) do
                    assert.equal(other ~= kind, kinds[other] or false)
                    assert.equal(other == kind and code or nil, list.denied[other] and list.denied[other].code)
                end
            end
        end
    end)

    it("says which profiles are missing when only those are refused", function()
        ep:script { { match = { operation = "ListInferenceProfiles" }, skip = 1, action = { status = 403,
            json = { __type = "AccessDeniedException", message = "not authorized" } } } }
        local list = assert(conn:models { kind = "inference_profile" })
        assert.is_not_nil(by_id(list)["us.amazon.nova-lite-v1:0"])
        assert.equal("AccessDeniedException", list.denied.inference_profile.code)
        assert.truthy(list.denied.inference_profile.message:find("for those of type APPLICATION", 1, true))
    end)

    it("leaves out a list that breaks off in the middle", function()
        ep:script {
            { match = { operation = "ListCustomModels" }, action = { json = { nextToken = "more", modelSummaries = { {
                modelArn = "arn:aws:bedrock:us-east-1:123456789012:custom-model/x/a", modelName = "a" } } } } },
            { match = { operation = "ListCustomModels" }, action = { status = 400,
                json = { __type = "ValidationException", message = "the token is bad" } } },
        }
        local list = assert(conn:models())
        assert.equal("ValidationException", list.denied.custom.code)
        for _, model in ipairs(list) do
            assert.not_equal("custom", model.kind)
        end
    end)

    it("lists profiles without the list of foundation models, their providers told by what they are made of", function()
        deny("ListFoundationModels", { times = -1 })
        local list = assert(conn:models())
        local found = by_id(list)
        assert.equal("Anthropic", found["us.anthropic.claude-sonnet-4-20250514-v1:0"].provider)
        assert.equal("Meta", found["us.meta.llama3-3-70b-instruct-v1:0"].provider)
        assert.equal("Amazon", found[APPLICATION_PROFILE].provider)
        assert.same({}, found[APPLICATION_PROFILE].input)
        assert.equal("AccessDeniedException", list.denied.on_demand.code)
    end)

    it("asks for the lists that a kind needs, and no others", function()
        local needed = {
            on_demand = { ListFoundationModels = 1 },
            inference_profile = { ListInferenceProfiles = 2 },
            custom = { ListFoundationModels = 1, ListCustomModels = 1 },
            imported = { ListImportedModels = 1 },
            provisioned = { ListFoundationModels = 1, ListProvisionedModelThroughputs = 1 },
            prompt_router = { ListFoundationModels = 1, ListPromptRouters = 1 },
            marketplace = { ListMarketplaceModelEndpoints = 1 },
        }
        for kind, operations in pairs(needed) do
            ep:reset()
            assert(conn:models { kind = kind })
            local sum = 0
            for operation, count in pairs(operations) do
                assert.equal(count, ep:counters()[operation])
                sum = sum + count
            end
            assert.equal(sum, ep:counters().requests)
        end
    end)

    it("fails when all that was asked for is refused", function()
        for kind, operation in pairs { custom = "ListCustomModels", on_demand = "ListFoundationModels" } do
            deny(operation)
            local list, err = conn:models { kind = kind }
            assert.is_nil(list)
            assert.equal("AccessDeniedException", err.code)
        end
        ep:reset()
        deny("ListInferenceProfiles", { times = 2 })
        local list, err = conn:models { kind = "inference_profile" }
        assert.is_nil(list)
        assert.equal("list_inference_profiles", err.operation)
        deny(nil, { times = -1, action = { status = 403, json = { __type = "AccessDeniedException" } } })
        list, err = conn:models()
        assert.is_nil(list)
        assert.equal("AccessDeniedException", err.code)
    end)

    it("does not take it for a list of its own that there is no way to the service", function()
        ep:script { { match = { operation = "ListCustomModels" }, action = { hang = true } } }
        local list, err = conn:models(nil, { read_timeout = 200, max_attempts = 1 })
        assert.is_nil(list)
        assert.equal("timeout", err.kind)
    end)

    it("refuses filters it does not know, with nothing sent", function()
        local list, err = conn:models { provder = "Amazon", kind = "on-demand", streaming = "yes", name = 5 }
        assert.is_nil(list)
        assert.equal("validation", err.kind)
        assert.equal(4, #err.errors)
        assert.truthy(err.message:find("did you mean provider?", 1, true))
        assert.truthy(err.message:find("did you mean on_demand?", 1, true))
        assert.equal(0, ep:counters().requests)
        assert.has_error(function()
            conn:models "Amazon"
        end)
    end)
end)
