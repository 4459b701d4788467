--- Compressed answers: none is asked for, and one that comes all the same is never taken for what it is not.
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"

local ask, header = service.ask, service.header

--- What gzip makes of {"a":1}, and the beginning of what it makes of more.
local GZIP = "H4sIAAAAAAAC/6tWSlSyMqwFAJ2ZKuAHAAAA"

describe("a compressed answer", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end, { max_attempts = 2 })

    local function answers(operation, action, times)
        action.body64 = action.body64 or GZIP
        action.headers = action.headers or { ["Content-Encoding"] = "gzip" }
        ep:script { { match = { operation = operation }, times = times or -1, action = action } }
    end

    local function is_refused(value, err)
        assert.is_nil(value)
        assert.equal("transport", err.kind)
        assert.equal("BadResponse", err.code)
        assert.is_truthy(err.message:find("gzip-encoded", 1, true), err.message)
        assert.equal(200, err.status)
        assert.is_false(err.retryable)
        assert.equal(1, err.attempts)
    end

    local function raw(more)
        return service.merged({ path = "/model/" .. service.MODEL .. "/converse", body = ask "Hello" }, more)
    end

    it("is not asked for, by calls and exchanges", function()
        assert(conn:converse(ask "Hello"))
        assert(conn:request(raw()))
        local own = assert(bedrock.connect(service.merged(service.roles_anywhere(ep, "codings"), ep:identity())))
        assert(own:refresh())
        own:close()
        local requests = ep:requests()
        assert.equal(3, #requests)
        for _, request in ipairs(requests) do
            assert.equal("identity", header(request, "accept-encoding"))
            assert.is_nil(header(request, "authorization"):find("accept-encoding", 1, true))
        end
    end)

    it("is refused by name, where JSON, bytes and events were to come", function()
        answers("Converse", { status = 200 })
        is_refused(conn:converse(ask "Hello"))
        is_refused(conn:request(raw()))
        answers("InvokeModel", { status = 200 })
        is_refused(conn:invoke_model { modelId = "x.echo-v1:0", body = "{}" })
        answers("ConverseStream", { status = 200 })
        is_refused(conn:converse_stream(ask "Hello"))
        answers("InvokeModelWithResponseStream", { status = 200 })
        is_refused(conn:invoke_model_with_response_stream { modelId = "x.echo-v1:0", body = "{}" })
        is_refused(conn:request(raw { stream = true }))
        is_refused(conn:request(raw { stream = "bytes" }))
    end)

    it("is refused as server-sent events", function()
        answers("Converse", { status = 200,
            headers = { ["Content-Encoding"] = "gzip", ["Content-Type"] = "text/event-stream" } })
        is_refused(conn:request(raw { stream = true }))
    end)

    it("is read where it is not compressed, whatever the header's form", function()
        answers("Converse", { headers = { ["Content-Encoding"] = "Identity" }, status = 200, body64 = "e30=" })
        assert.equal("{}", assert(conn:request(raw())).body)
    end)

    it("comes as it is to whoever asks for it", function()
        answers("Converse", { status = 200 })
        local answer = assert(conn:request(raw { headers = { ["Accept-Encoding"] = "gzip" } }))
        assert.equal("\31\139", answer.body:sub(1, 2))
        assert.equal("gzip", answer.headers["content-encoding"])
        assert.equal("gzip", header(ep:requests()[1], "accept-encoding"))
    end)

    it("hides neither status nor code of an error", function()
        answers("Converse", { status = 400, headers = { ["Content-Encoding"] = "gzip",
            ["x-amzn-ErrorType"] = "ValidationException" } })
        local answer, err = conn:converse(ask "Hello")
        assert.is_nil(answer)
        assert.equal("service", err.kind)
        assert.equal("ValidationException", err.code)
        assert.equal(400, err.status)
        assert.is_truthy(err.message:find("gzip-encoded", 1, true), err.message)
    end)

    it("is tried again where its status says so", function()
        answers("Converse", { status = 503 }, 1)
        local answer = assert(conn:converse(ask "Hello"))
        assert.equal(2, bedrock.metadata(answer).attempts)
    end)

    it("is refused as credentials", function()
        answers("CreateSession", { status = 201 })
        local own = assert(bedrock.connect(service.merged(service.roles_anywhere(ep, "coded"), ep:identity())))
        local done, err = own:refresh()
        assert.is_nil(done)
        assert.equal("BadResponse", err.code)
        assert.is_truthy(err.message:find("gzip-encoded", 1, true), err.message)
        own:close()
    end)
end)
