--- What must be the same wherever calls run: each case is `name`, `rules` and `config` for the endpoint, and
--- run(bedrock, settings, identity), with settings of access keys and of a certificate. Raises what is wrong. Needs
--- nothing but the module, so that any host can run it.
local MODEL = "amazon.nova-lite-v1:0"
local LATE_MS = 400 * (tonumber(os.getenv "BEDROCK_TEST_PATIENCE") or 1) -- after the head

local function ask(text)
    return { modelId = MODEL, messages = { { role = "user", content = { { text = text } } } } }
end

local function equal(expected, got, what)
    if expected ~= got then
        error(("%s: expected %s, got %s"):format(what or "a value", tostring(expected), tostring(got)), 2)
    end
end

local function is_error(kind, code, value, err)
    equal(nil, value, "the value beside an error")
    equal("table", type(err), "the error's type")
    equal(kind, err.kind, "the error's kind (" .. tostring(err) .. ")")
    equal(code, err.code, "the error's code (" .. tostring(err) .. ")")
end

local function text_of(answer)
    return answer.output.message.content[1].text
end

local function connected(f)
    return function(bedrock, settings)
        local conn = assert(bedrock.connect(settings))
        f(conn, bedrock, settings)
        conn:close()
    end
end

local function scripted(operation, times, action)
    return { { match = { operation = operation }, times = times, action = action } }
end

local cases = {}

