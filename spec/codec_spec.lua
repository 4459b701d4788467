local codec = require "codec_module"

local function lines(problems)
    local text = {}
    for i, p in ipairs(problems) do
        text[i] = ("%s: %s: %s"):format(p.path, p.kind, p.message)
    end
    return table.concat(text, "; ")
end

local function is_array(t)
    local mt = getmetatable(t)
    return mt ~= nil and mt == getmetatable(codec.array())
end

local function unescape_uri(text)
    return (text:gsub("%%(%x%x)", function(hex)
        return string.char(tonumber(hex, 16))
    end))
end

local encode = codec.encode

local function converse(params, options)
    params.modelId = params.modelId or "m"
    return encode("runtime", "Converse", params, options)
end

--- The problems of a refused input as lines.
local function refusal(...)
    local request, problems = encode(...)
    assert(request == nil, "was let through")
    return lines(problems)
end

local function converse_refusal(params, options)
    local request, problems = converse(params, options)
    assert(request == nil, "was let through")
    return lines(problems)
end

local function tool_schema(schema)
    local request, problems = converse {
        toolConfig = { tools = { { toolSpec = { name = "t", inputSchema = { json = schema } } } } },
    }
    local rest = request and request.body:match '"json":(.*)$'
    return rest and rest:match(rest:sub(1, 1) == "{" and "^%b{}" or "^%b[]"), problems
end

