--- Operations: calls, their options, what is known of a result, and requests that are only prepared.
local cjson = require "cjson"
local mime = require "mime"
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"

local MODEL = service.MODEL
local ask, header = service.ask, service.header
local PROFILE = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us." .. MODEL

describe("bedrock", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    describe("operations", function()
        it("return the decoded answer as AWS names it", function()
            local answer = assert(conn:converse(ask "Hello there"))
            assert.equal("assistant", answer.output.message.role)
            assert.matches("^You asked: Hello there", answer.output.message.content[1].text)
            assert.equal("end_turn", answer.stopReason)
            assert.equal("2", tostring(answer.usage.inputTokens))
            assert.is_true(service.last_request(ep).verified)
        end)

        it("raise when parameters or options are no tables", function()
            assert.error_matches(function()
                conn:converse "Hi"
            end, "parameters must be a table, got a string")
            assert.error_matches(function()
                conn:converse(ask "Hi", 3)
            end, "options must be a table, got a number")
        end)

        it("take an ARN as a model", function()
            local params = ask "Hi"
            params.modelId = PROFILE
            assert(conn:converse(params))
            assert.equal("/model/" .. PROFILE:gsub("[:/]", { [":"] = "%3A", ["/"] = "%2F" }) .. "/converse",
                service.last_request(ep).uri)
        end)

        it("send a body as it is, or a table as JSON", function()
            assert.equal("by hand", assert(conn:invoke_model { modelId = "echo.model", body = "by hand" }).body)
            local answer = assert(conn:invoke_model { modelId = "echo.model", body = { list = bedrock.array {} } })
            assert.equal('{"list":[]}', answer.body)
            assert.equal("application/json", header(service.last_request(ep), "content-type"))
        end)

        it("are called by name, too", function()
            local answer = assert(conn:call("bedrock-runtime", "Converse", ask "Hi"))
            assert.equal("end_turn", answer.stopReason)
            assert(conn:call("runtime", "converse", ask "Hi"))
            local _, err = conn:call("runtime", "Convers", ask "Hi")
            assert.equal("ConfigError", err.code)
            assert.matches('did you mean "converse"', err.message)
            _, err = conn:call("runtim", "Converse", ask "Hi")
            assert.matches('did you mean "runtime"', err.message)
            assert.has_error(function()
                conn:call(ask "Hi")
            end)
        end)

        it("say that streams in both directions are not supported", function()
            local stream, err = conn:invoke_model_with_bidirectional_stream { modelId = MODEL }
            assert.is_nil(stream)
            assert.equal("NotSupported", err.code)
            assert.equal("config", err.kind)
            assert.equal(0, ep:counters().requests)
        end)

        it("hand back the token they made up", function()
            ep:script { { match = { operation = "CreateGuardrail" }, times = 2, action = { status = 200, json = {
                guardrailId = "g", guardrailArn = "a", version = "DRAFT", createdAt = "2026-01-01T00:00:00Z" } } } }
            local params = { name = "g", blockedInputMessaging = "no", blockedOutputsMessaging = "no" }
            local result = assert(conn:create_guardrail(params))
            local sent = cjson.decode((mime.unb64(service.last_request(ep).body64)))
            assert.matches("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$", sent.clientRequestToken)
            assert.same({ clientRequestToken = sent.clientRequestToken }, bedrock.metadata(result).token)
            params.clientRequestToken = ("t"):rep(36)
            assert.is_nil(bedrock.metadata(assert(conn:create_guardrail(params))).token)
        end)
    end)

    describe("metadata", function()
        it("tells of a result, and of nothing else", function()
            ep:script { { match = { operation = "Converse" }, action = { headers = { ["X-Twice"] = { "a", "b" } } } } }
            local result = assert(conn:converse(ask "Hi"))
            local facts = bedrock.metadata(result)
            assert.equal(200, facts.status)
            assert.equal(1, facts.attempts)
            assert.equal(facts.headers["x-amzn-requestid"], facts.request_id)
            assert.equal("a, b", facts.headers["x-twice"])
            assert.equal(facts, bedrock.metadata(result))
            assert.is_nil(bedrock.metadata {})
            assert.is_nil(bedrock.metadata "text")
            assert.is_nil(bedrock.metadata(nil))
        end)

        it("counts attempts", function()
            ep:script { { match = { operation = "Converse" }, action = { status = 503, json = { message = "busy" } } } }
            assert.equal(2, bedrock.metadata(assert(conn:converse(ask "Hi"))).attempts)
        end)
    end)

    describe("options of a call", function()
        it("reach the wire", function()
            assert(conn:converse(ask "Hi", { headers = { ["X-Trace"] = "abc" } }))
            assert.equal("abc", header(service.last_request(ep), "x-trace"))
            assert.matches("x%-trace", header(service.last_request(ep), "authorization"))
        end)

        it("override the connection's", function()
            ep:script { { match = { operation = "Converse" }, times = -1, action = { status = 503 } } }
            local _, err = conn:converse(ask "Hi", { max_attempts = 1 })
            assert.equal(1, err.attempts)
            ep:reset()
            ep:script { { match = { operation = "Converse" }, action = { hang = true } } }
            _, err = conn:converse(ask "Hi", { read_timeout = 50 })
            assert.equal("ReadTimeout", err.code)
        end)

        it("are refused as those of a connection are", function()
            local _, err = conn:converse(ask "Hi", { max_attempts = 0, read_timeout = 2 ^ 31, total_timeout = 1.5,
                unknown = "x", nope = 1, retry_timeouts = 1 })
            local kinds = {}
            for _, problem in ipairs(err.errors) do
                kinds[problem.path] = problem.kind
            end
            assert.same({ max_attempts = "min-value", read_timeout = "max-value", total_timeout = "type",
                unknown = "enum", nope = "unknown", retry_timeouts = "type" }, kinds)
        end)

        it("let an Authorization of one's own pass unsigned", function()
            ep:config { verify = false }
            local value = "Bearer x.y.z"
            for _, options in ipairs { { authorization = value }, { headers = { Authorization = value } } } do
                assert(conn:converse(ask "Hi", options))
                assert.equal(value, header(service.last_request(ep), "authorization"))
                assert.is_nil(header(service.last_request(ep), "x-amz-date"))
            end
        end)

        it("relax validation", function()
            local params = ask "Hi"
            params.novelty = { 1, 2 }
            assert.is_nil((conn:converse(params)))
            assert(conn:converse(params, { unknown = "pass" }))
            assert.same({ 1, 2 }, cjson.decode((mime.unb64(service.last_request(ep).body64))).novelty)
        end)

        it("tighten it", function()
            local params = ask "Hi"
            params.messages[1].role = "wizard"
            local _, err = conn:converse(params, { strict = true })
            assert.equal("enum", err.errors[1].kind)
        end)

        it("are refused when unknown or unfit, all at once", function()
            local _, err = conn:converse(ask "Hi", { read_timout = 5, max_attempts = 0, strict = "yes", [1] = true })
            assert.equal("ConfigError", err.code)
            assert.equal(4, #err.errors)
            assert.matches("did you mean read_timeout", err.message)
            _, err = conn:converse(ask "Hi", { stream = true })
            assert.equal("stream", err.errors[1].path)
            assert.equal(0, ep:counters().requests)
        end)

        it("cannot leave open which of two headers is meant", function()
            local headers = { ["X-A"] = "1", ["x-a"] = "2", ["X-B"] = "3", Authorization = "a", authorization = "b" }
            local _, raw = conn:request { path = "/x", headers = headers }
            local _, prepared = conn:prepare("converse", ask "Hi", { headers = headers })
            for _, err in ipairs { select(2, conn:converse(ask "Hi", { headers = headers })), raw, prepared } do
                assert.equal("validation", err.kind)
                assert.equal(2, #err.errors)
                for _, problem in ipairs(err.errors) do
                    assert.equal("headers", problem.path)
                    assert.equal("conflict", problem.kind)
                end
                assert.matches("X-A and x-a are the same header", err.message, 1, true)
                assert.matches("Authorization and authorization are", err.message, 1, true)
            end
            assert(conn:request({ service = "bedrock", path = "/foundation-models", headers = { ["X-A"] = "1" } },
                { headers = { ["x-a"] = "2" } }))
            assert.equal("2", header(service.last_request(ep), "x-a"))
            headers = {}
            for i = 1, 300 do
                headers["x-" .. i] = "v"
            end
            local _, err = conn:converse(ask "Hi", { headers = headers })
            assert.equal("headers", err.errors[1].path)
        end)

        it("cannot smuggle headers", function()
            for name, value in pairs { Host = "evil", ["X-Amz-Date"] = "x", ["a b"] = "x", ["x-a"] = "1\r\nx-b: 2" } do
                local _, err = conn:converse(ask "Hi", { headers = { [name] = value } })
                assert.equal("validation", err.kind, name)
                assert.equal("headers", err.errors[1].path)
            end
            assert.equal(0, ep:counters().requests)
        end)
    end)

    describe("prepare", function()
        it("gives what would be sent", function()
            local prepared = assert(conn:prepare("converse", ask "Hi"))
            assert.equal("POST", prepared.method)
            assert.equal(ep.https .. "/model/amazon.nova-lite-v1%3A0/converse", prepared.url)
            assert.equal(0, ep:counters().requests)
            assert(conn:converse(ask "Hi"))
            local sent = service.last_request(ep)
            assert.equal(prepared.body, (mime.unb64(sent.body64)))
            local names = {}
            for _, pair in ipairs(sent.headers) do
                names[pair[1]] = true
            end
            names["content-length"], names["user-agent"] = nil, nil
            for name in pairs(prepared.headers) do
                assert.is_true(names[name], name)
                names[name] = nil
            end
            assert.same({}, names)
        end)

        it("hides signature and token when printed", function()
            local other = service.connect(ep, {
                access_key_id = ep.session.access_key_id,
                secret_access_key = ep.session.secret_access_key,
                session_token = ep.session.session_token,
            })
            local prepared = assert(other:prepare("runtime.converse", ask "Hi"))
            assert.equal(ep.session.session_token, prepared.headers["x-amz-security-token"])
            local text = tostring(prepared)
            assert.is_nil(text:find(ep.session.session_token, 1, true))
            assert.is_nil(text:find("Signature", 1, true))
            assert.matches("authorization: %(hidden%)", text)
            other:close()
        end)

        it("has no body where none is sent", function()
            assert.is_nil(assert(conn:prepare("list_foundation_models", {})).body)
        end)

        it("fails as the call would", function()
            local _, err = conn:prepare("converse", {})
            assert.equal("ValidationError", err.code)
            _, err = conn:prepare("convers", {})
            assert.matches('did you mean "converse"', err.message)
            assert.has_error(function()
                conn:prepare(ask "Hi")
            end)
        end)
    end)
end)