local function case(name, run, more)
    local new = more or {}
    new.name, new.run = name, run
    cases[#cases + 1] = new
end

case("answers a call", connected(function(conn, bedrock)
    local answer = assert(conn:converse(ask "one two three"))
    equal("end_turn", answer.stopReason)
    equal("You asked: one two three", text_of(answer):match "^[^\n]*")
    equal(200, bedrock.metadata(answer).status)
end))

case("asks again for a stream whose first event is an exception", connected(function(conn, bedrock)
    for _ = 1, 2 do
        local stream = assert(conn:converse_stream(ask "Hi"))
        local result = assert(stream:gather())
        equal("end_turn", result.stopReason)
        equal(2, bedrock.metadata(stream).attempts, "the attempts")
    end
    is_error("service", "ValidationException", assert(conn:converse_stream(ask "Hi")):next())
end), { rules = {
    { match = { operation = "ConverseStream" }, action = { frames = {
        { exception = "throttlingException", json = { message = "slow down" } } } } },
    { match = { operation = "ConverseStream" }, skip = 1, action = { frames = {
        { exception = "internalServerException", json = { message = "oops" } } }, body_delay_ms = LATE_MS } },
    { match = { operation = "ConverseStream" }, skip = 2, action = { frames = {
        { exception = "throttlingException", json = { message = "slow down" } } }, body_delay_ms = LATE_MS } },
    { match = { operation = "ConverseStream" }, skip = 2, action = { status = 400,
        json = { __type = "ValidationException", message = "no" } } },
} })

case("answers one call after the other on one connection", connected(function(conn)
    for i = 1, 5 do
        local text = "question " .. i
        equal("You asked: " .. text, text_of(assert(conn:converse(ask(text)))):match "^[^\n]*")
    end
end))

local function whole_answer(text)
    return ('{"output":{"message":{"role":"assistant","content":[{"text":"%s"}]}},"stopReason":"end_turn",'
        .. '"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2},"metrics":{"latencyMs":1}}'):format(text)
end

local function with_head(body)
    return ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"):format(#body, body)
end

--- Longer than what is read at once, so that the forged answer is still to be read when the first one is over.
case("takes nothing for an answer that it did not ask for", connected(function(conn, bedrock)
    equal(("x"):rep(40000), text_of(assert(conn:converse(ask "one"))))
    local answer = assert(conn:converse(ask "two"))
    equal("You asked: two", text_of(answer):match "^[^\n]*")
    equal(1, bedrock.metadata(answer).attempts)
end), {
    rules = scripted("Converse", 1, {
        status = 200,
        body = whole_answer(("x"):rep(40000)),
        unasked = with_head(whole_answer "forged"),
    }),
})

case("gives other programs what they call with", function(bedrock, settings, identity)
    local conn = assert(bedrock.connect(identity))
    local function other(fields)
        fields.endpoint, fields.ca_file = settings.endpoint, settings.ca_file
        return assert(bedrock.connect(fields))
    end
    local by_key = other { auth = "api_key", api_key = assert(conn:api_key { duration = 600 }) }
    equal("end_turn", assert(by_key:converse(ask "hello")).stopReason)
    by_key:close()
    local secrets = assert(conn:export())
    local by_secrets = other {
        auth = "access_keys",
        access_key_id = secrets.access_key_id,
        secret_access_key = secrets.secret_access_key,
        session_token = secrets.session_token,
    }
    equal("end_turn", assert(by_secrets:converse(ask "hello")).stopReason)
    by_secrets:close()
    local by_url = other { auth = "none" }
    local url = assert(conn:presign { url = settings.endpoint .. "/foundation-models?byProvider=Amazon" })
    local path, query = url:match "^https://[^/]+(/[^?]*)%?(.*)$"
    equal(200, assert(by_url:request { service = "bedrock", method = "GET", path = path, query = query }).status)
    by_url:close()
    local headers = assert(conn:sign { url = url:match "^[^?]*", method = "GET" })
    equal(secrets.session_token, headers["x-amz-security-token"])
    conn:close()
end)

case("streams event by event", connected(function(conn)
    local words, names = {}, {}
    local stream = assert(conn:converse_stream(ask "Hello there"))
    for name, event in stream:events() do
        names[name] = (names[name] or 0) + 1
        if name == "contentBlockDelta" then
            words[#words + 1] = event.delta.text
        end
    end
    equal(text_of(assert(conn:converse(ask "Hello there"))), table.concat(words))
    equal(1, names.messageStart)
    equal(1, names.messageStop)
    equal(true, #words > 5, "many pieces")
end), { config = { stream_interval_ms = 3 } })

case("gathers a stream", connected(function(conn)
    local stream = assert(conn:converse_stream(ask "Hello there"))
    local result = assert(stream:gather())
    equal(text_of(assert(conn:converse(ask "Hello there"))), text_of(result))
    equal("end_turn", result.stopReason)
end))

--- Three zero bytes are "AAAA" in base64. Two long blobs, a short one, and a body that is as it is.
case("sends long bytes as it does short ones", connected(function(conn)
    local function image(n)
        return { image = { format = "png", source = { bytes = ("\0\0\0"):rep(n) } } }
    end
    local input = ask "What are these?"
    for i, n in ipairs { 100000, 2, 333333 } do
        input.messages[1].content[i + 1] = image(n)
    end
    local body = assert(conn:prepare("converse", input)).body
    local rest = body:gsub('"bytes":"(A*)"', function(text)
        return ('"bytes":%d'):format(#text)
    end)
    for _, n in ipairs { 100000, 2, 333333 } do
        equal(true, rest:find('"bytes":' .. n * 4, 1, true) ~= nil, "a blob of " .. n)
    end
    equal(true, rest:sub(1, 1) == "{" and #rest < 1000 and rest:find("What are these?", 1, true) ~= nil, "the rest")
    assert(conn:converse(input))

    local plain, escaped = ("word "):rep(60000), ("line\n"):rep(60000)
    for text, shown in pairs { [plain] = plain, [escaped] = escaped:gsub("\n", "\\n") } do
        local said = '"content":[{"text":"' .. shown .. '"}]'
        body = assert(conn:prepare("converse", ask(text))).body
        equal(true, body:find(said, 1, true) ~= nil, "a long text")
        local document = { modelId = MODEL, body = { text = text } }
        equal('{"text":"' .. shown .. '"}', assert(conn:prepare("invoke_model", document)).body)
    end

    local long = ('{"inputText":"%s"}'):format(("word "):rep(60000))
    local params = { modelId = "amazon.titan-embed-text-v2:0", contentType = "application/json", body = long }
    equal(long, assert(conn:prepare("invoke_model", params)).body)
    assert(conn:invoke_model(params))
    local raw = { path = "/model/amazon.titan-embed-text-v2%3A0/invoke", body = long }
    equal(200, assert(conn:request(raw)).status)
end))

case("returns the service's error", connected(function(conn)
    local answer, err = conn:converse { modelId = "nonexistent.model-v1:0", messages = ask("Hi").messages }
    is_error("service", "ValidationException", answer, err)
    equal(400, err.status)
end))

case("returns what is wrong with parameters without a request", connected(function(conn)
    is_error("validation", "ValidationError", conn:converse { messages = 3 })
end))

case("tries again when told to wait a moment", connected(function(conn, bedrock)
    local answer = assert(conn:converse(ask "Hi"))
    equal(2, bedrock.metadata(answer).attempts)
end), { rules = scripted("Converse", 1, { status = 503, json = { message = "busy" } }) })

case("tells hooks what happens, where they may wait", function(bedrock, settings)
    local other, seen, own = assert(bedrock.connect(settings)), {}, {}
    for name, value in pairs(settings) do
        own[name] = value
    end
    local function keep(name)
        return function(event)
            assert(other:list_foundation_models {})
            seen[#seen + 1] = name .. " " .. (event.status or event.attempt)
        end
    end
    own.on = { attempt = keep "attempt", response = keep "response", retry = keep "retry",
        stream_end = keep "stream_end" }
    local conn = assert(bedrock.connect(own))
    assert(conn:converse(ask "Hi"))
    assert(assert(conn:converse_stream(ask "Hi")):gather())
    equal("attempt 1, response 503, retry 503, attempt 2, response 200, attempt 1, response 200, stream_end 1",
        table.concat(seen, ", "))
    conn:close()
    other:close()
end, { rules = scripted("Converse", 1, { status = 503, json = { message = "busy" } }) })

case("keeps to a timeout", connected(function(conn)
    is_error("timeout", "TotalTimeout", conn:converse(ask "Hi", { total_timeout = 100 }))
    is_error("timeout", "FirstByteTimeout",
        conn:converse(ask "Hi", { first_byte_timeout = 100, max_attempts = 1 }))
end), { rules = scripted("Converse", -1, { hang = true }) })

case("tells of a stream that broke", connected(function(conn)
    local stream = assert(conn:converse_stream(ask "Hi"))
    local result, err = stream:gather()
    equal(nil, result)
    equal("stream", err.kind)
    equal(true, err.partial ~= nil, "what had come")
end), { rules = scripted("ConverseStream", 1, { frames = {
    { event = "messageStart", json = { role = "assistant" } },
    { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = "half" } } },
} }) })

case("closes a stream before its end", connected(function(conn)
    local stream = assert(conn:converse_stream(ask "Hello there"))
    assert(stream:next())
    equal(true, stream:close())
    is_error("cancelled", "Closed", stream:next())
    assert(conn:converse(ask "Hi"))
end), { config = { stream_interval_ms = 20 } })

case("ends all with the connection", function(bedrock, settings)
    local conn = assert(bedrock.connect(settings))
    local stream = assert(conn:converse_stream(ask "Hello there"))
    assert(stream:next())
    equal(true, conn:close())
    is_error("cancelled", "Closed", stream:next())
    is_error("cancelled", "Closed", conn:converse(ask "Hi"))
end, { config = { stream_interval_ms = 20 } })

case("ends a pause of wait with the connection", function(bedrock, settings)
    local core = require "bedrock.core"
    local timer, paused = core.timer, false
    core.timer = function()
        paused = true
        return timer(3600000)
    end
    local conn = assert(bedrock.connect(settings))
    local waiting = bedrock.spawn(function()
        return conn:wait("memory_created", { memoryId = "memory_name-0123456789" })
    end)
    for _ = 1, 1000 do
        assert(paused or conn:converse(ask "Hi"))
    end
    core.timer = timer
    equal(true, paused)
    conn:close()
    is_error("cancelled", "Closed", waiting:join())
end, { rules = scripted("GetMemory", -1, { status = 200, json = { memory = {
    id = "m-1", name = "m", arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:memory/m-1",
    eventExpiryDuration = 30, createdAt = 1, updatedAt = 1, status = "CREATING",
} } }) })

case("reads two streams in turns", connected(function(conn)
    local one, two = assert(conn:converse_stream(ask "one")), assert(conn:converse_stream(ask "two"))
    local got = { {}, {} }
    repeat
        local more
        for i, stream in ipairs { one, two } do
            local name, event = stream:next()
            more = more or name
            if name == "contentBlockDelta" then
                table.insert(got[i], event.delta.text)
            end
        end
    until not more
    equal("You asked: one", table.concat(got[1]):match "^[^\n]*")
    equal("You asked: two", table.concat(got[2]):match "^[^\n]*")
end), { config = { stream_interval_ms = 2 } })

local function sent_events(body, more)
    local action = { body = body, headers = { ["Content-Type"] = "text/event-stream" }, chunked = true }
    for name, value in pairs(more or {}) do
        action[name] = value
    end
    return { { match = { path = "^/events$" }, action = action } }
end

case("streams server-sent events of a raw request", connected(function(conn)
    local stream = assert(conn:request { path = "/events", body = {}, stream = true })
    local got = {}
    for name, event in stream:events() do
        table.insert(got, name .. "=" .. event.data .. (event.id and "#" .. event.id or ""))
    end
    equal("message=a\nb,add=c#1,message=[DONE]#1", table.concat(got, ","))
    equal("text/event-stream", stream.headers["content-type"])
end), { rules = sent_events("data: a\r\ndata:b\r\n\r\n: x\n\nevent: add\rid: 1\rdata: c\r\rdata: [DONE]\n\n",
    { drip = { 1, 0 } }) })

case("tells of server-sent events that are cut short", connected(function(conn)
    for _ = 1, 2 do
        local stream = assert(conn:request { path = "/events", body = {}, stream = true })
        equal("a", select(2, stream:next()).data)
        is_error("stream", "Truncated", stream:next())
        is_error("stream", "Truncated", stream:next())
    end
end), { rules = { sent_events("data: a\n\ndata: b\n")[1], sent_events("data: a\n\n", { abort = true })[1] } })

case("obtains credentials and says which", connected(function(conn, _, settings)
    local info = assert(conn:credentials())
    equal("access_keys", info.source)
    equal(settings.access_key_id, info.access_key_id)
end))

case("runs several at once, results in order", connected(function(conn, bedrock)
    local functions = {}
    for i = 1, 12 do
        functions[i] = function()
            if i % 3 == 0 then
                return conn:converse(ask("question " .. i))
            end
            return assert(conn:converse_stream(ask("question " .. i))):gather()
        end
    end
    functions[13] = function()
        return conn:converse { modelId = "nonexistent.model-v1:0", messages = ask("Hi").messages }
    end
    local answers, errs = bedrock.parallel(functions, { limit = 8 })
    for i = 1, 12 do
        equal("You asked: question " .. i, text_of(answers[i]):match "^[^\n]*")
    end
    equal(13, answers.n)
    equal("ValidationException", errs[13].code)
end), { config = { stream_interval_ms = 1 } })

case("says the same of a stream, its result and an error as of an answer", connected(function(conn, bedrock)
    local stream = assert(conn:converse_stream(ask "Hi"))
    local told = bedrock.metadata(stream)
    equal(200, told.status)
    equal("string", type(told.request_id))
    equal("application/vnd.amazon.eventstream", told.headers["content-type"])
    equal(told.request_id, bedrock.metadata(assert(stream:gather())).request_id)
    local _, err = conn:converse { modelId = "nonexistent.model-v1:0", messages = ask("Hi").messages }
    equal("string", type(err.request_id))
    equal(1, err.attempts)
end))

case("turns pages", connected(function(conn)
    local pages, names = 0, {}
    for page in conn:pages("list_inference_profiles", { maxResults = 2 }) do
        pages = pages + 1
        for _, profile in ipairs(page.inferenceProfileSummaries) do
            names[#names + 1] = profile.inferenceProfileId
        end
    end
    equal(true, pages > 1, "several pages")
    local i = 0
    for profile in conn:items("list_inference_profiles", { maxResults = 3 }) do
        i = i + 1
        equal(names[i], profile.inferenceProfileId)
    end
    equal(#names, i)
end))

case("raises what breaks a loop over pages", connected(function(conn)
    local seen = 0
    local ok, err = pcall(function()
        for _ in conn:pages("list_inference_profiles", { maxResults = 2 }) do
            seen = seen + 1
        end
    end)
    equal(false, ok)
    equal("AccessDeniedException", err.code)
    equal(1, seen)
end), { rules = { { match = { operation = "ListInferenceProfiles" }, skip = 1, times = -1, action = {
    status = 403, headers = { ["x-amzn-ErrorType"] = "AccessDeniedException" }, json = { message = "no" },
} } } })

case("streams what it generates", connected(function(conn)
    for _, model in ipairs { MODEL, "google.gemma-3-4b-it" } do
        local stream, pieces = assert(conn:generate_stream { model = model, prompt = "one two" }), {}
        for piece in stream do
            pieces[#pieces + 1] = piece
        end
        equal("You asked: one two", table.concat(pieces):match "^[^\n]*")
        equal(table.concat(pieces), stream.answer.text)
    end
end))

case("waits for what takes minutes", connected(function(conn)
    local answer = assert(conn:generate { model = "luma.ray-v2:0", prompt = "a boat", output = "s3://films" })
    equal("Completed", answer.raw.status)
end))

case("generates, invokes models, counts", connected(function(conn, bedrock)
    equal("You asked: one two", assert(conn:generate { model = MODEL, prompt = "one two" }).text:match "^[^\n]*")
    local raw = assert(conn:invoke_model { modelId = "other.model-v1:0", body = '{"any":[1,2]}' })
    equal('{"any":[1,2]}', raw.body)
    local input = { converse = { messages = ask("Hi").messages } }
    local counted = assert(conn:count_tokens { modelId = MODEL, input = input })
    equal(true, counted.inputTokens > 0)
    local pieces = {}
    for name, event in assert(conn:invoke_model_with_response_stream { modelId = MODEL,
        body = bedrock.json.encode(ask("Hi")) }):events() do
        pieces[#pieces + 1] = name == "chunk" and event.bytes or nil
    end
    equal(true, #pieces > 1, "several chunks")
end))

case("talks with an agent", connected(function(conn)
    local pieces = {}
    for name, event in assert(conn:invoke_agent { agentId = "AGENT12345", agentAliasId = "ALIAS12345",
        sessionId = "one", inputText = "Hello there" }):events() do
        pieces[#pieces + 1] = name == "chunk" and event.bytes or nil
    end
    equal(true, #table.concat(pieces) > 0)
end), { config = { stream_interval_ms = 2 } })

--- A tool that makes a call of its own.
local function answering(conn)
    return function(params)
        return text_of(assert(conn:converse(ask(params.location or params.city or "nothing")))):match "^[^\n]*"
    end
end

case("runs what an agent wants, at the same time, and goes on", connected(function(conn)
    local tool = answering(conn)
    local talk = assert(conn:agent_session { agent_id = "AGENT12345", alias_id = "ALIAS12345", tools = {
        ["WeatherAPIs.getWeather"] = tool, ["WeatherAPIs.getAlerts"] = tool, ["TravelAPIs.POST /trips/{city}"] = tool,
    } })
    local pieces = {}
    for piece in talk:stream "please use tools" do
        pieces[#pieces + 1] = piece
    end
    equal("I was told: You asked: oslo; You asked: nothing; You asked: oslo", table.concat(pieces))
    equal(3, talk.answer.rounds)
    equal(true, talk:finish())
end), { config = { stream_interval_ms = 2 } })

case("ends an agent's tools with the ask that is cancelled", connected(function(conn, bedrock)
    local talk = assert(conn:agent_session { agent_id = "AGENT12345", alias_id = "ALIAS12345", tools = {
        ["WeatherAPIs.getWeather"] = function()
            return assert(conn:converse_stream(ask "Hi")):gather()
        end,
        ["WeatherAPIs.getAlerts"] = function(_, call)
            call.context.task:cancel()
            return "over"
        end,
    } })
    local context = {}
    context.task = bedrock.spawn(function()
        conn:converse(ask "first")
        return talk:ask("please use tools", { context = context })
    end)
    is_error("cancelled", "Cancelled", context.task:join())
    equal(true, tostring(assert(talk:ask "Again")):find("You asked: Again", 1, true) ~= nil)
end), { config = { stream_interval_ms = 20 } })

case("talks with harnesses, runtimes and knowledge bases", connected(function(conn)
    local arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:"
    local harness = assert(conn:agent_session { harness_arn = arn .. "harness/demo-abcdefghij",
        tools = { lookup = answering(conn) } })
    equal("The tool said (success): You asked: example", tostring(assert(harness:ask "use tool")))
    local runtime, count = assert(conn:agent_session { runtime_arn = arn .. "runtime/demo-abcdefghij" }), 0
    for _ in runtime:stream "stream it" do
        count = count + 1
    end
    equal(count, #runtime.answer.events)
    local kb = assert(conn:knowledge { id = "KB12345678", model = MODEL })
    equal(5, #assert(kb:retrieve("x", { all = true })))
    equal(true, #assert(kb:ask "x").citations == 1)
    for _ in kb:stream "y" do
        count = count + 1
    end
    equal(true, count > 10)
end))

case("sends raw requests", connected(function(conn)
    local answer = assert(conn:request { path = "/model/" .. MODEL .. "/converse",
        body = { messages = ask("raw").messages } })
    equal(200, answer.status)
    equal(true, answer.body:find("You asked: raw", 1, true) ~= nil)
end))

case("keeps to a timeout while a stream is silent", connected(function(conn)
    local stream = assert(conn:converse_stream(ask "Hi", { read_timeout = 100 }))
    local name, err
    repeat
        name, err = stream:next()
    until not name
    is_error("timeout", "ReadTimeout", name, err)
    is_error("timeout", "ReadTimeout", stream:next())
end), { rules = scripted("ConverseStream", 1, { frames = {
    { event = "messageStart", json = { role = "assistant" } },
    { event = "messageStop", json = { stopReason = "end_turn" }, delay_ms = 600000 },
} }) })

case("says that nobody listens", function(bedrock, settings)
    local conn = assert(bedrock.connect {
        auth = settings.auth,
        access_key_id = settings.access_key_id,
        secret_access_key = settings.secret_access_key,
        endpoint = "http://127.0.0.1:1",
        max_attempts = 2,
    })
    local answer, err = conn:converse(ask "Hi")
    equal(nil, answer)
    equal("transport", err.kind)
    equal(2, err.attempts)
    conn:close()
end)

case("lets others go on between many that begin at once", function(bedrock)
    local scheduler = require "bedrock.scheduler"
    local COUNT = 100
    local turn, all, begun, most = 0, 0, 0, 0
    local other = bedrock.spawn(function()
        while all < COUNT do
            turn, begun = turn + 1, 0
            scheduler.breathe()
        end
    end)
    local functions = {}
    for i = 1, COUNT do
        functions[i] = function()
            all, begun = all + 1, begun + 1
            most = math.max(most, begun)
            while all < COUNT do
                scheduler.breathe()
            end
            return i
        end
    end
    local results, errs = bedrock.parallel(functions)
    other:join()
    equal(nil, errs)
    equal(COUNT, results[COUNT])
    equal(true, most <= 40, "there are few (" .. most .. ") that began between two turns of another")
    equal(true, turn >= 5, "there are several (" .. turn .. ") turns")
end)

case("exchanges a certificate for credentials, once for many", function(bedrock, _, identity)
    local conn = assert(bedrock.connect(identity))
    local functions = {}
    for i = 1, 10 do
        functions[i] = function()
            return conn:converse(ask("question " .. i))
        end
    end
    local answers, errs = bedrock.parallel(functions)
    equal(nil, errs and tostring(select(2, next(errs))))
    equal("You asked: question 10", text_of(answers[10]):match "^[^\n]*")
    local first = assert(conn:credentials())
    equal("roles_anywhere", first.source)
    equal(first.access_key_id, assert(conn:credentials()).access_key_id)
    assert(conn:refresh())
    equal(true, first.access_key_id ~= assert(conn:credentials()).access_key_id)
    equal(true, assert(conn:test()).ok)
    conn:close()
end, { config = { exchange_delay_ms = 100 } })

case("stops the others when one fails, and starts no more", connected(function(conn, bedrock)
    local started = 0
    local function endless()
        started = started + 1
        return assert(conn:converse_stream(ask "Hi")):gather()
    end
    local function failing()
        started = started + 1
        return conn:converse { modelId = "nonexistent.model-v1:0", messages = ask("Hi").messages }
    end
    local answers, errs = bedrock.parallel({ endless, failing, endless, endless },
        { limit = 2, stop_on_error = true })
    equal(4, answers.n)
    equal(2, started)
    equal("ValidationException", errs[2].code)
    for _, i in ipairs { 1, 3, 4 } do
        equal("cancelled", errs[i].kind)
    end
end), { rules = scripted("ConverseStream", -1, { frames = {
    { event = "messageStart", json = { role = "assistant" } },
    { event = "messageStop", json = { stopReason = "end_turn" }, delay_ms = 600000 },
} }) })

case("cancels a task where it waits", connected(function(conn, bedrock)
    local task = bedrock.spawn(function()
        return conn:converse(ask "Hi")
    end)
    assert(conn:generate { model = "amazon.titan-text-express-v1", prompt = "meanwhile" })
    equal("running", task:status())
    task:cancel()
    is_error("cancelled", "Cancelled", task:join())
    equal("cancelled", task:status())
end), { rules = scripted("Converse", -1, { hang = true }) })

case("ends what others wait for when the connection is closed: call, stream and pause", function(bedrock, settings)
    local conn, other = assert(bedrock.connect(settings)), assert(bedrock.connect(settings))
    local _, errs = bedrock.parallel(function()
        return conn:converse(ask "Hi")
    end, function()
        return assert(conn:converse_stream(ask "Hi")):gather()
    end, function()
        return conn:wait("memory_created", { memoryId = "m-12345678901" })
    end, function()
        assert(other:generate { model = "amazon.titan-text-express-v1", prompt = "meanwhile" })
        conn:close()
        return true
    end)
    for i = 1, 3 do
        is_error("cancelled", "Closed", nil, errs[i])
    end
    equal(nil, errs[4])
    other:close()
end, { rules = {
    { match = { operation = "Converse" }, times = -1, action = { hang = true } },
    { match = { operation = "ConverseStream" }, times = -1, action = { frames = {
        { event = "messageStart", json = { role = "assistant" } },
        { event = "messageStop", json = { stopReason = "end_turn" }, delay_ms = 600000 },
    } } },
    { match = { operation = "GetMemory" }, times = -1, action = { json = { memory = {
        id = "m-12345678901", name = "m", arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:memory/m-12345678901",
        eventExpiryDuration = 30, createdAt = 1, updatedAt = 1, status = "CREATING",
    } } } },
    { match = { operation = "InvokeModel" }, action = { delay_ms = 200 } },
} })

--- The certificate's key stays with openssl.
local function signer(key)
    return function(data)
        local name = os.tmpname()
        local file = assert(io.open(name, "wb"))
        file:write(data)
        file:close()
        local pipe = assert(io.popen("openssl dgst -sha256 -sign '" .. key .. "' " .. name))
        local signature = pipe:read "*a"
        pipe:close()
        os.remove(name)
        return signature
    end
end

case("asks a function for credentials once for many, which may make calls", function(bedrock, settings)
    local base, asked = assert(bedrock.connect(settings)), 0
    local conn = assert(bedrock.connect {
        auth = "custom",
        credentials = function()
            asked = asked + 1
            assert(base:converse(ask "Hi"))
            return {
                access_key_id = settings.access_key_id,
                secret_access_key = settings.secret_access_key,
                expiration = os.time() + 3600,
            }
        end,
        endpoint = settings.endpoint,
        ca_file = settings.ca_file,
    })
    local calls = {}
    for i = 1, 16 do
        calls[i] = function() return conn:converse(ask "Hi") end
    end
    local answers = bedrock.parallel(calls)
    for i = 1, 16 do
        equal("end_turn", answers[i] and answers[i].stopReason)
    end
    equal(1, asked, "the calls of the function")
    conn:close()
    base:close()
end)

case("finds a model by the account's lists, for many that ask at once", connected(function(conn, bedrock)
    local asking = {}
    for i = 1, 4 do
        asking[i] = function() return conn:resolve "anthropic.claude-sonnet-4-5-20250929-v1:0" end
    end
    for _, id in ipairs(bedrock.parallel(asking)) do
        equal("us.anthropic.claude-sonnet-4-5-20250929-v1:0", id)
    end
    local id, err = conn:resolve "no such model at all"
    is_error("validation", "ValidationError", id, err)
end))

case("mends a call as the service's words say, and a stream", connected(function(conn)
    local given = { model = MODEL, prompt = "Hi", temperature = 0.5, heal = true }
    equal(1, #assert(conn:generate(given)).healed)
    local stream = assert(conn:generate_stream(given))
    for _ in stream do end
    equal(1, #stream.answer.healed)
end), { rules = scripted("InvokeModel", 1, { status = 400, json = {
    __type = "ValidationException", message = "`temperature` is deprecated for this model." } }) })

--- How a function may come to use its own connection, in the order of the cases.
local ITS_OWN = {
    { "itself", function(_, use)
        return use()
    end },
    { "in a coroutine", function(_, use)
        return coroutine.wrap(use)()
    end },
    { "in a coroutine of a coroutine", function(_, use)
        return coroutine.wrap(function()
            return coroutine.wrap(use)()
        end)()
    end },
    { "in a task", function(bedrock, use)
        return bedrock.spawn(use):join()
    end },
    { "in a task of a task", function(bedrock, use)
        return bedrock.spawn(function()
            return bedrock.spawn(use):join()
        end):join()
    end },
}

for _, way in ipairs(ITS_OWN) do
    case("a function that uses its own connection is told so at once: " .. way[1], function(bedrock, settings)
        -- There it takes a minute: a coroutine of one's own looks like a thread of the same request.
        if rawget(_G, "ngx") and way[1]:find "coroutine" then
            return
        end
        local conn, asked, why = nil, 0, nil
        conn = assert(bedrock.connect {
            auth = "custom",
            credentials = function()
                asked = asked + 1
                why = select(2, way[2](bedrock, function()
                    return conn:converse(ask "Hi")
                end))
                return nil, "none"
            end,
            endpoint = settings.endpoint,
            ca_file = settings.ca_file,
        })
        local _, err = conn:converse(ask "Hi")
        equal("none", err.message:match "none")
        equal("it would wait for itself", tostring(why):match "it would wait for itself")
        equal(1, asked, "the calls of the function")
        conn:close()
    end)
end

case("signs an exchange by a function, and assumes roles on top", function(bedrock, _, identity)
    local with_sign = {}
    for name, value in pairs(identity) do
        with_sign[name] = value
    end
    with_sign.sign, with_sign.private_key = signer(identity.private_key), nil
    with_sign.session_name, with_sign.cache = "signed-in-hosts", "memory"
    with_sign.assume_role = { role_arn = "arn:aws:iam::123456789012:role/hosts" }
    local conn = assert(bedrock.connect(with_sign))
    assert(conn:converse(ask "Hi"))
    equal("assume_role roles_anywhere", table.concat(assert(conn:credentials()).via, " "))
    conn:close()
end)

for _, one in ipairs(dofile "spec/support/chat_cases.lua") do
    cases[#cases + 1] = one
end

return cases
