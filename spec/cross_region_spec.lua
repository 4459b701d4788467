--- generate with inference = "cross-region": the profile that the account has in the region's own geography.
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"

local CLAUDE, NOVA = "anthropic.claude-sonnet-4-5-20250929-v1:0", "amazon.nova-lite-v1:0"

describe("cross-region inference", function()
    local ep = service.each()
    local conn
    local of = service.each_region(ep, function(new)
        conn = new
    end)

    local function ask(region, model)
        return of(region):generate { model = model, prompt = "Hi", inference = "cross-region" }
    end

    --- The model of each InvokeModel.
    local function invoked()
        local models = {}
        for _, request in ipairs(ep:requests()) do
            if request.operation == "InvokeModel" then
                models[#models + 1] = request.uri:match "^/model/(.-)/invoke$":gsub("%%3A", ":")
            end
        end
        return models
    end

    local function refused(answer, err, ...)
        assert.is_nil(answer)
        assert.equal("validation", err.kind)
        assert.equal("inference", err.errors[1].path)
        for _, words in ipairs { ... } do
            assert.truthy(err.message:find(words, 1, true), err.message)
        end
        assert.same({}, invoked())
    end

    --- A profile as ListInferenceProfiles has it.
    local function profile(prefix, model, ...)
        local models = {}
        for i, region in ipairs { ... } do
            models[i] = { modelArn = ("arn:aws:bedrock:%s::foundation-model/%s"):format(region, model) }
        end
        local id = prefix .. "." .. model
        return { inferenceProfileName = id, inferenceProfileId = id, status = "ACTIVE", type = "SYSTEM_DEFINED",
            models = models, inferenceProfileArn = "arn:aws:bedrock:x:123456789012:inference-profile/" .. id }
    end

    local function offers(...)
        ep:script { { match = { operation = "ListInferenceProfiles" }, times = -1,
            action = { json = { inferenceProfileSummaries = { ... } } } } }
    end

    it("takes the profile of the region's geography", function()
        local cases = {
            { "us-east-1", CLAUDE, "us" }, { "us-east-1", NOVA, "us" }, { "eu-central-1", CLAUDE, "eu" },
            { "ap-southeast-2", CLAUDE, "au" }, { "ap-northeast-1", CLAUDE, "jp" }, { "ap-southeast-2", NOVA, "apac" },
            { "ca-central-1", NOVA, "ca" }, { "us-gov-west-1", CLAUDE, "us-gov" }, { "us-west-1", NOVA, "us" },
        }
        for _, case in ipairs(cases) do
            ep:reset()
            assert(ask(case[1], case[2]))
            assert.same({ case[3] .. "." .. case[2] }, invoked())
        end
    end)

    it("only looks among the system's profiles", function()
        assert(ask("us-east-1", NOVA))
        assert.truthy(ep:requests()[1].uri:find("type=SYSTEM_DEFINED", 1, true))
    end)

    it("never leaves the country unasked, and says what there is instead", function()
        local answer, err = ask("ca-central-1", CLAUDE)
        refused(answer, err, "ca-central-1", "us." .. CLAUDE, "global." .. CLAUDE, "us-west-2",
            'model = "us.' .. CLAUDE .. '"')
    end)

    it("takes no profile that lists an own region only, but is named after another geography", function()
        offers(profile("us", NOVA, "ca-central-1"))
        refused(ask("ca-central-1", NOVA))
    end)

    it("takes no profile that does not say where it sends requests", function()
        local silent = profile("zz", NOVA)
        silent.models = { {} }
        offers(silent)
        local answer, err = ask("ca-central-1", NOVA)
        refused(answer, err, "any region")
    end)

    it("understands a prefix that it has never seen", function()
        offers(profile("mx", NOVA, "mx-central-1", "mx-south-1"), profile("us", NOVA, "mx-central-1", "us-east-1"))
        assert(ask("mx-central-1", NOVA))
        assert.same({ "mx." .. NOVA }, invoked())
    end)

    it("prefers the profile that goes nowhere the others do not", function()
        offers(profile("apac", NOVA, "ap-southeast-2", "ap-northeast-1", "ap-southeast-4"),
            profile("au", NOVA, "ap-southeast-2", "ap-southeast-4"), profile("jp", NOVA, "ap-northeast-1"))
        assert(ask("ap-southeast-2", NOVA))
        assert.same({ "au." .. NOVA }, invoked())
    end)

    it("refuses where several would do", function()
        offers(profile("one", NOVA, "ap-southeast-2", "ap-northeast-1"),
            profile("two", NOVA, "ap-southeast-2", "ap-south-1"))
        local answer, err = ask("ap-southeast-2", NOVA)
        refused(answer, err, "one." .. NOVA, "two." .. NOVA, "ap-south-1")
    end)

    it("refuses a model without any profile", function()
        local answer, err = ask("sa-east-1", NOVA)
        refused(answer, err, "sa-east-1", "no inference profile of " .. NOVA)
    end)

    it("says what to write when the list is refused", function()
        ep:script { { match = { operation = "ListInferenceProfiles" }, action = { status = 403,
            json = { __type = "AccessDeniedException", message = "not authorized" } } } }
        local answer, err = ask("us-east-1", NOVA)
        assert.is_nil(answer)
        assert.equal("AccessDeniedException", err.code)
        for _, words in ipairs { "bedrock:ListInferenceProfiles", 'model = "PREFIX.' .. NOVA, "not authorized",
            "ca," } do
            assert.truthy(err.message:find(words, 1, true), err.message)
        end
        assert.same({}, invoked())
    end)

    it("asks once for a connection, and again after a refusal", function()
        of "us-east-1"
        for _ = 1, 3 do
            assert(conn:generate { model = NOVA, prompt = "Hi", inference = "cross-region" })
            assert(conn:generate { model = CLAUDE, prompt = "Hi", inference = "cross-region" })
        end
        assert.equal(1, ep:counters().ListInferenceProfiles)
        for _ = 1, 2 do
            assert.is_nil((conn:generate { model = "openai.gpt-oss-20b-1:0", prompt = "Hi",
                inference = "cross-region" }))
        end
        assert.equal(2, ep:counters().ListInferenceProfiles)
    end)

    it("asks once for all coroutines that need it at the same time", function()
        of "us-east-1"
        local calls = {}
        for i = 1, 8 do
            calls[i] = function()
                return conn:generate { model = NOVA, prompt = "Hi", inference = "cross-region" }
            end
        end
        local _, errs = bedrock.parallel(calls)
        assert.is_nil(errs)
        assert.equal(8, #invoked())
        assert.equal(1, ep:counters().ListInferenceProfiles)
    end)

    it("tells all that wait when the list is refused, and goes on when the one that asks is cancelled", function()
        of "us-east-1"
        ep:script { { match = { operation = "ListInferenceProfiles" }, action = { status = 400, delay_ms = 100,
            json = { __type = "ValidationException", message = "no" } } } }
        local function call()
            return conn:generate { model = NOVA, prompt = "Hi", inference = "cross-region" }
        end
        local _, errs = bedrock.parallel { call, call, call }
        for i = 1, 3 do
            assert.equal("ValidationException", errs[i].code)
        end
        assert.equal(1, ep:counters().ListInferenceProfiles)

        ep:script { { match = { operation = "ListInferenceProfiles" }, action = { hang = true } } }
        local first, second = bedrock.spawn(call), bedrock.spawn(call)
        for _ = 1, 100 do
            if ep:counters().ListInferenceProfiles == 2 then
                break
            end
            assert(conn:converse(service.ask "meanwhile"))
        end
        first:cancel()
        assert.equal("cancelled", select(2, first:join()).kind)
        assert(second:join())
        assert.equal(3, ep:counters().ListInferenceProfiles)
    end)
end)
