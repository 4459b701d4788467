--- heal: what the service's own words let a call be mended by.
local bedrock = require "bedrock"
local heal = require "bedrock.heal"
local service = dofile "spec/support/service.lua"

local decode = bedrock.json.decode

local MODEL = service.MODEL

local function refusal(message, code, kind)
    return { kind = kind or "service", code = code or "ValidationException", message = message }
end

describe("heal.refused", function()
    local FROM_MODEL = "The model returned the following errors: "

    local SAID = {
        output_config = {
            FROM_MODEL .. "output_config.format: Extra inputs are not permitted",
            "This model doesn't support the outputConfig field. Remove outputConfig and try again.",
            "Malformed input request: #: extraneous key [outputConfig] is not permitted, please reformat your input",
            "Structured outputs are not supported for this model.",
        },
        tool_choice = {
            "This model doesn't support the toolConfig.toolChoice.any field. Remove toolConfig.toolChoice.any and try "
                .. "again.",
            "This model doesn\u{2019}t support the toolConfig.toolChoice.tool field. Remove it and try again.",
            FROM_MODEL .. "Thinking may not be enabled when tool_choice forces tool use.",
        },
        cache = {
            "You invoked an unsupported model or your request did not allow prompt caching. See the documentation.",
            "Malformed input request: #/messages/6/content/0: extraneous key [cachePoint] is not permitted",
        },
        reasoning = {
            FROM_MODEL .. '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
                .. '"output_config.effort" to control thinking behavior.',
            FROM_MODEL .. "thinking: Input tag 'adaptive' found using 'type' does not match any of the expected tags: "
                .. "'disabled', 'enabled'",
            FROM_MODEL .. "thinking: Extra inputs are not permitted",
            "Malformed input request: #: extraneous key [reasoningConfig] is not permitted",
        },
        reasoning_content = { "This model doesn't support the reasoningContent field. Remove it and try again." },
        streaming_tools = {
            "This model doesn't support tool use in streaming mode.",
            "The model is unsupported for streaming.",
        },
        system = { "This model doesn't support system messages. Try again without a system message or use a model that "
            .. "supports system messages." },
        tools = { "This model doesn't support tool use." },
        throughput = {
            "Invocation of model ID amazon.nova-2-lite-v1:0 with on-demand throughput isn\u{2019}t supported. Retry "
                .. "your request with the ID or ARN of an inference profile that contains this model.",
            "The provided model doesn't support on-demand throughput.",
        },
    }

    it("knows each subject by the service's words, and takes none for another", function()
        for subject in pairs(SAID) do
            for other, messages in pairs(SAID) do
                for _, message in ipairs(messages) do
                    assert.equal(subject == other, heal.refused(refusal(message), subject), subject .. ": " .. message)
                end
            end
        end
    end)

    it("takes no other failure for a refusal", function()
        local about = SAID.output_config[1]
        for subject in pairs(SAID) do
            assert.is_false(heal.refused(nil, subject))
            assert.is_false(heal.refused(refusal(SAID[subject][1], nil, "transport"), subject))
            assert.is_false(heal.refused(refusal(SAID[subject][1], "ThrottlingException"), subject))
            assert.is_false(heal.refused(refusal("The text field in the ContentBlock object is blank."), subject))
        end
        assert.is_false(heal.refused(refusal(about, "AccessDeniedException"), "output_config"))
        assert.is_true(heal.refused(refusal(SAID.cache[1], "AccessDeniedException"), "cache"))
        for _, message in ipairs { "`max_tokens` must be greater than `thinking.budget_tokens`.",
            "`temperature` may only be set to 1 when thinking is enabled." } do
            assert.is_false(heal.refused(refusal(message), "reasoning"))
        end
        assert.has_error(function()
            heal.refused(refusal(about), "nonsense")
        end)
    end)
end)

