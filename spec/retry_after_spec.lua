--- What errors tell of the answer: its headers, and for how long the service asks to wait.
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"

local ask = service.ask

describe("an error", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    after_each(function()
        ep:reset()
    end)

    local function refused(status, headers, settings)
        ep:script { { match = { operation = "Converse" }, times = -1, action = { status = status, headers = headers,
            json = { message = "not now" } } } }
        local answer, err = conn:converse(ask "Hi", settings)
        assert.is_nil(answer)
        return err
    end

    it("says for how long the service asks to wait, at once where that is too long", function()
        for _, case in ipairs {
            { { ["Retry-After"] = "21" }, 21 },
            { { ["x-amz-retry-after"] = "20500" }, 20.5 },
            { { ["Retry-After"] = "3600" }, 3600 },
            { { ["Retry-After"] = "99999999999999999999" }, 1e9 },
            { { ["Retry-After"] = os.date("!%a, %d %b %Y %H:%M:%S GMT", os.time() + 600) }, 600, 120 },
        } do
            ep:reset()
            local err = refused(429, case[1])
            assert.equal(1, err.attempts)
            assert.equal(429, err.status)
            assert.is_true(err.retryable)
            assert.truthy(math.abs(case[2] - err.retry_after) <= (case[3] or 2), tostring(err.retry_after))
            assert.equal(1, ep:counters().Converse)
        end
    end)

    it("comes at once where total_timeout leaves less", function()
        local err = refused(503, { ["Retry-After"] = "9" }, { total_timeout = 8000 })
        assert.equal("service", err.kind)
        assert.equal(1, err.attempts)
        assert.equal(9, err.retry_after)
    end)

    it("says so, too, where nothing is tried again", function()
        assert.equal(5, refused(403, { ["Retry-After"] = "5" }).retry_after)
        ep:reset()
        assert.is_nil(refused(400, {}).retry_after)
    end)

    it("makes nothing of hints that are none", function()
        for _, value in ipairs { "-5", "nan", "soon", "inf", "", "7s" } do
            ep:reset()
            local err = refused(429, { ["Retry-After"] = value }, { max_attempts = 1 })
            assert.is_nil(err.retry_after)
        end
        ep:reset()
        local past = refused(429, { ["Retry-After"] = "Sun, 06 Nov 1994 08:49:37 GMT" }, { max_attempts = 1 })
        assert.equal(0, past.retry_after)
    end)

    it("carries the answer's headers, as metadata has them", function()
        local err = refused(400, { ["X-Odd"] = { "one", "two" }, ["Set-Cookie"] = "AWSALB=abcdefgh" })
        assert.equal("one, two", err.headers["x-odd"])
        assert.equal(err.request_id, err.headers["x-amzn-requestid"])
        assert.is_string(err.headers.date)
        assert.is_nil(err.headers["set-cookie"])
        for name, value in pairs(err.headers) do
            assert.equal(name:lower(), name)
            assert.is_string(value)
        end
    end)

    it("carries them for raw requests, streams and answers that cannot be read", function()
        ep:script { { match = {}, times = 3, action = { status = 404, headers = { ["X-Odd"] = "1" } } } }
        local _, raw = conn:request { path = "/x" }
        local _, stream = conn:converse_stream(ask "Hi")
        local _, bytes = conn:request { path = "/x", stream = true }
        assert.same({ "1", "1", "1" }, { raw.headers["x-odd"], stream.headers["x-odd"], bytes.headers["x-odd"] })
        ep:script { { match = { operation = "Converse" }, action = { status = 200, body = "{",
            headers = { ["X-Odd"] = "2" } } } }
        local _, unread = conn:converse(ask "Hi")
        assert.equal("BadResponse", unread.code)
        assert.equal("2", unread.headers["x-odd"])
        ep:script { { match = { operation = "ConverseStream" }, action = { headers = { ["X-Odd"] = "3" }, frames = {
            { event = "messageStart", json = { role = "assistant" } },
            { exception = "validationException", json = { message = "no" } } } } } }
        local broken = assert(conn:converse_stream(ask "Hi"))
        assert.equal("messageStart", (broken:next()))
        local _, err = broken:next()
        assert.equal("ValidationException", err.code)
        assert.equal("3", err.headers["x-odd"])
        ep:script { { match = { operation = "ConverseStream" }, action = { headers = { ["X-Odd"] = "4" }, frames = {
            { event = "messageStart", json = { role = "assistant" } } } } } }
        _, err = assert(conn:converse_stream(ask "Hi")):gather()
        assert.equal("Truncated", err.code)
        assert.equal("4", err.headers["x-odd"])
    end)

    it("has none where no answer came", function()
        local off = service.connect(ep, { endpoint = ep.refused, max_attempts = 1 })
        local _, err = off:converse(ask "Hi")
        assert.is_nil(err.headers)
        assert.is_nil(err.retry_after)
        _, err = conn:converse {}
        assert.is_nil(err.headers)
        off:close()
    end)

    it("hides what secrets a header repeats, in metadata, too", function()
        local headers = { ["X-Echo"] = "key=" .. ep.secret_access_key .. ";" }
        local err = refused(400, headers)
        assert.equal("key=" .. ("*"):rep(#ep.secret_access_key) .. ";", err.headers["x-echo"])
        ep:reset()
        ep:script { { match = { operation = "Converse" }, action = { headers = headers } } }
        local facts = bedrock.metadata(assert(conn:converse(ask "Hi")))
        assert.is_nil(facts.headers["x-echo"]:find(ep.secret_access_key, 1, true))
    end)
end)

describe("refused credentials", function()
    it("say for how long to wait, and show no headers", function()
        local ep = service.endpoint()
        ep:reset()
        ep:script { { match = { operation = "CreateSession" }, action = { status = 429,
            headers = { ["Retry-After"] = "30", ["X-Odd"] = "1" } } } }
        local conn = assert(bedrock.connect(service.roles_anywhere(ep, "retry-after", { cache = "memory",
            certificate = ep.pki .. "/p256.chain.pem", private_key = ep.pki .. "/p256.key.pkcs8.pem" })))
        local answer, err = conn:converse(ask "Hi")
        assert.is_nil(answer)
        assert.equal("credentials", err.kind)
        assert.equal(30, err.retry_after)
        assert.is_nil(err.headers)
        assert.equal(0, err.attempts)
        assert.equal(1, ep:counters().CreateSession)
        conn:close()
        ep:reset()
    end)
end)
