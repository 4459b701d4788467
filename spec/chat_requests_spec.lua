--- What a chat's requests have where the user asks for it in few words: cache points, reasoning, healing, models found.
local bedrock = require "bedrock"
local mime = require "mime"
local service = require "spec.support.service"
local talk = dofile "spec/support/talk.lua"

local CLAUDE, NOVA = talk.MODEL, "amazon.nova-2-lite-v1:0"
local FROM_MODEL = "The model returned the following errors: "
local POINT = { cachePoint = { type = "default" } }

describe("a chat", function()
    local conn
    talk.each(function(new)
        conn = new
    end)

    local function points(body)
        return select(2, bedrock.json.encode(body):gsub('"cachePoint"', ""))
    end

    describe("with cache points", function()
        it("has them after system, tools and the last turn, and never in its history", function()
            local chat = talk.chat(conn, { cache = true, system = "Be brief.", tools = { { name = "look",
                run = function() return "x" end } } })
            talk.says({ talk.use("t1", "look", {}) }, { stop = "tool_use" })
            talk.says { { text = "ok" } }
            assert(chat:say "Hi")
            assert(chat:say "Again")
            for i, body in ipairs(talk.sent()) do
                assert.same(POINT, body.system[2], i)
                assert.same(POINT, body.toolConfig.tools[2], i)
                local last = body.messages[#body.messages].content
                assert.same(POINT, last[#last], i)
                assert.equal(3, points(body), i)
            end
            assert.equal(0, points(chat.messages))
            talk.check(chat)
        end)

        it("of another life", function()
            for _, life in ipairs { "5m", "1h" } do
                local chat = talk.chat(conn, { cache = life })
                assert(chat:say "Hi")
                assert.same({ cachePoint = { type = "default", ttl = life } }, talk.last().messages[1].content[2])
            end
        end)

        it("keeps the beginning of every request the same bytes", function()
            local chat = talk.chat(conn, { cache = true, system = "Be brief." })
            for _ = 1, 3 do
                assert(chat:say "Hi")
            end
            local bodies = talk.bodies()
            for i = 2, 3 do
                local begun = bodies[i - 1]:match '^(.-),{"cachePoint"'
                assert.equal(begun, bodies[i]:sub(1, #begun))
            end
        end)

        it("sends none to a model that refuses them, from then on", function()
            local chat = talk.chat(conn, { cache = true, system = "Be brief." })
            for _ = 1, 6 do
                talk.refuses "You invoked an unsupported model or your request did not allow prompt caching."
            end
            local answer = chat:say "Hi"
            talk.ep:reset()
            assert(answer or chat:say "Hi")
            assert(chat:say "Hi")
            assert.equal(0, points(talk.last()))
            local count = #talk.bodies()
            assert(talk.chat(conn, { cache = true }):say "Hi")
            assert.equal(count + 1, #talk.bodies())
        end)
    end)

    describe("with reasoning", function()
        local function fields_of(model, options)
            local chat = talk.chat(conn, talk.merged({ model = model }, options))
            local answer = assert(chat:say "Hi")
            local body = talk.last()
            return body.additionalModelRequestFields, body.inferenceConfig or {}, answer
        end

        it("asks Claude for it, with max_tokens above the budget and no temperature, and tells", function()
            local fields, config, answer = fields_of(CLAUDE, { reasoning = 2000, max_tokens = 500, temperature = 0.2 })
            assert.same({ type = "enabled", budget_tokens = 2000 }, fields.thinking)
            assert.equal(2500, config.maxTokens)
            assert.is_nil(config.temperature)
            local healed = table.concat(answer.healed, "\n")
            assert.truthy(healed:find("max_tokens", 1, true))
            assert.truthy(healed:find("temperature", 1, true))
            fields, config, answer = fields_of(CLAUDE, { reasoning = 2000, max_tokens = 3000 })
            assert.equal(3000, config.maxTokens)
            assert.equal(2000, fields.thinking.budget_tokens)
            assert.is_nil(answer.healed)
            fields, config = fields_of(CLAUDE, { reasoning = 10 })
            assert.equal(1024, fields.thinking.budget_tokens)
            assert.truthy(config.maxTokens > 1024)
        end)

        it("has levels for every family", function()
            local budgets = {}
            for i, level in ipairs { "low", "medium", "high" } do
                budgets[i] = fields_of(CLAUDE, { reasoning = level }).thinking.budget_tokens
                assert.same({ type = "enabled", maxReasoningEffort = level },
                    fields_of(NOVA, { reasoning = level }).reasoningConfig)
                assert.same({ reasoning_effort = level }, fields_of("openai.gpt-oss-20b-1:0", { reasoning = level }))
            end
            assert.truthy(budgets[1] < budgets[2] and budgets[2] < budgets[3])
            assert.is_table(fields_of(CLAUDE, { reasoning = true }).thinking)
            assert.is_nil((fields_of(CLAUDE, { reasoning = false })))
        end)

        it("takes the shape that the model's refusal leads to, and remembers it", function()
            talk.refuses(FROM_MODEL .. '"thinking.type.enabled" is not supported for this model. Use '
                .. '"thinking.type.adaptive" and "output_config.effort" to control thinking behavior.')
            local fields = fields_of("anthropic.claude-next-v1:0", { reasoning = "high" })
            assert.same({ type = "adaptive" }, fields.thinking)
            assert.same({ effort = "high" }, fields.output_config)
            fields_of("anthropic.claude-next-v1:0", { reasoning = "low" })
            assert.equal(3, #talk.bodies())
        end)

        it("leaves the user's own fields as they are", function()
            local fields = fields_of(CLAUDE, { reasoning = true, extra = { anthropic_beta = { "x" } } })
            assert.same({ "x" }, fields.anthropic_beta)
            assert.is_table(fields.thinking)
        end)
    end)

    describe("with heal", function()
        it("leaves out what the model refuses by name, tells, and remembers", function()
            local chat = talk.chat(conn, { heal = true, temperature = 0.5, top_p = 0.9 })
            talk.refuses(FROM_MODEL .. "`temperature` is deprecated for this model.")
            local answer = assert(chat:say "Hi")
            assert.equal(1, #answer.healed)
            assert.truthy(answer.healed[1]:find("temperature", 1, true))
            assert.same({ topP = 0.9 }, talk.last().inferenceConfig)
            assert(chat:say "Hi")
            assert.equal(3, #talk.bodies())
        end)

        it("leaves out top_p where both cannot be, and members of extra", function()
            local chat = talk.chat(conn, { heal = true, temperature = 0.5, top_p = 0.9, extra = { odd = 1, fine = 2 } })
            talk.refuses(FROM_MODEL .. "`temperature` and `top_p` cannot both be specified for this model.")
            talk.refuses "Malformed input request: #: extraneous key [odd] is not permitted, please reformat your input"
            assert.equal(2, #assert(chat:say "Hi").healed)
            assert.same({ temperature = 0.5 }, talk.last().inferenceConfig)
            assert.same({ fine = 2 }, talk.last().additionalModelRequestFields)
        end)

        it("never drops a system prompt: it moves to the front of the first text", function()
            local chat = talk.chat(conn, { heal = true, system = "Be brief." })
            talk.refuses "This model doesn't support system messages. Try again without a system message."
            local answer = assert(chat:say "Hi")
            assert.is_nil(talk.last().system)
            local first = talk.last().messages[1].content[1].text
            assert.truthy(first:find("Be brief.", 1, true) == 1)
            assert.truthy(first:find("Hi", 1, true))
            assert.equal("Hi", chat.messages[1].content[1].text)
            assert.equal(1, #answer.healed)
        end)

        it("changes nothing without it", function()
            local chat = talk.chat(conn, { temperature = 0.5, system = "x" })
            talk.refuses(FROM_MODEL .. "`temperature` is deprecated for this model.")
            local answer, err = chat:say "Hi"
            assert.is_nil(answer)
            assert.equal("ValidationException", err.code)
            assert.equal(1, #talk.bodies())
        end)
    end)

    it("finds its model by a part of its name, once", function()
        local chat = talk.chat(conn, { model = "nova lite", resolve = true })
        assert(chat:say "Hi")
        assert(chat:say "Hi")
        assert.truthy(talk.ep:counters().ListInferenceProfiles <= 2)
        local none, err = talk.chat(conn, { model = "no such model", resolve = true }):say "Hi"
        assert.is_nil(none)
        assert.is_table(err)
        assert.equal(1, #err.messages)
    end)

    it("leave room beside the thoughts as generate does, whatever was given", function()
        for _, given in ipairs { { reasoning = true }, { reasoning = "low", max_tokens = 2048 },
            { reasoning = 1, max_tokens = 1024 }, { reasoning = 2000.0, max_tokens = 2001 },
            { reasoning = "high", max_tokens = 100 } } do
            local model = "anthropic.claude-sonnet-4-5-20250929-v1:0"
            local chat = talk.chat(conn, talk.merged(given, { model = model }))
            local said = assert(chat:say "Hi")
            local sent = talk.last()
            local generated = assert(conn:generate(talk.merged(given, { model = model, prompt = "Hi" })))
            local body = bedrock.json.decode((mime.unb64(service.last_request(talk.ep).body64)))
            assert.equal(body.max_tokens, sent.inferenceConfig.maxTokens)
            assert.equal(body.thinking.budget_tokens, sent.additionalModelRequestFields.thinking.budget_tokens)
            assert.same(generated.healed, said.healed)
        end
    end)

    it("sends the same for an option of its own as for one of a say", function()
        local tools = { { name = "clock", run = os.time } }
        for i, given in ipairs { {}, { system = "Brief.", stop = "x" }, { system = { { text = "Hi" } }, top_p = 0.5 },
            { max_tokens = 9, temperature = 0, stop = { "x", "y" } }, { tools = tools },
            { tools = tools, tool_choice = "any" }, { cache = true, system = "Brief." }, { extra = { a = 1 } },
            { guardrail = { id = "abcdefghij", version = "1", trace = true } }, { performance = "optimized" },
            { reasoning = "low" }, { request_metadata = { a = "b" } }, { schema = { city = "string" } },
            { service_tier = "flex" }, { top_k = 5 }, { variables = { a = "b" } } } do
            for _, operation in ipairs { "say", "stream" } do
                local bodies = {}
                for n, pair in ipairs { { given }, { nil, given } } do
                    local chat = talk.chat(conn, talk.merged({ messages = {
                        { role = "user", content = { { text = "A" } } },
                        { role = "assistant", content = { { text = " " } } },
                    } }, pair[1]))
                    if operation == "say" then
                        chat:say("Hi", pair[2])
                    else
                        pcall(chat:stream("Hi", pair[2]))
                    end
                    bodies[n] = mime.unb64(service.last_request(talk.ep).body64)
                end
                assert.equal(bodies[1], bodies[2], i)
            end
        end
    end)

    it("tells Converse of the tools that its history calls, and of none else", function()
        local chat = talk.chat(conn)
        talk.says({ talk.use("t1", "look", {}) }, { stop = "tool_use" })
        talk.says { { text = "ok" } }
        assert(chat:say("Hi", { tools = { { name = "look", run = function() return "x" end } } }))
        assert(chat:say "Again")
        assert.equal("look", talk.last().toolConfig.tools[1].toolSpec.name)
        chat:undo()
        chat:undo()
        assert(chat:say "Anew")
        assert.is_nil(talk.last().toolConfig)
    end)
end)
