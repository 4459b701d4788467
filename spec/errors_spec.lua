--- Errors as values: their kinds, codes, texts, and what must never be in them.
local cjson = require "cjson"
local socket = require "socket"
local bedrock = require "bedrock"
local errors = require "bedrock.errors"
local host = require "bedrock.host"
local program = require "spec.support.program"
local service = dofile "spec/support/service.lua"

local MODEL = service.MODEL
local ask = service.ask

local function paths(err)
    local list = {}
    for i, problem in ipairs(err.errors) do
        list[i] = problem.path
    end
    table.sort(list)
    return list
end

local function by_path(err)
    local found = {}
    for _, problem in ipairs(err.errors) do
        found[problem.path] = problem
    end
    return found
end

--- Every string that can be reached from a value, and its printed form.
local function texts(value, list, seen)
    list, seen = list or {}, seen or {}
    list[#list + 1] = tostring(value)
    if type(value) == "table" and not seen[value] then
        seen[value] = true
        for key, member in pairs(value) do
            texts(key, list, seen)
            texts(member, list, seen)
        end
    end
    return table.concat(list, "\n")
end

describe("an error", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)
    local settings = service.settings(ep)

    after_each(function()
        host.wait = host.block
    end)

    local function with(more)
        return service.merged(settings, more)
    end

    local function fails(connection, options)
        local result, err = connection:converse(ask "Hi", options)
        assert.is_nil(result)
        assert.is_true(errors.is(err))
        assert.equal("converse", err.operation)
        return err
    end

    local function scripted(action, times)
        ep:script { { match = { operation = "Converse" }, times = times or -1, action = action } }
    end

    it("reads in a concatenation as it does when printed", function()
        for _, err in ipairs { select(2, conn:converse {}), (fails(conn, { max_attempts = 0 })) } do
            local text = tostring(err)
            assert.equal("why: " .. text, "why: " .. err)
            assert.equal(text .. "!", err .. "!")
            assert.equal(text .. 1 .. text, err .. 1 .. err)
        end
        local err = fails(conn, { max_attempts = 0 })
        for _, other in ipairs { {}, true, print } do
            assert.has_error(function()
                return err .. other
            end)
        end
    end)

    describe("has its problems in the order of their paths", function()
        local function ordered(err)
            local list = {}
            for i, problem in ipairs(err.errors) do
                list[i] = problem.path
            end
            return list
        end

        it("of parameters", function()
            local messages = {}
            for i = 1, 12 do
                messages[i] = { role = "user", content = i % 5 == 0 and { { text = "a", txt = 1 } } or "Hi" }
            end
            local _, err = conn:converse { messages = messages, zeta = 1, alpha = 1, inferenceConfig = { topP = 2,
                maxTokens = 0 }, Beta = 1 }
            assert.same({ "Beta", "alpha", "inferenceConfig.maxTokens", "inferenceConfig.topP",
                "messages[1].content", "messages[2].content", "messages[3].content", "messages[4].content",
                "messages[5].content[1].txt", "messages[6].content", "messages[7].content", "messages[8].content",
                "messages[9].content", "messages[10].content[1].txt", "messages[11].content", "messages[12].content",
                "modelId", "zeta" }, ordered(err))
            local lines = {}
            for i, problem in ipairs(err.errors) do
                lines[i] = problem.path .. ": " .. problem.message
            end
            assert.equal(table.concat(lines, "\n"), err.message)
        end)

        it("of which the first are kept, of too many", function()
            local params, paths_of_20 = ask "Hi", {}
            for i = 1, 50 do
                params["x" .. i] = 1
                paths_of_20[i] = i <= 20 and "x" .. i or nil
            end
            local _, err = conn:converse(params)
            assert.same(paths_of_20, ordered(err))
            assert.matches("\nand 30 more$", err.message)
        end)

        it("of settings and of a call's options", function()
            local stray = { u10 = 1, u9 = 1, u1 = 1, region = "x", read_timeout = 0, auth = "none", [1] = 1 }
            local _, err = bedrock.connect(stray)
            assert.same({ "", "auth", "read_timeout", "region", "u1", "u9", "u10" }, ordered(err))
            stray = { u10 = 1, u9 = 1, u1 = 1, max_attempts = 0, headers = 1, strict = 1, [1] = 1 }
            _, err = conn:converse(ask "Hi", stray)
            assert.same({ "", "headers", "max_attempts", "strict", "u1", "u9", "u10" }, ordered(err))
        end)

        it("of a setting that is given twice", function()
            for _ = 1, 20 do
                local endpoints = { runtime = ep.https, ["bedrock-runtime"] = ep.https }
                local _, err = bedrock.connect(with { endpoint = endpoints })
                assert.equal('endpoint: for "bedrock-runtime": given twice, under its id and under its '
                    .. "namespace: remove one", err.message)
                endpoints.runtime = "x:"
                _, err = bedrock.connect(with { endpoint = endpoints })
                assert.matches('^endpoint: for "runtime": .*$', err.message)
                assert.equal(1, #err.errors)
            end
        end)

        it("of raw requests, generate and models", function()
            local stray = { u10 = 1, u9 = 1, u1 = 1, path = 1, body = { print, 1, 1, 1, 1, 1, 1, 1, print, print } }
            assert.same({ "body[1]", "body[9]", "body[10]", "path", "u1", "u9", "u10" },
                ordered(select(2, conn:request(stray))))
            assert.same({ "model", "prompt", "u1", "u9", "u10" },
                ordered(select(2, conn:generate { u10 = 1, u9 = 1, u1 = 1, prompt = 1 })))
            assert.same({ "kind", "u1", "u9", "u10" },
                ordered(select(2, conn:models { u10 = 1, u9 = 1, u1 = 1, kind = "x" })))
        end)

        it("and names the first strange key of what is no list", function()
            for i = 1, 20 do
                local messages = {}
                for k = 1, 20 do
                    messages["k" .. (k * i) % 21 + 1] = 1
                end
                local _, err = conn:converse { modelId = MODEL, messages = messages }
                assert.matches('with the key "k', err.message, 1, true)
                assert.matches(messages.k1 and '"k1"' or '"k2"', err.message, 1, true)
            end
        end)
    end)

    describe("of settings", function()
        it("tells everything at once, a line each", function()
            local refused, err = bedrock.connect {
                auth = "access_keys",
                regoin = "us-east-1",
                region = "us-easst-1",
                read_timeout = 0,
                secret_access_key = 12,
                ca_file = {},
                [7] = "stray",
            }
            assert.is_nil(refused)
            assert.equal("config", err.kind)
            assert.equal("ConfigError", err.code)
            assert.equal("connect", err.operation)
            assert.is_false(err.retryable)
            local found = by_path(err)
            for _, path in ipairs { "regoin", "region", "read_timeout", "secret_access_key", "ca_file",
                "access_key_id", "" } do
                assert.is_table(found[path], path)
                assert.is_string(found[path].kind)
            end
            assert.matches("did you mean region", found.regoin.message)
            assert.matches("us%-east%-1", found.region.message)
            local lines = 0
            for line in tostring(err):gmatch "[^\n]+" do
                lines = lines + 1
                assert.matches("^connect: ", line)
            end
            assert.equal(#err.errors, lines)
        end)

        it("tells of a ca_file and a proxy that cannot do", function()
            local _, err = bedrock.connect(with {
                ca_file = ep.pki .. "/p256.key.pkcs8.pem", proxy = "http://user:TOPSECRET@127.0.0.1:31x28",
            })
            assert.equal("ConfigError", err.code)
            assert.equal('ca_file: "' .. ep.pki .. '/p256.key.pkcs8.pem" contains no PEM certificate\n'
                .. "proxy: cannot be used: its port is not a number from 1 to 65535", err.message)
            assert.equal("file pattern", err.errors[1].kind .. " " .. err.errors[2].kind)
        end)

        it("never tells a secret", function()
            local secrets = { "SECRETKEY0123456789", "TOKEN0123456789", "APIKEY0123456789", "PASSWORD0123456789",
                "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBM0123456789\n-----END PRIVATE KEY-----\n" }
            local _, err = bedrock.connect {
                auth = "roles_anywhere",
                secret_access_key = secrets[1],
                session_token = secrets[2],
                api_key = secrets[3],
                private_key_password = secrets[4],
                private_key = secrets[5],
                certificate = secrets[5],
                session_name = "nightly",
            }
            local everything = texts(err)
            for _, secret in ipairs(secrets) do
                assert.is_nil(everything:find(secret, 1, true))
                assert.is_nil(everything:find("0123456789", 1, true))
            end
        end)

        it("never tells a key that lost its PEM lines and passes for a path", function()
            local bare = ("MIGHAgEAMBMG" .. ("Ab1/+"):rep(34)) .. "=="
            for _, text in ipairs { bare, bare .. "\127\200", (bare:gsub("/", "_")) } do
                local _, err = bedrock.connect { certificate = "/no/such/cert.pem", private_key = text }
                assert.equal("file", by_path(err).private_key.kind)
                assert.is_nil(texts(err):find(text:sub(20, 40), 1, true))
                assert.matches('"/no/such/cert.pem"', by_path(err).certificate.message, 1, true)
                _, err = bedrock.connect { pkcs12 = text }
                assert.equal("file", by_path(err).pkcs12.kind)
                assert.is_nil(texts(err):find(text:sub(20, 40), 1, true))
            end
        end)

        it("does not call missing what is of the wrong type", function()
            local _, err = bedrock.connect { certificate = "/no/such/file.pem", private_key = 5 }
            local kinds = {}
            for _, problem in ipairs(err.errors) do
                if problem.path == "private_key" then
                    kinds[#kinds + 1] = problem.kind
                end
            end
            assert.same({ "type" }, kinds)
        end)

        it("has the option as path of what is wrong with an endpoint, and says which one", function()
            local _, err = bedrock.connect(with { endpoint = { runtime = 7, agent = "nonsense", bedrok = ep.https,
                ["bedrock-agent-runtime"] = "http://example.com" } })
            local said = {}
            for _, problem in ipairs(err.errors) do
                assert.equal("endpoint", problem.path)
                said[problem.message:match '^for "([%w-]+)": ' or problem.message:match "http://[%w.]+"] = problem.kind
            end
            assert.same({ runtime = "type", agent = "pattern", bedrok = "unknown",
                ["http://example.com"] = "conflict" }, said)
        end)

        it("names what is missing for Roles Anywhere", function()
            local _, err = bedrock.connect {}
            local found = by_path(err)
            for _, name in ipairs { "profile_arn", "role_arn", "trust_anchor_arn", "certificate", "session_name" } do
                assert.is_table(found[name], name)
                assert.equal("missing", found[name].kind, name)
            end
        end)

        it("tells first of other ways to credentials, unless one was begun", function()
            local _, err = bedrock.connect { region = "us-east-1" }
            assert.matches('^auth: missing: [^\n]*"chain" takes AWS\'s own [^\n]*bedrock.help "auth"', err.message)
            assert.matches('"chain"', (bedrock.help "auth"))
            for name, value in pairs { auth = "roles_anywhere", certificate = "/nonexistent", profile = "dev",
                access_key_id = "AKIA", session_name = "nightly", sign = function() end } do
                _, err = bedrock.connect { [name] = value }
                assert.is_nil(by_path(err).auth, name)
            end
        end)
    end)

    it("shows of a name that is not known what fits a line, and nothing that a terminal obeys", function()
        local long = "na\27[2Jme\n" .. ("x"):rep(5000)
        local function raised(f, ...)
            return (select(2, pcall(f, ...)))
        end
        for what, err in pairs {
            settings = select(2, bedrock.connect(with { [long] = 1 })),
            service = select(2, bedrock.connect(with { endpoint = { [long] = ep.https } })),
            call = select(2, conn:converse(ask "Hi", { [long] = 1 })),
            generate = select(2, conn:generate { model = MODEL, [long] = 1 }),
            family = select(2, conn:generate { model = MODEL, family = long }),
            model = select(2, conn:generate { model = long, input = "Hi" }),
            models = select(2, conn:models { [long] = "x" }),
            kind = select(2, conn:models { kind = long }),
            request = select(2, conn:request { path = "/", [long] = 1 }),
            operation = select(2, conn:call("runtime", long)),
            services = select(2, conn:call(long, "Converse")),
            waiter = select(2, conn:wait(long)),
            method = raised(function()
                return conn[long]
            end),
            parallel = raised(bedrock.parallel, {}, { [long] = 1 }),
        } do
            local said = tostring(err)
            assert.truthy(#said < 1000, what)
            assert.matches("na%?%[2Jme%?xxx", said, what)
            assert.is_nil(said:find("[%z\1-\9\11-\31\127]"), what)
            for _, problem in ipairs(type(err) == "table" and err.errors or {}) do
                assert.truthy(#problem.path < 100, what)
            end
        end
    end)

    it("never has the password of a proxy", function()
        for _, proxy in ipairs {
            "http://user:TOPSECRET@127.0.0.1:1x",
            "http://user:TOPSECRET@[::1",
            "http://user:TOP/SECRET@127.0.0.1:1",
            "http://user:TOPSECRET@127.0.0.1:99999",
            "http://user:TOPSECRET@127.0.0.1:1",
            "socks5h://user:TOPSECRET@127.0.0.1:1",
            "http://user:TOPSECRET@",
        } do
            local other, err = bedrock.connect(service.settings(ep, {
                endpoint = "https://bedrock.example.com", proxy = proxy, max_attempts = 1 }))
            if other then
                err = select(2, other:converse(service.ask "Hi"))
                assert.equal("transport", err.kind)
                other:close()
            end
            assert.is_nil(tostring(err):find("SECRET", 1, true), tostring(err))
        end
    end)

    describe("of parameters", function()
        it("has all of them, with paths, and sends nothing", function()
            local result, err = conn:converse {
                modelID = MODEL,
                messages = {
                    { role = "user", content = { { text = "Hi" }, { text = "a", image = {} } } },
                    { content = "Hi" },
                },
                inferenceConfig = { maxTokens = 0, temperature = "hot" },
            }
            assert.is_nil(result)
            assert.equal("validation", err.kind)
            assert.equal("ValidationError", err.code)
            assert.is_nil(err.status)
            local found = by_path(err)
            assert.matches("did you mean modelId", found.modelID.message)
            assert.equal("missing", found.modelId.kind)
            assert.equal("union-many", found["messages[1].content[2]"].kind)
            assert.equal("missing", found["messages[2].role"].kind)
            assert.equal("type", found["messages[2].content"].kind)
            assert.equal("min-value", found["inferenceConfig.maxTokens"].kind)
            assert.equal("type", found["inferenceConfig.temperature"].kind)
            assert.matches("converse: messages%[2%]%.role: ", tostring(err))
            assert.equal(0, ep:counters().requests)
        end)

        it("knows a name by its beginning", function()
            local _, err = conn:converse({ model = MODEL, MESSAGES = {}, x = 1 }, {})
            local found = by_path(err)
            assert.equal('unknown member "model" (did you mean modelId?)', found.model.message)
            assert.equal('unknown member "MESSAGES" (did you mean messages?)', found.MESSAGES.message)
            assert.equal('unknown member "x"', found.x.message)
            err = select(2, bedrock.connect(with { aws_profile = "p", cert = "c" }))
            assert.matches("cert: unknown option (did you mean certificate?)", err.message, 1, true)
            assert.matches("aws_profile: unknown option (did you mean profile? it goes with ", err.message, 1, true)
            err = select(2, conn:converse(ask "Hi", { total = 1 }))
            assert.equal("total: unknown option of a call (did you mean total_timeout?)", err.message)
            assert.matches('did you mean "apply_guardrail"?', select(2, conn:prepare "apply_guard").message, 1, true)
        end)

        it("does not count a member of a union that it does not know, but says so", function()
            local function wrong_with(block)
                local _, err = conn:converse { modelId = MODEL, messages = { { role = "user", content = { block } } } }
                local found = {}
                for _, problem in ipairs(err.errors) do
                    found[#found + 1] = problem.path .. " " .. problem.kind
                end
                table.sort(found)
                return found
            end
            local block = "messages[1].content[1]"
            assert.same({ block .. ".txet unknown" }, wrong_with { txet = "Hi" })
            assert.same({ block .. ".txet unknown" }, wrong_with { txet = "Hi", text = "Hi" })
            assert.same({ block .. " union-many", block .. ".txet unknown" },
                wrong_with { txet = "Hi", text = "Hi", image = { format = "png", source = { bytes = "x" } } })
            assert.same({ block .. " union-empty" }, wrong_with {})
        end)

        it("counts what it does not list", function()
            local many = {}
            for i = 1, 30 do
                many["member" .. i] = i
            end
            local _, err = conn:converse(many)
            assert.equal(20, #err.errors)
            assert.matches("and %d+ more", err.message)
        end)

        it("keeps sensitive values to itself", function()
            local params = ask "Hi"
            params.requestMetadata = { key = ("PRIVATE"):rep(100) }
            local _, err = conn:converse(params)
            assert.is_nil(texts(err):find("PRIVATE", 1, true))
        end)
    end)

    describe("of the service", function()
        it("has code, message, status, request and attempts", function()
            scripted { status = 400, json = { message = "bad model" }, headers = {
                ["x-amzn-errortype"] = "ValidationException:http://internal.amazon.com/", ["x-amzn-requestid"] = "r-1",
            } }
            local err = fails(conn)
            assert.equal("service", err.kind)
            assert.equal("ValidationException", err.code)
            assert.equal("bad model", err.message)
            assert.equal("400", tostring(err.status))
            assert.equal("r-1", err.request_id)
            assert.equal(1, err.attempts)
            assert.is_false(err.retryable)
            assert.equal("converse: ValidationException: bad model (status 400, request r-1)", tostring(err))
        end)

        it("has the members that its shape declares", function()
            scripted({ status = 424, json = { message = "model fell", originalStatusCode = 418, resourceName = "m" },
                headers = { ["x-amzn-errortype"] = "ModelErrorException" } })
            local err = fails(conn)
            assert.equal("418", tostring(err.fields.originalStatusCode))
            assert.equal("m", err.fields.resourceName)
        end)

        it("takes its name from wherever it is", function()
            for _, case in ipairs {
                { { json = { __type = "com.amazon#ThrottlingException", message = "m" } }, "ThrottlingException" },
                { { json = { code = "AccessDeniedException", Message = "m" } }, "AccessDeniedException" },
                { { body = "<E><Error><Code>ExpiredToken</Code><Message>m</Message></Error></E>" }, "ExpiredToken" },
            } do
                ep:reset()
                case[1].status = 403
                scripted(case[1])
                local err = fails(conn, { max_attempts = 1 })
                assert.equal(case[2], err.code)
                assert.equal("m", err.message)
            end
        end)

        it("makes do with HTML, nothing, and rubbish", function()
            for _, body in ipairs { "<html><body>Bad Gateway</body></html>", "", "\0\1\2\255", "null", "[1]", "{" } do
                ep:reset()
                scripted { status = 502, body = body }
                local err = fails(conn, { max_attempts = 1 })
                assert.equal("service", err.kind)
                assert.equal("HTTP502", err.code)
                assert.truthy(#err.message > 0)
                assert.is_true(err.retryable)
                assert.is_nil(err.message:find "%c")
            end
        end)

        it("hides the secrets that its text shows, as AWS's own texts do", function()
            local session = ep.session
            local temporary = assert(bedrock.connect(with {
                access_key_id = session.access_key_id,
                secret_access_key = session.secret_access_key,
                session_token = session.session_token,
            }))
            local keyed = assert(bedrock.connect {
                auth = "api_key",
                api_key = ep.api_key,
                endpoint = ep.https,
                ca_file = ep.ca_file,
            })
            local secrets = { session.secret_access_key, session.session_token, ep.api_key }
            local text = "The canonical string should have been\nx-amz-security-token:%s\n%s\n"
            for _, body in ipairs { '{"__type":"InvalidSignatureException","message":"' .. text:gsub("\n", "\\n")
                .. '"}', '{"message":"%s%s"}', "<html>" .. text .. "</html>", "%s%s" } do
                local said = body:format(secrets[2], secrets[1])
                if body:find "^{" then
                    said = said:gsub("/", "\\/"):gsub("+", "\\u002b")
                elseif body:find "^<" then
                    said = said:gsub("+", "&#43;"):gsub("/", "&#x2F;"):gsub("=", "&#61;")
                end
                scripted({ status = 403, body = said }, 2)
                local err = fails(temporary)
                assert.is_nil(texts(err):find(secrets[1], 1, true))
                assert.is_nil(texts(err):find(secrets[2], 1, true))
                assert.matches("%*%*%*%*%*%*%*%*", err.message)
                ep:reset()
                scripted({ status = 403, body = body:format(secrets[3], secrets[3]:gsub("=+$", "")) }, 1)
                assert.is_nil(texts(fails(keyed)):find(secrets[3], 1, true))
                ep:reset()
            end
            temporary:close()
            keyed:close()
        end)

        it("hides the caller's own Authorization, and what looks like a key at the start of a page", function()
            scripted { status = 400, body = '{"message":"bad token MYOAUTHTOKENXYZ in Bearer MYOAUTHTOKENXYZ"}' }
            local err = fails(conn, { authorization = "Bearer MYOAUTHTOKENXYZ" })
            assert.is_nil(texts(err):find("MYOAUTH", 1, true))
            ep:reset()
            local long = ("k3Y/"):rep(10)
            for _, page in ipairs { "Authorization: Bearer " .. long, "<html><p>x-amz-security-token:" .. long } do
                ep:script { { action = { status = 200, body = page, headers = { ["Content-Type"] = "text/html" } } } }
                local _, why = conn:converse(ask "Hi")
                assert.equal("BadResponse", why.code)
                assert.is_nil(texts(why):find("k3Y", 1, true))
                assert.matches("beginning with", why.message)
                ep:reset()
            end
        end)

        it("hides secrets in an exception of a stream", function()
            local keyed = assert(bedrock.connect { auth = "api_key", api_key = ep.api_key, endpoint = ep.https,
                ca_file = ep.ca_file })
            ep:script { { match = { operation = "ConverseStream" }, action = { frames = {
                { event = "messageStart", json = { role = "assistant" } },
                { exception = "validationException", json = { message = "no " .. ep.api_key } },
            } } } }
            local stream = assert(keyed:converse_stream(ask "Hi"))
            assert.equal("messageStart", (stream:next()))
            local name, err = stream:next()
            assert.is_nil(name)
            assert.equal("ValidationException", err.code)
            assert.is_nil(texts(err):find(ep.api_key, 1, true))
            assert.matches("^no %*+", err.message)
            keyed:close()
        end)

        it("is tried again as far as that helps", function()
            scripted { status = 503, json = { message = "busy" } }
            local err = fails(conn)
            assert.equal(3, err.attempts)
            assert.is_true(err.retryable)
            assert.matches("3 attempts", tostring(err))
            assert.equal(3, ep:counters().Converse)
        end)

        it("comes from the exchange as well", function()
            ep:script { { match = { operation = "CreateSession" }, times = -1, action = {
                status = 403,
                json = { message = "Untrusted certificate" },
                headers = { ["x-amzn-errortype"] = "AccessDeniedException" },
            } } }
            local other = assert(bedrock.connect(service.roles_anywhere(ep, "errors", {
                certificate = ep.pki .. "/p256.chain.pem",
                private_key = ep.pki .. "/p256.key.pkcs8.pem",
                cache = false,
            })))
            local err = fails(other)
            assert.equal("credentials", err.kind)
            assert.equal("AccessDeniedException", err.code)
            assert.matches("Untrusted certificate", err.message)
            assert.equal(0, err.attempts, "requests of the operation itself")
            local refreshed, why = other:refresh()
            assert.is_nil(refreshed)
            assert.equal("credentials", why.kind)
            assert.equal("refresh", why.operation)
            other:close()
        end)
    end)

    describe("of transport", function()
        it("tells that no more files can be opened, though none of its own can be read then", function()
            local said = program.run(([[
                local function connect(endpoint)
                    return assert(require("bedrock").connect { auth = "access_keys", access_key_id = %q,
                        secret_access_key = %q, ca_file = %q, endpoint = endpoint, max_attempts = 1 })
                end
                local params = { modelId = %q, messages = { { role = "user", content = { { text = "Hi" } } } } }
                local other = connect %q
                assert(connect(%q):converse(params))
                local files = {}
                repeat
                    local file = io.open "/dev/null"
                    files[#files + 1] = file
                until not file
                print(select(2, other:converse(params)))
            ]]):format(ep.access_key_id, ep.secret_access_key, ep.ca_file, MODEL, ep.refused, ep.https),
                "ulimit -n 64;")
            assert.matches("^converse: ConnectFailed: .*too many open files", said)
        end)

        it("is the service's own where no more files can be opened", function()
            ep:script { { match = { operation = "Converse" }, action = { status = 400,
                headers = { ["x-amzn-ErrorType"] = "ValidationException" }, json = { message = "No such thing." } } } }
            local said = program.run(([[
                local kept = assert(require("bedrock").connect { auth = "access_keys", access_key_id = %q,
                    secret_access_key = %q, ca_file = %q, endpoint = %q, max_attempts = 1 })
                local params = { modelId = %q, messages = { { role = "user", content = { { text = "Hi" } } } } }
                assert(kept:list_foundation_models {})
                local files = {}
                repeat
                    local file = io.open "/dev/null"
                    files[#files + 1] = file
                until not file
                print(select(2, kept:converse(params)))
            ]]):format(ep.access_key_id, ep.secret_access_key, ep.ca_file, ep.https, MODEL), "ulimit -n 64;")
            assert.matches("^converse: ValidationException: No such thing%.", said)
        end)

        local function through(url, more)
            local other = assert(bedrock.connect(with(more or { endpoint = url, max_attempts = 1 })))
            local err = fails(other)
            other:close()
            return err
        end

        it("is a refused connection", function()
            local err = through(ep.refused)
            assert.equal("transport", err.kind)
            assert.is_true(err.retryable)
            assert.is_nil(err.status)
        end)

        it("is a host nobody knows", function()
            assert.equal("transport", through("https://no-such-host.invalid").kind)
        end)

        it("is a certificate that does not convince", function()
            for _, name in ipairs { "https_expired", "https_wronghost", "https_untrusted" } do
                local err = through(ep[name], { endpoint = ep[name], max_attempts = 2 })
                assert.equal("transport", err.kind, name)
                assert.equal("TlsFailed", err.code, name)
                assert.equal(2, err.attempts, name .. ": nothing was sent, so it is tried again")
                assert.equal(0, ep:counters().Converse, name)
            end
        end)

        it("is an answer that breaks off, or never comes", function()
            scripted({ truncate = 20 }, 1)
            local err = fails(conn, { max_attempts = 1 })
            assert.equal("transport", err.kind)
            scripted({ close = true }, -1)
            err = fails(conn, { max_attempts = 1 })
            assert.equal("transport", err.kind)
        end)

        --- A peer that sends these bytes to whoever comes, and hangs up.
        local function peer(answer)
            local listener = assert(socket.bind("127.0.0.1", 0))
            local waiting, served = {}, 0
            listener:settimeout(0)
            host.wait = function(call)
                while not call:step(10) do
                    waiting[#waiting + 1] = listener:accept()
                    for i = #waiting, 1, -1 do
                        waiting[i]:settimeout(0)
                        if waiting[i]:receive "*l" then
                            waiting[i]:send(answer)
                            table.remove(waiting, i):shutdown()
                            served = served + 1
                        end
                    end
                end
            end
            local _, port = listener:getsockname()
            local connection = assert(bedrock.connect(with { endpoint = "http://127.0.0.1:" .. port }))
            return connection, function()
                host.wait = host.block
                connection:close()
                listener:close()
                return served
            end
        end

        it("is a head that breaks off, tried again where that is safe", function()
            local connection, done = peer "HTTP/1.1 200 OK\r\nContent-Le"
            local err = fails(connection)
            assert.equal("transport", err.kind)
            assert.equal("ConnectionLost", err.code)
            assert.matches("in the middle of the answer's head", err.message)
            local _, again = connection:list_foundation_models()
            assert.equal("ConnectionLost", again.code)
            assert.equal(1 + 3, done())
        end)

        it("is interim answers without an end, and a status line that is none, not tried again", function()
            for _, answer in ipairs { ("HTTP/1.1 100 Continue\r\n\r\n"):rep(20000), "HTTP/1.1 2x0 OK\r\n\r\n",
                "HTTP/1.1 101 Switching Protocols\r\n\r\n", "SSH-2.0-server\r\n", "HTTP/7.1 200 OK\r\n\r\n" } do
                local connection, done = peer(answer)
                local _, err = connection:list_foundation_models()
                assert.equal("transport", err.kind)
                assert.equal("BadResponse", err.code)
                assert.is_false(err.retryable)
                assert.equal(1, err.attempts)
                done()
            end
        end)

        it("is a header without an end", function()
            scripted { headers = { ["X-Long"] = ("v"):rep(400000) } }
            local err = fails(conn)
            assert.equal("transport", err.kind)
            assert.equal("BadResponse", err.code)
            assert.is_false(err.retryable)
        end)

        it("is a page that somebody on the way answered with, in its words", function()
            local page = "<!DOCTYPE html><title>Sign in\27[2J</title>" .. ("x"):rep(500)
            local head = { ["Content-Type"] = "text/html; charset=utf-8" }
            ep:script {
                { match = { operation = "Converse" }, action = { body = page, headers = head } },
                { match = { operation = "ConverseStream" }, action = { body = page, headers = head } },
                { match = { operation = "ConverseStream" }, action = { body = "Blocked.",
                    headers = { ["Content-Type"] = cjson.null } } },
                { match = { operation = "ConverseStream" }, action = { json = { message = "hello" } } },
            }
            local function streamed()
                local stream = assert(conn:converse_stream(ask "Hi"))
                local name, err = stream:next()
                assert.is_nil(name)
                assert.same({ nil, err }, { stream:next() })
                return err
            end
            for _, err in ipairs { fails(conn), streamed() } do
                assert.equal("transport", err.kind)
                assert.equal("BadResponse", err.code)
                assert.is_false(err.retryable)
                assert.matches('text/html, beginning with "<!DOCTYPE html><title>Sign in?[2J', err.message, 1, true)
                assert.truthy(#err.message < 400)
            end
            assert.matches("beginning with \"Blocked.\"", streamed().message, 1, true)
            assert.matches("application/json, beginning with \"{", streamed().message, 1, true)
        end)

        it("shows nothing of JSON that cannot be read, as it may hold secrets", function()
            scripted({ body = '{"output":{"secret":"TOPSECRET' }, 1)
            assert.is_nil(texts(fails(conn)):find "TOPSECRET")
        end)

        it("is an answer that cannot be read", function()
            for _, body in ipairs { "<html>welcome to the hotel</html>", '{"output":', "[]" } do
                ep:reset()
                scripted({ status = 200, body = body }, 1)
                local err = fails(conn)
                assert.equal("transport", err.kind, body)
                assert.equal("BadResponse", err.code, body)
                assert.equal("200", tostring(err.status))
            end
        end)
    end)

    describe("of time", function()
        it("names the limit that was passed", function()
            for option, code in pairs {
                read_timeout = "ReadTimeout", first_byte_timeout = "FirstByteTimeout", total_timeout = "TotalTimeout",
            } do
                ep:reset()
                scripted { hang = true }
                local err = fails(conn, { [option] = 60 })
                assert.equal("timeout", err.kind)
                assert.equal(code, err.code)
                assert.equal(1, ep:counters().Converse, "a call that may have run was repeated")
            end
        end)

        it("names the connection's", function()
            ep:config { tls_delay_ms = 2000 }
            local other = assert(bedrock.connect(with {
                endpoint = ep.https:gsub("127%.0%.0%.1", "localhost"),
                connect_timeout = 60,
                max_attempts = 1,
            }))
            local err = fails(other)
            assert.equal("timeout", err.kind)
            assert.equal("ConnectTimeout", err.code)
            other:close()
        end)
    end)

    describe("as a value", function()
        it("is for error and print", function()
            local ok, err = pcall(function()
                error((select(2, conn:converse {})))
            end)
            assert.is_false(ok)
            assert.is_true(errors.is(err))
            assert.matches("^converse: ", tostring(err))
            assert.is_false(errors.is {})
            assert.is_false(errors.is "text")
        end)

        it("has a code and a message, whatever happened", function()
            scripted({ status = 500, body = "" }, -1)
            for _, err in ipairs {
                fails(conn, { max_attempts = 1 }),
                select(2, conn:converse {}),
                select(2, bedrock.connect {}),
                select(2, bedrock.json.decode "{"),
                select(2, conn:prepare("nothing", {})),
                select(2, conn:call("runtime", "Nothing", {})),
                select(2, conn:request {}),
            } do
                assert.is_string(err.kind)
                assert.truthy(#err.code > 0)
                assert.truthy(#err.message > 0)
                assert.is_boolean(err.retryable)
            end
        end)

        it("never holds what signs", function()
            ep:config { verify = false }
            scripted { status = 400, json = { message = "no" } }
            local err = fails(conn)
            local everything = texts(err) .. texts(conn) .. texts(getmetatable(conn))
                .. cjson.encode(paths(select(2, conn:converse {})))
            assert.is_nil(everything:find(ep.secret_access_key, 1, true))
            assert.is_nil(everything:find("AWS4-HMAC", 1, true))
        end)
    end)
end)
