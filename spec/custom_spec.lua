--- Functions of the user's that give credentials or an API key.
local bedrock = require "bedrock"
local program = dofile "spec/support/program.lua"
local service = dofile "spec/support/service.lua"

describe("a function that gives credentials", function()
    local ep, calls

    setup(function()
        ep = service.endpoint()
    end)

    before_each(function()
        ep:reset()
        calls = 0
    end)

    local function keys(more)
        return service.merged({
            access_key_id = ep.access_key_id,
            secret_access_key = ep.secret_access_key,
        }, more)
    end

    local function connect(f, more)
        return assert(bedrock.connect(service.merged({
            auth = "custom",
            credentials = function()
                calls = calls + 1
                return f()
            end,
            endpoint = ep.https,
            ca_file = ep.ca_file,
        }, more)))
    end

    local function ask(conn)
        return conn:converse(service.ask "Hi")
    end

    it("is called once for keys that are for good", function()
        local conn = connect(keys)
        assert(ask(conn))
        assert(ask(conn))
        assert.equal(1, calls)
        local info = assert(conn:credentials())
        assert.equal("custom", info.source)
        assert.same({ "custom" }, info.via)
        assert.is_nil(info.expiration)
        assert.equal(ep.access_key_id, info.access_key_id)
    end)

    it("is called again once what it gave has less than 60 s", function()
        local life = 59
        local conn = connect(function()
            return keys { expiration = os.time() + life }
        end)
        assert(ask(conn))
        assert(ask(conn))
        assert.equal(2, calls)
        life = 3600
        assert(ask(conn))
        assert(ask(conn))
        assert.equal(3, calls)
    end)

    it("may give its expiration as ISO 8601", function()
        local conn = connect(function()
            return keys { expiration = "2100-01-02T03:04:05Z" }
        end)
        assert.equal(4102542245, assert(conn:credentials()).expiration)
    end)

    it("is called once for calls that run at the same time, and may wait", function()
        local other = service.connect(ep)
        local conn = connect(function()
            assert(ask(other))
            return keys { expiration = os.time() + 3600 }
        end)
        local tasks = {}
        for i = 1, 16 do
            tasks[i] = bedrock.spawn(ask, conn)
        end
        for i = 1, 16 do
            assert(tasks[i]:join())
        end
        assert.equal(1, calls)
    end)

    it("is called by refresh", function()
        local conn = connect(keys)
        assert(ask(conn))
        assert(conn:refresh())
        assert.equal(2, calls)
    end)

    it("is called by an early refresh only when a call would", function()
        local conn = connect(function()
            return keys { expiration = os.time() + 600 }
        end)
        assert(conn:refresh { early = true })
        assert(conn:refresh { early = true })
        assert(ask(conn))
        assert.equal(1, calls)
    end)

    it("is called once more where the service calls a set expired in a call's midst", function()
        local conn = connect(function()
            return keys { expiration = os.time() + 3600 }
        end)
        assert(ask(conn))
        ep:script { {
            match = { operation = "Converse" },
            times = 1,
            action = { status = 403, headers = { ["x-amzn-ErrorType"] = "ExpiredTokenException" }, body = "{}" },
        } }
        assert(ask(conn))
        assert.equal(2, calls)
    end)

    it("says what it gave that cannot be used", function()
        for wanted, given in pairs {
            ["the function must give a table, got a string"] = "AKIA",
            ["access_key_id must be a string, got nil"] = {},
            ["secret_access_key must be a string, got a number"] = { access_key_id = "A", secret_access_key = 1 },
            ["session_token must be a string, got a boolean"] = keys { session_token = true },
            ["expiration must be epoch seconds or an ISO 8601 time, got a table"] = keys { expiration = {} },
            ["expiration must be epoch seconds or an ISO 8601 time"] = keys { expiration = "soon" },
            ["a part of the credentials is too long"] = keys { session_token = ("x"):rep(20000) },
        } do
            local answer, err = ask(connect(function() return given end))
            assert.is_nil(answer)
            assert.equal("credentials", err.kind)
            assert.equal(wanted, err.message)
        end
        assert.equal(0, ep:counters().requests)
    end)

    it("that fails or raises fails the call, and the next call asks again", function()
        local conn = connect(function()
            if calls == 1 then
                error("no vault today", 0)
            elseif calls == 2 then
                return nil, "locked"
            end
            return keys()
        end)
        local _, err = ask(conn)
        assert.equal("credentials", err.kind)
        assert.equal("the function raised: no vault today", err.message)
        _, err = ask(conn)
        assert.equal("locked", err.message)
        assert(ask(conn))
    end)

    it("that fails is called once for calls that run at the same time", function()
        local other = service.connect(ep)
        local conn = connect(function()
            assert(ask(other))
            return nil, "sealed"
        end)
        local tasks = {}
        for i = 1, 16 do
            tasks[i] = bedrock.spawn(ask, conn)
        end
        for i = 1, 16 do
            local _, err = tasks[i]:join()
            assert.equal("sealed", err.message)
        end
        assert.equal(1, calls)
    end)

    it("whose call is cancelled is called for the others", function()
        local other = service.connect(ep)
        local conn = connect(function()
            assert(ask(other))
            return keys()
        end)
        local first, second = bedrock.spawn(ask, conn), bedrock.spawn(ask, conn)
        first:cancel()
        assert(second:join())
        assert.equal("Cancelled", select(2, first:join()).code)
        assert.equal(2, calls)
    end)

    it("in a coroutine that nobody resumes any more is given up", function()
        local conn = connect(function()
            if calls == 1 then
                coroutine.yield()
            end
            return keys()
        end)
        local co = coroutine.create(ask)
        coroutine.resume(co, conn)
        assert.equal("suspended", coroutine.status(co))
        co = nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
        assert(ask(conn))
        assert.equal(2, calls)
    end)

    it("is ended by Ctrl-C, and the program with it", function()
        ep:script { { match = { operation = "Converse" }, times = -1, action = { hang = true } } }
        local output = program.run(([[
            local bedrock, endpoint, ca_file = require "bedrock", %q, %q
            local other = bedrock.connect { auth = "access_keys", access_key_id = %q, secret_access_key = %q,
                endpoint = endpoint, ca_file = ca_file }
            local question = { modelId = "amazon.nova-lite-v1:0",
                messages = { { role = "user", content = { { text = "Hi" } } } } }
            local conn = bedrock.connect { auth = "custom", endpoint = endpoint, ca_file = ca_file,
                credentials = function()
                    print "asking"
                    io.stdout:flush()
                    return other:converse(question)
                end }
            conn:converse(question)
            print "answered"
        ]]):format(ep.https, ep.ca_file, ep.access_key_id, ep.secret_access_key), "timeout -k 20 -s INT 2")
        assert.matches("asking", output)
        assert.matches("interrupted!", output)
        assert.is_nil(output:find "answered")
    end)

    it("that uses its own connection is told so", function()
        local conn
        conn = connect(function()
            return assert(conn:export())
        end)
        local _, err = ask(conn)
        assert.equal("credentials", err.kind)
        assert.matches("it would wait for itself", err.message, 1, true)
    end)

    it("is waited for by a task that the main program runs meanwhile", function()
        local other = service.connect(ep)
        local conn
        local function give()
            assert(ask(other))
            return keys()
        end
        local began = false
        local task = bedrock.spawn(function()
            assert(ask(other))
            began = true
            return ask(conn)
        end)
        conn = connect(function()
            assert(ask(other))
            repeat
                assert(ask(other))
            until began
            return give()
        end)
        assert(ask(conn))
        assert(task:join())
        assert.equal(1, calls)
    end)

    it("may have given what nobody used before it expired: it is called again", function()
        local conn = connect(function()
            return keys { expiration = os.time() + (calls == 1 and 1 or 3600) }
        end)
        assert.is_nil((conn:converse {}))
        assert.equal(1, calls)
        local late = os.time() + 2
        repeat until os.time() >= late
        assert.is_true(assert(conn:credentials()).seconds_left > 3000)
        assert.equal(2, calls)
    end)

    it("of another auth is an error", function()
        local _, err = bedrock.connect(service.settings(ep, { api_key = keys }))
        assert.equal('api_key: has no effect with auth = "access_keys": set auth = "api_key"', err.message)
        assert.equal("conflict", select(2, bedrock.connect { auth = "custom", credentials = keys, api_key = keys })
            .errors[1].kind)
    end)

    it("must be there, and only with auth = \"custom\"", function()
        local _, err = bedrock.connect { auth = "custom" }
        assert.matches("credentials: missing: a function that gives", err.message, 1, true)
        _, err = bedrock.connect { auth = "custom", credentials = {} }
        assert.matches("credentials: must be a function, got a table", err.message, 1, true)
        _, err = bedrock.connect(service.settings(ep, { credentials = keys }))
        assert.equal('credentials: has no effect with auth = "access_keys": set auth = "custom"', err.message)
    end)

    it("is the base of roles, and asked only when a role is due", function()
        local conn = connect(keys, { assume_role = { role_arn = "arn:aws:iam::123456789012:role/top" } })
        assert(ask(conn))
        assert(ask(conn))
        assert.equal(1, calls)
        local info = assert(conn:credentials())
        assert.same({ "assume_role", "custom" }, info.via)
        assert.equal("assume_role", info.source)
        assert.equal(1, ep:counters().AssumeRole)
    end)

    it("may give an API key, which is asked for anew when it has expired", function()
        local life = 30
        local conn = assert(bedrock.connect {
            auth = "api_key",
            api_key = function()
                calls = calls + 1
                return ep.api_key, os.time() + life
            end,
            endpoint = ep.https,
            ca_file = ep.ca_file,
        })
        assert(ask(conn))
        life = 3600
        assert(ask(conn))
        assert(ask(conn))
        assert.equal(2, calls)
        assert.equal("api_key", assert(conn:credentials()).source)
    end)

    it("closes with its connection", function()
        local conn = connect(keys)
        assert(ask(conn))
        conn:close()
        local _, err = ask(conn)
        assert.equal("Closed", err.code)
    end)
end)

