--- The functions of `on`: what they are told, when, and that nothing they do gets into a call.
local bedrock = require "bedrock"
local host = require "bedrock.host"
local service = dofile "spec/support/service.lua"

local NAMES = { "attempt", "credentials", "response", "retry", "stream_end" }

describe("a connection with hooks", function()
    local ep = service.each()
    local events, opened
    local number = 0

    --- Hooks that keep what they are told, under their names.
    local function hooks()
        local on = {}
        for _, name in ipairs(NAMES) do
            on[name] = function(event)
                event.name = name
                events[#events + 1] = event
            end
        end
        return on
    end

    local function open(settings)
        opened = assert(bedrock.connect(settings))
        return opened
    end

    local function connect(more)
        return open(service.settings(ep, service.merged({ on = hooks() }, more)))
    end

    --- With certificate and a name of its own, so that no cache has its credentials.
    local function with_certificate(more)
        number = number + 1
        return open(service.roles_anywhere(ep, ("hooks-%d-%d"):format(os.time(), number), service.merged({
            certificate = ep.pki .. "/p256.chain.pem", private_key = ep.pki .. "/p256.key.pkcs8.pem", on = hooks(),
        }, more)))
    end

    --- "attempt 1, response 1 200", as it went.
    local function course()
        local list = {}
        for i, event in ipairs(events) do
            local parts = { event.name, event.attempt or "-" }
            parts[#parts + 1] = event.cache or event.reason or event.status
            parts[#parts + 1] = event.error and event.error.code
            list[i] = table.concat(parts, " ")
        end
        return table.concat(list, ", ")
    end

    local function find(name, nth)
        for _, event in ipairs(events) do
            if event.name == name then
                nth = (nth or 1) - 1
                if nth == 0 then
                    return event
                end
            end
        end
    end

    before_each(function()
        events = {}
    end)

    after_each(function()
        if opened then
            opened:close()
        end
        opened = nil
        bedrock.log(false)
    end)

    it("tells of a call", function()
        local answer = assert(connect():converse(service.ask "hi"))
        assert.equal("attempt 1, response 1 200", course())
        local event = find "response"
        assert.equal("converse", event.operation)
        assert.equal("bedrock-runtime", event.service)
        assert.equal("us-east-1", event.region)
        assert.equal(bedrock.metadata(answer).request_id, event.request_id)
        assert.same({ input_tokens = answer.usage.inputTokens, output_tokens = answer.usage.outputTokens,
            total_tokens = answer.usage.totalTokens }, event.tokens)
        assert.equal(bedrock.metadata(answer).timing.bytes, event.bytes)
        for _, name in ipairs { "queue", "credentials", "dns", "connect", "tls", "first_byte", "attempt", "total" } do
            assert.is_number(event.ms[name], name)
        end
        assert.is_true(event.ms.total > 0 and event.ms.total >= event.ms.first_byte)
        assert.equal(event.ms.connect > 0, event.ms.tls > 0)
    end)

    it("tells of a kept connection by no time for it", function()
        local conn = connect()
        assert(conn:converse(service.ask "hi"))
        assert(conn:converse(service.ask "hi"))
        local ms = find("response", 2).ms
        assert.same({ 0, 0, 0 }, { ms.dns, ms.connect, ms.tls })
    end)

    local function fail_once(action, operation)
        ep:script { { match = { operation = operation or "Converse" }, times = 1, action = action } }
    end

    it("tells why a call is sent again", function()
        local conn = connect()
        for reason, action in pairs {
            server_error = { status = 503, body = '{"message":"busy"}',
                headers = { ["x-amzn-errortype"] = "ServiceUnavailableException" } },
            throttled = { status = 429, body = '{"message":"slow"}',
                headers = { ["x-amzn-errortype"] = "ThrottlingException" } },
        } do
            events = {}
            fail_once(action)
            assert(conn:converse(service.ask "hi"))
            local code = action.headers["x-amzn-errortype"]
            assert.equal(("attempt 1, response 1 %d %s, retry 1 %s %s, attempt 2, response 2 200"):format(action.status,
                code, reason, code), course())
            local retry = find "retry"
            assert.is_number(retry.delay_ms)
            assert.equal(action.status, retry.status)
            assert.equal(find("response").request_id, retry.request_id)
            assert.equal("converse", retry.error.operation)
            assert.truthy(tostring(retry.error):find(code, 1, true))
        end
    end)

    it("tells of an error that is not tried again", function()
        fail_once { status = 400, body = '{"message":"no"}',
            headers = { ["x-amzn-errortype"] = "ValidationException" } }
        local _, err = connect():converse(service.ask "hi")
        assert.equal("attempt 1, response 1 400 ValidationException", course())
        assert.equal(tostring(err), tostring(find("response").error))
    end)

    it("tells of a request that reached nobody", function()
        local conn = connect { endpoint = ep.refused, max_attempts = 2 }
        local _, err = conn:converse(service.ask "hi")
        assert.equal("attempt 1, response 1 ConnectFailed, retry 1 not_sent ConnectFailed, attempt 2, "
            .. "response 2 ConnectFailed", course())
        assert.equal("transport", find("response").error.kind)
        assert.equal(err.message, find("response", 2).error.message)
    end)

    it("tells of a stream, and of its end", function()
        local stream = assert(connect():converse_stream(service.ask "hi"))
        assert.equal("attempt 1, response 1 200", course())
        assert(stream:gather())
        assert.equal("attempt 1, response 1 200, stream_end 1", course())
        local event = find "stream_end"
        assert.is_true(event.bytes > 0 and event.tokens.total_tokens > 0)
        assert.is_true(event.ms.total >= find("response").ms.total)
        assert.equal("converse_stream", event.operation)
    end)

    it("tells of a stream that is closed, once", function()
        local stream = assert(connect():converse_stream(service.ask "hi"))
        assert(stream:next())
        stream:close()
        stream:close()
        assert.equal("attempt 1, response 1 200, stream_end 1 Closed", course())
    end)

    it("tells of a stream that broke", function()
        ep:script { { match = { operation = "ConverseStream" }, times = 1, action = { truncate = 300 } } }
        local stream = assert(connect():converse_stream(service.ask "hi"))
        local _, err = stream:gather()
        assert.equal("stream", err.kind)
        assert.equal("attempt 1, response 1 200, stream_end 1 Truncated", course())
        assert.equal(err, find("stream_end").error)
    end)

    it("tells of a call that is cancelled", function()
        ep:script { { match = { operation = "Converse" }, times = 1, action = { delay_ms = 60000 } } }
        local conn = connect()
        local task = bedrock.spawn(function()
            return conn:converse(service.ask "hi")
        end)
        assert.equal("attempt 1", course())
        task:cancel()
        pcall(task.join, task)
        assert.equal("attempt 1, response 1 Cancelled", course())
    end)

    it("tells of a call whose connection is closed", function()
        ep:script { { match = { operation = "Converse" }, times = 1, action = { delay_ms = 60000 } } }
        local conn = connect()
        local task = bedrock.spawn(function()
            return conn:converse(service.ask "hi")
        end)
        conn:close()
        local _, err = task:join()
        assert.equal("Closed", err.code)
        assert.equal("attempt 1, response 1 Closed", course())
    end)

    it("tells where credentials came from", function()
        local conn = with_certificate()
        assert(conn:converse(service.ask "hi"))
        assert.equal("credentials - exchange, attempt 1, response 1 200", course())
        assert.equal("roles_anywhere", find("credentials").source)
        assert.is_true(find("credentials").ms.credentials > 0)
        assert.is_true(find("response").ms.credentials > 0)
        events = {}
        assert(conn:converse(service.ask "hi"))
        assert.equal("credentials - memory, attempt 1, response 1 200", course())
        events = {}
        assert(conn:refresh())
        assert.equal("credentials - exchange", course())
        assert.equal("refresh", find("credentials").operation)
    end)

    it("tells of credentials that a file had", function()
        local settings = service.roles_anywhere(ep, "hooks-file-" .. os.time(), {
            certificate = ep.pki .. "/p256.chain.pem", private_key = ep.pki .. "/p256.key.pkcs8.pem", on = hooks() })
        assert(open(settings):converse(service.ask "hi"))
        opened:close()
        collectgarbage()
        collectgarbage()
        events = {}
        assert(open(settings):converse(service.ask "hi"))
        assert.equal("credentials - file, attempt 1, response 1 200", course())
    end)

    it("tells of credentials that are refused", function()
        ep:script { { match = { operation = "CreateSession" }, times = -1, action = { status = 403,
            body = '{"message":"Access denied"}', headers = { ["x-amzn-errortype"] = "AccessDeniedException" } } } }
        local _, err = with_certificate({ cache = false }):converse(service.ask "hi")
        assert.equal("credentials - AccessDeniedException", course())
        assert.equal(err.message, find("credentials").error.message)
        assert.equal("credentials", find("credentials").error.kind)
    end)

    it("tells of many calls at once, each in order", function()
        local conn = connect()
        local asks = {}
        for i = 1, 20 do
            asks[i] = function() return conn:converse(service.ask("number " .. i)) end
        end
        assert(bedrock.parallel(asks, { limit = 20 }))
        assert.equal(40, #events)
        local attempts = 0
        for _, event in ipairs(events) do
            attempts = attempts + (event.name == "attempt" and 1 or -1)
            assert.is_true(attempts >= 0)
        end
        assert.equal(0, attempts)
    end)

    it("lets hooks wait, and use the connection, of which they are not told", function()
        local conn, inner
        conn = open(service.settings(ep, { on = { response = function(event)
            inner = (inner or 0) + 1
            assert(conn:converse(service.ask "from within"))
            events[#events + 1] = event
        end } }))
        assert(conn:converse(service.ask "hi"))
        assert.equal(1, inner)
        assert.equal(1, #events)
        assert.is_true(bedrock.spawn(function() return conn:converse(service.ask "hi") end):join() ~= nil)
        assert.equal(2, inner)
    end)

    it("keeps a hook's error out of the call, and tells it once", function()
        local reports, report = {}, host.report
        host.report = function(message) reports[#reports + 1] = message end
        local conn = connect { on = { response = function() error "no room" end } }
        local first, second = conn:converse(service.ask "hi"), conn:converse(service.ask "hi")
        host.report = report
        assert.is_table(first)
        assert.is_table(second)
        assert.equal(1, #reports)
        assert.truthy(reports[1]:find "^bedrock: the function given as on%.response failed: .*no room$")
    end)

    it("refuses what are no hooks, with all else that is wrong", function()
        local conn, err = bedrock.connect(service.settings(ep, { region = "nowhere-1",
            on = { respons = print, attempt = 1 } }))
        assert.is_nil(conn)
        assert.equal("config", err.kind)
        local text = tostring(err)
        assert.truthy(text:find("on.respons: unknown (did you mean response?)", 1, true), text)
        assert.truthy(text:find("on.attempt: must be a function, got a number", 1, true), text)
        assert.truthy(text:find("region: ", 1, true), text)
        local _, other = bedrock.connect(service.settings(ep, { on = 5 }))
        assert.truthy(tostring(other):find("on: must be a table of functions, got a number", 1, true))
        assert(bedrock.connect(service.settings(ep, { on = bedrock.null }))):close()
    end)

    it("has nothing to do with other connections", function()
        connect()
        local other = service.connect(ep)
        assert(other:converse(service.ask "hi"))
        other:close()
        assert.equal("", course())
    end)
end)

describe("timing", function()
    local conn
    service.each_connected(function(c) conn = c end)

    it("is known of each answer without hooks", function()
        local answer = assert(conn:converse(service.ask "hi"))
        local timing = bedrock.metadata(answer).timing
        for _, name in ipairs { "queue", "credentials", "dns", "connect", "tls", "first_byte", "total" } do
            assert.is_number(timing.ms[name], name)
            assert.equal(timing.ms[name], timing[name])
        end
        assert.is_true(timing.ms.total >= timing.ms.first_byte and timing.ms.first_byte > 0)
        assert.equal(answer.usage.totalTokens, timing.tokens.total_tokens)
        assert.is_true(timing.bytes > 0)
    end)

    it("is one for a stream and what it gathered", function()
        local stream = assert(conn:converse_stream(service.ask "hi"))
        local at_head = bedrock.metadata(stream).timing
        local result = assert(stream:gather())
        local timing = bedrock.metadata(stream).timing
        assert.is_true(timing.total >= at_head.total and timing.bytes >= at_head.bytes and timing.bytes > 1000)
        assert.equal(at_head.first_byte, timing.first_byte)
        assert.equal(result.usage.totalTokens, bedrock.metadata(result).timing.tokens.total_tokens)
    end)
end)
