--- What gather makes of streams that say things twice, say what nobody knows, or cut a character in two.
local mime = require "mime"
local service = dofile "spec/support/service.lua"

local ask = service.ask
local HIGH, LOW = [[\ud83d]], [[\ude00]]
local FACE, REPLACED = "\240\159\152\128", "\239\191\189"

local START = { event = "messageStart", json = { role = "assistant" } }
local STOP = { event = "messageStop", json = { stopReason = "end_turn" } }

--- An event whose JSON is sent as it is written.
local function raw(event, payload)
    return { headers = { [":message-type"] = "event", [":event-type"] = event,
        [":content-type"] = "application/json" }, payload = payload }
end

local function raw_delta(index, delta)
    return raw("contentBlockDelta", ('{"contentBlockIndex":%d,"delta":%s}'):format(index, delta))
end

local function delta(index, what)
    return { event = "contentBlockDelta", json = { contentBlockIndex = index, delta = what } }
end

describe("gather", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    local function scripted(operation, frames)
        ep:script { { match = { operation = operation }, action = { frames = frames } } }
    end

    local function converse(...)
        scripted("ConverseStream", { ... })
        return assert(conn:converse_stream(ask "Hi"))
    end

    local function message(...)
        return assert(converse(START, ...):gather())
    end

    local function agent(frames, operation)
        scripted(operation or "InvokeAgent", frames)
        return assert(assert(conn:invoke_agent {
            agentId = "ABCDEFGHIJ", agentAliasId = "TSTALIASID", sessionId = "talk-1", inputText = "Hi",
        }):gather())
    end

    describe("joins halves of a character's surrogate pair", function()
        it("of adjacent deltas of one block, however blocks are mixed", function()
            local result = message(
                raw_delta(0, '{"text":"hi ' .. HIGH .. '"}'),
                raw_delta(1, '{"reasoningContent":{"text":"so ' .. HIGH .. '"}}'),
                raw_delta(2, '{"toolUse":{"input":"{\\"a\\":\\"' .. HIGH .. '"}}'),
                raw_delta(0, '{"text":"' .. LOW .. '!"}'),
                raw_delta(1, '{"reasoningContent":{"text":"' .. LOW .. '"}}'),
                raw_delta(2, '{"toolUse":{"input":"' .. LOW .. '\\"}"}}'), STOP)
            local content = result.output.message.content
            assert.equal("hi " .. FACE .. "!", content[1].text)
            assert.equal("so " .. FACE, content[2].reasoningContent.reasoningText.text)
            assert.equal(FACE, content[3].toolUse.input.a)
        end)

        it("and has U+FFFD for those that stay alone, where each event has it", function()
            for _, case in ipairs {
                { { HIGH }, { REPLACED } },
                { { HIGH, "x", LOW }, { REPLACED, "x", REPLACED } },
                { { LOW, HIGH }, { REPLACED, REPLACED } },
                { { HIGH .. HIGH, LOW .. LOW }, { REPLACED .. REPLACED, REPLACED .. REPLACED },
                    REPLACED .. FACE .. REPLACED },
                { { "a", "", HIGH, "", LOW }, { "a", "", REPLACED, "", REPLACED }, "a" .. FACE },
                { { REPLACED .. HIGH, LOW .. REPLACED }, { REPLACED .. REPLACED, REPLACED .. REPLACED },
                    REPLACED .. FACE .. REPLACED },
            } do
                local frames = { START }
                for _, text in ipairs(case[1]) do
                    frames[#frames + 1] = raw_delta(0, '{"text":"' .. text .. '"}')
                end
                frames[#frames + 1] = STOP
                local unpacked = table.unpack or unpack
                assert.equal(case[3] or table.concat(case[2]),
                    assert(converse(unpacked(frames)):gather()).output.message.content[1].text)
                local texts = {}
                for name, event in converse(unpacked(frames)):events() do
                    if name == "contentBlockDelta" then
                        texts[#texts + 1] = event.delta.text
                    end
                end
                assert.same(case[2], texts)
            end
        end)

        it("and leaves bytes alone that look like halves", function()
            local bytes = "\237\160\189\237\184\128"
            local result = message(raw_delta(0, '{"text":"' .. HIGH .. '"}'), raw_delta(0, '{"text":"' .. LOW .. '"}'),
                delta(1, { reasoningContent = { redactedContent = mime.b64(bytes) } }), STOP)
            assert.equal(FACE, result.output.message.content[1].text)
            assert.equal(bytes, result.output.message.content[2].reasoningContent.redactedContent)
        end)

        it("in what had come when the stream broke, too", function()
            local _, err = converse(START, raw_delta(0, '{"text":"' .. HIGH .. '"}'),
                raw_delta(0, '{"text":"' .. LOW .. 'x"}')):gather()
            assert.equal(FACE .. "x", err.partial.output.message.content[1].text)
        end)

        it("of a model's own chunks", function()
            local frames = {}
            for i, chunk in ipairs {
                [[{"type":"message_start","message":{}}]],
                [[{"type":"content_block_delta","delta":{"type":"text_delta","text":"hi \ud83d"}}]],
                [[{"type":"content_block_delta","delta":{"type":"text_delta","text":"\ude00 \ude00"}}]],
                [[{"type":"message_stop"}]],
            } do
                frames[i] = { event = "chunk", json = { bytes = mime.b64(chunk) } }
            end
            scripted("InvokeModelWithResponseStream", frames)
            local stream = assert(conn:invoke_model_with_response_stream { modelId = service.MODEL, body = "{}" })
            local result = assert(stream:gather())
            assert.equal("hi " .. FACE .. " " .. REPLACED, result.text)
            assert.equal("hi " .. REPLACED, result.parts[2].delta.text)
        end)

        it("of answers from knowledge bases, and of an analysis", function()
            scripted("RetrieveAndGenerateStream", { raw("output", '{"text":"a' .. HIGH .. '"}'),
                raw("output", '{"text":"' .. LOW .. 'b"}') })
            local result = assert(assert(conn:retrieve_and_generate_stream { input = { text = "Is it?" } }):gather())
            assert.equal("a" .. FACE .. "b", result.output.text)
            scripted("OptimizePrompt", { raw("analyzePromptEvent", '{"message":"a' .. HIGH .. '"}'),
                raw("analyzePromptEvent", '{"message":"' .. LOW .. 'b"}'), raw("optimizedPromptEvent", "{}") })
            result = assert(assert(conn:optimize_prompt { input = { textPrompt = { text = "x" } },
                targetModelId = service.MODEL }):gather())
            assert.equal("a" .. FACE .. "b", result.analysis)
        end)
    end)

    describe("keeps what comes twice:", function()
        local function control(id, name)
            return { event = "returnControl", json = { invocationId = id, invocationInputs = {
                { functionInvocationInput = { actionGroup = "g", ["function"] = name } } } } }
        end

        local function names(inputs)
            local list = {}
            for i, input in ipairs(inputs) do
                list[i] = input.functionInvocationInput["function"]
            end
            return list
        end

        it("an agent's returned controls, those of one invocation together", function()
            local result = agent { control("i-1", "a"), control("i-2", "b"), control("i-1", "c") }
            assert.equal("i-1", result.returnControl.invocationId)
            assert.same({ "a", "c" }, names(result.returnControl.invocationInputs))
            assert.equal(1, #result.others)
            assert.equal("returnControl", result.others[1].name)
            assert.equal("i-2", result.others[1].event.invocationId)
            assert.same({ "b" }, names(result.others[1].event.invocationInputs))
            assert.is_nil(agent({ control("i-1", "a") }).others)
        end)

        it("a flow's requests for input", function()
            local function request(node)
                return { event = "flowMultiTurnInputRequestEvent", json = { nodeName = node, nodeType = "AgentNode",
                    content = { document = node .. "?" } } }
            end
            scripted("InvokeFlow", { request "one", request "two" })
            local result = assert(assert(conn:invoke_flow { flowIdentifier = "ABCDEFGHIJ",
                flowAliasIdentifier = "ABCDEFGHIJ",
                inputs = { { nodeName = "in", nodeOutputName = "out", content = { document = "x" } } } }):gather())
            assert.equal("one", result.inputRequest.nodeName)
            assert.equal("two", result.others[1].event.nodeName)
        end)

        it("an intervention of a guardrail, whatever follows", function()
            for _, actions in ipairs { { "INTERVENED", "NONE" }, { "NONE", "INTERVENED" } } do
                scripted("RetrieveAndGenerateStream", {
                    { event = "guardrail", json = { action = actions[1] } },
                    { event = "guardrail", json = { action = actions[2] } },
                })
                local stream = assert(conn:retrieve_and_generate_stream { input = { text = "Is it?" } })
                assert.equal("INTERVENED", assert(stream:gather()).guardrailAction)
            end
        end)

        it("metadata", function()
            local result = message(delta(0, { text = "x" }), STOP,
                { event = "metadata", json = { usage = { inputTokens = 1 } } },
                { event = "metadata", json = { metrics = { latencyMs = 5 } } },
                { event = "metadata", json = { usage = { inputTokens = 2 } } })
            assert.equal("1", tostring(result.usage.inputTokens))
            assert.equal("5", tostring(result.metrics.latencyMs))
            assert.equal(1, #result.others)
            assert.equal("metadata", result.others[1].name)
            assert.equal("2", tostring(result.others[1].event.usage.inputTokens))
        end)
    end)

    describe("keeps what this version does not know:", function()
        it("all deltas, in their order, and events", function()
            local result = message(
                delta(0, { text = "known" }), delta(0, { scent = "first" }), delta(1, { scent = { strength = 1 } }),
                { event = "surprise", json = { a = 1 } },
                delta(1, { scent = { strength = 2 } }), delta(1, { colour = "red" }), delta(1, { scent = "last" }),
                delta(2, { scent = "alone" }),
                { event = "contentBlockStart", json = { contentBlockIndex = 3, start = { scent = "begins" } } },
                { event = "contentBlockStop", json = { contentBlockIndex = 3 } }, STOP)
            local content = result.output.message.content
            assert.equal("known", content[1].text)
            assert.is_nil(content[1].scent)
            assert.equal(3, #content[2].scent)
            assert.same({ 1, 2 }, { content[2].scent[1].strength, content[2].scent[2].strength })
            assert.equal("last", content[2].scent[3])
            assert.equal("red", content[2].colour)
            assert.same({ scent = "alone" }, content[3])
            assert.same({ scent = "begins" }, content[4])
            local order = {}
            for i, other in ipairs(result.others) do
                local what = other.event.delta or other.event.start or other.event
                order[i] = other.name .. " " .. tostring(type(what.scent) == "table" and what.scent.strength
                    or what.scent or what.colour or what.a)
            end
            assert.same({
                "contentBlockDelta first", "contentBlockDelta 1", "surprise 1", "contentBlockDelta 2",
                "contentBlockDelta red", "contentBlockDelta last", "contentBlockDelta alone",
                "contentBlockStart begins",
            }, order)
        end)

        it("events of agents", function()
            local result = agent { { event = "chunk", json = { bytes = mime.b64 "Hi" } },
                { event = "surprise", json = { a = 1 } } }
            assert.equal("Hi", result.text)
            assert.equal("surprise", result.others[1].name)
        end)

        it("and has nothing more where all is known", function()
            assert.is_nil(assert(assert(conn:converse_stream(ask "Hi")):gather()).others)
        end)
    end)
end)
