--- resolve: what a model is called by, told by the account's own lists.
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"

local SONNET, NOVA = "anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-lite-v1:0"

describe("resolve", function()
    local ep = service.each()
    local conn
    local of = service.each_region(ep, function(new)
        conn = new
    end)

    local function refused(id, err, ...)
        assert.is_nil(id)
        assert.equal("validation", err.kind)
        for _, words in ipairs { ... } do
            assert.truthy(err.message:find(words, 1, true), err.message)
        end
    end

    local function model(id, name, more)
        local summary = { modelId = id, modelName = name,
            modelArn = "arn:aws:bedrock:us-east-1::foundation-model/" .. id, inferenceTypesSupported = { "ON_DEMAND" },
            modelLifecycle = { status = "ACTIVE" } }
        for key, value in pairs(more or {}) do
            summary[key] = value
        end
        return summary
    end

    local function profile(prefix, id, ...)
        local models = {}
        for i, region in ipairs { ... } do
            models[i] = { modelArn = ("arn:aws:bedrock:%s::foundation-model/%s"):format(region, id) }
        end
        local own = prefix .. "." .. id
        return { inferenceProfileName = own, inferenceProfileId = own, status = "ACTIVE", type = "SYSTEM_DEFINED",
            models = models, inferenceProfileArn = "arn:aws:bedrock:x:123456789012:inference-profile/" .. own }
    end

    local function offers(models, listed)
        ep:script {
            { match = { operation = "ListFoundationModels" }, times = -1, action = { json = {
                modelSummaries = bedrock.array(models) } } },
            { match = { operation = "ListInferenceProfiles" }, times = -1, action = { json = {
                inferenceProfileSummaries = bedrock.array(listed or {}) } } },
        }
    end

    local function deny(operation)
        ep:script { { match = { operation = operation }, times = -1, action = { status = 403,
            json = { __type = "AccessDeniedException", message = "not authorized" } } } }
    end

    it("gives a model itself where it is offered on demand, by one list", function()
        assert.equal(NOVA, assert(of("us-east-1"):resolve(NOVA)))
        assert.equal(1, ep:counters().ListFoundationModels)
        assert.equal(0, ep:counters().ListInferenceProfiles)
    end)

    it("gives the profile of the region's geography where it is not", function()
        for region, prefix in pairs { ["us-east-1"] = "us", ["eu-central-1"] = "eu", ["ap-southeast-2"] = "au",
            ["ap-northeast-1"] = "jp", ["us-gov-west-1"] = "us-gov" } do
            assert.equal(prefix .. "." .. SONNET, assert(of(region):resolve(SONNET)))
        end
    end)

    it("gives the global profile only if asked, and only if the geography has none", function()
        local id, err = of("ca-central-1"):resolve(SONNET)
        refused(id, err, SONNET, "ca-central-1", "us." .. SONNET, "global." .. SONNET, "global = true")
        assert.equal("global." .. SONNET, assert(conn:resolve(SONNET, { global = true })))
        assert.is_nil((conn:resolve(SONNET)))
        assert.equal("us." .. SONNET, assert(of("us-east-1"):resolve(SONNET, { global = true })))
    end)

    it("gives a profile and an ARN as they are", function()
        of "us-east-1"
        local arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
        assert.equal(arn, conn:resolve(arn))
        assert.equal(0, ep:counters().requests)
        for _, id in ipairs { "us." .. SONNET, "global." .. SONNET } do
            assert.equal(id, assert(conn:resolve(id)))
        end
        assert.equal(0, ep:counters().ListFoundationModels)
        local id, err = conn:resolve("eu." .. SONNET)
        refused(id, err, '"eu"', "us-east-1", "us." .. SONNET)
    end)

    it("takes the profile with the fewest regions of two that stay and have ours", function()
        offers({ model(SONNET, "Claude Sonnet 4.5", { inferenceTypesSupported = { "INFERENCE_PROFILE" } }) }, {
            profile("apac", SONNET, "ap-southeast-2", "ap-northeast-1", "ap-south-1"),
            profile("ap", SONNET, "ap-southeast-2", "ap-southeast-4"),
            profile("jp", SONNET, "ap-northeast-1"),
        })
        assert.equal("ap." .. SONNET, assert(of("ap-southeast-2"):resolve(SONNET)))
    end)

    it("does not choose between profiles that are alike", function()
        offers({ model(SONNET, "Claude Sonnet 4.5", { inferenceTypesSupported = { "INFERENCE_PROFILE" } }) }, {
            profile("one", SONNET, "ap-southeast-2", "ap-northeast-1"),
            profile("two", SONNET, "ap-southeast-2", "ap-south-1"),
        })
        local id, err = of("ap-southeast-2"):resolve(SONNET)
        refused(id, err, "one." .. SONNET, "two." .. SONNET)
    end)

    it("finds a model by a part of its name, however that is written", function()
        of "us-east-1"
        local wanted = "us." .. SONNET
        for _, name in ipairs { "claude sonnet 4.5", "Claude Sonnet 4.5", "sonnet-4-5", "sonnet 4.5",
            "anthropic.claude-sonnet-4-5", "Anthropic Claude Sonnet 4.5", "claude-sonnet-4-5-20250929",
            "us.anthropic.claude-sonnet-4-5", "claude sonnet" } do
            assert.equal(wanted, assert(conn:resolve(name)), name)
        end
        assert.equal("us.anthropic.claude-sonnet-4-20250514-v1:0", assert(conn:resolve "sonnet 4"))
        assert.equal(NOVA, assert(conn:resolve "nova lite"))
        assert.equal("openai.gpt-oss-120b-1:0", assert(conn:resolve "gpt-oss-120b"))
        assert.equal("us.meta.llama3-3-70b-instruct-v1:0", assert(conn:resolve "llama 3"))
        assert.equal("meta.llama3-1-8b-instruct-v1:0", assert(conn:resolve "llama 3.1"))
        assert.equal("amazon.titan-embed-text-v2:0", assert(conn:resolve "titan text embeddings v2"))
        assert.equal("us." .. SONNET, assert(conn:resolve("claude sonnet", { global = true })))
    end)

    it("takes the newest: versions, dates and revisions as numbers, old models last", function()
        local legacy = { modelLifecycle = { status = "LEGACY" } }
        local function since(year)
            return { modelLifecycle = { status = "ACTIVE", startOfLifeTime = year .. "-01-01T00:00:00Z" } }
        end
        offers {
            model("a.opus-4-9-v1:0", "Opus 4.9"), model("a.opus-4-10-v1:0", "Opus 4.10"),
            model("a.opus-5-v1:0", "Opus 5", legacy),
            model("a.haiku-3-20240307-v1:0", "Haiku 3"), model("a.haiku-3-20241022-v1:0", "Haiku 3"),
            model("a.large-2402-v1:0", "Large (24.02)"), model("a.large-2407-v1:0", "Large (24.07)"),
            model("a.embed-v1:0", "Embed"), model("a.embed-v2:0", "Embed"), model("a.embed-v2:9", "Embed"),
            model("a.embed-v2:10", "Embed"),
            model("a.later", "Small", since(2026)), model("a.before", "Small", since(2025)),
            model("deepseek.v3-v1:0", "DeepSeek-V3.1"), model("deepseek.r1-v1:0", "DeepSeek-R1"),
            model("cohere.command-r-v1:0", "Command R"), model("cohere.command-r-plus-v1:0", "Command R+"),
            model("luma.ray-v2:0", "Ray v2"),
        }
        of "us-east-1"
        for name, id in pairs { opus = "a.opus-4-10-v1:0", ["opus 5"] = "a.opus-5-v1:0",
            ["opus 4"] = "a.opus-4-10-v1:0", haiku = "a.haiku-3-20241022-v1:0", large = "a.large-2407-v1:0",
            ["large 24.02"] = "a.large-2402-v1:0",
            ["large 2402"] = "a.large-2402-v1:0", embed = "a.embed-v2:10", ["embed v1"] = "a.embed-v1:0",
            small = "a.later", ["deepseek v3"] = "deepseek.v3-v1:0", ["deepseek r1"] = "deepseek.r1-v1:0",
            ["command r"] = "cohere.command-r-v1:0", ["command r+"] = "cohere.command-r-plus-v1:0",
            ["ray 2"] = "luma.ray-v2:0" } do
            assert.equal(id, assert(conn:resolve(name)), name)
        end
    end)

    it("takes the newest of those that can be called", function()
        offers({ model("a.opus-4-v1:0", "Opus 4"),
            model("a.opus-5-v1:0", "Opus 5", { inferenceTypesSupported = { "PROVISIONED" } }) })
        assert.equal("a.opus-4-v1:0", assert(of("us-east-1"):resolve "opus"))
        local id, err = conn:resolve "opus 5"
        refused(id, err, "a.opus-5-v1:0 is not offered on demand")
    end)

    it("does not choose between models whose names tell no difference", function()
        local id, err = of("us-east-1"):resolve "nova"
        refused(id, err, '"nova" fits several models', "amazon.nova-micro-v1:0", NOVA)
    end)

    it("names what is nearest", function()
        local id, err = of("us-east-1"):resolve "claud sonet 4.5"
        refused(id, err, 'no model in us-east-1 fits "claud sonet 4.5"; nearest: us.' .. SONNET)
        id, err = conn:resolve "zzz"
        refused(id, err, 'fits "zzz"; conn:models() lists what there is')
        id, err = conn:resolve "anthropic.claude-sonnet-9-v1:0"
        refused(id, err, "nearest: us.anthropic.claude-sonnet-4")
    end)

    it("asks once for a connection, and again if it is told to, or did not find it", function()
        of "us-east-1"
        for _ = 1, 3 do
            assert(conn:resolve "claude sonnet 4.5")
            assert(conn:resolve(NOVA))
            assert(conn:generate { model = NOVA, prompt = "Hi", inference = "cross-region" })
        end
        assert.equal(1, ep:counters().ListInferenceProfiles)
        assert.equal(1, ep:counters().ListFoundationModels)
        assert(conn:resolve("claude sonnet 4.5", { refresh = true }))
        assert.equal(2, ep:counters().ListInferenceProfiles)
        assert.is_nil((conn:resolve "zzz"))
        assert.equal(2, ep:counters().ListInferenceProfiles)
        assert.is_nil((conn:resolve "zzz"))
        assert.equal(3, ep:counters().ListInferenceProfiles)
        assert(conn:resolve "claude sonnet 4.5")
        assert.equal(3, ep:counters().ListInferenceProfiles)
    end)

    it("asks once for all coroutines that want it at the same time", function()
        of "us-east-1"
        local calls = {}
        for i = 1, 8 do
            calls[i] = function()
                return conn:resolve(i % 2 == 0 and SONNET or "claude sonnet 4.5")
            end
        end
        local ids, errs = bedrock.parallel(calls)
        assert.is_nil(errs)
        for i = 1, 8 do
            assert.equal("us." .. SONNET, ids[i])
        end
        assert.equal(1, ep:counters().ListFoundationModels)
        assert.equal(1, ep:counters().ListInferenceProfiles)
    end)

    it("goes by the list that can be read", function()
        deny "ListFoundationModels"
        assert.equal("us." .. SONNET, assert(of("us-east-1"):resolve(SONNET)))
        assert.equal("us." .. SONNET, assert(conn:resolve "claude sonnet 4.5"))
        local id, err = conn:resolve "amazon.titan-embed-text-v2:0"
        refused(id, err, "list_foundation_models could not be read: not authorized")

        ep:reset()
        deny "ListInferenceProfiles"
        assert.equal(NOVA, assert(of("us-east-1"):resolve(NOVA)))
        assert.equal(NOVA, assert(conn:resolve "nova lite"))
        assert.equal("us." .. SONNET, assert(conn:resolve("us." .. SONNET)))
        id, err = conn:resolve(SONNET)
        refused(id, err, "list_inference_profiles could not be read: not authorized")
    end)

    it("says which permissions it needs when neither list can be read", function()
        deny "ListFoundationModels"
        deny "ListInferenceProfiles"
        local id, err = of("us-east-1"):resolve(SONNET)
        assert.is_nil(id)
        assert.equal("AccessDeniedException", err.code)
        assert.truthy(err.message:find("bedrock:ListInferenceProfiles", 1, true))
    end)

    it("does not take it for a list of its own that there is no way to the service", function()
        ep:script { { match = { operation = "ListFoundationModels" }, action = { hang = true } } }
        local id, err = of("us-east-1"):resolve(SONNET, { read_timeout = 200, max_attempts = 1 })
        assert.is_nil(id)
        assert.equal("timeout", err.kind)
        assert.equal(0, ep:counters().ListInferenceProfiles)
    end)

    it("refuses what is no name, with nothing sent", function()
        of "us-east-1"
        assert.has_error(function()
            conn:resolve()
        end)
        local id, err = conn:resolve("", { global = "yes", refresh = 1 })
        assert.is_nil(id)
        assert.equal(3, #err.errors)
        assert.equal(0, ep:counters().requests)
    end)

    it("heals a call of a model that is not offered on demand", function()
        of "us-east-1"
        ep:script { { match = { operation = "Converse", path = "^/model/anthropic" }, times = -1, action = {
            status = 400, json = { __type = "ValidationException", message = "Invocation of model ID " .. SONNET
                .. " with on-demand throughput isn\u{2019}t supported. Retry your request with the ID or ARN of an "
                .. "inference profile that contains this model." } } } }
        local function call()
            return require("bedrock.heal").call(conn, service.ask("Hi", { modelId = SONNET }), function(params)
                return conn:converse(params)
            end, { heal = true })
        end
        for _ = 1, 2 do
            local output, err, healed = call()
            assert(output, err)
            assert.truthy(healed[1]:find("us." .. SONNET, 1, true))
        end
        assert.equal(3, ep:counters().Converse)
        assert.equal(1, ep:counters().ListInferenceProfiles)

        of "ca-central-1"
        local output, err = call()
        assert.is_nil(output)
        assert.equal("ValidationException", err.code)
        assert.truthy(err.message:find("heal: no inference profile of " .. SONNET, 1, true), err.message)
    end)

    it("refuses a name without a word or a number", function()
        local _ = of "us-east-1"
        for _, name in ipairs { " ", "%", ".", "\0" } do
            local id, err = conn:resolve(name)
            refused(id, err, "name: has no word or number")
        end
    end)
end)
