--- A conversation without tools: what is said, what goes out, what comes back.
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"
local talk = dofile "spec/support/talk.lua"

local MODEL = talk.MODEL

describe("a chat", function()
    local conn
    local ep = talk.each(function(new)
        conn = new
    end)

    it("keeps what was said, and sends it again", function()
        talk.says({ { text = "Hello." } }, { usage = { inputTokens = 3, outputTokens = 2, totalTokens = 5,
            cacheReadInputTokens = 7, cacheWriteInputTokens = 11 } })
        talk.says { { text = "I am " }, { text = "fine." } }
        local chat = talk.chat(conn, { system = "Be brief." })
        local answer = assert(chat:say "Hi")
        assert.equal("Hello.", answer.text)
        assert.equal("Hello.", tostring(answer))
        assert.equal("end_turn", answer.stop_reason)
        assert.equal(1, answer.rounds)
        assert.same({ input_tokens = 3, output_tokens = 2, total_tokens = 5, cache_read_tokens = 7,
            cache_write_tokens = 11 }, answer.usage)
        assert.equal(7, answer.metrics.latencyMs)
        assert.same({ role = "assistant", content = { { text = "Hello." } } }, answer.message)
        assert.is_nil(answer.healed)
        assert.is_nil(answer.object)
        assert.is_nil(answer.calls)
        assert.equal(answer, chat.answer)

        assert.equal("I am fine.", assert(chat:say "How are you?").text)
        assert.same({ "user", "assistant", "user", "assistant" }, { chat.messages[1].role, chat.messages[2].role,
            chat.messages[3].role, chat.messages[4].role })
        assert.same({ input_tokens = 13, output_tokens = 7, total_tokens = 20, cache_read_tokens = 7,
            cache_write_tokens = 11 }, chat.usage)
        assert.equal('{"messages":[{"role":"user","content":[{"text":"Hi"}]},{"role":"assistant","content":'
            .. '[{"text":"Hello."}]},{"role":"user","content":[{"text":"How are you?"}]}],'
            .. '"system":[{"text":"Be brief."}]}', talk.bodies()[2])
        talk.check(chat)
    end)

    it("tells who calls a method of something else", function()
        local chat = assert(conn:chat { model = "amazon.nova-lite-v1:0" })
        for _, other in ipairs { 5, true, "text", {} } do
            for _, name in ipairs { "say", "stream", "prepare" } do
                local ok, why = pcall(chat[name], other, "Hi")
                assert.is_false(ok)
                assert.matches("not a chat: call its methods with a colon, as in chat:" .. name, why, 1, true)
            end
        end
    end)

    it("prints as what it is, and its messages are a plain list that stays the same table", function()
        local chat = talk.chat(conn)
        local messages = chat.messages
        assert(chat:say "Hi")
        assert.equal(messages, chat.messages)
        assert.is_nil(getmetatable(messages))
        assert.truthy(tostring(chat):find(MODEL, 1, true))
        assert.truthy(tostring(chat):find("2 messages", 1, true))
    end)

    it("sends every option where Converse has it", function()
        local chat = talk.chat(conn, {
            system = { { text = "a" }, { text = "b" } }, max_tokens = 100, temperature = 0.5, top_p = 0.9, top_k = 40,
            stop = { "END" }, guardrail = { id = "g1", version = "1", trace = true }, service_tier = "priority",
            extra = { anthropic_beta = { "x" } }, request_metadata = { team = "a" }, performance = "optimized",
        })
        talk.says { { text = "ok" } }
        assert(chat:say "Hi")
        local body = talk.last()
        assert.same({ { text = "a" }, { text = "b" } }, body.system)
        assert.same({ maxTokens = 100, temperature = 0.5, topP = 0.9, stopSequences = { "END" } },
            body.inferenceConfig)
        assert.same({ guardrailIdentifier = "g1", guardrailVersion = "1", trace = "enabled" }, body.guardrailConfig)
        assert.same({ type = "priority" }, body.serviceTier)
        assert.same({ latency = "optimized" }, body.performanceConfig)
        assert.same({ team = "a" }, body.requestMetadata)
        assert.same({ anthropic_beta = { "x" }, top_k = 40 }, body.additionalModelRequestFields)
        assert.truthy(service.last_request(ep).uri:find("/converse", 1, true))
    end)

    it("takes any of its options, and those of calls, for one turn", function()
        local chat = talk.chat(conn, { max_tokens = 100, system = "one" })
        for _ = 1, 2 do
            talk.says { { text = "ok" } }
        end
        assert(chat:say("Hi", { max_tokens = 5, system = "two", stop = "x", total_timeout = 5000,
            model = "other.model" }))
        assert(chat:say "Hi")
        local all = talk.sent()
        assert.same({ maxTokens = 5, stopSequences = { "x" } }, all[1].inferenceConfig)
        assert.same({ maxTokens = 100 }, all[2].inferenceConfig)
        assert.equal("two", all[1].system[1].text)
        assert.equal("one", all[2].system[1].text)
        talk.script("Converse", { hang = true })
        local answer, err = chat:say("Hi", { total_timeout = 30 })
        assert.is_nil(answer)
        assert.equal("timeout", err.kind)
        assert.equal(4, #chat.messages)
    end)

    it("sends a prompt's variables", function()
        local chat = talk.chat(conn, { model = "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1",
            variables = { city = "Rome", days = 3 } })
        talk.says { { text = "ok" } }
        assert(chat:say "Hi")
        assert.same({ city = { text = "Rome" }, days = { text = "3" } }, talk.last().promptVariables)
    end)

    it("refuses variables that are no texts, each by its name", function()
        local _, err = conn:chat { model = "prompt", variables = { a = print, b = bedrock.null, c = "x", d = true,
            [1] = "y" } }
        local told = {}
        for i, problem in ipairs(err.errors) do
            told[i] = problem.path .. ": " .. problem.message
        end
        table.sort(told)
        assert.same({ "variables.a: expected a text or a number, got a function",
            "variables.b: expected a text or a number, got null",
            "variables: the names of variables must be strings, got a number" }, told)
        _, err = talk.chat(conn):say("Hi", { variables = { a = print } })
        assert.matches("variables.a: expected a text", err.message, 1, true)
        assert.equal(0, #talk.bodies())
    end)

    it("is as it was before when a call fails, and goes on from the error", function()
        local chat = talk.chat(conn)
        assert(chat:say "Hi")
        talk.refuses "No such thing."
        local answer, err = chat:say "And now?"
        assert.is_nil(answer)
        assert.equal("ValidationException", err.code)
        assert.equal(2, #chat.messages)
        assert.equal(3, #err.messages)
        assert.equal("And now?", err.messages[3].content[1].text)
        talk.says { { text = "Now." } }
        assert.equal("Now.", assert(chat:resume(err)).text)
        assert.equal(4, #chat.messages)
        talk.check(chat)
    end)

    it("takes text that was cut for an answer", function()
        talk.says({ { text = "Once upon" } }, { stop = "max_tokens" })
        local chat = talk.chat(conn)
        local answer = assert(chat:say "Tell a story")
        assert.equal("max_tokens", answer.stop_reason)
        assert.equal("Once upon", answer.text)
        assert.equal(2, #chat.messages)
        talk.check(chat)
    end)

    it("answers with what a guardrail said, and does not keep that turn", function()
        local trace = { guardrail = { modelOutput = { "bad" }, actionReason = "blocked" } }
        local chat = talk.chat(conn, { guardrail = { id = "g1", version = "DRAFT", trace = "enabled_full" } })
        assert(chat:say "Hi")
        talk.says({ { text = "Not that." } }, { stop = "guardrail_intervened", trace = trace })
        local answer = assert(chat:say "Something bad")
        assert.equal("Not that.", answer.text)
        assert.equal("guardrail_intervened", answer.stop_reason)
        assert.equal("blocked", answer.trace.guardrail.actionReason)
        assert.equal(2, #chat.messages)
        assert(chat:say "Something else")
        assert.is_nil(talk.bodies()[3]:find("Something bad", 1, true))
        talk.check(chat)
    end)

    it("gives citations and reasoning", function()
        talk.says('[{"reasoningContent":{"reasoningText":{"text":"Hm.","signature":"c2ln"}}},'
            .. '{"citationsContent":{"content":[{"text":"It is blue."}],"citations":[{"title":"Sky",'
            .. '"location":{"documentPage":{"documentIndex":0,"start":1,"end":2}}}]}},{"text":" Yes."}]')
        local answer = assert(talk.chat(conn):say "What colour?")
        assert.equal("It is blue. Yes.", answer.text)
        assert.equal("Hm.", answer.reasoning)
        assert.equal("Sky", answer.citations[1].title)
    end)

    it("says what is wrong with its options, all at once, and what was meant", function()
        local chat, err = conn:chat { modelid = "x", max_tokens = "many", temperature = 0 / 0, tools = { { name = "a b",
            execute = print } }, schema = { type = "strin" }, system = 3, stop = {}, cache = "1d", wrong = 1,
            guardrail = { identifier = "x" }, messages = "/nowhere/chat.json" }
        assert.is_nil(chat)
        assert.equal("validation", err.kind)
        local said = {}
        for _, problem in ipairs(err.errors) do
            said[problem.path] = problem.message
        end
        for path, text in pairs {
            modelid = "did you mean model?", model = "missing", max_tokens = "whole number", temperature = "a number",
            ["tools[1].name"] = "letters", ["tools[1].execute"] = "did you mean run?", system = "a string",
            cache = '"5m"', wrong = "unknown option", guardrail = "{id, version", messages = "No such file",
        } do
            assert.truthy((said[path] or ""):find(text, 1, true), path .. ": " .. tostring(said[path]))
        end
    end)

    it("says what is wrong with one turn's, all at once, and sends nothing", function()
        local chat = talk.chat(conn)
        local answer, err = chat:say({ txet = "Hi" },
            { max_token = 3, messages = {}, total_timeout = "long", retries = -1 })
        assert.is_nil(answer)
        assert.equal("validation", err.kind)
        local text = tostring(err)
        for _, word in ipairs { "did you mean text?", "did you mean max_tokens?", "belongs to conn:chat",
            "total_timeout", "retries" } do
            assert.truthy(text:find(word, 1, true), word .. " is not in: " .. text)
        end
        assert.equal(0, #talk.bodies())
        assert.equal(0, #chat.messages)
    end)

    it("raises where it is used in a way that cannot be meant", function()
        local chat = talk.chat(conn)
        for _, case in ipairs {
            { function() chat.say("Hi") end, "colon, as in chat:say" },
            { function() chat.stream("Hi") end, "colon, as in chat:stream" },
            { function() chat.save("x") end, "colon, as in chat:save" },
            { function() chat:say("Hi", "x") end, "options must be a table" },
            { function() chat:results "x" end, "table of results" },
            { function() chat:resume "x" end, "expected the error" },
            { function() chat:trim() end, "keep" },
            { function() conn:chat "model" end, "table of options" },
            { function() conn.chat { model = "m" } end, "colon" },
        } do
            local ok, why = pcall(case[1])
            assert.is_false(ok)
            assert.truthy(tostring(why):find(case[2], 1, true), tostring(why))
        end
    end)

    it("has hints for what other libraries call things", function()
        for name, meant in pairs { modelId = "model", model_id = "model", prompt = "chat:say", maxTokens = "max_tokens",
            max_completion_tokens = "max_tokens", stopSequences = "stop", stop_sequences = "stop", topP = "top_p",
            topK = "top_k", system_prompt = "system", instructions = "system", response_format = "schema",
            output_schema = "schema", outputConfig = "schema", toolConfig = "tools", toolChoice = "tool_choice",
            maxSteps = "max_rounds", max_turns = "max_rounds", stopWhen = "stop_when", thinking = "reasoning",
            reasoning_effort = "reasoning", history = "messages", functions = "tools", inferenceConfig = "max_tokens",
            guardrailConfig = "guardrail", additionalModelRequestFields = "extra", serviceTier = "service_tier",
            promptVariables = "variables", requestMetadata = "request_metadata", prompt_caching = "cache",
            cachePoint = "cache", stream = "chat:stream", json_schema = "schema", timeout = "chat:say",
        } do
            local chat, err = conn:chat { model = MODEL, [name] = true }
            assert.is_nil(chat)
            assert.truthy(tostring(err):find(meant, 1, true), name .. ": " .. tostring(err))
        end
    end)

    it("has hints for its tools, too", function()
        local _, err = conn:chat { model = "m", tools = {
            { name = "two words", description = 3, run = "x" }, { name = "a", execute = print, inputSchema = {},
                parameters = {}, handler = print }, { name = "a" }, { name = "b", input = { city = "strin" } }, {},
        } }
        local said = {}
        for _, problem in ipairs(err.errors) do
            said[problem.path] = problem.message
        end
        for path, text in pairs { ["tools[1].name"] = "letters", ["tools[1].description"] = "a string",
            ["tools[1].run"] = "a function", ["tools[2].execute"] = "run?", ["tools[2].inputSchema"] = "input?",
            ["tools[2].parameters"] = "input?", ["tools[2].handler"] = "run?", ["tools[3].name"] = "another tool",
            ["tools[4].input.city"] = "strin", ["tools[5].name"] = "got nil" } do
            assert.truthy((said[path] or ""):find(text, 1, true), path .. ": " .. tostring(said[path]))
        end
    end)

    it("tells where it is busy, and is free when the first has ended", function()
        talk.script("Converse", { delay_ms = 100 })
        local chat = talk.chat(conn)
        local refused
        local answers = bedrock.parallel(function()
            return chat:say "First"
        end, function()
            refused = select(2, chat:say "Second")
        end)
        assert.is_table(answers[1])
        assert.equal("conversation", refused.kind)
        assert.equal("Busy", refused.code)
        assert(chat:say "Third")
        assert.equal(4, #chat.messages)
        talk.check(chat)
    end)

    it("is free again when the connection is closed, a task cancelled, a coroutine forgotten", function()
        local chat = talk.chat(conn)
        talk.ep:script { { match = { operation = "Converse" }, times = 2, action = { hang = true } } }
        local task = bedrock.spawn(function()
            return chat:say "One"
        end)
        task:cancel()
        local _, err = task:join()
        assert.equal("cancelled", err.kind)
        assert.equal(1, #err.messages)
        assert.equal(0, #chat.messages)
        local closing = bedrock.spawn(function()
            return chat:say "Two"
        end)
        conn:close()
        _, err = closing:join()
        assert.equal("Closed", err.code)
        assert.equal(0, #chat.messages)
        _, err = chat:say "Three"
        assert.equal("Closed", err.code)
        assert.equal(0, #chat.messages)
    end)
end)
