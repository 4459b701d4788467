--- Server-sent events: raw requests whose answer is text/event-stream.
local cjson = require "cjson"
local mime = require "mime"
local bedrock = require "bedrock"
local collector = require "spec.support.collector"
local service = dofile "spec/support/service.lua"

local header = service.header

local CHAT = "/openai/v1/chat/completions"
local JWT = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"
local INVOCATIONS = "/runtimes/arn%3Aaws%3Abedrock-agentcore%3Aus-east-1%3A123456789012%3Aruntime%2Fdemo-abcdefghij"
    .. "/invocations"
local CHUNKS = {
    [[{"choices":[{"delta":{"role":"assistant","content":""}}]}]],
    [[{"choices":[{"delta":{"content":"Hel"}}]}]],
    [[{"choices":[{"delta":{"content":"lo"}}]}]],
    [[{"choices":[{"delta":{},"finish_reason":"stop"}]}]],
}

--- Streams, and the events that the HTML Standard has come of them.
local STREAMS = {
    { "", {} },
    { "data: YHOO\ndata: +2\ndata: 10\n\n", { { data = "YHOO\n+2\n10" } } },
    { "data\n\ndata\ndata\n\n: end", { { data = "" }, { data = "\n" } } },
    { ": test\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n",
        { { data = "first", id = "1" }, { data = "second" }, { data = " third" } } },
    { "data: a\r\rdata: b\r\n\r\ndata: c\n\ndata: d\n\rdata: e\r\r\n",
        { { data = "a" }, { data = "b" }, { data = "c" }, { data = "d" }, { data = "e" } } },
    { "\239\187\191data: a\n\n\239\187\191data: b\n\n", { { data = "a" } } },
    { "event: add\ndata: 1\n\nevent: remove\n\ndata: 2\n\n", { { event = "add", data = "1" }, { data = "2" } } },
    { "id: 7\ndata: a\n\ndata: b\n\nid: x\0\ndata: c\n\n",
        { { data = "a", id = "7" }, { data = "b", id = "7" }, { data = "c", id = "7" } } },
    { "retry: 250\ndata: a\n\nretry: 2s\nretry:\nretry: -3\ndata: b\n\n",
        { { data = "a", retry = 250 }, { data = "b", retry = 250 } } },
    { " data: no\n\nData: no\n\nother: x\nother\ndata : no\n\n:data: no\n\n", {} },
    { "data: \255\0\195(\n\n", { { data = "\255\0\195(" } } },
    { "data: a:b\n\ndata::\n\ndata:\tc\n\n", { { data = "a:b" }, { data = ":" }, { data = "\tc" } } },
    { "event: chunk\ndata: x\n\nevent: next\ndata: y\n\n",
        { { event = "chunk", data = "x" }, { event = "next", data = "y" } } },
}

local function named(list)
    local all = {}
    for i, event in ipairs(list) do
        all[i] = { event = event.event or "message", data = event.data, id = event.id, retry = event.retry }
    end
    return all
end