describe("heal.call", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    local function refuse(...)
        for _, message in ipairs { ... } do
            ep:script { { match = { operation = "Converse" }, action = { status = 400,
                headers = { ["x-amzn-ErrorType"] = "ValidationException" }, json = { message = message } } } }
        end
    end

    local function call(more, wanted)
        local params = service.ask("Hello", more)
        return heal.call(conn, params, function(sent)
            return conn:converse(sent)
        end, wanted or { heal = true })
    end

    local function last_body()
        local request = service.last_request(ep)
        return decode(assert(require("bedrock.core").base64_decode(request.body64)))
    end

    local function all(temperature, top_p)
        return { inferenceConfig = { temperature = temperature, topP = top_p, maxTokens = 50,
            stopSequences = { "x" } } }
    end

    it("does nothing unless it is wanted, or nothing is refused", function()
        refuse "`temperature` is deprecated for this model."
        local output, err, healed = call(all(0.5), {})
        assert.is_nil(output)
        assert.equal("ValidationException", err.code)
        assert.is_nil(healed)
        output, err, healed = call(all(0.5))
        assert.is_table(output)
        assert.is_nil(err)
        assert.is_nil(healed)
        assert.equal(2, ep:counters().Converse)
    end)

    it("leaves out what the model does not take, and remembers it for the connection and the model", function()
        refuse "The model returned the following errors: `temperature` is deprecated for this model."
        local params = all(0.5)
        local output, err, healed = call(params)
        assert(output, err)
        assert.equal(1, #healed)
        assert.truthy(healed[1]:find("temperature", 1, true))
        assert.is_nil(last_body().inferenceConfig.temperature)
        assert.equal(50, last_body().inferenceConfig.maxTokens)
        assert.equal(0.5, params.inferenceConfig.temperature)

        output, err, healed = call(all(0.7))
        assert(output, err)
        assert.equal(1, #healed)
        assert.equal(3, ep:counters().Converse)
        assert.is_nil(select(3, call()))

        local other_model = { modelId = "amazon.nova-pro-v1:0", inferenceConfig = { temperature = 1 } }
        assert(call(other_model))
        assert.equal(1, last_body().inferenceConfig.temperature)
        local other = service.connect(ep)
        assert.same({}, heal.memory(other, MODEL))
        other:close()
    end)

    it("leaves out one after the other, as the service names them", function()
        refuse("This model doesn't support the temperature field. Remove temperature and try again.",
            "This model doesn't support the topP field. Remove topP and try again.",
            "This model doesn't support the stopSequences field. Remove stopSequences and try again.")
        local output, err, healed = call(all(0.5, 0.9))
        assert(output, err)
        assert.equal(3, #healed)
        assert.equal('{"maxTokens":50}', bedrock.json.encode(last_body().inferenceConfig))
        assert(call(all(0.5, 0.9)))
        assert.equal(5, ep:counters().Converse)
    end)

    it("leaves out top_p where both cannot be had, and keeps it where it stands alone", function()
        refuse "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
        local output, err, healed = call(all(0.5, 0.9))
        assert(output, err)
        assert.truthy(healed[1]:find("top_p", 1, true))
        assert.equal(0.5, last_body().inferenceConfig.temperature)
        assert.is_nil(last_body().inferenceConfig.topP)
        assert.is_nil(select(3, call(all(nil, 0.9))))
        assert.equal(0.9, last_body().inferenceConfig.topP)
    end)

    it("leaves out members of additionalModelRequestFields", function()
        refuse "Malformed input request: #: extraneous key [top_k] is not permitted, please reformat your input."
        local extra = { top_k = 5, other = true }
        local _, _, healed = call { additionalModelRequestFields = extra }
        assert.truthy(healed[1]:find("extra.top_k", 1, true))
        assert.equal('{"other":true}', bedrock.json.encode(last_body().additionalModelRequestFields))
        assert.equal(5, extra.top_k)

        refuse "#/inferenceConfig: extraneous key [topK] is not permitted"
        _, _, healed = call { additionalModelRequestFields = { inferenceConfig = { topK = 5 } } }
        assert.truthy(healed[1]:find("extra.inferenceConfig.topK", 1, true))
        assert.is_nil(last_body().additionalModelRequestFields)

        refuse '"thinking.type.enabled" is not supported for this model.'
        _, _, healed = call({ additionalModelRequestFields = { thinking = { type = "enabled" }, a = { b = 1 } } },
            { heal = true, keep = {} })
        assert.truthy(healed[1]:find("extra.thinking", 1, true))

        refuse "a.b: Extra inputs are not permitted"
        _, _, healed = call { additionalModelRequestFields = { a = { b = 1, c = 2 } } }
        assert.truthy(healed[1]:find("extra.a.b", 1, true))
        assert.equal('{"a":{"c":2}}', bedrock.json.encode(last_body().additionalModelRequestFields))
    end)

    it("leaves to its caller what chat does in a second way", function()
        local tools = { toolConfig = { toolChoice = { any = {} },
            tools = { { toolSpec = { name = "a", inputSchema = { json = { type = "object" } } } } } },
            additionalModelRequestFields = { thinking = { type = "enabled" }, output_config = { format = {} } } }
        for _, message in ipairs { '"thinking.type.enabled" is not supported for this model.',
            "This model doesn't support the toolConfig.toolChoice.any field.",
            "output_config.format: Extra inputs are not permitted" } do
            refuse(message)
            local output, _, healed = call(tools)
            assert.is_nil(output)
            assert.is_nil(healed)
        end
        refuse "This model doesn't support the toolConfig.toolChoice.any field."
        assert.equal(1, #select(3, call(tools, { heal = true, keep = {} })))
        assert.is_nil(last_body().toolConfig.toolChoice)
    end)

    it("does not remember without end", function()
        for i = 1, 1001 do
            heal.memory(conn, "model " .. i).known = true
        end
        assert.is_nil(heal.memory(conn, "model 1").known)
        assert.is_true(heal.memory(conn, "model 1001").known)
    end)

    it("remembers what cannot be had while the model thinks for calls that let it think", function()
        refuse "`temperature` may only be set to 1 when thinking is enabled. Please consult our documentation"
        local thinking = { additionalModelRequestFields = { thinking = { type = "enabled" } },
            inferenceConfig = { temperature = 0.5 } }
        local _, _, healed = call(thinking)
        assert.equal(1, #healed)
        assert.equal(1, #select(3, call(thinking)))
        assert.is_nil(select(3, call { inferenceConfig = { temperature = 0.5 } }))
        assert.equal(0.5, last_body().inferenceConfig.temperature)
    end)

    it("moves a system prompt to the front of the first user text", function()
        refuse "This model doesn't support system messages. Try again without a system message."
        local system = { { text = "Be brief." }, { cachePoint = { type = "default" } }, { text = "In French." } }
        local params = { system = system, messages = {
            { role = "user", content = { { text = "Hello" } } },
            { role = "assistant", content = { { text = "Hi" } } },
            { role = "user", content = { { text = "Again" } } },
        } }
        local output, err, healed = call(params)
        assert(output, err)
        assert.truthy(healed[1]:find("system prompt", 1, true))
        local body = last_body()
        assert.is_nil(body.system)
        assert.equal("Be brief.\n\nIn French.\n\nHello", body.messages[1].content[1].text)
        assert.equal("Again", body.messages[3].content[1].text)
        assert.equal("Hello", params.messages[1].content[1].text)
    end)

    it("never drops a system prompt: what cannot move stays refused", function()
        local message = "This model doesn't support system messages."
        refuse(message, message)
        local output, err, healed = call { system = { { guardContent = { text = { text = "x" } } } } }
        assert.is_nil(output)
        assert.equal("ValidationException", err.code)
        assert.is_nil(healed)
        output = call { system = { { text = "x" } }, messages = { { role = "user", content = { { image = {
            format = "png", source = { bytes = "x" } } } } } } }
        assert.is_nil(output)
        assert.equal(2, ep:counters().Converse)
    end)

    it("tries each cure once", function()
        local message = "`temperature` is deprecated for this model."
        refuse(message, message, message)
        local output, err = call(all(0.5))
        assert.is_nil(output)
        assert.equal(message, err.message)
        assert.equal(2, ep:counters().Converse)
    end)

    it("keeps its hands off errors that name no cure, and off what must not go", function()
        refuse("Input is too long for requested model.", "This model doesn't support the guardrailConfig field.",
            "This model doesn't support the outputConfig field.", "This model doesn't support the maxTokens field.")
        for _ = 1, 4 do
            assert.is_nil((call { inferenceConfig = { maxTokens = 5 },
                guardrailConfig = { guardrailIdentifier = "abc", guardrailVersion = "1" } }))
        end
        assert.equal(4, ep:counters().Converse)
    end)

    it("sends in one piece where the model does not stream tools", function()
        local opened, whole = 0, 0
        local function open()
            opened = opened + 1
            return nil, refusal "This model doesn't support tool use in streaming mode."
        end
        local wanted = { heal = true, whole = function()
            whole = whole + 1
            return "answer"
        end }
        local output, _, healed = heal.call(conn, service.ask "Hi", open, wanted)
        assert.equal("answer", output)
        assert.truthy(healed[1]:find("one piece", 1, true))
        assert.equal("answer", (heal.call(conn, service.ask "Hi", open, wanted)))
        assert.equal(1, opened)
        assert.equal(2, whole)
        assert.is_nil((heal.call(conn, service.ask "Hi", open, { heal = true, whole = nil })))
    end)

    it("heals the parameters of generate likewise", function()
        local refusals = { "This model doesn't support system messages.", "`temperature` is deprecated for this model.",
            "Malformed input request: extraneous key [stop_sequences] is not permitted" }
        local params = { model = "x.y", prompt = "Hi", system = "Be brief.", temperature = 1, stop = "x" }
        local output, _, healed = heal.call(conn, params, function()
            local message = table.remove(refusals, 1)
            if message then
                return nil, refusal(message)
            end
            return "answer"
        end, { heal = true })
        assert.equal("answer", output)
        assert.equal(3, #healed)
        assert.same({ model = "x.y", prompt = "Be brief.\n\nHi" }, params)
    end)

    it("writes what it did to the log", function()
        local lines = {}
        bedrock.log(function(line, level)
            lines[#lines + 1] = level .. " " .. line
        end)
        refuse "`temperature` is deprecated for this model."
        call(all(0.5))
        bedrock.log(false)
        local found = false
        for _, line in ipairs(lines) do
            found = found or line:find("^info .*healed " .. MODEL:gsub("%p", "%%%0") .. ": left out temperature") ~= nil
        end
        assert.is_true(found)
    end)
end)
