--- A cache for a fleet, in a real Redis: one exchange for all processes, and no call that fails or waits for it
--- when something is wrong with it.
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"
local site = dofile "spec/nginx/site.lua"
local eventually = require("spec.support.patience").eventually
local program = dofile "spec/support/program.lua"
local redis = require "spec.support.redis"
local workers_of = require "spec.support.workers"

describe("a cache in Redis", function()
    local ep, workers, server = service.each(), nil, nil

    --- Settings of the processes to come.
    local function settle(cache, more)
        workers:settle(("cache = %q, %s"):format(cache, more or ""))
    end

    before_each(function()
        workers = workers_of(ep)
    end)

    after_each(function()
        if server then
            server:stop()
            server = nil
        end
        workers:remove()
    end)

    local function run(n)
        return workers:run(n, "redis")
    end

    local function serves(cache, more)
        settle(cache, more)
        assert.same({ exchange = 1 }, run(1))
        assert.same({ redis = 1 }, run(1))
        assert.equal(1, ep:counters().CreateSession)
    end

    --- Calls succeed, as with no cache.
    local function does_without(cache)
        settle(cache)
        for _ = 1, 2 do
            assert.same({ exchange = 1 }, run(1))
        end
        assert.equal(2, ep:counters().CreateSession)
    end

    it("serves other processes, as long as the credentials live, and leaves no lock", function()
        server = redis.start()
        serves(server:url())
        local key = server:keys()
        assert.truthy(key:match "^lua%-bedrock:%x+$", key)
        assert.equal(12 + 64, #key)
        local life_ms = tonumber((server:ask("pttl " .. key):match "%d+"))
        assert.truthy(life_ms > 0 and life_ms <= 3600000, life_ms)
        assert.falsy(server:ask("get " .. key):find("ASIA", 1, true))
    end)

    it("is reached with a password and in a database", function()
        server = redis.start("--requirepass 'p@ss/w%rd'", "-a 'p@ss/w%rd'")
        serves(server:url(":p%40ss%2Fw%25rd@", "/3"))
        assert.equal("", server:keys(0))
        assert.truthy(server:keys(3):find "^lua%-bedrock:")
    end)

    it("is reached as a user who may do no more than what is documented", function()
        server = redis.start("--user default off --user fleet on '>secret' '~lua-bedrock:*' +select +getrange "
            .. "+set +pttl +eval +get +pexpire +del --user spec on nopass '~*' +@all", "--user spec --pass x")
        serves(server:url "fleet:secret@")
    end)

    it("is reached by a unix socket", function()
        server = redis.start()
        serves("redis+unix://" .. server.dir .. "/socket")
    end)

    describe("with TLS", function()
        local function start(certificate, asks)
            local name = ep.pki .. "/" .. certificate
            server = redis.start(("--tls-port @port@ --tls-cert-file %s.pem --tls-key-file %s.key --tls-ca-cert-file "
                .. "%s/ca.pem --tls-auth-clients %s"):format(name, name, ep.pki, asks or "no"))
        end

        it("is reached when its certificate is good", function()
            start "tls-good"
            serves(server:url(nil, nil, "rediss"))
        end)

        it("is shown the client's certificate", function()
            start("tls-good", "yes")
            local name = ep.pki .. "/p256"
            serves(server:url(nil, nil, "rediss"), ("client_certificate = %q, client_key = %q"):format(
                name .. ".chain.pem", name .. ".key.pkcs8.pem"))
        end)

        for certificate, why in pairs { ["tls-wronghost"] = "of another host", ["tls-untrusted"] = "of nobody's" } do
            it("is not when it is " .. why, function()
                start(certificate)
                does_without(server:url(nil, nil, "rediss"))
                assert.equal("", server:keys())
            end)
        end

        it("is not without", function()
            start "tls-good"
            does_without(server:url())
        end)
    end)

    for _, n in ipairs { 8, 64 } do
        it("makes one exchange of " .. n .. " processes at once", function()
            server = redis.start()
            settle(server:url())
            local said, distinct = run(n)
            assert.equal(1, ep:counters().CreateSession)
            assert.equal(n - 1, said.redis)
            assert.equal(1, distinct)
        end)
    end

    it("makes one of them while it takes 6 s, longer than a lock lasts that nobody prolongs", function()
        server = redis.start()
        settle(server:url())
        ep:config { exchange_delay_ms = 6000 }
        local _, distinct = run(8)
        assert.equal(1, ep:counters().CreateSession)
        assert.equal(1, distinct)
    end)

    for signal, name in pairs { KILL = "killed", STOP = "stopped" } do
        it("makes two at most when who made the first is " .. name, function()
            server = redis.start()
            settle(server:url())
            ep:config { exchange_delay_ms = 1500 }
            local pid = workers:hold()
            os.execute("kill -" .. signal .. " " .. pid)
            local _, distinct = run(8)
            os.execute("kill -KILL " .. pid .. " 2>/dev/null")
            assert.truthy(ep:counters().CreateSession <= 2)
            assert.equal(1, distinct)
        end)
    end

    describe("is done without", function()
        it("when it is gone", function()
            does_without((ep.refused:gsub("^%w+", "redis")))
        end)

        it("when its password is wrong", function()
            server = redis.start("--requirepass right", "-a right")
            does_without(server:url ":wrong@")
            assert.equal("", server:keys())
        end)

        it("when it is stopped", function()
            server = redis.start()
            server:signal "STOP"
            does_without(server:url())
        end)

        it("when it pauses its clients", function()
            server = redis.start()
            server:ask "client pause 60000 all"
            does_without(server:url())
        end)

        it("when it is full", function()
            server = redis.start "--maxmemory 1"
            does_without(server:url())
        end)

        it("when it is a replica that may only be read", function()
            server = redis.start "--replicaof 127.0.0.1 1"
            does_without(server:url())
        end)

        it("when something else answers there", function()
            does_without((ep.http:gsub("^%w+", "redis")))
        end)

        it("when it speaks no TLS", function()
            server = redis.start()
            does_without(server:url(nil, nil, "rediss"))
        end)

        it("when it ends in the midst of an exchange", function()
            server = redis.start()
            settle(server:url())
            ep:config { exchange_delay_ms = 1500 }
            local pipe = assert(io.popen("exec " .. workers:command() .. " 2>&1"))
            assert(eventually(function()
                return ep:counters().CreateSession == 1
            end))
            server:signal "KILL"
            assert.truthy(pipe:read("*a"):find "^exchange ")
            pipe:close()
        end)
    end)

    describe("is written over", function()
        local key

        local function spoiled(commands)
            ep:reset()
            server = redis.start()
            serves(server:url())
            key = server:keys()
            server:ask("del " .. key)
            for _, line in ipairs(commands) do
                server:ask((line:gsub("KEY", key)))
            end
            ep:reset()
            serves(server:url())
            assert.equal(key, server:keys())
        end

        it("where it holds another type", function()
            spoiled { "lpush KEY rubbish" }
        end)

        it("where bytes were changed", function()
            spoiled { "set KEY tampered" }
        end)

        it("where it holds 100 MB", function()
            spoiled { "setrange KEY 100000000 x" }
        end)

        it("and a lock that is none is taken away", function()
            spoiled { "lpush KEY:lock rubbish" }
            server:stop()
            spoiled { "set KEY:lock rubbish" }
            server:stop()
            spoiled { "set KEY:lock rubbish ex 1000" }
        end)
    end)

    it("is not asked for what cannot be sealed", function()
        server = redis.start()
        local conn = assert(bedrock.connect {
            auth = "container", container = { uri = ep.http .. "/container/credentials",
                authorization_token = ep.container_token }, endpoint = ep.https, ca_file = ep.ca_file,
            cache = server:url(),
        })
        assert.equal("exchange", assert(conn:credentials()).cache)
        assert.equal("memory", assert(conn:credentials()).cache)
        assert.equal("", server:keys())
        conn:close()
    end)

    it("keeps its password to itself when the URL is wrong", function()
        for _, url in ipairs { "redis://u:secret@@h", "redis://u:secret@h:0", "redis://u:sec%zz@h",
            "redis://:secret@h/x", "redis+unix://:secret@" } do
            local conn, err = bedrock.connect { auth = "none", endpoint = ep.https, cache = url }
            assert.is_nil(conn)
            assert.equal("config", err.kind)
            assert.truthy(tostring(err):find("cache: the URL cannot be used: ", 1, true), tostring(err))
            assert.falsy(tostring(err):find("sec", 1, true))
        end
    end)

    it("needs hiredis, and says so", function()
        local abi = rawget(_G, "jit") and "5.1" or "5.4"
        local path = (os.getenv "BUILD" or "build") .. "/bare/" .. abi
        local pipe = assert(io.popen(([[LUA_CPATH='%s/?.so;;' %s -e 'local _, err = require("bedrock").connect {
            auth = "none", cache = "redis://:secret@h" } print(err)' 2>&1]]):format(path, program.interpreter())))
        local said = pipe:read "*a"
        pipe:close()
        assert.truthy(said:find("install libhiredis-dev", 1, true), said)
        assert.falsy(said:find("secret", 1, true), said)
    end)

    it("ends with the run that started it, also where that is killed", function()
        local leash = (os.getenv "BUILD" or "build") .. "/leash"
        local run_of = assert(io.popen(([[%s sh -c "redis-server --port 0 --unixsocket %s/socket --dir %s --save '' \
            --daemonize yes; sleep 1000" >/dev/null 2>&1 & echo $!; wait]]):format(leash, workers.dir, workers.dir)))
        local pid = run_of:read "*l"
        local function lives()
            local pipe = assert(io.popen("redis-cli -s " .. workers.dir .. "/socket ping 2>&1"))
            local said = pipe:read "*a"
            pipe:close()
            return said:find "PONG" ~= nil
        end
        assert(eventually(lives), "redis-server did not start")
        os.execute("kill -KILL " .. pid)
        assert(eventually(function()
            return not lives()
        end), "redis-server did not end")
        run_of:close()
    end)

    it("serves nginx", function()
        server = redis.start()
        local here = site.new(ep)
        here:reset()
        here.settings.identity.cache = server:url()
        for _ = 1, 2 do
            local running = here:start()
            local status, said = running:get "/converse?conn=identity"
            assert.equal(200, status, said)
            here:stop()
        end
        here:remove()
        assert.equal(1, ep:counters().CreateSession)
    end)
end)
