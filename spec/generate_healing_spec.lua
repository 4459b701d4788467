--- generate where the service refuses something in words that say what to do; and objects, which go by Converse.
local cjson = require "cjson"
local mime = require "mime"
local service = dofile "spec/support/service.lua"

local NOVA, CLAUDE = "amazon.nova-lite-v1:0", "anthropic.claude-sonnet-4-20250514-v1:0"

describe("generate", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    local function bodies(operation)
        local seen = {}
        for _, request in ipairs(ep:requests()) do
            if request.operation == operation then
                seen[#seen + 1] = cjson.decode((mime.unb64(request.body64)))
            end
        end
        return seen
    end

    local function refuses(operation, ...)
        local rules = {}
        for i, message in ipairs { ... } do
            rules[i] = { match = { operation = operation }, action = { status = 400,
                json = { __type = "ValidationException", message = message } } }
        end
        ep:script(rules)
    end

    local TEMPERATURE = "`temperature` is deprecated for this model."

    describe("with heal", function()
        it("leaves out what the model does not take, says so, and remembers it", function()
            refuses("InvokeModel", TEMPERATURE)
            local given = { model = CLAUDE, prompt = "Hi", temperature = 0.5, top_p = 0.5, heal = true }
            local answer = assert(conn:generate(given))
            assert.equal(1, #answer.healed)
            assert.truthy(answer.healed[1]:find("temperature", 1, true))
            local sent = bodies "InvokeModel"
            assert.same({ 0.5, 0.5 }, { sent[1].temperature, sent[1].top_p })
            assert.same({ nil, 0.5 }, { sent[2].temperature, sent[2].top_p })
            answer = assert(conn:generate(given))
            assert.equal(3, #bodies "InvokeModel")
            assert.equal(1, #answer.healed)
            assert.equal(0.5, given.temperature)
        end)

        it("streams after it", function()
            refuses("InvokeModelWithResponseStream", TEMPERATURE)
            local stream = assert(conn:generate_stream { model = CLAUDE, prompt = "Hi", temperature = 0.5,
                heal = true })
            for _ in stream do end
            assert.truthy(stream.answer.healed[1]:find("temperature", 1, true))
            assert.is_nil(bodies "InvokeModelWithResponseStream"[2].temperature)
        end)

        it("calls the profile of a model that is not offered on demand", function()
            refuses("InvokeModel", "Invocation of model ID " .. CLAUDE .. " with on-demand throughput isn't supported. "
                .. "Retry your request with the ID or ARN of an inference profile that contains this model.")
            local answer = assert(conn:generate { model = CLAUDE, prompt = "Hi", heal = true })
            assert.truthy(answer.healed[1]:find("us." .. CLAUDE, 1, true))
            local uris = {}
            for _, request in ipairs(ep:requests()) do
                uris[#uris + 1] = request.operation == "InvokeModel" and request.uri or nil
            end
            assert.truthy(uris[2]:find("/us.", 1, true))
        end)

        it("moves a system prompt, never drops it", function()
            refuses("InvokeModel", "This model doesn't support system messages. Try again without a system message.")
            assert(conn:generate { model = NOVA, prompt = "Hi", system = "Be brief.", heal = true })
            local sent = bodies "InvokeModel"[2]
            assert.is_nil(sent.system)
            assert.equal("Be brief.\n\nHi", sent.messages[1].content[1].text)
        end)
    end)

    it("does nothing of that without heal", function()
        refuses("InvokeModel", TEMPERATURE)
        local answer, err = conn:generate { model = CLAUDE, prompt = "Hi", temperature = 0.5 }
        assert.is_nil(answer)
        assert.equal("ValidationException", err.code)
        assert.equal(1, ep:counters().InvokeModel)
    end)

    it("reasons in the form that the model takes, and remembers it", function()
        refuses("InvokeModel", '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" '
            .. "and output_config.effort instead.")
        for _ = 1, 2 do
            assert(conn:generate { model = CLAUDE, prompt = "Hi", reasoning = "high" })
        end
        local sent = bodies "InvokeModel"
        assert.equal(3, #sent)
        assert.same({ type = "enabled", budget_tokens = 24576 }, sent[1].thinking)
        for i = 2, 3 do
            assert.same({ type = "adaptive" }, sent[i].thinking)
            assert.same({ effort = "high" }, sent[i].output_config)
        end
        assert.equal(4096, sent[3].max_tokens)
    end)

    local SCHEMA = { city = "string", days = "integer?" }

    local function says(text)
        return { match = { operation = "Converse" }, action = { json = { stopReason = "end_turn",
            output = { message = { role = "assistant", content = { { text = text } } } },
            usage = { inputTokens = 1, outputTokens = 2, totalTokens = 3 } } } }
    end

    describe("with a schema", function()
        for _, model in ipairs { NOVA, CLAUDE, "google.gemma-3-4b-it" } do
            it("gives the object: " .. model, function()
                ep:script { says '{"city":"Rome","days":3}' }
                local answer = assert(conn:generate { model = model, prompt = "Where?", schema = SCHEMA,
                    max_tokens = 50 })
                assert.same({ city = "Rome", days = 3 }, answer.object)
                assert.equal('{"city":"Rome","days":3}', tostring(answer))
                assert.equal(3, answer.usage.total_tokens)
                local sent = bodies "Converse"[1]
                assert.equal("json_schema", sent.outputConfig.textFormat.type)
                assert.equal(50, sent.inferenceConfig.maxTokens)
            end)
        end

        it("streams it", function()
            ep:script { { match = { operation = "ConverseStream" }, action = { frames = {
                { event = "messageStart", json = { role = "assistant" } },
                { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = '{"city":' } } },
                { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = '"Rome"}' } } },
                { event = "messageStop", json = { stopReason = "end_turn" } },
            } } } }
            local stream, pieces = assert(conn:generate_stream { model = NOVA, prompt = "Where?", schema = SCHEMA }), {}
            for piece in stream do
                pieces[#pieces + 1] = piece
            end
            assert.same({ '{"city":', '"Rome"}' }, pieces)
            assert.same({ city = "Rome" }, stream.answer.object)
        end)

        it("does not let pass what does not fit", function()
            ep:script { says '{"days":3}', says "Rome" }
            local answer, err = conn:generate { model = NOVA, prompt = "Where?", schema = SCHEMA }
            assert.is_nil(answer)
            assert.equal("Unfit", err.code)
            ep:script { { match = { operation = "ConverseStream" }, action = { status = 400,
                json = { __type = "ValidationException", message = "No." } } } }
            local stream = assert(conn:generate_stream { model = NOVA, prompt = "Where?", schema = SCHEMA })
            local ok, why = pcall(stream)
            assert.is_false(ok)
            assert.equal("ValidationException", why.code)
        end)

        it("refuses what gives none", function()
            for _, given in ipairs { { model = "amazon.nova-canvas-v1:0", prompt = "Hi" },
                { model = "twelvelabs.pegasus-1-2-v1:0", prompt = "Hi", video = "s3://a/b" } } do
                given.schema = SCHEMA
                local answer, err = conn:generate(given)
                assert.is_nil(answer)
                assert.equal("schema", err.errors[1].path)
            end
            local _, err = conn:generate { model = NOVA, prompt = "Hi", schema = { city = "strnig" } }
            assert.equal("validation", err.kind)
            assert.truthy(err.errors[1].path:find("^schema"))
            assert.equal(0, ep:counters().requests)
        end)
    end)

    it("lets models of no known family reason", function()
        ep:script { { match = { operation = "Converse" }, action = { json = { stopReason = "end_turn",
            output = { message = { role = "assistant", content = {
                { reasoningContent = { reasoningText = { text = "Hm." } } }, { text = "Yes." } } } } } } } }
        local answer = assert(conn:generate { model = "example.thinker-v1:0", prompt = "?", reasoning = "low" })
        assert.equal("Yes.", answer.text)
        assert.equal("Hm.", answer.reasoning)
        assert.is_table(bodies "Converse"[1].additionalModelRequestFields)
    end)
end)
