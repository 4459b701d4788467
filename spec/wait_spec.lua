--- Waiting for a state.
local bedrock = require "bedrock"
local core = require "bedrock.core"
local host = require "bedrock.host"
local service = dofile "spec/support/service.lua"

describe("wait", function()
    local ep, conn, timer, delays

    setup(function()
        ep = service.endpoint()
        timer = core.timer
    end)

    --- Pauses are noted, and made short.
    before_each(function()
        ep:reset()
        conn = service.connect(ep, { max_attempts = 1 })
        delays = {}
        core.timer = function(ms)
            delays[#delays + 1] = ms
            return timer(1)
        end
    end)

    after_each(function()
        core.timer = timer
        host.wait = host.block
        conn:close()
    end)

    local function memory(status)
        return { memory = {
            id = "m-1", name = "m", arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:memory/m-1",
            eventExpiryDuration = 30, createdAt = 1, updatedAt = 1, status = status,
        } }
    end

    local function answers(operation, list, last)
        local rules = {}
        for i, answer in ipairs(list) do
            rules[i] = { match = { operation = operation }, action = answer, times = i == #list and last or 1 }
        end
        ep:script(rules)
    end

    local function ok(value)
        return { status = 200, json = value }
    end

    local function refused(code)
        return { status = 404, headers = { ["x-amzn-ErrorType"] = code }, json = { message = "gone" } }
    end

    local ID = { memoryId = "memory_name-0123456789" }
    local POLICY = { policyEngineId = "engine_name-0123456789", policyId = "policy_name-0123456789" }

    it("repeats the operation, with the model's delay, until the state is reached", function()
        answers("GetMemory", { ok(memory "CREATING"), ok(memory "CREATING"), ok(memory "ACTIVE") })
        local output = assert(conn:wait("memory_created", ID, { max_wait = bedrock.null }))
        assert.equal("ACTIVE", output.memory.status)
        assert.equal(200, bedrock.metadata(output).status)
        assert.same({ 2000, 2000 }, delays)
        assert.equal(3, ep:counters().GetMemory)
    end)

    it("fails when the state cannot be reached any more", function()
        answers("GetMemory", { ok(memory "FAILED") })
        local output, err = conn:wait("memory_created", ID)
        assert.is_nil(output)
        assert.equal("service", err.kind)
        assert.equal("WaiterFailure", err.code)
        assert.equal("FAILED", err.output.memory.status)
        assert.equal("get_memory: WaiterFailure: memory_created cannot be reached: memory.status is FAILED",
            tostring(err))
    end)

    it("takes an error for success where the model says so", function()
        answers("GetPolicy", { ok { status = "DELETING" }, refused "ResourceNotFoundException" })
        assert.same({}, conn:wait("policy_deleted", POLICY))
        assert.same({ 2000 }, delays)
    end)

    it("repeats when no acceptor fits, and gives other errors back", function()
        answers("GetMemory", { ok(memory "UPDATING"), refused "ResourceNotFoundException" })
        local _, err = conn:wait("memory_created", ID)
        assert.equal("ResourceNotFoundException", err.code)
        assert.equal(404, err.status)
        assert.equal(1, #delays)
    end)

    it("gives up after the model's number of attempts", function()
        answers("GetPolicy", { ok { status = "CREATING" } }, -1)
        local _, err = conn:wait("policy_active", POLICY)
        assert.equal("timeout", err.kind)
        assert.equal("TotalTimeout", err.code)
        assert.equal("policy_active was not reached within 24 attempts, one every 5 s; status is CREATING",
            err.message)
        assert.equal(24, ep:counters().GetPolicy)
        assert.equal(23, #delays)
        assert.equal(5000, delays[1])
    end)

    it("does not begin a pause that max_wait leaves no time for", function()
        answers("GetMemory", { ok(memory "CREATING") }, -1)
        local _, err = conn:wait("memory_created", ID, { max_wait = 1.5 })
        assert.equal("TotalTimeout", err.code)
        assert.is_true(err.retryable)
        assert.equal("memory_created was not reached within max_wait = 1.5 s; memory.status is CREATING", err.message)
        assert.equal("CREATING", err.output.memory.status)
        assert.equal(1, ep:counters().GetMemory)
        assert.same({}, delays)
    end)

    it("cuts a call short at max_wait", function()
        answers("GetMemory", { { hang = true } })
        local _, err = conn:wait("memory_created", ID, { max_wait = 0.2 })
        assert.equal("TotalTimeout", err.code)
        assert.equal("memory_created was not reached within max_wait = 0.2 s", err.message)
    end)

    it("waits through the host", function()
        core.timer = timer
        local began, pauses = core.now_ms(), 0
        host.wait = function(what)
            pauses = pauses + (what.result and 0 or 1)
            host.block(what)
        end
        answers("GetMemory", { ok(memory "CREATING"), ok(memory "ACTIVE") })
        assert(conn:wait("memory_created", ID, { max_wait = 60 }))
        assert.equal(1, pauses)
        assert.is_true(core.now_ms() - began >= 2000)
    end)

    it("ends with the connection", function()
        answers("GetMemory", { ok(memory "CREATING") }, -1)
        core.timer = function()
            conn:close()
            return timer(1)
        end
        local _, err = conn:wait("memory_created", ID)
        assert.equal("Closed", err.code)
    end)

    it("knows six names, and says which", function()
        local _, err = conn:wait("memory_create", ID)
        assert.equal("config", err.kind)
        assert.matches('(did you mean "memory_created"?); there are: memory_created, policy_active, policy_deleted, '
            .. "policy_engine_active, policy_engine_deleted, policy_generation_completed", err.message, 1, true)
        assert.matches("wait_spec.lua:%d+: wait: expected the name of a waiter, got nil",
            select(2, pcall(function()
                conn:wait(nil, ID)
            end)))
    end)

    it("checks its own option and passes the others on", function()
        for _, bad in ipairs { 0, -1, "3", math.huge } do
            local _, err = conn:wait("memory_created", ID, { max_wait = bad })
            assert.equal("max_wait", err.errors[1].path)
        end
        local _, err = conn:wait("memory_created", ID, { max_wat = 3 })
        assert.equal("ConfigError", err.code)
        _, err = conn:wait("memory_created", {})
        assert.equal("ValidationError", err.code)
    end)

    describe("a timer", function()
        it("is ready when it is due, not before", function()
            local late = timer(60000)
            assert.is_false(late:ready())
            late:cancel()
            local began = core.now_ms()
            local one = timer(30)
            host.block(one)
            assert.is_true(one:ready())
            assert.is_true(core.now_ms() - began >= 25)
        end)

        it("can be given up, by hand and by the collector", function()
            local one = timer(60000)
            one:cancel()
            assert.is_true(one:ready())
            for _ = 1, 100 do
                timer(60000)
            end
            collectgarbage()
            collectgarbage()
            assert.equal(0, core.step(0))
        end)

        it("takes sane times only", function()
            for _, bad in ipairs { -1, 0 / 0, 2 ^ 31, "x" } do
                assert.is_false(pcall(timer, bad))
            end
        end)
    end)
end)