describe("a function that signs with a certificate's key", function()
    local ep, calls, given

    setup(function()
        ep = service.endpoint()
    end)

    before_each(function()
        ep:reset()
        calls, given = 0, {}
    end)

    --- The key stays with another process.
    local function by_openssl(key)
        return function(data, algorithm)
            calls = calls + 1
            given[calls] = { data = data, algorithm = algorithm }
            local name = os.tmpname()
            local file = assert(io.open(name, "wb"))
            file:write(data)
            file:close()
            local pipe = assert(io.popen("openssl dgst -sha256 -sign " .. ep.pki .. "/" .. key .. " " .. name))
            local signature = pipe:read "*a"
            pipe:close()
            os.remove(name)
            return signature
        end
    end

    local function connect(kind, sign, more)
        return bedrock.connect(service.roles_anywhere(ep, "signed-" .. kind, service.merged({
            certificate = ep.pki .. "/" .. kind .. ".crt.pem",
            certificate_chain = ep.pki .. "/intermediate.pem",
            sign = sign or by_openssl(kind .. ".key.pkcs8.pem"),
            cache = "memory",
        }, more)))
    end

    for kind, algorithm in pairs { p256 = "ECDSA-SHA256", rsa2048 = "RSA-SHA256" } do
        it("authenticates with " .. algorithm .. ", once", function()
            local conn = assert(connect(kind))
            assert(conn:converse(service.ask "Hi"))
            assert(conn:converse(service.ask "Hi"))
            assert.equal(1, calls)
            assert.equal(algorithm, given[1].algorithm)
            assert.matches("^AWS4%-X509%-%u+%-SHA256\n", given[1].data)
            assert.equal(1, ep:counters().CreateSession)
        end)
    end

    it("is called again for refresh, roles and a session name that is refused", function()
        ep:config { accept_session_names = false }
        local conn = assert(connect("p256", nil, { session_name = "refused",
            assume_role = { role_arn = "arn:aws:iam::123456789012:role/signed" } }))
        assert(conn:converse(service.ask "Hi"))
        assert.equal(2, calls)
        assert.same({ "assume_role", "roles_anywhere" }, assert(conn:credentials()).via)
        assert(conn:refresh())
        assert.is_true(calls > 2)
        calls = 0
        assert(conn:refresh { early = true })
        assert.equal(0, calls)
        assert(conn:export())
    end)

    it("is called again once a wrong clock is known", function()
        ep:config { clock_offset_s = 1000 }
        local conn = assert(connect("p256", nil, { session_name = "clock" }))
        assert(conn:converse(service.ask "Hi"))
        assert.equal(2, calls)
    end)

    it("that gives another's signature, or nothing, is told so", function()
        for _, case in ipairs {
            { by_openssl "other.key.pem", "SigningFailed" },
            { function() return "nonsense" end, "SigningFailed" },
            { function() return nil, "the device is busy" end, "FunctionFailed" },
            { function() error("gone", 0) end, "FunctionRaised" },
            { function() return 7 end, "FunctionFailed" },
        } do
            local _, err = assert(connect("p256", case[1], { session_name = "wrong" })):converse(service.ask "Hi")
            assert.equal("credentials", err.kind)
            assert.equal(case[2], err.code)
        end
        assert.equal(0, ep:counters().CreateSession)
    end)

    it("goes without a private key, which is a conflict", function()
        local _, err = connect("p256", nil, { private_key = ep.pki .. "/p256.key.pkcs8.pem" })
        assert.equal("conflict", err.errors[1].kind)
    end)
end)
