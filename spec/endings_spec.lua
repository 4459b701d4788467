--- Ends of streams: what HTTP ended in good order may be half an answer all the same.
local mime = require "mime"
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"

local CHAT = "/openai/v1/chat/completions"
local PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"
local METRICS = [["amazon-bedrock-invocationMetrics":{"outputTokenCount":2}]]

--- What a family streams, as its provider documents it: all chunks, of which the last `needed` is the one that ends it.
--- Where Bedrock's metrics may stand for that one, the chunks without it are whole as well.
local FAMILIES = {
    ["Anthropic, Messages"] = {
        text = "Hi there",
        chunks = {
            [[{"type":"message_start","message":{"id":"m","role":"assistant","content":[],"stop_reason":null}}]],
            [[{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}]],
            [[{"type":"ping"}]],
            [[{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi "}}]],
            [[{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"there"}}]],
            [[{"type":"content_block_stop","index":0}]],
            [[{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}]],
            [[{"type":"message_stop",]] .. METRICS .. "}",
        },
        strict = true,
    },
    ["Anthropic, Text Completions"] = {
        text = "Hi there",
        chunks = {
            [[{"completion":"Hi ","stop_reason":null,"stop":null}]],
            [[{"completion":"there","stop_reason":"stop_sequence","stop":"\n\nHuman:"}]],
        },
    },
    ["Amazon Nova"] = {
        text = "Hi there",
        chunks = {
            [[{"messageStart":{"role":"assistant"}}]],
            [[{"contentBlockDelta":{"delta":{"text":"Hi "},"contentBlockIndex":0}}]],
            [[{"contentBlockDelta":{"delta":{"text":"there"},"contentBlockIndex":0}}]],
            [[{"contentBlockStop":{"contentBlockIndex":0}}]],
            [[{"messageStop":{"stopReason":"end_turn"}}]],
        },
        after = { [[{"metadata":{"usage":{"inputTokens":1,"outputTokens":2}},]] .. METRICS .. "}" },
        strict = true,
    },
    ["Amazon Titan Text"] = {
        text = "Hi there",
        chunks = {
            [[{"outputText":"Hi ","index":0,"completionReason":null,"inputTextTokenCount":1}]],
            [[{"outputText":"there","index":0,"completionReason":"FINISH","inputTextTokenCount":null}]],
        },
    },
    ["Meta Llama"] = {
        text = "Hi there",
        chunks = {
            [[{"generation":"Hi ","prompt_token_count":1,"generation_token_count":1,"stop_reason":null}]],
            [[{"generation":"there","prompt_token_count":null,"generation_token_count":2,"stop_reason":null}]],
            [[{"generation":"","prompt_token_count":null,"generation_token_count":3,"stop_reason":"stop"}]],
        },
    },
    ["OpenAI gpt-oss"] = {
        text = "Hi there",
        chunks = {
            [[{"choices":[{"index":0,"delta":{"role":"assistant","content":"Hi "},"finish_reason":null}]}]],
            [[{"choices":[{"index":0,"delta":{"content":"there"},"finish_reason":null}]}]],
            [[{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}]],
        },
        after = { [[{"choices":[],"usage":{"total_tokens":3}}]] },
    },
    ["two choices"] = {
        text = "HiHo",
        chunks = {
            [[{"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}]],
            [[{"choices":[{"index":1,"delta":{"content":"Ho"},"finish_reason":null}]}]],
            [[{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}]],
            [[{"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}]],
        },
    },
    ["DeepSeek"] = {
        text = "Hi there",
        chunks = {
            [[{"choices":[{"text":"Hi ","stop_reason":null}]}]],
            [[{"choices":[{"text":"there","stop_reason":"length"}]}]],
        },
    },
    ["Mistral, text"] = {
        text = "Hi there",
        chunks = {
            [[{"outputs":[{"text":"Hi ","stop_reason":null}]}]],
            [[{"outputs":[{"text":"there","stop_reason":"stop"}]}]],
        },
    },
    ["Cohere Command"] = {
        text = "Hi there",
        chunks = {
            [[{"index":0,"is_finished":false,"text":"Hi "}]],
            [[{"index":1,"is_finished":false,"text":"there"}]],
            [[{"finish_reason":"COMPLETE","is_finished":true}]],
        },
    },
    ["Cohere Command R"] = {
        text = "Hi there",
        chunks = {
            [[{"event_type":"stream-start","is_finished":false,"generation_id":"g"}]],
            [[{"event_type":"text-generation","is_finished":false,"text":"Hi "}]],
            [[{"event_type":"text-generation","is_finished":false,"text":"there"}]],
            [[{"event_type":"stream-end","is_finished":true,"finish_reason":"COMPLETE","response":{}}]],
        },
    },
}

local function joined(...)
    local all = {}
    for _, list in ipairs { ... } do
        for _, one in ipairs(list) do
            all[#all + 1] = one
        end
    end
    return all
end

local function first(list, n)
    return { (table.unpack or unpack)(list, 1, n) }
end

describe("the end", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    local function streaming(chunks)
        local frames = {}
        for i, chunk in ipairs(chunks) do
            frames[i] = { event = "chunk", json = { bytes = mime.b64(chunk) } }
        end
        ep:script { { match = { operation = "InvokeModelWithResponseStream" }, action = { frames = frames } } }
        return assert(conn:invoke_model_with_response_stream { modelId = PROFILE, body = "{}" })
    end

    --- Reads it event by event.
    local function read(stream)
        local count = 0
        local ok, why = pcall(function()
            for _ in stream:events() do
                count = count + 1
            end
        end)
        return count, not ok and why or nil
    end

    local function half(chunks, text)
        local stream = streaming(chunks)
        local result, err = stream:gather()
        assert.is_nil(result)
        assert.same({ "stream", "Truncated", true, 200 }, { err.kind, err.code, err.retryable, err.status })
        assert.equal("invoke_model_with_response_stream", err.operation)
        assert.is_string(err.request_id)
        assert.equal(text, err.partial.text)
        assert.is_false(err.partial.complete)
        assert.is_false(stream.complete)
        local count, why = read(streaming(chunks))
        assert.equal(#chunks, count)
        assert.equal("Truncated", why.code)
    end

    local function whole(chunks, text)
        local stream = streaming(chunks)
        local result = assert(stream:gather())
        assert.equal(text, result.text)
        assert.equal(#chunks, #result.parts)
        assert.is_true(result.complete)
        assert.is_true(stream.complete)
        local count, why = read(streaming(chunks))
        assert.same({ #chunks, nil }, { count, why })
    end

    describe("of a model's stream is known by its chunks:", function()
        for name, family in pairs(FAMILIES) do
            it(name, function()
                local chunks = family.chunks
                whole(chunks, family.text)
                whole(joined(chunks, family.after or {}), family.text)
                for n = 1, #chunks - 1 do
                    local _, err = streaming(first(chunks, n)):gather()
                    assert.equal("Truncated", err and err.code, n)
                end
                local begun = first(chunks, 1)
                local partial = select(2, streaming(begun):gather()).partial.text
                half(begun, partial)
                if not family.strict then
                    whole(joined(begun, { "{" .. METRICS .. "}" }), partial)
                end
            end)
        end

        it("where no chunk tells whose they are, whole is all that can be said, and that is said", function()
            for _, chunks in ipairs {
                { [[{"unheard_of":"Hi"}]], [[{"unheard_of":" there"}]] },
                { "\255\0raw" },
                { [["text"]], "5", "null", "[]" },
                { [[{"choices":[5]}]], [[{"outputs":[]}]], [[{"contentBlockDelta":{"delta":5}}]] },
                { [[{"error":null,"text":"Hi"}]], [[{"error":{}}]], [[{"error":""}]] },
            } do
                local stream = streaming(chunks)
                local result = assert(stream:gather())
                assert.equal(#chunks, #result.parts)
                assert.is_nil(result.complete)
                assert.is_nil(stream.complete)
            end
            assert.is_true(assert(streaming { [[{"unheard_of":1,]] .. METRICS .. "}" }:gather()).complete)
        end)

        it("a stream without a chunk is no answer", function()
            half({}, "")
        end)

        it("the endpoint's own are whole", function()
            local messages = { { role = "user", content = { { text = "Hi" } } } }
            for _, model in ipairs { { service.MODEL, { messages = messages } },
                { "meta.llama3-1-8b-instruct-v1:0", { prompt = "Hi" } } } do
                local stream = assert(conn:invoke_model_with_response_stream { modelId = model[1], body = model[2] })
                assert.is_true(assert(stream:gather()).complete)
            end
        end)
    end)

    describe("of a model's stream by an error that a chunk tells", function()
        local START = FAMILIES["Anthropic, Messages"].chunks
        local NO_MESSAGE = "the model ended its answer with an error"

        for _, case in ipairs {
            { [[{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}]],
                "overloaded_error", "Overloaded", true },
            { [[{"error":{"message":"no such tool","type":"invalid_request_error","code":null}}]],
                "invalid_request_error", "no such tool", false },
            { [[{"error":{"message":"slow down","code":"rate_limit_exceeded"}}]],
                "rate_limit_exceeded", "slow down", true },
            { [[{"type":"error","code":"server_error","message":"sorry"}]], "server_error", "sorry", true },
            { [[{"error":"it broke"}]], "ModelError", "it broke", false },
            { [[{"error":{"code":500,"message":{}}}]], "ModelError", NO_MESSAGE, false },
            { [[{"type":"error"}]], "ModelError", NO_MESSAGE, false },
        } do
            it(case[1], function()
                local chunks = joined(first(START, 4), { case[1] }, { START[8] })
                local stream = streaming(chunks)
                local result, err = stream:gather()
                assert.is_nil(result)
                assert.same({ "service", case[2], case[3], case[4] },
                    { err.kind, err.code, err.message, err.retryable })
                assert.is_nil(err.status)
                assert.equal(1, err.attempts)
                assert.is_table(err.fields)
                assert.equal("Hi ", err.partial.text)
                assert.is_false(stream.complete)
                assert.equal(err, select(2, stream:next()))
                local count, why = read(streaming(chunks))
                assert.same({ 4, case[2] }, { count, why.code })
            end)
        end

        it("has a code that is one, and a message of measure", function()
            local text = ("ä"):rep(2000)
            local _, err = streaming { ([[{"error":{"type":"two words","code":"x\n","message":"%s"}}]]):format(text) }
                :gather()
            assert.equal("ModelError", err.code)
            assert.equal(("ä"):rep(499) .. "…", err.message)
        end)
    end)

    describe("of other streams of events is the last that AWS documents:", function()
        local COMMAND = { agentRuntimeArn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/demo-abcdefghij",
            runtimeSessionId = ("s"):rep(33), body = { command = "ls" } }

        local function command(...)
            local frames = {}
            for i, chunk in ipairs { ... } do
                frames[i] = { event = "chunk", json = chunk }
            end
            ep:script { { match = { operation = "InvokeAgentRuntimeCommand" }, action = { frames = frames } } }
            return assert(conn:invoke_agent_runtime_command(COMMAND)):gather()
        end

        it("contentStop of InvokeAgentRuntimeCommand", function()
            local _, err = command({ contentStart = {} }, { contentDelta = { stdout = "a" } })
            assert.equal("Truncated", err.code)
            assert.equal("a", err.partial.parts[2].event.contentDelta.stdout)
            assert(command({ contentStart = {} }, { contentStop = { exitCode = 0, status = "COMPLETED" } }))
        end)

        it("optimizedPromptEvent of OptimizePrompt", function()
            local params = { input = { textPrompt = { text = "x" } }, targetModelId = service.MODEL }
            local analysis = { event = "analyzePromptEvent", json = { message = "hm" } }
            ep:script { { match = { operation = "OptimizePrompt" }, action = { frames = { analysis } } } }
            local _, err = assert(conn:optimize_prompt(params)):gather()
            assert.equal("Truncated", err.code)
            assert.equal("hm", err.partial.analysis)
            ep:script { { match = { operation = "OptimizePrompt" }, action = { frames = { analysis,
                { event = "optimizedPromptEvent", json = { optimizedPrompt = { textPrompt = { text = "y" } } } },
            } } } }
            assert.equal("y", assert(assert(conn:optimize_prompt(params)):gather()).text)
        end)

        it("messageStop of each message of InvokeHarness", function()
            local function harness(...)
                ep:script { { match = { operation = "InvokeHarness" }, action = { frames = { ... } } } }
                return assert(conn:invoke_harness {
                    harnessArn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/demo-abcdefghij",
                    runtimeSessionId = ("s"):rep(33),
                    messages = { { role = "user", content = { { text = "Hi" } } } },
                }):gather()
            end
            local start = { event = "messageStart", json = { role = "assistant" } }
            local function says(text)
                return { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = text } } }
            end
            local function stop(reason)
                return { event = "messageStop", json = { stopReason = reason } }
            end
            local _, err = harness(start, says "one", stop "tool_use", start, says "two")
            assert.equal("Truncated", err.code)
            local result = assert(harness(start, says "one", stop "tool_use", start, says "two", stop "end_turn"))
            assert.equal("two", result.output.message.content[1].text)
            assert.equal("end_turn", result.stopReason)
            assert.same({ { role = "assistant", content = { { text = "one" } } },
                { role = "assistant", content = { { text = "two" } } } }, result.messages)
            assert.same({ { name = "messageStop", event = { stopReason = "tool_use" } } }, result.others)
            assert.is_nil(assert(harness(start, says "one", stop "end_turn")).messages)
        end)
    end)

    describe("of server-sent events", function()
        local function open(body, more)
            ep:script { { action = { body = body, headers = { ["Content-Type"] = "text/event-stream" } } } }
            local request = { path = CHAT, body = "{}", stream = true }
            for name, value in pairs(more or {}) do
                request[name] = value
            end
            return assert(conn:request(request))
        end

        local DELTA = [[data: {"choices":[{"delta":{"content":"Hi"}}],"error":null}]] .. "\n\n"
        local WHOLE = {
            DELTA .. "data: [DONE]\n\n",
            'event: message_start\ndata: {"type":"message_start"}\n\n'
                .. 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
            'data: {"type":"message_start"}\n\ndata: {"type": "message_stop"}\n\n',
            'event: response.created\ndata: {"type":"response.created"}\n\n'
                .. 'event: response.completed\ndata: {"type":"response.completed","response":{"error":null}}\n\n',
            'data: {"type":"response.incomplete","response":{}}\n\n',
            'data: {"type":"response.completed","response":{}}\n\ndata: [DONE]\n\n',
        }
        local HALF = {
            DELTA,
            'event: message_start\ndata: {"type":"message_start"}\n\n',
            'data: {"text":"\\"type\\":\\"message_stop\\" and [DONE]"}\n\n',
            'data: {"type":"response.created","response":{}}\n\n',
            "data: message_stop\n\n",
            ": nothing\n\n",
        }

        it("is told: complete, or not", function()
            for list, complete in pairs { [WHOLE] = true, [HALF] = false } do
                for _, body in ipairs(list) do
                    local stream = open(body)
                    assert.is_nil(stream.complete)
                    local result = assert(stream:gather())
                    assert.equal(complete, result.complete, body)
                    assert.equal(complete, stream.complete)
                    stream = open(body)
                    local _, why = read(stream)
                    assert.is_nil(why)
                    assert.equal(complete, stream.complete, body)
                end
            end
        end)

        it("is an error when the last event was asked for and did not come", function()
            for _, body in ipairs(WHOLE) do
                assert.is_true(assert(open(body, { require_end = true }):gather()).complete, body)
            end
            for _, body in ipairs(HALF) do
                local result, err = open(body, { require_end = true }):gather()
                assert.is_nil(result)
                assert.same({ "stream", "Truncated", true, "request", 200 },
                    { err.kind, err.code, err.retryable, err.operation, err.status }, body)
                assert.is_false(err.partial.complete)
                assert.is_table(err.partial.events)
                local _, why = read(open(body, { require_end = true }))
                assert.equal("Truncated", why.code, body)
            end
        end)

        it("is no good one after an error, which is an error where the last event was asked for", function()
            for body, code in pairs {
                [DELTA .. 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"No"}}\n\n'
                    .. 'event: message_stop\ndata: {"type":"message_stop"}\n\n'] = "overloaded_error",
                [DELTA .. 'data: {"error":{"message":"no","type":"server_error"}}\n\ndata: [DONE]\n\n']
                    = "server_error",
                [DELTA .. 'data: {"type":"response.failed","response":{"error":{"code":"server_error"}}}\n\n']
                    = "server_error",
                [DELTA .. 'data: {"error":"boom","error_type":"ValueError"}\n\n'] = "ValueError",
            } do
                assert.is_false(assert(open(body):gather()).complete, body)
                local result, err = open(body, { require_end = true }):gather()
                assert.is_nil(result)
                assert.same({ "service", code }, { err.kind, err.code }, body)
                assert.equal(1, #err.partial.events)
                local count, why = read(open(body, { require_end = true }))
                assert.same({ 1, code }, { count, why.code })
            end
        end)

        it("is not complete when HTTP breaks off", function()
            ep:script { { action = { body = "data: [DONE]\n\n", headers = { ["Content-Type"] = "text/event-stream" },
                abort = true, chunked = true } } }
            local stream = assert(conn:request { path = CHAT, body = "{}", stream = true })
            local _, err = stream:gather()
            assert.equal("Truncated", err.code)
            assert.is_false(err.partial.complete)
            assert.is_false(stream.complete)
        end)

        it("can be asked for in a runtime's answer, and where there are such events only", function()
            ep:script { { action = { body = DELTA, headers = { ["Content-Type"] = "text/event-stream" } } } }
            local stream = assert(conn:invoke_agent_runtime({ payload = "{}",
                agentRuntimeArn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/demo-abcdefghij" },
                { stream = true, require_end = true }))
            assert.equal("Truncated", select(2, stream:gather()).code)
            ep:script { { action = { body = "{}", headers = { ["Content-Type"] = "application/json" } } } }
            stream = assert(conn:request { path = CHAT, body = "{}", stream = true, require_end = true })
            assert.equal("{}", assert(stream:gather()).body)
            for _, case in ipairs {
                { { path = CHAT, require_end = true }, nil, "conflict" },
                { { path = CHAT, stream = "bytes", require_end = true }, nil, "conflict" },
                { { path = CHAT, stream = true, require_end = "yes" }, nil, "type" },
                { { path = CHAT, stream = true }, { require_end = true }, "conflict" },
            } do
                local _, err = conn:request(case[1], case[2])
                assert.same({ "require_end", case[3] }, { err.errors[1].path, err.errors[1].kind })
            end
            ep:script { { action = { body = "{}" } } }
            assert(conn:request { path = CHAT, body = "{}", require_end = bedrock.null })
        end)
    end)
end)
