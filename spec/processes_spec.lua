--- Many processes with one identity: one exchange, whatever happens to the one that makes it.
local service = dofile "spec/support/service.lua"
local workers_of = require "spec.support.workers"

describe("processes", function()
    local ep, workers = service.each(), nil

    local function settle(more)
        workers:settle(("cache_dir = %q, %s"):format(workers.dir .. "/cache", more))
    end

    before_each(function()
        workers = workers_of(ep)
        settle ""
    end)

    after_each(function()
        workers:remove()
    end)

    local function run(n)
        return workers:run(n, "file")
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
        settle "assume_role = { role_arn = 'arn:aws:iam::123456789012:role/top' },"
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

    for signal, name in pairs { KILL = "killed", STOP = "stopped" } do
        it("the holder " .. name .. " in mid-exchange: at most two", function()
            ep:config { exchange_delay_ms = 1500 }
            local pid = workers:hold()
            os.execute("kill -" .. signal .. " " .. pid)
            local _, distinct = run(8)
            os.execute("kill -KILL " .. pid .. " 2>/dev/null")
            assert.truthy(ep:counters().CreateSession <= 2)
            assert.equal(1, distinct)
        end)
    end
end)