describe("server-sent events", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    local function answer_with(body, more)
        local action = { body64 = mime.b64(body) or "", headers = { ["Content-Type"] = "text/event-stream" } }
        for name, value in pairs(more or {}) do
            action[name] = value
        end
        ep:script { { action = action } }
    end

    local function open(body, more)
        answer_with(body, more)
        return assert(conn:request { path = CHAT, body = { stream = true }, stream = true })
    end

    local function all_of(stream)
        local list = {}
        for name, event in stream:events() do
            assert.equal(name, event.event)
            list[#list + 1] = event
        end
        return list
    end

    local function last_request()
        local all = ep:requests()
        return all[#all]
    end

    local function completion()
        local lines = {}
        for i, chunk in ipairs(CHUNKS) do
            lines[i] = "data: " .. chunk .. "\n\n"
        end
        return table.concat(lines) .. "data: [DONE]\n\n"
    end

    describe("are parsed as the HTML Standard has it", function()
        for i, case in ipairs(STREAMS) do
            it("in stream " .. i .. ", whole and byte by byte", function()
                assert.same(named(case[2]), all_of(open(case[1])))
                assert.same(named(case[2]), all_of(open(case[1], { drip = { 1, 0 }, chunked = true })))
            end)
        end

        it("in many hundred thousands, and of megabytes", function()
            local big = ("x"):rep(3000000)
            local list = all_of(open(("data:y\n\n"):rep(100000) .. "data: " .. big .. "\n\n"))
            assert.equal(100001, #list)
            assert.equal("y", list[100000].data)
            assert.equal(big, list[100001].data)
        end)
    end)

    it("leave it to the stream's metadata how much came in the end", function()
        local body = ("data:y\n\n"):rep(100000)
        local stream = open(body)
        assert.equal(100000, #all_of(stream))
        assert.equal(#body, bedrock.metadata(stream).timing.bytes)
    end)

    describe("of a completion", function()
        it("bring names and events, the last [DONE] like any other, then nil for ever", function()
            local stream = open(completion())
            assert.equal(200, stream.status)
            assert.equal("text/event-stream", stream.headers["content-type"])
            assert.equal(200, bedrock.metadata(stream).status)
            for _, chunk in ipairs(CHUNKS) do
                local name, event = stream:next()
                assert.equal("message", name)
                assert.same({ event = "message", data = chunk }, event)
                assert.same(cjson.decode(chunk), bedrock.json.decode(event.data))
            end
            local last = select(2, stream:next()).data
            assert.equal("[DONE]", last)
            assert.is_nil((bedrock.json.decode(last)))
            for _ = 1, 3 do
                assert.same({ n = 1 }, { n = select("#", stream:next()), (stream:next()) })
            end
            assert.equal("bedrock.stream (request, ended)", tostring(stream))
        end)

        it("gather to their list", function()
            local result = assert(open(completion()):gather())
            assert.equal(#CHUNKS + 1, #result.events)
            assert.equal(CHUNKS[2], result.events[2].data)
            assert.equal(200, result.status)
            assert.equal("text/event-stream", result.headers["content-type"])
            assert.equal(200, bedrock.metadata(result).status)
            assert.is_nil(result.body)
        end)

        it("come at once, before the answer is over", function()
            ep:script { { action = { headers = { ["Content-Type"] = "text/event-stream" }, chunked = true,
                body = "data: one\n\ndata: two\n\n", drip = { 11, 60000 } } } }
            local stream = assert(conn:request { path = CHAT, body = "{}", stream = true })
            assert.equal("one", select(2, stream:next()).data)
            stream:close()
            local name, err = stream:next()
            assert.is_nil(name)
            assert.equal("Closed", err.code)
        end)
    end)

    describe("or bytes: which", function()
        it("the Content-Type tells", function()
            for _, value in ipairs { "text/event-stream; charset=utf-8", "Text/Event-Stream", "text/event-stream;x" } do
                answer_with("data: a\n\n", { headers = { ["Content-Type"] = value } })
                local stream = assert(conn:request { path = CHAT, stream = true })
                assert.same(named { { data = "a" } }, all_of(stream), value)
            end
            for _, value in ipairs { "application/x-ndjson", "text/event-streams", "text/plain; text/event-stream" } do
                answer_with("data: a\n\n", { headers = { ["Content-Type"] = value } })
                local stream = assert(conn:request { path = CHAT, stream = true })
                assert.equal("data: a\n\n", assert(stream:gather()).body, value)
            end
        end)

        it("the caller can say", function()
            answer_with(completion(), { drip = { 50, 1 } })
            local stream = assert(conn:request { path = CHAT, stream = "bytes" })
            local pieces = {}
            for name, bytes in stream:events() do
                assert.equal("chunk", name)
                pieces[#pieces + 1] = bytes
            end
            assert.equal(completion(), table.concat(pieces))
            answer_with(completion())
            assert.equal(completion(), assert(conn:request { path = CHAT, stream = false }).body)
        end)

        it("is no other word, and no option of a call", function()
            for value, kind in pairs { [1] = "type", events = "enum" } do
                local _, err = conn:request { path = CHAT, stream = value }
                assert.equal("stream", err.errors[1].path)
                assert.equal(kind, err.errors[1].kind)
            end
            local _, err = conn:request({ path = CHAT }, { stream = true })
            assert.equal("conflict", err.errors[1].kind)
            assert.equal(0, ep:counters().requests)
        end)
    end)

    describe("that break off", function()
        local function broken(body, more)
            local result, err = open(body, more):gather()
            assert.is_nil(result)
            assert.equal("stream", err.kind)
            assert.equal("request", err.operation)
            return err
        end

        it("are an error when HTTP tells", function()
            for _, how in ipairs { { truncate = 15 }, { abort = true, chunked = true } } do
                local err = broken("data: a\n\ndata: bc", how)
                assert.equal("Truncated", err.code)
                assert.is_true(err.retryable)
                assert.same(named { { data = "a" } }, err.partial.events)
            end
            assert.equal("Truncated", broken("data: a\n\n", { abort = true, chunked = true }).code)
        end)

        it("are an error in the middle of an event, whatever HTTP tells", function()
            for _, rest in ipairs { "data: b", "data: b\n", "event: b\r\n", "d" } do
                local err = broken("data: a\n\n" .. rest)
                assert.equal("Truncated", err.code, rest)
                assert.matches("in the middle of an event", err.message)
                assert.equal(200, err.status)
                assert.same(named { { data = "a" } }, err.partial.events)
            end
        end)

        it("raise within a for, and tell the error again and again", function()
            local stream = open "data: a\n\ndata: b"
            local count = 0
            local ok, why = pcall(function()
                for _ in stream:events() do
                    count = count + 1
                end
            end)
            assert.is_false(ok)
            assert.equal("Truncated", why.code)
            assert.equal(1, count)
            for _ = 1, 2 do
                local name, err = stream:next()
                assert.is_nil(name)
                assert.equal(why, err)
            end
        end)

        it("do not grow without end", function()
            local stream = open("data: a\n\ndata: " .. ("x"):rep(24 * 1024 * 1024))
            assert.equal("a", select(2, stream:next()).data)
            local name, err = stream:next()
            assert.is_nil(name)
            assert.equal("stream", err.kind)
            assert.equal("BadResponse", err.code)
            assert.matches("larger than 24 MiB", err.message)
            assert.is_false(err.retryable)
            assert.equal(err, select(2, stream:next()))
        end)

        it("do not begin for an error answer", function()
            ep:script { { action = { status = 400, headers = { ["Content-Type"] = "text/event-stream",
                ["x-amzn-errortype"] = "ValidationException" }, body = [[{"message":"no such model"}]] } } }
            local stream, err = conn:request { path = CHAT, stream = true }
            assert.is_nil(stream)
            assert.equal("service", err.kind)
            assert.equal("ValidationException", err.code)
            assert.equal(400, err.status)
            assert.matches("no such model", err.message)
        end)
    end)

    describe("are asked for", function()
        it("with a signature", function()
            assert(open(completion()):gather())
            assert.is_true(last_request().verified)
            assert.matches("^AWS4%-HMAC%-SHA256 ", header(last_request(), "authorization"))
        end)

        it("with a Bedrock API key", function()
            local other = assert(bedrock.connect { auth = "api_key", api_key = ep.api_key, endpoint = ep.https,
                ca_file = ep.ca_file })
            answer_with(completion())
            local stream = assert(other:request { path = CHAT, body = {}, stream = true })
            assert.equal(#CHUNKS + 1, #all_of(stream))
            assert.is_true(last_request().verified)
            assert.equal("Bearer " .. ep.api_key, header(last_request(), "authorization"))
            other:close()
        end)

        it("with a token of one's own, by which AgentCore knows a user", function()
            for _, how in ipairs {
                { fields = {}, options = { authorization = JWT } },
                { fields = {}, options = { headers = { Authorization = JWT } } },
                { fields = { authorization = JWT } },
            } do
                ep:script { { action = { after_verify = false, body = "event: x\ndata: y\n\n",
                    headers = { ["Content-Type"] = "text/event-stream" } } } }
                local stream = assert(conn:request({ service = "bedrock-agentcore", path = INVOCATIONS,
                    query = { qualifier = "DEFAULT" }, body = { prompt = "Hi" }, stream = true,
                    headers = { Accept = "text/event-stream", Authorization = how.fields.authorization } },
                    how.options))
                assert.same(named { { event = "x", data = "y" } }, all_of(stream))
                local request = last_request()
                assert.equal(JWT, header(request, "authorization"))
                assert.equal("text/event-stream", header(request, "accept"))
                for _, name in ipairs { "x-amz-date", "x-amz-security-token", "x-amz-content-sha256" } do
                    assert.is_nil(header(request, name))
                end
                assert.equal(INVOCATIONS .. "?qualifier=DEFAULT", request.uri)
            end
        end)
    end)

    it("are not mixed up by a finalizer that feeds the decoder that is at work", function()
        local decoder = require("bedrock.core").sse()
        local calm = collector.make_eager()
        local taken = 0
        local function feed_another()
            taken = taken + (pcall(decoder.feed, decoder, "id: another\ndata: x\n\n") and 1 or 0)
        end
        for i = 1, 200 do
            for _ = 1, 3 do
                service.finalized(feed_another)
            end
            local data = ("outer %d "):format(i):rep(100)
            local events = decoder:feed(("id: %d\ndata: %s\n\n"):format(i, data))
            assert.same({ { event = "message", data = data, id = tostring(i) } }, events)
        end
        calm()
        collectgarbage()
        assert.is_true(taken > 0)
    end)
end)
