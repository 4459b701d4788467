--- Many processes with one identity: one exchange, whatever happens to the one that makes it.
local endpoint = dofile "spec/endpoint/endpoint.lua"
local eventually = require("spec.support.patience").eventually

local INTERPRETER = rawget(_G, "jit") and "luajit" or "lua5.4"

local WORKER = [[
local bedrock = require "bedrock"
local conn = assert(bedrock.connect(dofile(arg[1])))
local creds, err = conn:credentials()
io.write(creds and creds.cache .. " " .. creds.access_key_id or "failed " .. tostring(err), "\n")
]]

describe("processes", function()
    local ep, dir

    local function write(name, text)
        local file = assert(io.open(dir .. "/" .. name, "w"))
        file:write(text)
        file:close()
    end

    local function write_settings(more)
        write("settings.lua", ([[return {
            profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/one",
            role_arn = "arn:aws:iam::123456789012:role/one",
            trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/one",
            session_name = "processes", endpoint = %q, ca_file = %q, cache_dir = %q,
            certificate = %q, private_key = %q, certificate_chain = %q, %s
        }]]):format(ep.https, ep.ca_file, dir .. "/cache", ep.pki .. "/p256.crt.pem",
            ep.pki .. "/p256.key.pkcs8.pem", ep.pki .. "/intermediate.pem", more))
    end

    setup(function()
        ep = endpoint.attach(assert(os.getenv "BEDROCK_TEST_ENDPOINT"))
    end)

    before_each(function()
        ep:reset()
        local pipe = assert(io.popen "mktemp -d")
        dir = pipe:read "*l"
        pipe:close()
        write("worker.lua", WORKER)
        write_settings ""
    end)

    after_each(function()
        os.execute("rm -rf '" .. dir .. "'")
    end)

    local function command()
        return ("%s '%s/worker.lua' '%s/settings.lua'"):format(INTERPRETER, dir, dir)
    end

    --- Starts n processes at once, waits for all; returns how many said what, and the key IDs.
    local function run(n)
        local pipes, said, keys, distinct = {}, {}, {}, 0
        for i = 1, n do
            pipes[i] = assert(io.popen("exec " .. command() .. " 2>&1"))
        end
        for i = 1, n do
            local text = pipes[i]:read "*a"
            pipes[i]:close()
            local word, key = text:match "^(%S+) (.*)\n$"
            assert.truthy(word == "exchange" or word == "file", text)
            said[word] = (said[word] or 0) + 1
            distinct = distinct + (keys[key] and 0 or 1)
            keys[key] = true
        end
        return said, distinct
    end

    for _, n in ipairs { 8, 64 } do
        it(n .. " at once, cold: one exchange; later none", function()
            local said, distinct = run(n)
            assert.equal(1, ep:counters().CreateSession)
            assert.equal(1, said.exchange)
            assert.equal(n - 1, said.file)
            assert.equal(1, distinct)
            said = run(1)
            assert.equal(1, said.file)
            assert.equal(1, ep:counters().CreateSession)
        end)
    end

    it("32 at once with a role on top, cold: one exchange and one role", function()
        write_settings "assume_role = { role_arn = 'arn:aws:iam::123456789012:role/top' },"
        local said, distinct = run(32)
        assert.equal(1, ep:counters().CreateSession)
        assert.equal(1, ep:counters().AssumeRole)
        assert.equal(1, said.exchange)
        assert.equal(1, distinct)
    end)

    it("8 at once while the exchange takes 3 s: still one", function()
        ep:config { exchange_delay_ms = 3000 }
        local _, distinct = run(8)
        assert.equal(1, ep:counters().CreateSession)
        assert.equal(1, distinct)
    end)

    --- Starts a holder in the background and returns its pid once its exchange has begun.
    local function holder()
        local pipe = assert(io.popen(command() .. " >/dev/null 2>&1 & echo $!"))
        local pid = pipe:read "*l"
        pipe:close()
        assert(eventually(function()
            return ep:counters().CreateSession == 1
        end), "the holder did not begin its exchange")
        return pid
    end

    for signal, name in pairs { KILL = "killed", STOP = "stopped" } do
        it("the holder " .. name .. " in mid-exchange: at most two", function()
            ep:config { exchange_delay_ms = 1500 }
            local pid = holder()
            os.execute("kill -" .. signal .. " " .. pid)
            local _, distinct = run(8)
            os.execute("kill -KILL " .. pid .. " 2>/dev/null")
            assert.truthy(ep:counters().CreateSession <= 2)
            assert.equal(1, distinct)
        end)
    end
end)
