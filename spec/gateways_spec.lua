--- Connections to gateways: headers for every call, requests without a signature, an API key for any service.
local bedrock = require "bedrock"
local service = require "spec.support.service"

local KEY = "sk-gateway-0123456789abcdef"

describe("through a gateway", function()
    local ep = service.each()

    local function sent(name)
        return service.header(service.last_request(ep), name)
    end

    local function problem(settings)
        local conn, err = bedrock.connect(settings)
        assert.is_nil(conn)
        assert.equal(1, #err.errors, tostring(err))
        return err.errors[1], tostring(err)
    end

    describe("headers of a connection", function()
        it("go with every call, signed like those of a call", function()
            local conn = service.connect(ep, { headers = { ["X-Team"] = "search", ["X-Api-Key"] = KEY } })
            assert(conn:converse(service.ask "Hi"))
            assert.equal("search", sent "x-team")
            assert.equal(KEY, sent "x-api-key")
            assert.is_true(service.last_request(ep).verified)
            assert.matches("SignedHeaders=[^,]*x%-api%-key;x%-team", sent "authorization")
            assert(conn:request { service = "bedrock", path = "/foundation-models" })
            assert.equal("search", sent "x-team")
            local stream = assert(conn:converse_stream(service.ask "Hi"))
            assert(stream:gather())
            assert.equal("search", sent "x-team")
            local request = assert(conn:prepare("converse", service.ask "Hi"))
            assert.equal("search", request.headers["x-team"])
            conn:close()
        end)

        it("give way to those of a call and of its parameters", function()
            local conn = service.connect(ep, { headers = { ["X-TEAM"] = "all", ["x-amzn-bedrock-trace"] = "ENABLED" } })
            assert(conn:converse(service.ask "Hi", { headers = { ["x-team"] = "one" } }))
            assert.equal("one", sent "x-team")
            local request = assert(conn:prepare("invoke_model", { modelId = "m", body = "{}", trace = "DISABLED" }))
            assert.equal("DISABLED", request.headers["x-amzn-bedrock-trace"])
            conn:close()
        end)

        it("are not sent to IAM Roles Anywhere", function()
            local conn = assert(bedrock.connect(service.roles_anywhere(ep, "gateway-headers", { cache = false,
                headers = { ["x-team"] = "search" }, certificate = ep.pki .. "/p256.both.pem",
                certificate_chain = ep.pki .. "/intermediate.pem" })))
            assert(conn:converse(service.ask "Hi"))
            for _, request in ipairs(ep:requests()) do
                local exchange = request.operation == "CreateSession"
                assert.equal(not exchange and "search" or nil, (service.header(request, "x-team")))
            end
            assert.equal(2, #ep:requests())
            conn:close()
        end)

        it("are never over the library's own", function()
            for name, message in pairs {
                ["Host"] = "Host is set by the library", ["x-amz-date"] = "x%-amz%-date is set",
                ["Content-Type"] = "Content%-Type is set", ["content-length"] = "is set by the library",
                ["X-Amz-Security-Token"] = "is set by the library", connection = "is set by the library",
                ["Authorization"] = 'authorization is set by the library; to send your own',
                ["a b"] = '"a b" is not a header name', [""] = "not a header name",
            } do
                local found, text = problem(service.settings(ep, { headers = { [name] = KEY } }))
                assert.equal("headers", found.path)
                assert.matches(message, found.message)
                assert.not_matches(KEY, text, 1, true)
            end
            for _, value in ipairs { "a\r\nx: y", "a\0", "a\n" } do
                local found, text = problem(service.settings(ep, { headers = { ["x-a"] = value } }))
                assert.matches("x%-a must not contain control characters", found.message)
                assert.not_matches("x: y", text)
            end
            assert.matches("x%-a must be a string, got a number",
                problem(service.settings(ep, { headers = { ["x-a"] = 1 } })).message)
            assert.matches("given twice",
                problem(service.settings(ep, { headers = { ["x-a"] = "1", ["X-A"] = "2" } })).message)
            for _, value in ipairs { "x: y", 1, true } do
                assert.matches("must be a table of names and values",
                    problem(service.settings(ep, { headers = value })).message)
            end
            assert.matches("did you mean headers", problem(service.settings(ep, { header = {} })).message)
        end)

        it("are never shown, those of a call neither", function()
            local conn = service.connect(ep, { headers = { ["X-Acme"] = KEY } })
            local echo = { { match = { operation = "Converse" }, action = { status = 400,
                body = '{"message":"bad key ' .. KEY .. ' or call-secret-123"}' } } }
            ep:script(echo)
            local _, err = conn:converse(service.ask "Hi", { headers = { ["X-Other"] = "Bearer call-secret-123" } })
            assert.equal(400, err.status)
            assert.not_matches(KEY, tostring(err), 1, true)
            assert.not_matches("call-secret-123", tostring(err), 1, true)
            local request = assert(conn:prepare("converse", service.ask "Hi"))
            assert.equal(KEY, request.headers["x-acme"])
            assert.not_matches(KEY, tostring(request), 1, true)
            assert.matches("x%-acme: %(hidden%)", tostring(request))
            assert.matches("content%-type: application/json", tostring(request))
            assert.not_matches(KEY, tostring(conn), 1, true)
            conn:close()
        end)
    end)

    describe('auth = "none"', function()
        local function connect(more)
            return assert(bedrock.connect(service.merged({ auth = "none", endpoint = ep.https, ca_file = ep.ca_file },
                more)))
        end

        it("sends what is neither signed nor authorized", function()
            ep:config { verify = false }
            local conn = connect()
            assert.equal("none", conn.auth)
            assert(conn:converse(service.ask "Hi"))
            for _, name in ipairs { "authorization", "x-amz-date", "x-amz-security-token" } do
                assert.is_nil(sent(name))
            end
            assert(assert(conn:converse_stream(service.ask "Hi")):gather())
            assert(conn:request { path = "/model/m/converse", body = { messages = service.ask("Hi").messages } })
            assert.is_nil(sent "authorization")
            assert.same({ source = "none", via = { "none" } }, conn:credentials())
            assert.is_true(conn:refresh())
            local report = assert(conn:test())
            assert.matches("none: requests are sent unsigned", tostring(report))
            conn:close()
        end)

        it("leaves the authorization to the caller", function()
            ep:config { verify = false }
            local conn = connect { headers = { Authorization = "Bearer " .. KEY } }
            assert(conn:converse(service.ask "Hi"))
            assert.equal("Bearer " .. KEY, sent "authorization")
            assert(conn:converse(service.ask "Hi", { authorization = "Bearer one" }))
            assert.equal("Bearer one", sent "authorization")
            ep:script { { match = { operation = "Converse" }, action = { status = 401, body = KEY } } }
            local _, err = conn:converse(service.ask "Hi")
            assert.not_matches(KEY, tostring(err), 1, true)
            conn:close()
        end)

        it("needs an endpoint", function()
            local found = problem { auth = "none" }
            assert.equal("auth", found.path)
            assert.matches("leaves signing to your own endpoint: set endpoint to its URL", found.message)
            assert.equal("endpoint", problem({ auth = "none", endpoint = "ftp://x" }).path)
            local conn = connect { endpoint = { ["bedrock-runtime"] = ep.https } }
            local _, err = conn:list_foundation_models()
            assert.equal("NotSupported", err.code)
            assert.matches('auth = "none" is for your own endpoints, and none is set for bedrock', err.message,
                1, true)
            conn:close()
            assert.matches('did you mean none', problem({ auth = "non" }).message)
        end)
    end)

    it("an API key is taken for every service whose endpoint is given", function()
        ep:config { verify = false }
        local conn = assert(bedrock.connect { auth = "api_key", api_key = KEY, ca_file = ep.ca_file,
            endpoint = { ["bedrock-agent"] = ep.https } })
        ep:script { { action = { status = 200, body = '{"agentSummaries":[]}' } } }
        assert(conn:list_agents())
        assert.equal("Bearer " .. KEY, sent "authorization")
        local _, err = conn.agentcore_control:list_memories()
        assert.equal("NotSupported", err.code)
        assert.matches("set the endpoint of a gateway", err.message)
        conn:close()
    end)
end)