describe("violations", function()
    it("say what is wrong, where, and what was given", function()
        assert.equal("inferenceConfig.maxTokens: min-value: 0 is below the minimum 1",
            converse_refusal { inferenceConfig = { maxTokens = 0 } })
        assert.equal('modelID: unknown: unknown member "modelID" (did you mean modelId?); '
            .. "modelId: missing: missing", refusal("runtime", "Converse", { modelID = "m" }))
        assert.matches("^messages%[1%]%.content%[1%]: union%-many: exactly one of .*text.* may be "
            .. "set, got .*text", converse_refusal {
                messages = { { role = "user", content = { { text = "a", image = {
                    format = "png", source = { bytes = "x" },
                } } } } },
            })
        assert.equal("messages: type: expected a list, got a string: write { { role = …, content = … } }",
            converse_refusal { messages = "hello" })
        assert.equal("messages: type: expected a list, got a table with the key \"role\": "
            .. "put it in a list, { { role = … } }",
            converse_refusal { messages = { role = "user" } })
    end)

    it("are reported together, twenty at most, the rest counted", function()
        local messages = {}
        for i = 1, 30 do
            messages[i] = { role = "user" }
        end
        local _, problems = converse { messages = messages }
        assert.equal(20, #problems)
        assert.equal(10, problems.dropped)
        assert.equal("messages[20].content", problems[20].path)
    end)

    it("never show what a sensitive member holds", function()
        local text = refusal("agent", "CreateAgent", { agentName = "a", instruction = "my secret" })
        assert.matches("instruction: min%-length", text)
        assert.is_nil(text:find("my secret", 1, true))
    end)

    it("name keys of maps in brackets where they are no identifiers", function()
        assert.matches('^requestMetadata%["a b"%]: type',
            converse_refusal { requestMetadata = { ["a b"] = 1 } })
    end)

    it("cover what cannot be JSON, even without validation", function()
        local loose = { validate = false }
        assert.matches("UTF%-8", converse_refusal({ system = { { text = "a\255" } } }, loose))
        assert.matches("finite", converse_refusal({ inferenceConfig = { topP = 0 / 0 } }, loose))
        assert.matches("finite", converse_refusal({ inferenceConfig = { topP = 1 / 0 } }, loose))
        assert.matches("without holes", converse_refusal({ stopSequences = 1, system = {
            [1] = { text = "a" }, [3] = { text = "b" },
        } }, loose))
        assert.matches("missing", refusal("runtime", "Converse", {}, loose))
        assert.matches("modelId: type: .*UTF%-8", refusal("runtime", "Converse",
            { modelId = "\255" }, loose))
        assert.matches("accept: type: .*UTF%-8", refusal("runtime", "InvokeModel",
            { modelId = "m", accept = "\255" }, loose))
    end)

    it("stop at tables that hold themselves", function()
        local loop = {}
        loop.loop = loop
        local _, problems = tool_schema(loop)
        assert.matches("nested deeper", lines(problems))
        assert.equal(1, #problems)
    end)

    it("are found for members of operations that have none", function()
        assert.matches("^x: unknown", refusal("bedrock", "GetUseCaseForModelAccess", { x = 1 }))
        assert.equal("", assert(encode("bedrock", "GetUseCaseForModelAccess", nil)).query)
    end)

    it("leave lengths and unknown members alone when asked", function()
        local input = { inferenceConfig = { maxTokens = 0, later = { 1 } } }
        assert.equal('{"maxTokens":0}', assert(converse({ inferenceConfig = { maxTokens = 0 } },
            { validate = false })).body:match '"inferenceConfig":(.*)}$')
        assert.matches('"later":%[1%]', assert(converse(input, { validate = false })).body)
        assert.matches("min%-value", converse_refusal(input, { unknown_pass = true }))
        input.inferenceConfig.maxTokens = 1
        assert.matches('"later":%[1%]', assert(converse(input, { unknown_pass = true })).body)
    end)
end)

describe("values", function()
    it("take integers in any form that is whole", function()
        local function tokens(n)
            local request, problems = converse { inferenceConfig = { maxTokens = n } }
            return request and request.body:match '"maxTokens":([^}]*)' or lines(problems)
        end
        assert.equal("12", tokens(12))
        assert.equal("12", tokens(12.0))
        assert.matches("fraction", tokens(1.5))
        assert.matches("32%-bit", tokens(2147483648))
        assert.matches("expected an integer", tokens("12"))
    end)

    it("take 64-bit integers as decimal strings, and LuaJIT's boxed ones", function()
        local function start(n)
            local request, problems = encode("data_automation_runtime", "InvokeDataAutomationAsync", {
                inputConfiguration = {
                    s3Uri = "s3://bucket/key",
                    assetProcessingConfiguration = { video = { segmentConfiguration = {
                        timestampSegment = { startTimeMillis = n, endTimeMillis = 300000 },
                    } } },
                },
                outputConfiguration = { s3Uri = "s3://bucket/key" },
                dataAutomationProfileArn = "arn",
            }, { validate = false })
            return request and request.body:match '"startTimeMillis":(%d+)' or lines(problems)
        end
        assert.equal("9007199254740993", start "9007199254740993")
        assert.matches("integer", start "9223372036854775808")
        assert.matches("integer", start "12x")
        assert.matches("64%-bit", start(2 ^ 63))
        if jit then
            assert.equal("9007199254740993", start(loadstring "return 9007199254740993LL"()))
            assert.matches("decimal string", start(2 ^ 53 + 2))
            assert.matches("integer", start(require("ffi").new "int[1]"))
        else
            assert.equal("9007199254740993", start(math.tointeger "9007199254740993"))
        end
    end)

    it("write doubles in their shortest form", function()
        local body = assert(converse { inferenceConfig = { topP = 0.1, temperature = 1 } }).body
        assert.matches('"topP":0%.1[,}]', body)
        assert.matches('"temperature":1[,.}]', body)
    end)

    it("take null as absent in structures, and nowhere else", function()
        local body = assert(converse { system = codec.null, inferenceConfig = {
            topP = codec.null } }).body
        assert.equal('{"inferenceConfig":{}}', body)
        assert.matches("^system%[1%]: type: .* got null", converse_refusal { system = { codec.null } })
        assert.matches("system%[1%]%.text: type", converse_refusal { system = {
            { text = codec.null } } })
    end)

    it("write empty tables as their shapes say", function()
        assert.equal('{"messages":[]}', assert(converse { messages = {} }).body)
        assert.equal('{"requestMetadata":{}}', assert(converse({ requestMetadata = {} },
            { validate = false })).body)
        assert.equal("{}", assert(converse {}).body)
    end)

    it("take times as numbers and as ISO 8601", function()
        local function after(t)
            local request = assert(encode("runtime", "ListAsyncInvokes", { submitTimeAfter = t }))
            return unescape_uri(request.query)
        end
        assert.equal("submitTimeAfter=2020-01-01T00:00:00Z", after(1577836800))
        assert.equal("submitTimeAfter=2020-01-01T00:00:00.500Z", after(1577836800.5))
        assert.equal("submitTimeAfter=2019-12-31T22:00:00Z", after "2020-01-01T00:00:00+02:00")
        assert.equal("submitTimeAfter=1969-12-31T23:59:58.500Z", after(-1.5))
        assert.equal("submitTimeAfter=1969-12-31T23:59:59.999Z", after(-0.0006))
        assert.equal("submitTimeAfter=1970-01-01T00:00:00Z", after(-0.0004))
        assert.equal("submitTimeAfter=0000-01-01T00:00:00Z", after(-62167219200))
        assert.equal("submitTimeAfter=9999-12-31T23:59:59.999Z", after(253402300799.999))
        assert.matches("ISO 8601", refusal("runtime", "ListAsyncInvokes", {
            submitTimeAfter = "yesterday" }))
        assert.matches("years 0 to 9999", refusal("runtime", "ListAsyncInvokes", {
            submitTimeAfter = 1e300 }))
        for _, time in ipairs { -62167219200.001, 253402300800 } do
            assert.matches("years 0 to 9999", refusal("runtime", "ListAsyncInvokes", { submitTimeAfter = time }))
        end
    end)

    it("are read without metamethods", function()
        local called = 0
        local function count()
            called = called + 1
        end
        local mt = { __index = count, __len = count, __pairs = count, __tostring = count }
        assert(converse { messages = setmetatable({}, mt), inferenceConfig = setmetatable({}, mt) })
        assert.equal(0, called)
    end)

    it("take bodies of models as bytes, or as tables that become JSON", function()
        local request = assert(encode("runtime", "InvokeModel", { modelId = "m", body = "\0raw" }))
        assert.equal("\0raw", request.body)
        assert.is_nil(request.headers["content-type"])
        request = assert(encode("runtime", "InvokeModel", { modelId = "m", body = { a = { 1 } } }))
        assert.equal('{"a":[1]}', request.body)
        assert.equal("application/json", request.headers["content-type"])
        request = assert(encode("runtime", "InvokeModel", {
            modelId = "m", body = { a = 1 }, contentType = "application/x-ndjson" }))
        assert.equal("application/x-ndjson", request.headers["content-type"])
        assert.matches("^body: type", refusal("runtime", "InvokeModel", { modelId = "m", body = 5 }))
    end)

    it("hand back the token that was made up, and keep one that was given", function()
        local request = assert(encode("agentcore", "GetAgentCard", { agentRuntimeArn = "a" }))
        assert.equal("runtimeSessionId", request.token_member)
        assert.equal(request.token,
            request.headers["x-amzn-bedrock-agentcore-runtime-session-id"])
        local session = ("s"):rep(40)
        request = assert(encode("agentcore", "GetAgentCard", {
            agentRuntimeArn = "a", runtimeSessionId = session }))
        assert.is_nil(request.token)
        assert.equal(session, request.headers["x-amzn-bedrock-agentcore-runtime-session-id"])
    end)

    it("say who may sign and what may be repeated", function()
        assert.equal("bearer", assert(converse {}).auth)
        assert.is_false(converse({}).retry_safe)
        local list = assert(encode("agent", "ListAgents", {}))
        assert.equal("sigv4", list.auth)
        assert.is_true(list.retry_safe)
        assert.is_true(encode("agent", "CreateAgent", { agentName = "a" }).retry_safe)
        assert.is_false(encode("agentcore", "InvokeAgentRuntime", {
            agentRuntimeArn = "a", payload = "{}" }).retry_safe)
    end)
end)

describe("documents", function()
    it("keep lists and maps apart", function()
        assert.equal("{}", tool_schema {})
        assert.equal("[]", tool_schema(codec.array()))
        assert.equal("[[],{}]", tool_schema { codec.array {}, {} })
        assert.equal('{"a":null}', tool_schema { a = codec.null })
    end)

    it("survive a round trip", function()
        for _, text in ipairs {
            "[]", "{}", '{"a":[]}', "[null,true,false]", '[1,-2,0.5,1e300]', '["\195\188\\n"]',
            "12", '"x"', "null", "9007199254740992", "[[[[{}]]]]",
        } do
            assert.equal(text, assert(codec.write(assert(codec.read(text)))))
        end
    end)

    it("keep integers and floats apart where Lua does", function()
        if math.type then
            assert.equal("integer", math.type(codec.read "1"))
            assert.equal("float", math.type(codec.read "1.0"))
            assert.equal("-9223372036854775808", codec.write(codec.read "-9223372036854775808"))
        else
            assert.equal("9007199254740993", tostring(codec.read "9007199254740993"))
        end
    end)

    it("refuse what has no place in JSON", function()
        local function why(value)
            local text, problems = codec.write(value)
            assert.is_nil(text)
            return lines(problems)
        end
        assert.matches("^f: type: .*got a function", why { f = print })
        assert.matches("%[2%]: type", why { 1, print })
        assert.matches("list", why { 1, a = 2 })
        assert.matches("must be strings", why { [true] = 1 })
        assert.matches("UTF%-8", why { a = "\237\160\128" })
        assert.matches("finite", why { 0 / 0 })
    end)

    it("honour the array marks of a loaded cjson", function()
        local loaded = package.loaded.cjson
        package.loaded.cjson = { array_mt = {}, empty_array_mt = {} }
        local marks = package.loaded.cjson
        local a = codec.write(setmetatable({}, marks.array_mt))
        local b = codec.write(setmetatable({}, marks.empty_array_mt))
        local c = codec.write(setmetatable({ x = 1 }, marks.empty_array_mt))
        local d = codec.write(setmetatable({}, {}))
        package.loaded.cjson = loaded
        assert.same({ "[]", "[]", '{"x":1}', "{}" }, { a, b, c, d })
    end)

    it("refuse text that is no JSON", function()
        for _, text in ipairs { "", "{", "[1,]", "{a:1}", "01", "nul", '"\255"', "1 2" } do
            local value, err = codec.read(text)
            assert.is_nil(value)
            assert.equal("BadResponse", err.code)
        end
    end)
end)

local function decode_converse(body)
    return codec.decode("runtime", "Converse", 200, {}, body)
end

describe("answers", function()
    it("keep members that the model does not know", function()
        local out = assert(decode_converse [[{"output":{"message":{"role":"assistant","content":[
            {"novelty":{"list":[]}}]}},"stopReason":"later","extra":[1]}]])
        assert.equal("later", out.stopReason)
        assert.same({}, out.output.message.content[1].novelty.list)
        assert.is_true(is_array(out.output.message.content[1].novelty.list))
        assert.same({ 1 }, out.extra)
    end)

    it("leave out null, and keep numbers by shape", function()
        local out = assert(decode_converse [[{"stopReason":null,"metrics":{"latencyMs":7},
            "usage":{"inputTokens":1,"outputTokens":2.0,"totalTokens":3}}]])
        assert.is_nil(out.stopReason)
        if math.type then
            assert.equal("integer", math.type(out.metrics.latencyMs))
            assert.equal("integer", math.type(out.usage.outputTokens))
        end
    end)

    it("are errors when they are not of this operation", function()
        for _, body in ipairs {
            "", "<html>", "[]", "null", "{}", '{"output":',
            '{"Output":{"__type":"com.amazon.coral.service#UnknownOperationException"},"Version":"1.0"}',
            '{"output":{"message":5}}', '{"output":{}} x',
        } do
            local out, err = decode_converse(body)
            assert.is_nil(out, body)
            assert.equal("transport", err.kind)
            assert.equal("BadResponse", err.code)
        end
        local _, err = codec.decode("agent", "UntagResource", 200, {},
            '{"Output":{"__type":"x#UnknownOperationException"},"Version":"1.0"}')
        assert.equal("BadResponse", err.code)
        assert.same({}, (codec.decode("agent", "UntagResource", 200, {}, "")))
    end)

    it("say which type was expected and which came", function()
        for body, message in pairs {
            ['{"output":[]}'] = "expected an object, got a list",
            ['{"output":{"message":{"content":"Hi"}}}'] = "expected a list, got a string",
            ['{"output":{"message":{"content":[{"text":{}}]}}}'] = "expected a string, got an object",
            ['{"output":{"message":{"content":[{"reasoningContent":{"redactedContent":1}}]}}}'] =
                "expected a base64 string, got a number",
            ['{"metrics":{"latencyMs":"7"}}'] = "expected an integer, got a string",
            ['{"metrics":{"latencyMs":1e999}}'] = "a number is out of range",
            ['{"output":'] = "unexpected end of the text",
        } do
            local out, err = decode_converse(body)
            assert.is_nil(out)
            assert.matches("the answer cannot be read: " .. message .. " (near byte", err.message, 1, true)
        end
        local _, err = codec.decode("bedrock", "GetGuardrail", 200, {}, '{"createdAt":true}')
        assert.matches("expected a time (a number or a string), got true", err.message, 1, true)
        _, err = codec.decode("bedrock", "ListFoundationModels", 200, {},
            '{"modelSummaries":[{"responseStreamingSupported":null},{"responseStreamingSupported":"yes"}]}')
        assert.matches("expected true or false, got a string", err.message, 1, true)
    end)

    it("survive being cut and bent at every byte", function()
        local body = [[{"output":{"message":{"role":"assistant","content":[{"text":"\u00fcber"},
            {"image":{"format":"png","source":{"bytes":"AAEC"}}}]}},"usage":{"inputTokens":12}}]]
        assert(decode_converse(body))
        for i = 0, #body - 1 do
            assert.is_nil((decode_converse(body:sub(1, i))))
            for _, c in ipairs { "\0", '"', "{", "]", "\255", "9" } do
                local out, err = decode_converse(body:sub(1, i) .. c .. body:sub(i + 2))
                assert.is_true(out ~= nil or err.code == "BadResponse")
            end
        end
    end)

    it("are read from XML with its entities", function()
        local function account(xml)
            return codec.decode("sts", "GetCallerIdentity", 200, {},
                "<GetCallerIdentityResponse><GetCallerIdentityResult>" .. xml
                .. "</GetCallerIdentityResult></GetCallerIdentityResponse>")
        end
        assert.equal("a<&\195\188>'", account("<Account>a&lt;&amp;&#xFC;<![CDATA[>]]>&apos;</Account>")
            .Account)
        assert.same({ Arn = "", New = { Deep = "x" } },
            (account "<!-- c --><Arn a='>'/><New><Deep>x</Deep></New>"))
        for _, xml in ipairs {
            "<Account>", "<Account>&bad;</Account>", "<Account>&#0;</Account>", "<Account><b/></Account>",
            "<!DOCTYPE x>", "<Account>\255</Account>", "<Account>&#x110000;</Account>",
        } do
            local out, err = account(xml)
            assert.is_nil(out)
            assert.equal("BadResponse", err.code)
        end
        assert.is_nil((codec.decode("sts", "GetCallerIdentity", 200, {}, "<html></html>")))
    end)
end)

describe("events", function()
    local function event(fields, payload)
        return codec.event("runtime", "ConverseStream", fields, payload or "")
    end

    it("that the model does not know come with their name and document", function()
        local got = event({ message_type = "event", event_type = "later" }, '{"a":[]}')
        assert.equal("later", got.name)
        assert.is_true(is_array(got.value.a))
    end)

    it("leaves out the padding, which is no member", function()
        local got = event({ message_type = "event", event_type = "contentBlockDelta" },
            '{"contentBlockIndex":0,"delta":{"text":"Hi","p":"later"},"p":"abcd","q":1}')
        assert.same({ contentBlockIndex = 0, delta = { text = "Hi", p = "later" }, q = 1 }, got.value)
    end)

    it("are the same in whatever order their members come, one after the other", function()
        local orders = {
            '{"contentBlockIndex":3,"delta":{"text":"Hi"},"p":"ab"}',
            '{"p":"ab","contentBlockIndex":3,"delta":{"text":"Hi"}}',
            '{"delta":{"text":"Hi"},"contentBlockIndex":3}',
            ' { "delta" : { "text" : "Hi" } , "contentBlockIndex" : 3 } ',
            '{"delta":{"toolUse":null,"text":"Hi"},"contentBlockIndex":3}',
            '{"contentBlockIndex":1,"contentBlockIndex":3,"delta":{"te\\u0078t":"Hi"}}',
        }
        for i, first in ipairs(orders) do
            for j, second in ipairs(orders) do
                for _, payload in ipairs { first, second } do
                    local got = event({ message_type = "event", event_type = "contentBlockDelta" }, payload)
                    assert.same({ contentBlockIndex = 3, delta = { text = "Hi" } }, got.value, i .. ", " .. j)
                end
            end
        end
    end)

    it("that are exceptions become service errors", function()
        local got = event({ message_type = "exception", exception_type = "throttlingException" },
            '{"message":"slow down"}')
        assert.equal("exception", got.result)
        assert.same({ kind = "service", code = "ThrottlingException", message = "slow down" },
            got.error)
        got = event({ message_type = "exception", exception_type = "laterException" }, "")
        assert.equal("LaterException", got.error.code)
        assert.is_true(#got.error.message > 0)
        got = event({ message_type = "error", error_code = "InternalError", error_message = "no" })
        assert.equal("InternalError", got.error.code)
        assert.equal("no", got.error.message)
    end)

    it("that begin the stream are told apart", function()
        assert.equal("initial", event({ message_type = "event", event_type = "initial-response" },
            "{}").result)
    end)

    it("that cannot be read are stream errors", function()
        local got = event({ message_type = "event", event_type = "messageStart" }, '{"role":')
        assert.equal("bad", got.result)
        assert.equal("stream", got.error.kind)
        assert.equal("BadResponse", got.error.code)
        assert.equal("bad", event({ message_type = "novelty" }).result)
        assert.equal("bad", event({}).result)
    end)
end)
