--- Streams: events, ends good and bad, and what they gather to.
local cjson = require "cjson"
local mime = require "mime"
local bedrock = require "bedrock"
local host = require "bedrock.host"
local patience = require "spec.support.patience"
local service = dofile "spec/support/service.lua"

local MODEL = service.MODEL
local ask = service.ask
local CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
local TOOLS = { tools = { { toolSpec = {
    name = "weather",
    inputSchema = { json = { type = "object", properties = {
        city = { type = "string" }, days = { type = "integer" }, tags = { type = "array" },
    } } },
} } } }

local function delta(index, what)
    return { event = "contentBlockDelta", json = { contentBlockIndex = index, delta = what } }
end

local LATE = { body_delay_ms = patience.LATE_MS } -- the head is there so much sooner
local START = { event = "messageStart", json = { role = "assistant" } }
local STOP = { event = "messageStop", json = { stopReason = "end_turn" } }
local HALF = { START, delta(0, { text = "ha" }), delta(0, { text = "lf" }) }

local function frames(...)
    local list = {}
    for _, frame in ipairs { ... } do
        if frame.event or frame.exception or frame.error or frame.headers then
            list[#list + 1] = frame
        else
            for _, one in ipairs(frame) do
                list[#list + 1] = one
            end
        end
    end
    return list
end

describe("a stream", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    after_each(function()
        host.wait = host.block
    end)

    local function scripted(operation, list, more)
        local action = { frames = list }
        for name, value in pairs(more or {}) do
            action[name] = value
        end
        ep:script { { match = { operation = operation }, action = action } }
    end

    local function converse_with(list, more)
        scripted("ConverseStream", list, more)
        return assert(conn:converse_stream(ask "Hi"))
    end

    describe("read event by event", function()
        it("brings names and events, then nil for ever", function()
            local stream = assert(conn:converse_stream(ask "Hello there"))
            local text, names = {}, {}
            for name, event in stream:events() do
                names[name] = (names[name] or 0) + 1
                if name == "contentBlockDelta" then
                    text[#text + 1] = event.delta.text
                end
            end
            assert.equal(conn:converse(ask "Hello there").output.message.content[1].text, table.concat(text))
            assert.equal(1, names.messageStart)
            assert.equal(1, names.messageStop)
            assert.equal(1, names.metadata)
            for _ = 1, 3 do
                local name, err = stream:next()
                assert.is_nil(name)
                assert.is_nil(err)
            end
            assert.equal("bedrock.stream (converse_stream, ended)", tostring(stream))
        end)

        it("has the output's other members as fields, and metadata at once", function()
            local stream = assert(conn:invoke_agent {
                agentId = "ABCDEFGHIJ", agentAliasId = "TSTALIASID", sessionId = "talk-1", inputText = "Hi",
            })
            assert.equal("talk-1", stream.sessionId)
            assert.equal("application/json", stream.contentType)
            assert.equal(200, bedrock.metadata(stream).status)
            assert.is_string(bedrock.metadata(stream).request_id)
        end)

        it("keeps its methods when a member has such a name", function()
            local stream = converse_with(frames({
                headers = { [":message-type"] = "event", [":event-type"] = "initial-response",
                    [":content-type"] = "application/json" },
                json = { next = "mine", flavour = "sour" },
            }, HALF, STOP))
            assert.equal("messageStart", (stream:next()))
            assert.is_function(stream.next)
            assert.equal("sour", stream.flavour)
        end)

        it("brings events that nobody knows", function()
            local stream = converse_with(frames({ event = "surprise", json = { a = { 1, 2 } } }, HALF, STOP))
            local name, event = stream:next()
            assert.equal("surprise", name)
            assert.same({ 1, 2 }, { event.a[1], event.a[2] })
        end)

        it("decodes the chunks of models", function()
            local stream = assert(conn:invoke_model_with_response_stream {
                modelId = CLAUDE,
                body = { anthropic_version = "bedrock-2023-05-31", max_tokens = 10,
                    messages = { { role = "user", content = "Hi" } } },
            })
            local name, event = stream:next()
            assert.equal("chunk", name)
            assert.equal("message_start", event.json.type)
            assert.equal("message_start", cjson.decode(event.bytes).type)
        end)

        it("leaves chunks alone that are no JSON", function()
            scripted("InvokeModelWithResponseStream", { { event = "chunk", json = { bytes = mime.b64 "\255\0raw" } } })
            local stream = assert(conn:invoke_model_with_response_stream { modelId = MODEL, body = "{}" })
            local _, event = stream:next()
            assert.equal("\255\0raw", event.bytes)
            assert.is_nil(event.json)
        end)
    end)

    describe("that does not begin", function()
        it("is nil and an error", function()
            local stream, err = conn:converse_stream(ask("Hi", { modelId = "nonexistent" }))
            assert.is_nil(stream)
            assert.equal("service", err.kind)
            assert.equal("ValidationException", err.code)
            assert.equal(400, err.status)
            stream, err = conn:converse_stream {}
            assert.is_nil(stream)
            assert.equal("ValidationError", err.code)
        end)

        it("is tried again before its first event only", function()
            ep:script { { match = { operation = "ConverseStream" }, action = { status = 503 } } }
            local stream = assert(conn:converse_stream(ask "Hi"))
            assert.equal(2, bedrock.metadata(stream).attempts)
            assert(stream:gather())
            stream = converse_with(frames(HALF, { exception = "throttlingException", json = { message = "no" } }))
            local _, err = stream:gather()
            assert.equal("ThrottlingException", err.code)
            assert.equal(1, err.attempts)
            assert.equal(3, ep:counters().ConverseStream)
        end)
    end)

    describe("whose first event is an exception", function()
        local BUSY = { exception = "throttlingException", json = { message = "slow down" } }
        local OOPS = { exception = "internalServerException", json = { message = "oops" } }

        it("is asked for again, and goes on as if nothing had been", function()
            for i, frame in ipairs { BUSY, OOPS, { error = { "InternalFailure", "sorry" } } } do
                local stream = converse_with({ frame }, i == 2 and LATE or nil)
                local result = assert(stream:gather())
                assert.equal("end_turn", result.stopReason)
                assert.equal(2, bedrock.metadata(result).attempts)
                assert.equal(2, bedrock.metadata(stream).attempts)
            end
            assert.equal(6, ep:counters().ConverseStream)
            assert.equal(0, ep:counters().refused)
        end)

        it("returns at once, and then tells of the answer that counts", function()
            scripted("InvokeAgent", { OOPS }, { body_delay_ms = patience.LATE_MS, headers = {
                ["x-amz-bedrock-agent-memory-id"] = "OLD", ["x-amzn-requestid"] = "first" } })
            local stream = assert(conn:invoke_agent {
                agentId = "ABCDEFGHIJ", agentAliasId = "TSTALIASID", sessionId = "talk-1", inputText = "Hi",
            })
            assert.equal(1, bedrock.metadata(stream).attempts)
            assert.equal("first", bedrock.metadata(stream).request_id)
            assert.equal("OLD", stream.memoryId)
            assert.is_string((stream:next()))
            assert.equal(2, bedrock.metadata(stream).attempts)
            assert.not_equal("first", bedrock.metadata(stream).request_id)
            assert.is_nil(stream.memoryId)
            assert.equal("talk-1", stream.sessionId)
            stream:close()
        end)

        it("brings it where trying again did not help", function()
            ep:script { { match = { operation = "ConverseStream" }, times = -1, action = { frames = { BUSY } } } }
            local name, err = assert(conn:converse_stream(ask "Hi")):next()
            assert.is_nil(name)
            assert.equal("ThrottlingException", err.code)
            assert.equal("slow down", err.message)
            assert.equal(3, err.attempts)
            assert.is_true(err.retryable)
            assert.equal(3, ep:counters().ConverseStream)
            local _, only = assert(conn:converse_stream(ask "Hi", { max_attempts = 1 })):next()
            assert.equal(1, only.attempts)
        end)

        it("brings the error answer that came instead", function()
            local first = { match = { operation = "ConverseStream" }, action = { frames = { OOPS },
                body_delay_ms = patience.LATE_MS } }
            ep:script { first, { match = { operation = "ConverseStream" }, action = { status = 400,
                json = { __type = "ValidationException", message = "no" } } } }
            local stream = assert(conn:converse_stream(ask "Hi"))
            local name, err = stream:next()
            assert.is_nil(name)
            assert.equal("service", err.kind)
            assert.equal("ValidationException", err.code)
            assert.equal(400, err.status)
            assert.equal(2, err.attempts)
            assert.equal(err, select(2, stream:next()))
            ep:script { first, { match = { operation = "ConverseStream" }, action = { status = 404 } } }
            local _, bare = assert(conn:converse_stream(ask "Hi")):gather()
            assert.equal(404, bare.status)
        end)

        it("is not asked for again where that would not help, or nobody waits so long", function()
            for _, case in ipairs {
                { { exception = "validationException", json = { message = "no" } } },
                { { exception = "modelTimeoutException", json = { message = "no" } } },
                { BUSY, { headers = { ["Retry-After"] = "21" } } },
            } do
                local _, err = converse_with({ case[1] }, case[2]):next()
                assert.equal(1, err.attempts)
                assert.equal(case[2] and 21, err.retry_after)
            end
        end)

        it("is given up by close, as any other", function()
            local stream = converse_with({ OOPS }, LATE)
            stream:close()
            local _, err = stream:next()
            assert.equal("Closed", err.code)
        end)
    end)

    describe("that breaks", function()
        local function broken(list, more)
            local stream = converse_with(list, more)
            local name, event
            repeat
                name, event = stream:next()
            until name == nil
            assert.is_table(event, "it ended as if nothing had happened")
            assert.equal(event, select(2, stream:next()))
            assert.equal("converse_stream", event.operation)
            return event, stream
        end

        it("by an exception: kind service, with its members", function()
            local err = broken(frames(HALF, { exception = "modelStreamErrorException",
                json = { message = "it fell over", originalStatusCode = 500, originalMessage = "oops" } }))
            assert.equal("service", err.kind)
            assert.equal("ModelStreamErrorException", err.code)
            assert.equal("it fell over", err.message)
            assert.equal("500", tostring(err.fields.originalStatusCode))
            assert.equal("oops", err.fields.originalMessage)
            assert.is_nil(err.status)
        end)

        it("by an exception: the same call may succeed later where the service is at fault", function()
            for name, passes in pairs {
                internalServerException = true,
                serviceUnavailableException = true,
                throttlingException = true,
                modelStreamErrorException = false,
                validationException = false,
            } do
                local err = broken(frames(HALF, { exception = name, json = { message = "no" } }))
                assert.equal(passes, err.retryable, name)
            end
        end)

        it("by an error message", function()
            local err = broken(frames(HALF, { error = { "InternalFailure", "sorry" } }))
            assert.equal("service", err.kind)
            assert.equal("InternalFailure", err.code)
            assert.equal("sorry", err.message)
        end)

        it("without its last event", function()
            local err = broken(HALF)
            assert.equal("stream", err.kind)
            assert.equal("Truncated", err.code)
            assert.is_true(err.retryable)
        end)

        it("in the middle of a frame", function()
            local cut = delta(0, { text = "never seen" })
            cut.corrupt = "cut"
            local err = broken(frames(HALF, cut))
            assert.equal("stream", err.kind)
            assert.equal("Truncated", err.code)
        end)

        it("with no proper end of HTTP", function()
            local err = broken(frames(HALF, STOP), { abort = true })
            assert.equal("stream", err.kind)
            assert.equal("Truncated", err.code)
        end)

        it("by frames that are wrong", function()
            for _, corrupt in ipairs { "prelude_crc", "message_crc", "length", "header_length", "payload" } do
                ep:reset()
                local bad = delta(0, { text = "bad" })
                bad.corrupt = corrupt
                local err = broken(frames(HALF, bad, STOP))
                assert.equal("stream", err.kind, corrupt)
            end
        end)

        it("by an event that is no JSON", function()
            local err = broken(frames(HALF, { headers = { [":message-type"] = "event",
                [":event-type"] = "contentBlockDelta", [":content-type"] = "application/json" }, payload = "{" }))
            assert.equal("stream", err.kind)
            assert.equal("BadResponse", err.code)
        end)

        it("raises inside a for", function()
            local stream, count = converse_with(HALF), 0
            local ok, err = pcall(function()
                for _ in stream:events() do
                    count = count + 1
                end
            end)
            assert.is_false(ok)
            assert.equal("Truncated", err.code)
            assert.equal(3, count)
            assert.matches("converse_stream: Truncated: ", tostring(err))
        end)

        it("ends flows without their completion, too", function()
            local output = { event = "flowOutputEvent", json = { nodeName = "n", nodeType = "FlowOutputNode",
                content = { document = "42" } } }
            local done = { event = "flowCompletionEvent", json = { completionReason = "SUCCESS" } }
            local params = { flowIdentifier = "ABCDEFGHIJ", flowAliasIdentifier = "ABCDEFGHIJ",
                inputs = { { nodeName = "in", nodeOutputName = "out", content = { document = "6 * 7" } } } }
            scripted("InvokeFlow", { output })
            local _, err = assert(conn:invoke_flow(params)):gather()
            assert.equal("Truncated", err.code)
            scripted("InvokeFlow", { output, done })
            local result = assert(assert(conn:invoke_flow(params)):gather())
            assert.equal("42", result.text)
            assert.equal("SUCCESS", result.completionReason)
        end)
    end)

    describe("left alone", function()
        it("by close is closed for good", function()
            local stream = converse_with(frames(HALF, STOP))
            assert(stream:next())
            assert.is_true(stream:close())
            assert.is_true(stream:close())
            local name, err = stream:next()
            assert.is_nil(name)
            assert.equal("cancelled", err.kind)
            assert.equal("Closed", err.code)
            assert.equal("Closed", select(2, stream:gather()).code)
            assert.equal("bedrock.stream (converse_stream, closed)", tostring(stream))
        end)

        it("lets the peer go without reading the rest", function()
            for _, url in ipairs { ep.http, ep.https } do
                local other = assert(bedrock.connect {
                    auth = "access_keys",
                    access_key_id = ep.access_key_id,
                    secret_access_key = ep.secret_access_key,
                    endpoint = url,
                    ca_file = ep.ca_file,
                })
                ep:reset()
                ep:config { stream_interval_ms = 100 }
                local stream = assert(other:converse_stream(ask "Hello there"))
                assert(stream:next())
                stream:close()
                assert.is_true(patience.eventually(function()
                    return ep:counters().aborted == 1
                end), url)
                other:close()
            end
        end)

        it("hands its close to a loop that is left", function()
            local stream = converse_with(frames(HALF, STOP))
            local _, same, _, closing = stream:events()
            assert.equal(stream, same)
            assert.equal(stream, closing)
            getmetatable(stream).__close(closing)
            assert.equal("Closed", select(2, stream:next()).code)
            stream = assert(conn:converse_stream(ask "Hi"))
            assert(stream:gather())
            getmetatable(stream).__close(stream)
            assert.is_nil((select(2, stream:next())))
        end)

        if _VERSION == "Lua 5.4" then
            it("by a break is released", function()
                local stream = converse_with(frames(HALF, STOP))
                for name in stream:events() do
                    if name == "contentBlockDelta" then
                        break
                    end
                end
                assert.equal("bedrock.stream (converse_stream, closed)", tostring(stream))
            end)
        end

        it("to the collector frees what it holds", function()
            converse_with(frames(HALF, STOP)):next()
            collectgarbage()
            collectgarbage()
            assert(conn:converse(ask "Hi"))
        end)
    end)

    describe("with two waiters", function()
        it("raises for the second, and goes on for the first", function()
            ep:script { { match = { operation = "ConverseStream" }, action = LATE } }
            local stream = assert(conn:converse_stream(ask "Hi"))
            host.wait = function(call)
                while not call:step(10) do
                    coroutine.yield()
                end
            end
            local first = coroutine.wrap(function()
                return (stream:next())
            end)
            assert.is_nil((first()))
            assert.error_matches(function()
                stream:next()
            end, "two coroutines wait on one stream")
            local name
            repeat
                name = first()
            until name
            assert.equal("messageStart", name)
        end)

        it("is over when waiting is interrupted", function()
            ep:script { { match = { operation = "ConverseStream" }, action = LATE } }
            local stream = assert(conn:converse_stream(ask "Hi"))
            host.wait = function()
                error("enough", 0)
            end
            assert.has_error(function()
                stream:next()
            end, "enough")
            host.wait = host.block
            assert.equal("Cancelled", select(2, stream:next()).code)
        end)

        it("is over when a hook throws while it blocks, as Ctrl-C does", function()
            ep:script { { match = { operation = "ConverseStream" }, action = LATE } }
            local stream = assert(conn:converse_stream(ask "Hi"))
            debug.sethook(function()
                if debug.getinfo(2, "f").func == host.block then
                    debug.sethook()
                    error("enough", 0)
                end
            end, "", 1)
            local ok, why = pcall(stream.next, stream)
            debug.sethook()
            assert.is_false(ok)
            assert.equal("enough", why)
            assert.equal("Cancelled", select(2, stream:next()).code)
        end)

        it("goes on for it, and raises for a hook that asks meanwhile, as a debugger may", function()
            ep:script { { match = { operation = "ConverseStream" }, action = LATE } }
            local stream, asked = assert(conn:converse_stream(ask "Hi")), nil
            debug.sethook(function()
                if debug.getinfo(2, "f").func == host.block then
                    debug.sethook()
                    asked = { pcall(stream.next, stream) }
                end
            end, "", 1)
            local name = stream:next()
            debug.sethook()
            assert.is_false(asked[1])
            assert.matches("two coroutines wait on one stream", asked[2])
            assert.equal("messageStart", name)
        end)
    end)

    describe("gathered", function()
        it("is what converse would have returned", function()
            for _, params in ipairs { ask "Hello there", ask("use tool", { toolConfig = TOOLS }),
                ask("Hello", { inferenceConfig = { maxTokens = 3 } }) } do
                local stream = assert(conn:converse_stream(params))
                local result = assert(stream:gather())
                assert.same(assert(conn:converse(params)), result)
                assert.same(bedrock.metadata(stream), bedrock.metadata(result))
            end
        end)

        it("assembles every kind of block, also when they come mixed", function()
            local result = assert(converse_with(frames(START,
                delta(0, { reasoningContent = { text = "Let me " } }),
                delta(0, { reasoningContent = { text = "think" } }),
                delta(0, { reasoningContent = { signature = "sig-" } }),
                delta(0, { reasoningContent = { signature = "nature" } }),
                { event = "contentBlockStart", json = { contentBlockIndex = 3,
                    start = { toolUse = { toolUseId = "t1", name = "empty" } } } },
                delta(1, { text = "As " }),
                delta(2, { reasoningContent = { redactedContent = mime.b64 "\0\1secret" } }),
                delta(1, { citation = { title = "A book", location = { documentPage = { documentIndex = 0,
                    start = 1, ["end"] = 2 } } } }),
                delta(1, { text = "said" }),
                { event = "contentBlockStop", json = { contentBlockIndex = 1 } },
                { event = "contentBlockStart", json = { contentBlockIndex = 4,
                    start = { toolResult = { toolUseId = "t0", status = "success" } } } },
                delta(4, { toolResult = { { text = "fine" } } }),
                { event = "messageStop", json = { stopReason = "end_turn",
                    additionalModelResponseFields = { stop_sequence = "x" } } },
                { event = "metadata", json = { usage = { inputTokens = 1, outputTokens = 2, totalTokens = 3,
                    cacheReadInputTokens = 4 }, metrics = { latencyMs = 5 }, p = "abc",
                    trace = { promptRouter = { invokedModelId = "m" } },
                    performanceConfig = { latency = "optimized" } } }
            )):gather())
            local content = result.output.message.content
            assert.equal("assistant", result.output.message.role)
            assert.same({ reasoningContent = { reasoningText = { text = "Let me think", signature = "sig-nature" } } },
                content[1])
            assert.equal("As said", content[2].citationsContent.content[1].text)
            assert.equal("A book", content[2].citationsContent.citations[1].title)
            assert.same({ reasoningContent = { redactedContent = "\0\1secret" } }, content[3])
            assert.equal("empty", content[4].toolUse.name)
            assert.equal("{}", bedrock.json.encode(content[4].toolUse.input))
            assert.same({ toolUseId = "t0", status = "success", content = { { text = "fine" } } },
                content[5].toolResult)
            assert.is_nil(content[6])
            assert.equal("x", result.additionalModelResponseFields.stop_sequence)
            assert.equal("4", tostring(result.usage.cacheReadInputTokens))
            assert.equal("m", result.trace.promptRouter.invokedModelId)
            assert.equal("optimized", result.performanceConfig.latency)
            assert.is_nil(result.p)
        end)

        it("does not pass off half a tool input as a whole one", function()
            local result, err = converse_with(frames(START,
                { event = "contentBlockStart", json = { contentBlockIndex = 0,
                    start = { toolUse = { toolUseId = "t1", name = "weather" } } } },
                delta(0, { toolUse = { input = '{"city":"Par' } }),
                { event = "messageStop", json = { stopReason = "max_tokens" } }
            )):gather()
            assert.is_nil(result)
            assert.equal("stream", err.kind)
            assert.equal("BadResponse", err.code)
            assert.matches("weather.*max_tokens", err.message)
            assert.equal('{"city":"Par', err.partial.output.message.content[1].toolUse.input)
        end)

        it("never raises for members of another type, or pieces that do not fit", function()
            for _, event in ipairs {
                { delta = { text = true } },
                { delta = { text = {} } },
                { delta = { text = { a = 1 } } },
                { delta = { toolUse = { input = {} } } },
                { contentBlockIndex = "a", delta = { text = "x" } },
                { contentBlockIndex = {}, delta = { text = "x" } },
            } do
                local odd = { event = "contentBlockDelta", json = event }
                local result, err = converse_with(frames(HALF, odd, STOP)):gather()
                if result then
                    assert.equal("halftrue", result.output.message.content[1].text)
                else
                    assert.equal("BadResponse", err.code)
                    assert.equal("half", err.partial.output.message.content[1].text)
                end
            end
            local result = assert(converse_with(frames(
                { event = "contentBlockStart", json = { contentBlockIndex = 0, start = { pieces = 1, input = 2 } } },
                HALF, STOP, { event = "metadata", json = { output = { text = "other" } } })):gather())
            assert.equal("half", result.output.message.content[1].text)
            for _, chunk in ipairs { '{"choices":[5]}', '{"outputs":[5]}', '{"contentBlockDelta":{"delta":5}}', "5" } do
                scripted("InvokeModelWithResponseStream", { { event = "chunk", json = { bytes = mime.b64(chunk) } } })
                local stream = assert(conn:invoke_model_with_response_stream { modelId = CLAUDE, body = {} })
                assert.equal("", assert(stream:gather()).text)
            end
        end)

        it("has the part that came, when it breaks", function()
            local result, err = converse_with(HALF):gather()
            assert.is_nil(result)
            assert.equal("Truncated", err.code)
            assert.equal("half", err.partial.output.message.content[1].text)
        end)

        it("is refused once an event was taken, and leaves the stream as it is", function()
            local stream = converse_with(frames(HALF, STOP))
            assert(stream:next())
            local result, err = stream:gather()
            assert.is_nil(result)
            assert.equal("stream", err.kind)
            assert.equal("PartlyRead", err.code)
            assert.equal("contentBlockDelta", (stream:next()))
        end)

        it("puts an agent's answer together", function()
            local citation = { retrievedReferences = { { content = { text = "page 1" } } } }
            scripted("InvokeAgent", {
                { event = "trace", json = { agentId = "ABCDEFGHIJ", sessionId = "talk-2" } },
                { event = "chunk", json = { bytes = mime.b64 "Zürich ", attribution = { citations = { citation } } } },
                { event = "chunk", json = { bytes = mime.b64 "calls" } },
                { event = "files", json = { files = {
                    { name = "a.csv", type = "text/csv", bytes = mime.b64 "1,2" },
                } } },
                { event = "returnControl", json = { invocationId = "i-1", invocationInputs = {
                    { functionInvocationInput = { actionGroup = "g", ["function"] = "f" } } } } },
            }, { headers = { ["x-amz-bedrock-agent-session-id"] = "talk-2",
                ["x-amzn-bedrock-agent-content-type"] = "text/plain" } })
            local result = assert(assert(conn:invoke_agent {
                agentId = "ABCDEFGHIJ", agentAliasId = "TSTALIASID", sessionId = "talk-2", inputText = "Hi",
            }):gather())
            assert.equal("Zürich calls", result.text)
            assert.equal("page 1", result.citations[1].retrievedReferences[1].content.text)
            assert.equal("ABCDEFGHIJ", result.trace[1].agentId)
            assert.same({ { name = "a.csv", type = "text/csv", bytes = "1,2" } }, result.files)
            assert.equal("i-1", result.returnControl.invocationId)
            assert.equal("f", result.returnControl.invocationInputs[1].functionInvocationInput["function"])
            assert.equal("talk-2", result.sessionId)
        end)

        it("puts a model's pieces together, whatever the family", function()
            for _, case in ipairs {
                { MODEL, { messages = { { role = "user", content = { { text = "Hi" } } } } } },
                { CLAUDE, { anthropic_version = "bedrock-2023-05-31", max_tokens = 99,
                    messages = { { role = "user", content = "Hi" } } } },
                { "meta.llama3-1-8b-instruct-v1:0", { prompt = "Hi" } },
                { "amazon.titan-text-express-v1", { inputText = "Hi" } },
                { "openai.gpt-oss-20b-1:0", { messages = { { role = "user", content = "Hi" } } } },
            } do
                local result = assert(assert(conn:invoke_model_with_response_stream {
                    modelId = case[1], body = case[2],
                }):gather())
                assert.matches("^You asked: ", result.text, case[1])
                assert.truthy(#result.parts > 1, case[1])
                assert.equal("application/json", result.contentType)
            end
        end)

        it("puts retrieve_and_generate together", function()
            scripted("RetrieveAndGenerateStream", {
                { event = "output", json = { text = "It is " } },
                { event = "citation", json = { citation = { generatedResponsePart = { textResponsePart = {
                    text = "It is" } } } } },
                { event = "output", json = { text = "so." } },
                { event = "guardrail", json = { action = "NONE" } },
            }, { headers = { ["x-amzn-bedrock-knowledge-base-session-id"] = "s-9" } })
            local result = assert(assert(conn:retrieve_and_generate_stream { input = { text = "Is it?" } }):gather())
            assert.equal("It is so.", result.output.text)
            assert.equal("It is", result.citations[1].generatedResponsePart.textResponsePart.text)
            assert.equal("NONE", result.guardrailAction)
            assert.equal("s-9", result.sessionId)
        end)

        it("keeps all events of streams it has no form for", function()
            scripted("InvokeCodeInterpreter", {
                { event = "result", json = { content = { { type = "text", text = "4" } }, isError = false } },
            })
            local result = assert(assert(conn:invoke_code_interpreter {
                codeInterpreterIdentifier = "aws.codeinterpreter.v1", name = "executeCode",
                arguments = { code = "2+2", language = "python" },
            }):gather())
            assert.equal("result", result.parts[1].name)
            assert.equal("4", result.parts[1].event.content[1].text)
        end)
    end)

    describe("of bytes", function()
        local RUNTIME = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/demo-abcdefghij"

        local function answer_with(more)
            local action = { body = "data: one\n\ndata: two\n\n", headers = { ["Content-Type"] = "text/event-stream",
                ["X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"] = ("s"):rep(33) } }
            for name, value in pairs(more or {}) do
                action[name] = value
            end
            ep:script { { match = { operation = "InvokeAgentRuntime" }, action = action } }
        end

        it("is a string unless a stream is asked for", function()
            answer_with()
            local result = assert(conn:invoke_agent_runtime { agentRuntimeArn = RUNTIME, payload = "{}" })
            assert.equal("data: one\n\ndata: two\n\n", result.response)
            assert.equal(("s"):rep(33), result.runtimeSessionId)
            assert.equal("text/event-stream", result.contentType)
        end)

        local function open(how)
            return assert(conn:invoke_agent_runtime({ agentRuntimeArn = RUNTIME, payload = "{}" }, { stream = how }))
        end

        it("brings its events when one is asked for and it is text/event-stream", function()
            answer_with { drip = { 7, 1 } }
            local stream = open(true)
            assert.equal(("s"):rep(33), stream.runtimeSessionId)
            assert.is_nil(stream.response)
            local list = {}
            for name, event in stream:events() do
                assert.equal("message", name)
                list[#list + 1] = event.data
            end
            assert.same({ "one", "two" }, list)
            answer_with()
            local result = assert(open(true):gather())
            assert.equal("two", result.events[2].data)
            assert.equal(("s"):rep(33), result.runtimeSessionId)
            assert.is_false(result.complete)
            assert.is_nil(result.response)
        end)

        it("brings chunks of bytes when those are asked for, or there are no events", function()
            for how, more in pairs { [true] = { headers = { ["Content-Type"] = "application/json" } }, bytes = {} } do
                more.drip = { 7, 1 }
                answer_with(more)
                local pieces = {}
                for name, bytes in open(how):events() do
                    assert.equal("chunk", name)
                    pieces[#pieces + 1] = bytes
                end
                assert.equal("data: one\n\ndata: two\n\n", table.concat(pieces))
                more.drip = nil
                answer_with(more)
                assert.equal("data: one\n\ndata: two\n\n", assert(open(how):gather()).response)
            end
        end)

        it("is asked for by these words alone, and by null not at all", function()
            local params = { agentRuntimeArn = RUNTIME, payload = "{}" }
            local wrong = {
                { { stream = "events" }, "stream", "enum" },
                { { stream = 1 }, "stream", "type" },
                { { require_end = true }, "require_end", "conflict" },
                { { stream = "bytes", require_end = true }, "require_end", "conflict" },
                { { stream = true, require_end = 1 }, "require_end", "type" },
            }
            for _, case in ipairs(wrong) do
                local stream, err = conn:invoke_agent_runtime(params, case[1])
                assert.is_nil(stream)
                assert.same({ case[2], case[3] }, { err.errors[1].path, err.errors[1].kind })
            end
            for _, options in ipairs { { stream = "bytes" }, { require_end = true } } do
                assert.equal("conflict", select(2, conn:converse_stream(ask "Hi", options)).errors[1].kind)
            end
            answer_with()
            local result = assert(conn:invoke_agent_runtime(params, { stream = bedrock.null }))
            assert.equal("data: one\n\ndata: two\n\n", result.response)
        end)

        it("is not whole when it is cut short", function()
            for how, partial in pairs { [true] = "events", bytes = "response" } do
                answer_with { truncate = 9 }
                local result, err = open(how):gather()
                assert.is_nil(result)
                assert.equal("stream", err.kind)
                assert.equal("Truncated", err.code)
                assert.equal("invoke_agent_runtime", err.operation)
                assert.same(how == true and {} or "data: one", err.partial[partial])
            end
        end)

        it("does not begin for an error", function()
            ep:script { { match = { operation = "InvokeAgentRuntime" },
                action = { status = 404, json = { message = "gone" },
                    headers = { ["x-amzn-errortype"] = "ResourceNotFoundException" } } } }
            local stream, err = conn:invoke_agent_runtime({ agentRuntimeArn = RUNTIME, payload = "{}" },
                { stream = true })
            assert.is_nil(stream)
            assert.equal("ResourceNotFoundException", err.code)
        end)
    end)
end)
