--- A connection's life: connect, credentials, waiting, close, the collector.
local bedrock = require "bedrock"
local core = require "bedrock.core"
local host = require "bedrock.host"
local collector = require "spec.support.collector"
local program = require "spec.support.program"
local service = dofile "spec/support/service.lua"

local MODEL = service.MODEL
local ask = service.ask

describe("bedrock", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    after_each(function()
        host.wait = host.block
    end)

    describe("connect", function()
        it("raises without a table", function()
            assert.has_error(function()
                bedrock.connect "us-east-1"
            end, "connect: expected a table of settings, got a string")
        end)

        it("raises for a connection, and where it is called with a colon, like all that take settings", function()
            for _, name in ipairs { "connect", "test", "open" } do
                assert.has_error(function()
                    bedrock[name](conn)
                end, name .. ": expected a table of settings, got a connection")
                assert.has_error(function()
                    bedrock[name](bedrock)
                end, name .. ": call it with a dot, as in bedrock." .. name .. " { … }")
            end
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
            local other = service.connect(ep, { region = bedrock.null, proxy = bedrock.null })
            assert.equal("us-east-1", other.region)
            other:close()
            other = service.connect(ep, { endpoint = { runtime = ep.https, agent = bedrock.null } })
            other:close()
        end)

        it("takes endpoints by service id and namespace", function()
            local other = service.connect(ep, { endpoint = { runtime = ep.https, bedrock = ep.refused } })
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

    describe("credentials", function()
        it("tells of static keys without their secret", function()
            assert.same({ source = "access_keys", via = { "access_keys" }, access_key_id = ep.access_key_id },
                conn:credentials())
            assert.is_true(conn:refresh())
        end)

        it("tells of an API key", function()
            local other = assert(bedrock.connect { auth = "api_key", api_key = ep.api_key, endpoint = ep.https,
                ca_file = ep.ca_file })
            assert.same({ source = "api_key", via = { "api_key" } }, other:credentials())
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

        it("are renewed early by refresh only where they end soon", function()
            ep:config { exchange_lifetime_s = 600 }
            local other = assert(bedrock.connect(service.roles_anywhere(ep, "early", {
                certificate = ep.pki .. "/p256.chain.pem", private_key = ep.pki .. "/p256.key.pkcs8.pem", cache = false,
            })))
            assert(other:credentials())
            ep:config { exchange_lifetime_s = 0 }
            assert.is_true(other:refresh { early = true })
            assert.is_true(other:refresh { early = true })
            assert.is_true(conn:refresh { early = true })
            assert.equal(2, ep:counters().CreateSession)
            assert.is_true(other:refresh { early = core.null })
            assert.equal(3, ep:counters().CreateSession)
            local ok, err = other:refresh { early = "yes", late = true }
            assert.is_nil(ok)
            assert.equal("validation", err.kind)
            assert.matches("must be true or false, got a string", err.message, 1, true)
            assert.matches("unknown option; the only one is early", err.message, 1, true)
            assert.has_error(function()
                other:refresh "early"
            end, "refresh: expected a table with the options, got a string")
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
            local output = program.run(([[
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
                local output = program.run(([[
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
            local other = service.connect(ep)
            local stream = assert(other:converse_stream(ask "Hi"))
            conn:close()
            assert.equal("messageStart", (stream:next()))
            other:close()
        end)
    end)

    describe("the collector", function()
        it("may take anything at any time", function()
            for round = 1, 20 do
                local other = service.connect(ep)
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
            local calm = collector.make_eager()
            local ran = 0
            for round = 1, 20 do
                local other = service.connect(ep)
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
            calm()
            assert.truthy(ran > 0)
        end)
    end)
end)
