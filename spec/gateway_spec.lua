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

    local function post(path, value, from)
        local parts, body = {}, type(value) == "string" and value or cjson.encode(value)
        local _, status, headers = http.request {
            url = "http://127.0.0.1:" .. server.port .. path,
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
        local status, text = post("/v1/chat/completions", input)
        return status, text
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
            { { logit_bias = { a = 1 }, seed = 1 }, "logit_bias is not supported; seed is not supported" },
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
        end
        assert.equal(0, ep:counters().Converse)
        local status, text = complete { n = 1, frequency_penalty = 0, user = "somebody",
            response_format = { type = "json_schema", json_schema = { name = "place", schema = { type = "object" } } },
            messages = { { role = "user", content = { { type = "text", text = "where is this?" },
                { type = "image_url", image_url = { url = "data:image/jpg;base64,aGk=" } } } } } }
        assert.equal(200, status, text)
        local sent = asked()
        assert.same({ image = { format = "jpeg", source = { bytes = "aGk=" } } }, sent.messages[1].content[2])
        assert.same({ type = "json_schema", structure = { jsonSchema = { name = "place",
            schema = '{"type":"object"}' } } }, sent.outputConfig.textFormat)
    end)

    it("logs what failed, and nothing else", function()
        local told = {}
        for line in server:error_log():gmatch "[^\n]*%[error%] ([^\n]*)" do
            told[#told + 1] = line:match "tell%(%): ([%w_]+: %w+)" or line
        end
        assert.same({ "converse_stream: HTTP500" }, told)
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
