--- The example gateway, as its nginx.conf has it: the chat page's route, and OpenAI's chat completions.
local cjson = require "cjson"
local http = require "socket.http"
local ltn12 = require "ltn12"
local endpoint = dofile "spec/endpoint/endpoint.lua"
local gateway = dofile "spec/nginx/gateway.lua"

local DIR = os.tmpname()
os.remove(DIR)

local TOOLS = { { type = "function", ["function"] = {
    name = "weather",
    description = "The weather",
    parameters = { type = "object", properties = { city = { type = "string" } } },
} } }

local function say(text)
    return { role = "user", content = text }
end

describe("the example gateway", function()
    local ep, server

    setup(function()
        ep = endpoint.attach(assert(os.getenv "BEDROCK_TEST_ENDPOINT"))
        server = gateway.start_example(ep, DIR, "amazon.nova-lite-v1:0")
    end)

    teardown(function()
        server:stop()
        os.execute("rm -rf " .. DIR)
    end)

    before_each(function()
        ep:reset()
    end)

    local function post(path, value, from, other)
        local parts, body = {}, type(value) == "string" and value or cjson.encode(value)
        local _, status, headers = http.request {
            url = "http://127.0.0.1:" .. (other or server).port .. path,
            method = "POST",
            headers = { ["content-length"] = #body, ["content-type"] = "application/json",
                ["sec-fetch-site"] = from },
            source = ltn12.source.string(body),
            sink = ltn12.sink.table(parts),
        }
        return status, table.concat(parts), headers
    end

    local function events_of(text)
        local list = {}
        for data in text:gmatch "data: ([^\n]*)\n\n" do
            list[#list + 1] = data == "[DONE]" and data or cjson.decode(data)
        end
        return list
    end

    local function complete(more)
        local input = { model = "default", messages = { say "hello there" } }
        for name, value in pairs(more or {}) do
            input[name] = value
        end
        return post("/v1/chat/completions", input)
    end

    local function asked()
        local requests = ep:requests()
        local b64 = requests[#requests].body64
        return cjson.decode((require("mime").unb64(b64)))
    end

    it("serves the page", function()
        local status, body, headers = server:get "/"
        assert.equal(200, status)
        assert.equal("text/html; charset=utf-8", headers["content-type"])
        assert.truthy(body:find("EventSource", 1, true) or body:find("fetch", 1, true))
    end)

    it("tells its health", function()
        local status, body = server:get "/health"
        assert.equal(200, status, body)
        assert.equal("Bedrock answers.\n", body)
        local asked_once = #ep:requests()
        assert.is_true(asked_once > 0)
        assert.equal(200, (server:get "/health"))
        assert.equal(asked_once, #ep:requests())
    end)

    it("sends an answer in events", function()
        local status, text, headers = post("/chat", { messages = {
            { role = "user", text = "one" }, { role = "assistant", text = "two" }, { role = "user", text = "three" },
        } })
        assert.equal(200, status)
        assert.equal("text/event-stream; charset=utf-8", headers["content-type"])
        local words, list = {}, events_of(text)
        for _, event in ipairs(list) do
            words[#words + 1] = event.text
        end
        assert.equal("You asked: three", table.concat(words):match "^[^\n]*")
        assert.is_true(list[#list].done)
        assert.truthy(list[#list].tokens > 0)
        assert.equal(3, #asked().messages)
    end)

    it("tells the page of errors", function()
        ep:script { { match = { operation = "ConverseStream" }, action = { status = 400, json = { message = "no" } } } }
        local _, text = post("/chat", { messages = { { role = "user", text = "one" } } })
        assert.truthy(events_of(text)[1].error)
        for _, input in ipairs { { messages = 5 }, { messages = { 5 } }, {}, 5 } do
            local status
            status, text = post("/chat", input)
            assert.equal(200, status)
            assert.matches("a JSON object with messages", events_of(text)[1].error)
        end
    end)

    it("asks nothing for pages of others", function()
        for _, path in ipairs { "/chat", "/v1/chat/completions" } do
            assert.equal(403, (post(path, { messages = { { role = "user", text = "one" } } }, "cross-site")))
        end
        assert.equal(200, (post("/chat", { messages = { { role = "user", text = "one" } } }, "same-origin")))
        assert.equal(1, ep:counters().ConverseStream)
    end)

    it("completes a chat", function()
        local status, text = complete { messages = { { role = "system", content = "Be brief" }, say "hello there" },
            max_tokens = 50, temperature = 0.5, stop = { "END" }, n = cjson.null }
        assert.equal(200, status, text)
        local answer = cjson.decode(text)
        assert.equal("chat.completion", answer.object)
        assert.equal("assistant", answer.choices[1].message.role)
        assert.equal("You asked: hello there", answer.choices[1].message.content:match "^[^\n]*")
        assert.equal("stop", answer.choices[1].finish_reason)
        assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens)
        local sent = asked()
        assert.same({ { text = "Be brief" } }, sent.system)
        assert.same({ maxTokens = 50, temperature = 0.5, stopSequences = { "END" } }, sent.inferenceConfig)
    end)

    it("completes a chat in pieces", function()
        local status, text = complete { stream = true, stream_options = { include_usage = true } }
        assert.equal(200, status, text)
        local list, words = events_of(text), {}
        assert.equal("[DONE]", table.remove(list))
        assert.truthy(table.remove(list).usage.total_tokens > 0)
        assert.equal("stop", table.remove(list).choices[1].finish_reason)
        for _, chunk in ipairs(list) do
            assert.equal("chat.completion.chunk", chunk.object)
            assert.equal(list[1].id, chunk.id)
            assert.equal(list[1].created, chunk.created)
            words[#words + 1] = chunk.choices[1].delta.content
        end
        assert.equal("You asked: hello there", table.concat(words):match "^[^\n]*")
    end)

    it("calls tools, and takes what they say", function()
        local _, text = complete { messages = { say "use tool please" }, tools = TOOLS }
        local choice = cjson.decode(text).choices[1]
        assert.equal("tool_calls", choice.finish_reason)
        local call = choice.message.tool_calls[1]
        assert.equal("weather", call["function"].name)
        assert.equal("table", type(cjson.decode(call["function"].arguments)))
        complete { tools = TOOLS, messages = { say "use tool please", choice.message,
            { role = "tool", tool_call_id = call.id, content = "rain" }, say "and now?" } }
        local sent = asked()
        assert.equal(3, #sent.messages)
        local turn = sent.messages[2].content
        assert.equal(call.id, turn[#turn].toolUse.toolUseId)
        assert.same({ text = "rain" }, sent.messages[3].content[1].toolResult.content[1])
        assert.equal("and now?", sent.messages[3].content[2].text)
    end)

    it("calls tools in pieces", function()
        local _, text = complete { messages = { say "use tool please" }, tools = TOOLS, stream = true }
        local name, arguments, finish = nil, {}, nil
        for _, chunk in ipairs(events_of(text)) do
            local choice = chunk.choices and chunk.choices[1]
            local call = choice and choice.delta.tool_calls and choice.delta.tool_calls[1]
            if call then
                assert.equal(0, call.index)
                name = name or call["function"].name
                arguments[#arguments + 1] = call["function"].arguments
            end
            finish = choice and choice.finish_reason ~= cjson.null and choice.finish_reason or finish
        end
        assert.equal("weather", name)
        assert.equal("table", type(cjson.decode(table.concat(arguments))))
        assert.equal("tool_calls", finish)
    end)

    it("says what is wrong as OpenAI does", function()
        local status, text = complete { model = "nonexistent.model" }
        assert.equal(400, status)
        assert.equal("invalid_request_error", cjson.decode(text).error.type)
        for _, body in ipairs { "no json", "{}", '{"model":"default","messages":[1]}' } do
            status, text = post("/v1/chat/completions", body)
            assert.equal(400, status, text)
            assert.truthy(#cjson.decode(text).error.message > 0)
        end
        ep:script { { match = { operation = "ConverseStream" }, times = -1, action = { status = 500 } } }
        status, text = complete { stream = true }
        assert.equal(502, status)
        assert.equal("api_error", cjson.decode(text).error.type)
    end)

    it("refuses in words what it cannot do, and does what it can", function()
        local refused = {
            { { n = 2 }, "n: only 1 is supported" },
            { { logit_bias = { a = 1 }, top_k = 1 }, "logit_bias is not supported; top_k is not supported" },
            { { reasoning_effort = "high" }, "reasoning_effort: only none is supported" },
            { { tools = TOOLS, parallel_tool_calls = false }, "parallel_tool_calls: false is not supported" },
            { { parallel_tool_calls = "no" }, "parallel_tool_calls: expected true or false" },
            { { stream = "yes" }, "stream: expected true or false" },
            { { stream_options = true }, "stream_options: expected an object" },
            { { stop = 5 }, "stop: expected a string or a list of strings" },
            { { tools = "weather" }, "tools: expected a list of tools" },
            { { tools = { { type = "custom" } } }, 'tools: the type "custom" is not supported' },
            { { tools = TOOLS, tool_choice = "weather" }, 'tool_choice: expected "auto", "none", "required" or' },
            { { tools = TOOLS, tool_choice = 1 }, "tool_choice: expected" },
            { { tools = TOOLS, tool_choice = { type = "bogus" } }, "tool_choice: expected" },
            { { tools = TOOLS, tool_choice = { type = "function", ["function"] = "f" } }, "tool_choice: expected" },
            { { tool_choice = "required" }, "tool_choice: there are no tools" },
            { { tools = TOOLS, tool_choice = { type = "function", ["function"] = { name = "wether" } } },
                'tool_choice: no tool among tools has the name "wether"' },
            { { messages = { { role = "system", content = "be brief" } } }, "messages: expected a list with at least" },
            { { messages = "hi" }, "messages: expected a list of messages" },
            { { messages = { 1 } }, "messages: each message must be an object" },
            { { model = 5 }, "model: expected the name of a model" },
            { { response_format = "text" }, "response_format: expected an object" },
            { { response_format = { type = "json_schema" } }, 'response_format: the type "json_schema" must have' },
            { { tools = { 1 } }, "tools: each tool must be an object" },
            { { tools = { { type = "function" } } }, 'tools: a tool of type "function" must have an object' },
            { { messages = { { role = "user", content = { a = 1 } } } }, "content must be a text or a list of parts" },
            { { messages = { { role = "user", content = 5 } } }, "content must be a text or a list of parts" },
            { { messages = { { role = "user", content = { "hi" } } } }, "must be an object with a type" },
            { { messages = { { role = "user", content = { { type = "image_url",
                image_url = { url = "data:image/png;base64,%%%" } } } } } }, "is not base64" },
            { { response_format = { type = "json_object" } }, 'expected the type "text" or "json_schema"' },
            { { messages = { { role = "critic", content = "no" } } }, 'the role "critic" is not supported' },
            { { messages = { { role = "user", content = { { type = "input_audio" } } } } }, '"input_audio" are not' },
            { { messages = { { role = "user", content = { { type = "image_url",
                image_url = { url = "https://example.com/a.png" } } } } } }, "expected a data URL" },
            { { messages = { { role = "assistant", tool_calls = { { id = "a",
                ["function"] = { name = "f", arguments = "{" } } } } } }, "are not JSON" },
        }
        for _, case in ipairs(refused) do
            local status, text = complete(case[1])
            assert.equal(400, status, text)
            local said = cjson.decode(text).error
            assert.truthy(said.message:find(case[2], 1, true), text)
            assert.equal("invalid_request_error", said.type)
            local first = case[2]:match "^([%l_]+): " or case[2]:match "^([%l_]+) is not"
            assert.equal(first or next(case[1]), said.param)
        end
        local status, text = post("/v1/chat/completions", '{"model":"default","messages":[]}')
        assert.equal(400, status)
        assert.matches("messages: expected a list with at least one message", cjson.decode(text).error.message, 1, true)
        assert.equal("messages", cjson.decode(text).error.param)
        assert.equal(0, ep:counters().Converse)
        status, text = complete { n = 1, frequency_penalty = 0, user = "somebody", seed = 7,
            reasoning_effort = "none", parallel_tool_calls = false, tool_choice = "auto",
            response_format = { type = "json_schema", json_schema = { name = "place", schema = { type = "object" } } },
            messages = { { role = "user", content = { { type = "text", text = "where is this?" },
                { type = "image_url", image_url = { url = "DATA:IMAGE/JPG;Base64,aGk=" } } } } } }
        assert.equal(200, status, text)
        local sent = asked()
        assert.same({ image = { format = "jpeg", source = { bytes = "aGk=" } } }, sent.messages[1].content[2])
        assert.same({ type = "json_schema", structure = { jsonSchema = { name = "place",
            schema = '{"type":"object"}' } } }, sent.outputConfig.textFormat)
    end)

    it("names what is wrong as the caller wrote it", function()
        local cases = {
            { { temperature = 2 }, "temperature: " },
            { { max_tokens = 0 }, "max_tokens: " },
            { { max_completion_tokens = 0 }, "max_completion_tokens: " },
            { { top_p = "much" }, "top_p: " },
            { { stop = { 5 } }, "stop[1]: " },
            { { tools = { TOOLS[1], { type = "function", ["function"] = { name = "not a name!" ,
                description = "" } } } }, "tools[1].function.description: " },
            { { messages = { { role = "user", content = { { type = "text", text = 5 } } } } }, "messages: " },
        }
        for _, case in ipairs(cases) do
            for _, stream in ipairs { false, true } do
                case[1].stream = stream
                local status, text = complete(case[1])
                local said, param = cjson.decode(text).error.message, cjson.decode(text).error.param
                assert.equal(400, status, said)
                assert.equal(case[2], param .. ": ")
                assert.equal(case[2], said:sub(1, #case[2]))
                for _, word in ipairs { "Config", "maxTokens", "topP", "modelId", "toolSpec", "converse" } do
                    assert.is_nil(said:find(word, 1, true), said)
                end
            end
        end
        ep:script { { match = { operation = "Converse" }, action = { status = 400, json = {
            message = "The maxTokens in inferenceConfig.maxTokens exceed this modelId's limit." } } } }
        local _, text = complete {}
        assert.equal("The max_tokens in max_tokens exceed this model's limit.", cjson.decode(text).error.message)
    end)

    it("says when to come again, and that it is too much", function()
        for _, stream in ipairs { false, true } do
            ep:script { { match = { path = "/converse" }, times = -1, action = { status = 429,
                headers = { ["retry-after"] = "30", ["x-amzn-ErrorType"] = "ThrottlingException" },
                json = { message = "Too many tokens" } } } }
            local status, text, headers = complete { stream = stream }
            assert.equal(429, status)
            assert.equal("30", headers["retry-after"])
            local said = cjson.decode(text).error
            assert.equal("rate_limit_error", said.type)
            assert.equal("rate_limit_exceeded", said.code)
            assert.equal("Too many tokens", said.message)
            ep:reset()
        end
    end)

    it("refuses a stream that its first event refuses", function()
        for name, wanted in pairs { validationException = 400, throttlingException = 429,
            modelStreamErrorException = 424, internalServerException = 502 } do
            ep:reset()
            ep:script { { match = { operation = "ConverseStream" }, times = -1, action = { frames = {
                { exception = name, json = { message = "It rests." } } } } } }
            local status, text, headers = complete { stream = true }
            assert.equal(wanted, status, text)
            assert.equal("application/json", headers["content-type"])
            local said = cjson.decode(text).error
            assert.truthy(wanted > 500 or said.message == "It rests.", text)
            local kinds = { [400] = "invalid_request_error", [429] = "rate_limit_error" }
            assert.equal(kinds[wanted] or "api_error", said.type)
            assert.equal(cjson.null, said.param)
        end
        ep:reset()
        ep:script { { match = { operation = "ConverseStream" }, action = { frames = {
            { event = "messageStart", json = { role = "assistant" } },
            { exception = "modelStreamErrorException", json = { message = "It stumbled." } } } } } }
        local status, text = complete { stream = true }
        assert.equal(200, status)
        local list = events_of(text)
        assert.equal("It stumbled.", list[#list].error.message)
        assert.equal("api_error", list[#list].error.type)
    end)

    it("lists models, and says what else it has", function()
        local status, text = server:get "/v1/models"
        assert.equal(200, status, text)
        assert.equal("list", cjson.decode(text).object)
        local data = cjson.decode(text).data
        assert.equal("default", data[1].id)
        local status_of_one, one = server:get("/v1/models/" .. data[2].id)
        assert.equal(200, status_of_one, one)
        assert.same(data[2], cjson.decode(one))
        assert.same({ "model", "string" }, { data[2].object, type(data[2].owned_by) })
        for path, code in pairs { ["/v1/models/no.such"] = "model_not_found", ["/v1/embeddings"] = "unknown_url" } do
            local headers
            status, text, headers = server:get(path)
            assert.equal(404, status)
            assert.equal("application/json", headers["content-type"])
            assert.equal(code, cjson.decode(text).error.code)
        end
    end)

    it("keeps to itself what is wrong with its own settings", function()
        local other = gateway.start_example(ep, DIR .. "/lost", "amazon.nova-lite-v1:0")
        os.remove(DIR .. "/lost/ca.pem")
        for _, path in ipairs { "/v1/chat/completions", "/v1/chat/completions?stream", "/chat" } do
            local _, text = post(path, path == "/chat" and { messages = { { role = "user", text = "one" } } }
                or { model = "default", messages = { say "hi" }, stream = path:find "stream" ~= nil }, nil, other)
            assert.truthy(text:find("its error log says why", 1, true), text)
            assert.is_nil(text:find(DIR, 1, true), text)
        end
        assert.truthy(other:error_log():find("ca.pem", 1, true))
        ep:script { { match = { operation = "Converse" }, action = { status = 403,
            headers = { ["x-amzn-ErrorType"] = "AccessDeniedException" },
            json = { message = "User: arn:aws:sts::123456789012:assumed-role/r is not authorized" } } } }
        local status, text = complete {}
        assert.equal(502, status)
        assert.is_nil(text:find("arn:aws", 1, true), text)
        other:stop()
    end)

    it("logs what failed, and nothing else", function()
        local told = {}
        for line in server:error_log():gmatch "[^\n]*%[error%] ([^\n]*)" do
            told[#told + 1] = line:match "tell%(%): ([%w_]+: %w+)" or line
        end
        table.sort(told)
        assert.same({ "converse: AccessDeniedException", "converse_stream: HTTP500",
            "converse_stream: InternalServerException" }, told)
    end)

    it("says what is missing when it is started without settings", function()
        local dir = DIR .. "/bare"
        local ok, why = pcall(gateway.start, { dir = dir, prefix = "examples/nginx",
            text = assert(require("spec.support.files").read "examples/nginx/nginx.conf") })
        assert.is_false(ok)
        assert.truthy((why .. (require("spec.support.files").read(dir .. "/error.log") or ""))
            :find("set BEDROCK_SETTINGS to a settings file", 1, true), why)
    end)
end)
