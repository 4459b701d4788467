--- What must be the same wherever calls run: each case is `name`, `rules` and `config` for the endpoint, and
--- run(bedrock, settings, facts). Raises what is wrong. Needs nothing but the module, so that any host can run it.
local MODEL = "amazon.nova-lite-v1:0"

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

case("answers one call after the other on one connection", connected(function(conn)
    for i = 1, 5 do
        local text = "question " .. i
        equal("You asked: " .. text, text_of(assert(conn:converse(ask(text)))):match "^[^\n]*")
    end
end))

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

return cases
