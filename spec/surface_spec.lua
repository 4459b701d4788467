--- The surface: connections, names, operations, options, raw requests, introspection.
local cjson = require "cjson"
local mime = require "mime"
local bedrock = require "bedrock"
local core = require "bedrock.core"
local connection = require "bedrock.connection"
local host = require "bedrock.host"
local service = dofile "spec/support/service.lua"

local MODEL = service.MODEL
local ask, header = service.ask, service.header
local PROFILE = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us." .. MODEL

local function interpreter()
    local lowest = 0
    while arg[lowest - 1] do
        lowest = lowest - 1
    end
    return arg[lowest]
end

--- Runs a chunk in a process of its own; returns what it wrote to both outputs.
local function run(code, prefix)
    local name = os.tmpname()
    local file = assert(io.open(name, "w"))
    file:write(code)
    file:close()
    local pipe = assert(io.popen((prefix or "") .. " " .. interpreter() .. " " .. name .. " 2>&1"))
    local output = pipe:read("*a")
    pipe:close()
    os.remove(name)
    return output
end

describe("bedrock", function()
    local ep, settings, conn

    setup(function()
        ep = service.endpoint()
        settings = service.settings(ep)
    end)

    before_each(function()
        ep:reset()
        conn = assert(bedrock.connect(settings))
    end)

    after_each(function()
        conn:close()
        host.wait = host.block
    end)

    local function with(more)
        return service.merged(settings, more)
    end

    local function last_request()
        local all = ep:requests()
        return all[#all]
    end

    describe("require", function()
        it("reads no file, asks no environment and sets no global", function()
            local output = run [[
                local before = {}
                for name in pairs(_G) do before[name] = true end
                os.getenv = function() error "asked the environment" end
                io.open = function() error "opened a file" end
                io.popen, io.lines = io.open, io.open
                local bedrock = require "bedrock"
                for name in pairs(_G) do
                    if not before[name] then print("global " .. name) end
                end
                print(bedrock._VERSION, bedrock._NAME)
            ]]
            assert.equal(core.version .. "\tbedrock\n", output)
        end)

        it("leaves modules to the first call, which is the same as any other", function()
            assert.equal("nil\tuser:2: spawn: expected a function, got a number\ttable\n", run [[
                local bedrock = require "bedrock"
                io.write(tostring(package.loaded["bedrock.task"]), "\t")
                local load_text = loadstring or load
                local _, why = pcall(load_text("local spawn = ...\nspawn(1)\nreturn nil", "=user"), bedrock.spawn)
                print(why, type(package.loaded["bedrock.task"]))
            ]])
        end)

        it("lets errors be printed before there is a connection", function()
            assert.match("^decode: BadResponse: ", run [[
                local bedrock = require "bedrock"
                print(select(2, bedrock.json.decode "{"))
            ]])
            assert.match("^it is decode: BadResponse: .*, in short\n$", run [[
                local bedrock = require "bedrock"
                print("it is " .. select(2, bedrock.json.decode "{") .. ", in short")
            ]])
        end)

        it("gives one module for a Lua state, and survives being loaded twice", function()
            assert.equal("true\n", run [[
                local first = require "bedrock.core"
                package.loaded["bedrock.core"] = nil
                print(first == require "bedrock.core")
            ]])
        end)

        it("refuses older Luas in one sentence", function()
            local output = run [[
                _VERSION, jit = "Lua 5.1", nil
                print(select(2, pcall(require, "bedrock")))
            ]]
            assert.equal("bedrock runs on Lua 5.4 and on LuaJIT 2.1, not on Lua 5.1\n", output)
        end)
    end)

    describe("misuse", function()
        local load_text = loadstring or load

        --- What a chunk says whose second line is wrong.
        local function said(code)
            local chunk = assert(load_text("local bedrock, conn = ...\n" .. code .. "\nreturn nil", "=user"))
            return select(2, pcall(chunk, bedrock, conn))
        end

        it("of a function is raised where it was called", function()
            for _, name in ipairs { "connect", "describe", "load_api", "operations", "parallel", "skeleton", "spawn",
                "test" } do
                assert.match("^user:2: " .. name .. ": expected .*", said("bedrock." .. name .. "(1)"))
            end
            assert.match("^user:2: describe: the depth", said 'bedrock.describe("converse", 0)')
            assert.match("^user:2: parallel: the options", said "bedrock.parallel({}, 1)")
        end)

        it("of a method is raised where it was called", function()
            for _, name in ipairs(connection.handwritten) do
                assert.match("^user:2: not a connection: call its methods with a colon", said("conn." .. name .. "()"))
            end
            for _, name in ipairs { "call", "generate", "items", "models", "pages", "prepare", "request", "wait" } do
                assert.match("^user:2: " .. name .. ": expected .*", said("conn:" .. name .. "(1)"))
            end
            assert.match("^user:2: the parameters must be a table", said "conn:converse(1)")
            assert.match("^user:2: the options must be a table", said "conn:converse({}, 1)")
        end)

        it("of an operation without its connection is raised where it was called", function()
            for _, name in ipairs { "converse", "converse_stream", "runtime.converse", "invoke_agent_runtime" } do
                for _, arguments in ipairs { "", '{ modelId = "m" }', "1", "bedrock" } do
                    assert.match("^user:2: not a connection: call its methods with a colon",
                        said(("conn.%s(%s)"):format(name, arguments)))
                end
            end
        end)

        it("of what a connection gives is raised where it was called", function()
            local given = {
                stream = assert(conn:converse_stream(ask "Hi")),
                pages = conn:pages "agent.list_agents",
                items = conn:items "agent.list_agents",
                task = bedrock.spawn(function() end),
            }
            local methods = { stream = { "close", "events", "gather", "next" }, pages = { "next" }, items = { "next" },
                task = { "cancel", "join", "status" } }
            for what, names in pairs(methods) do
                for _, name in ipairs(names) do
                    for _, wrong in ipairs { "", "{}", "'x'", "bedrock" } do
                        local code = ("local _, given = ...\ngiven.%s(%s)"):format(name, wrong)
                        local _, message = pcall(assert(load_text(code, "=user")), bedrock, given[what])
                        assert.equal(("user:2: not a %s: call its methods with a colon, as in %s:%s()"):format(
                            what, what, name), message)
                    end
                end
            end
            given.stream:close()
        end)
    end)

    describe("connect", function()
        it("raises without a table", function()
            assert.has_error(function()
                bedrock.connect "us-east-1"
            end, "connect: expected a table of settings, got a string")
        end)

        it("says what it is, without secrets", function()
            assert.equal("bedrock.connection (us-east-1, access_keys)", tostring(conn))
            assert.equal("us-east-1", conn.region)
            assert.equal("access_keys", conn.auth)
            conn:close()
            assert.equal("bedrock.connection (closed)", tostring(conn))
        end)

        it("names the session", function()
            local pki = ep.pki
            local named = assert(bedrock.connect {
                profile_arn = "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/p",
                role_arn = "arn:aws:iam::123456789012:role/r",
                trust_anchor_arn = "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/t",
                certificate = pki .. "/p256.chain.pem",
                private_key = pki .. "/p256.key.pkcs8.pem",
                session_name = "nightly",
                region = "eu-west-1",
                cache = false,
            })
            assert.equal('bedrock.connection (eu-west-1, roles_anywhere, session "nightly")', tostring(named))
            assert.matches("^CN=p256.*, EC P%-256, valid until %d%d%d%d%-", named:certificate())
            assert.equal(0, ep:counters().requests)
            named:close()
        end)

        it("takes null for a setting that is not given", function()
            local other = assert(bedrock.connect(with { region = bedrock.null, proxy = bedrock.null }))
            assert.equal("us-east-1", other.region)
            other:close()
            other = assert(bedrock.connect(with { endpoint = { runtime = ep.https, agent = bedrock.null } }))
            other:close()
        end)

        it("takes endpoints by service id and namespace", function()
            local other = assert(bedrock.connect(with { endpoint = { runtime = ep.https, bedrock = ep.refused } }))
            assert.truthy(other:converse(ask "Hi"))
            local _, err = other:list_foundation_models({}, { max_attempts = 1 })
            assert.equal("transport", err.kind)
            other:close()
        end)

        it("locks what holds secrets", function()
            assert.equal("bedrock.client", getmetatable(conn._client))
            assert.equal("bedrock.client", tostring(conn._client))
        end)
    end)

    describe("names", function()
        it("finds operations flat, in namespaces, and as one function", function()
            assert.equal(conn.converse, conn.runtime.converse)
            assert.is_function(conn.agent.tag_resource)
            assert.not_equal(conn.agent.tag_resource, conn.agent_runtime.tag_resource)
            assert.equal("bedrock.namespace (bedrock-agent)", tostring(conn.agent))
        end)

        it("raises for an unknown one, with a suggestion", function()
            assert.error_matches(function()
                return conn.convers
            end, 'no operation "convers" %(did you mean "converse"%?%)')
            local _, message = pcall(function()
                return conn.convers
            end)
            assert.matches("^spec/surface_spec.lua:%d+: ", message)
            assert.error_matches(function()
                return conn.refrsh
            end, 'did you mean "refresh"')
            assert.error_matches(function()
                return conn.runtime.close
            end, 'no operation "close"')
        end)

        it("raises for one of another service, and names that", function()
            local function said(namespace, name)
                return (select(2, pcall(function()
                    return conn[namespace][name]
                end)):gsub("^.-: ", "", 1))
            end
            assert.equal('bedrock.connection: no operation "list_agents" in bedrock-runtime '
                .. '(did you mean "agent.list_agents"?)', said("runtime", "list_agents"))
            assert.matches('did you mean "runtime.converse"?', said("agent", "converse"), 1, true)
            assert.matches('(did you mean "converse_stream"?)', said("runtime", "converse_strem"), 1, true)
            local tags = said("runtime", "tag_resource")
            assert.matches('"agent.tag_resource", "', tags, 1, true)
            assert.matches('"agentcore_control.tag_resource"', tags, 1, true)
            for _, err in ipairs {
                select(2, conn:prepare "runtime.list_agents"), (select(2, conn:call("runtime", "ListAgents"))),
            } do
                assert.equal("ConfigError", err.code)
                assert.matches('did you mean "agent.list_agents"?', err.message, 1, true)
            end
        end)

        it("raises for an ambiguous one, with the choices", function()
            assert.error_matches(function()
                return conn.tag_resource
            end, "several services.*agent%.tag_resource.*agentcore_control%.tag_resource")
        end)

        it("keeps the kind of a document's numbers", function()
            local text = bedrock.json.encode { 1.5, 1e300, 12 }
            assert.equal("[1.5,1e300,12]", text)
            if rawget(_G, "jit") then
                local boxed = loadstring "return { 9223372036854775807LL, 5ULL, 1.0 }"()
                assert.equal("[9223372036854775807,5,1]", bedrock.json.encode(boxed))
            else
                assert.equal("[1.0,-0.0,1000.0,1]", bedrock.json.encode(bedrock.json.decode "[1.0,-0.0,1e3,1]"))
            end
        end)

        it("keeps a flat name with the service that had it first", function()
            assert.equal(conn.agentcore_control.create_registry, conn.create_registry)
            assert.not_equal(conn.agent_registry_control.create_registry, conn.create_registry)
            local listed = {}
            for _, name in ipairs(bedrock.operations "agent_registry_control") do
                listed[name] = true
            end
            assert.is_true(listed["agent_registry_control.create_registry"])
            assert.is_nil(listed.create_registry)
        end)

        it("writes and reads a member by the name it has on the wire", function()
            local request = assert(conn:prepare("agentcore_control.update_gateway", {
                gatewayIdentifier = "gateway-1234567890",
                name = "tools",
                roleArn = "arn:aws:iam::123456789012:role/tools",
                authorizerType = "NONE",
                domainOverride = { defaultDomain = "tools.example.com" },
            }))
            assert.truthy(request.body:find('"domainOverride":{"default":"tools.example.com"}', 1, true))
            ep:script { {
                match = { path = "^/gateways/" },
                action = { status = 200, json = { domainOverride = { default = "tools.example.com" } } },
            } }
            local gateway = assert(conn:get_gateway { gatewayIdentifier = "gateway-1234567890" })
            assert.same({ defaultDomain = "tools.example.com" }, gateway.domainOverride)
        end)

        it("gives nil for other keys", function()
            assert.is_nil(conn[1])
            assert.is_nil(conn._secret)
            assert.is_nil(conn[true])
            assert.is_nil(conn.runtime._x)
        end)

        it("has no hand-written name that is an operation or a namespace", function()
            for _, name in ipairs(connection.handwritten) do
                assert.is_nil((core.find(name)), name)
                assert.is_nil((core.service(name)), name)
            end
        end)

        it("lists every hand-written method", function()
            local listed = {}
            for _, name in ipairs(connection.handwritten) do
                listed[name] = true
            end
            for _, name in ipairs { "call", "close", "credentials", "generate", "models", "prepare", "refresh",
                "request", "test" } do
                assert.is_true(listed[name], name)
                assert.is_function(conn[name])
            end
        end)

        it("says what is wrong when a dot is used for a colon", function()
            assert.error_matches(function()
                conn.converse(ask "Hi")
            end, "with a colon")
            assert.error_matches(function()
                conn.converse()
            end, "with a colon")
        end)
    end)

    describe("operations", function()
        it("return the decoded answer as AWS names it", function()
            local answer = assert(conn:converse(ask "Hello there"))
            assert.equal("assistant", answer.output.message.role)
            assert.matches("^You asked: Hello there", answer.output.message.content[1].text)
            assert.equal("end_turn", answer.stopReason)
            assert.equal("2", tostring(answer.usage.inputTokens))
            assert.is_true(last_request().verified)
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
                last_request().uri)
        end)

        it("send a body as it is, or a table as JSON", function()
            assert.equal("by hand", assert(conn:invoke_model { modelId = "echo.model", body = "by hand" }).body)
            local answer = assert(conn:invoke_model { modelId = "echo.model", body = { list = bedrock.array {} } })
            assert.equal('{"list":[]}', answer.body)
            assert.equal("application/json", header(last_request(), "content-type"))
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
            local sent = cjson.decode((mime.unb64(last_request().body64)))
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
            assert.equal("abc", header(last_request(), "x-trace"))
            assert.matches("x%-trace", header(last_request(), "authorization"))
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
                assert.equal(value, header(last_request(), "authorization"))
                assert.is_nil(header(last_request(), "x-amz-date"))
            end
        end)

        it("relax validation", function()
            local params = ask "Hi"
            params.novelty = { 1, 2 }
            assert.is_nil((conn:converse(params)))
            assert(conn:converse(params, { unknown = "pass" }))
            assert.same({ 1, 2 }, cjson.decode((mime.unb64(last_request().body64))).novelty)
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
            assert.equal("2", header(last_request(), "x-a"))
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
            local sent = last_request()
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
            local other = assert(bedrock.connect(with {
                access_key_id = ep.session.access_key_id,
                secret_access_key = ep.session.secret_access_key,
                session_token = ep.session.session_token,
            }))
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

    describe("sign", function()
        local function request(more)
            return service.merged({ url = ep.https .. "/model/m/converse?a=1", region = "us-east-1",
                access_key_id = "AKIDEXAMPLE", secret_access_key = "secret", time = 1795348800 }, more)
        end

        it("gives the headers that are to be added", function()
            local added = assert(bedrock.sign(request {}))
            assert.equal("20261122T120000Z", added["x-amz-date"])
            assert.equal(added.host, ep.https:match "//(.*)")
            assert.matches("^AWS4%-HMAC%-SHA256 Credential=AKIDEXAMPLE/20261122/us%-east%-1/bedrock/aws4_request, "
                .. "SignedHeaders=host;x%-amz%-date, Signature=%x+$", added.authorization)
            assert.is_nil(added["x-amz-security-token"])
            assert.same(added, bedrock.sign(request { method = "POST", body = "", service = "bedrock", headers = {} }))
            for name, value in pairs { method = "GET", body = "x", service = "sts", headers = { a = "b" },
                session_token = "t", region = "eu-west-1", time = 0 } do
                local other = assert(bedrock.sign(request { [name] = value }))
                assert.not_equal(added.authorization, other.authorization, name)
            end
            assert.equal("t", bedrock.sign(request { session_token = "t" })["x-amz-security-token"])
        end)

        it("raises for wrong types", function()
            for name, value in pairs { url = 1, region = {}, headers = "x", time = "noon", body = 1 } do
                assert.error_matches(function()
                    bedrock.sign(request { [name] = value })
                end, "sign: " .. name .. " must be a %a+, got ")
            end
        end)

        it("refuses what could not be sent, and says why", function()
            local many = {}
            for i = 1, 256 do
                many["x-" .. i] = "v"
            end
            for message, more in pairs {
                ["more than 256"] = { headers = many },
                ["more than 131072 bytes"] = { headers = { a = ("v"):rep(131063) } },
                ["session_token has control characters"] = { session_token = "TOKEN\n" },
                ["sign: there are more than"] = { session_token = ("t"):rep(131073) },
                ['method in capitals, got "get%?%?"'] = { method = "get\r\n" },
                ["fragment"] = { url = ep.https .. "/#f" },
                ['header "a%?%?" has an invalid name'] = { headers = { ["a\27\n"] = "x" } },
            } do
                local added, err = bedrock.sign(request(more))
                assert.is_nil(added)
                assert.equal("ValidationError", err.code)
                assert.matches(message, err.message)
                assert.not_matches("TOKEN", tostring(err))
            end
            for _, time in ipairs { 0 / 0, -1, math.huge } do
                assert.error_matches(function()
                    bedrock.sign(request { time = time })
                end, "sign: time must be seconds")
            end
        end)

        it("says which fields it does not know", function()
            local added, err = bedrock.sign(request { header = {}, metod = "GET", secret = "s", zzz = 1, [1] = 2 })
            assert.is_nil(added)
            assert.equal("ValidationError", err.code)
            assert.equal("sign", err.operation)
            assert.equal("names of fields must be strings, got a number\n"
                .. "header: unknown field of a request (did you mean headers?)\n"
                .. "metod: unknown field of a request (did you mean method?)\n"
                .. "secret: unknown field of a request (did you mean secret_access_key?)\n"
                .. "zzz: unknown field of a request", err.message)
            assert(bedrock.sign(request {}))
        end)
    end)

    describe("request", function()
        it("sends what no model describes, signed", function()
            local answer = assert(conn:request {
                service = "bedrock", path = "/foundation-models",
                query = { byProvider = "amazon", byOutputModality = { "TEXT" } },
            })
            assert.equal(200, answer.status)
            assert.equal("application/json", answer.headers["content-type"])
            assert.truthy(#cjson.decode(answer.body).modelSummaries > 0)
            assert.equal("/foundation-models?byOutputModality=TEXT&byProvider=amazon", last_request().uri)
            assert.equal("GET", last_request().method)
            assert.is_true(last_request().verified)
            assert.equal(200, bedrock.metadata(answer).status)
        end)

        it("sends a table as JSON", function()
            local answer = assert(conn:request {
                path = "/model/" .. core.percent(MODEL) .. "/converse", body = { messages = ask("Hi").messages },
            })
            assert.matches("You asked: Hi", answer.body)
            assert.equal("POST", last_request().method)
        end)

        it("streams bytes", function()
            local stream = assert(conn:request { service = "bedrock", path = "/foundation-models", stream = true })
            assert.equal(200, stream.status)
            local name, bytes = stream:next()
            assert.equal("chunk", name)
            assert.is_string(bytes)
            stream:close()
            stream = assert(conn:request { service = "bedrock", path = "/foundation-models", stream = true })
            assert.truthy(cjson.decode(assert(stream:gather()).body).modelSummaries)
        end)

        it("takes null for what is not given", function()
            local null = bedrock.null
            local answer = assert(conn:request { service = "bedrock", path = "/foundation-models", method = null,
                query = null, headers = null, body = null, stream = null })
            assert.equal(200, answer.status)
            assert.is_nil(header(last_request(), "content-type"))
        end)

        it("sends numbers with all their digits", function()
            local query = { t = 1700000000123456, x = 0.1234567890123456, n = 7 }
            assert(conn:request { service = "bedrock", path = "/foundation-models", query = query })
            assert.matches("n=7&t=1700000000123456&x=0.1234567890123456$", last_request().query or last_request().uri)
        end)

        it("fails for 400 and more", function()
            ep:script { { action = { status = 418, body = "short and stout" } } }
            local answer, err = conn:request { path = "/teapot" }
            assert.is_nil(answer)
            assert.equal("service", err.kind)
            assert.equal(418, err.status)
        end)

        it("tells all that is wrong with it", function()
            local _, err = conn:request { service = "bedrok", pth = "/x", query = 3, body = print, headers = "x" }
            local paths = {}
            for i, problem in ipairs(err.errors) do
                paths[i] = problem.path
            end
            assert.same({ "body", "headers", "path", "pth", "query", "service" }, paths)
            _, err = conn:request { path = "/a b" }
            assert.equal("path", err.errors[1].path)
            _, err = conn:request { path = "/x", method = "get" }
            assert.equal("method", err.errors[1].path)
            assert.equal(0, ep:counters().requests)
            for _, path in ipairs { "/a%zz", "/a%2", "/a%" } do
                _, err = conn:request { path = path }
                assert.equal("path", err.errors[1].path)
                assert.equal("pattern", err.errors[1].kind)
            end
            for _, list in ipairs { { [3] = "x" }, { "a", nil, "c" }, { x = "y" }, { 0 / 0 }, { 1 / 0 } } do
                _, err = conn:request { path = "/x", query = { a = list } }
                assert.equal("query", err.errors[1].path)
                assert.equal("type", err.errors[1].kind)
            end
            assert.equal(0, ep:counters().requests)
        end)
    end)

    describe("credentials", function()
        it("tells of static keys without their secret", function()
            assert.same({ source = "access_keys", access_key_id = ep.access_key_id }, conn:credentials())
            assert.is_true(conn:refresh())
        end)

        it("tells of an API key", function()
            local other = assert(bedrock.connect { auth = "api_key", api_key = ep.api_key, endpoint = ep.https,
                ca_file = ep.ca_file })
            assert.same({ source = "api_key" }, other:credentials())
            assert.is_true(other:refresh())
            assert(other:converse(ask "Hi"))
            other:close()
        end)

        it("tells where an exchange's came from", function()
            local other = assert(bedrock.connect(service.roles_anywhere(ep, "surface", {
                certificate = ep.pki .. "/p256.chain.pem",
                private_key = ep.pki .. "/p256.key.pkcs8.pem",
                cache = false,
            })))
            local first = assert(other:credentials())
            assert.equal("roles_anywhere", first.source)
            assert.equal("exchange", first.cache)
            assert.matches("^ASIA", first.access_key_id)
            assert.truthy(first.seconds_left > 3500 and first.seconds_left <= 3600)
            assert.truthy(math.abs(first.expiration - os.time() - first.seconds_left) < 30)
            assert.equal("memory", assert(other:credentials()).cache)
            assert.is_true(other:refresh())
            assert.not_equal(first.access_key_id, assert(other:credentials()).access_key_id)
            assert.equal(2, ep:counters().CreateSession)
            other:close()
        end)
    end)

    describe("close", function()
        it("is idempotent, and ends what runs", function()
            local stream = assert(conn:converse_stream(ask "Hi"))
            assert.is_true(conn:close())
            assert.is_true(conn:close())
            local name, err = stream:next()
            assert.is_nil(name)
            assert.equal("cancelled", err.kind)
            assert.equal("Closed", err.code)
            for _, method in ipairs { "converse", "converse_stream", "credentials", "refresh" } do
                local result
                result, err = conn[method](conn, method:find "converse" and ask "Hi" or nil)
                assert.is_nil(result)
                assert.equal("Closed", err.code, method)
            end
            assert.equal("Closed", select(2, conn:prepare("converse", ask "Hi")).code)
            assert.equal("Closed", select(2, conn.runtime:converse(ask "Hi")).code)
            assert.equal("Closed", select(2, conn:request { path = "/x" }).code)
        end)

        it("leaves other connections alone", function()
            local other = assert(bedrock.connect(settings))
            local stream = assert(other:converse_stream(ask "Hi"))
            conn:close()
            assert.equal("messageStart", (stream:next()))
            other:close()
        end)
    end)

    describe("waiting", function()
        it("is the host's: many calls at once in coroutines", function()
            host.wait = function(call)
                while not call:ready() do
                    coroutine.yield()
                end
            end
            ep:script { { match = { operation = "Converse" }, times = 4, action = { delay_ms = 50 } } }
            local answers, threads = {}, {}
            for i = 1, 4 do
                threads[i] = coroutine.create(function()
                    answers[i] = assert(conn:converse(ask("question " .. i))).output.message.content[1].text
                end)
            end
            local alive = 4
            while alive > 0 do
                alive = 0
                for _, thread in ipairs(threads) do
                    if coroutine.status(thread) ~= "dead" then
                        assert(coroutine.resume(thread))
                        alive = alive + 1
                    end
                end
                core.step(20)
            end
            for i = 1, 4 do
                assert.matches("question " .. i, answers[i])
            end
            local used = {}
            for _, request in ipairs(ep:requests()) do
                used[request.connection] = true
            end
            assert.truthy(next(used, next(used)), "more than one connection: they ran at once")
        end)

        it("ends the call when an error is thrown through it", function()
            local seen
            host.wait = function(call)
                seen = call
                error("out of patience", 0)
            end
            assert.has_error(function()
                conn:converse(ask "Hi")
            end, "out of patience")
            local _, err = seen:result()
            assert.equal("Cancelled", err.code)
        end)

        it("can be interrupted", function()
            ep:script { { match = { operation = "Converse" }, times = -1, action = { hang = true } } }
            local output = run(([[
                local conn = require("bedrock").connect { auth = "access_keys", access_key_id = %q,
                    secret_access_key = %q, endpoint = %q, ca_file = %q }
                print("asking")
                io.stdout:flush()
                conn:converse { modelId = %q, messages = { { role = "user", content = { { text = "Hi" } } } } }
                print "answered"
            ]]):format(ep.access_key_id, ep.secret_access_key, ep.https, ep.ca_file, MODEL), "timeout -k 20 -s INT 2")
            assert.matches("asking", output)
            assert.matches("interrupted!", output)
            assert.is_nil(output:find "answered")
        end)

        if rawget(_G, "jit") then
            it("does not survive a fork, but the connection does", function()
                local output = run(([[
                    local ffi = require "ffi"
                    ffi.cdef "int fork(void); int waitpid(int, int *, int); void _exit(int);"
                    local conn = require("bedrock").connect { auth = "access_keys", access_key_id = %q,
                        secret_access_key = %q, endpoint = %q, ca_file = %q }
                    local params = { modelId = %q, messages = { { role = "user", content = { { text = "Hi" } } } } }
                    local stream = assert(conn:converse_stream(params))
                    assert(stream:next())
                    io.stdout:setvbuf "no"
                    local child = ffi.C.fork()
                    if child == 0 then
                        local _, err = stream:next()
                        print("child", err.kind, err.code, assert(conn:converse(params)).stopReason)
                        collectgarbage()
                        ffi.C._exit(0)
                    end
                    ffi.C.waitpid(child, nil, 0)
                    local count = 0
                    for _ in stream:events() do count = count + 1 end
                    print("parent", count > 3, assert(conn:converse(params)).stopReason)
                ]]):format(ep.access_key_id, ep.secret_access_key, ep.https, ep.ca_file, MODEL))
                assert.equal("child\tcancelled\tForked\tend_turn\nparent\ttrue\tend_turn\n", output)
            end)
        end
    end)

    describe("introspection", function()
        it("lists operations by the names that prepare takes", function()
            local all = bedrock.operations()
            assert.truthy(#all > 500)
            for _, name in ipairs(all) do
                assert.is_number((core.find(name)), name)
            end
            local runtime = bedrock.operations "runtime"
            assert.same(bedrock.operations "bedrock-runtime", runtime)
            assert.matches("\nconverse\nconverse_stream\n", tostring(runtime))
            local _, err = bedrock.operations "runtim"
            assert.matches('did you mean "runtime"', err.message)
        end)

        it("describes an operation", function()
            local op = assert(bedrock.describe "converse_stream")
            assert.equal("ConverseStream", op.operation)
            assert.equal("bedrock-runtime", op.service)
            assert.equal("stream", op.stream)
            local members = {}
            for _, member in ipairs(op.input.members) do
                members[member.name] = member
            end
            assert.is_true(members.modelId.required)
            assert.equal("uri", members.modelId.location)
            assert.equal("1", tostring(members.modelId.min))
            assert.equal("list", members.messages.type)
            assert.matches("modelId: string %(required, in uri, 1 to 2048%)", tostring(op))
            assert.matches("role: string %(required, assistant | ", tostring(op))
            local _, err = bedrock.describe "convers"
            assert.matches('did you mean "converse"', err.message)
        end)

        it("tells the facts it was made from", function()
            local version = bedrock.api_version()
            assert.equal("2023-09-30", version.services["bedrock-runtime"])
            assert.matches("^%x+$", version.hash)
            assert.matches("botocore", version.source)
        end)
    end)

    describe("JSON", function()
        it("has the null of lua-cjson, and honours its own marks", function()
            assert.equal(cjson.null, bedrock.null)
            assert.equal("[]", bedrock.json.encode(bedrock.array()))
            assert.equal("{}", bedrock.json.encode {})
            assert.equal('{"a":[],"b":{}}', (bedrock.json.encode(bedrock.json.decode '{"a":[],"b":{}}')
                :gsub('{"b":{},"a":%[%]}', '{"a":[],"b":{}}')))
            assert.equal(bedrock.null, bedrock.json.decode "null")
        end)

        it("fails with an error value", function()
            local _, err = bedrock.json.decode "[1,"
            assert.equal("BadResponse", err.code)
            _, err = bedrock.json.encode { print }
            assert.equal("[1]", err.errors[1].path)
        end)
    end)

    describe("the collector", function()
        it("may take anything at any time", function()
            for round = 1, 20 do
                local other = assert(bedrock.connect(settings))
                assert(other:converse_stream(ask "Hi")):next()
                if round % 2 == 0 then
                    other:close()
                end
            end
            collectgarbage()
            collectgarbage()
            assert(conn:converse(ask "Hi"))
        end)

        it("may run finalizers that use, or close, what is just being read", function()
            local pause, multiplier = collectgarbage("setpause", 0), collectgarbage("setstepmul", 10000)
            local ran = 0
            for round = 1, 20 do
                local other = assert(bedrock.connect(settings))
                local stream = assert(other:converse_stream(ask "Hi"))
                for _ = 1, 3 do
                    service.finalized(function()
                        ran = ran + 1
                        assert(conn:prepare("converse", ask("round " .. round)))
                        stream:close()
                        other:close()
                    end)
                end
                local name, err = stream:next()
                assert.truthy(name or err.code == "Closed")
                local result
                result, err = other:converse(ask(("long "):rep(200)))
                assert.truthy(result or err.code == "Closed")
                assert.matches("round", assert(conn:prepare("converse", ask "round")).body)
                other:close()
            end
            collectgarbage()
            collectgarbage("setpause", pause)
            collectgarbage("setstepmul", multiplier)
            assert.truthy(ran > 0)
        end)
    end)
end)
