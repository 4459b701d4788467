--- bedrock.spawn and bedrock.parallel in plain Lua: order, limits, errors, cancellation, nesting.
local bedrock = require "bedrock"
local core = require "bedrock.core"
local ctrl_c = require "spec.support.ctrl_c"
local host = require "bedrock.host"
local scheduler = require "bedrock.scheduler"
local patience = require "spec.support.patience"
local service = dofile "spec/support/service.lua"

local ask, first_line = service.ask, service.first_line

--- Waits without an answer, as conn:wait does between two looks.
local function pause(ms)
    host.await(assert(core.timer(ms)))
end

describe("functions at the same time", function()
    local ep = service.each()
    local conn

    before_each(function()
        scheduler.use(nil)
        conn = service.connect(ep)
    end)

    after_each(function()
        conn:close()
        host.wait = host.block
    end)

    local function hang(operation)
        ep:script { { match = { operation = operation or "Converse" }, times = -1, action = { hang = true } } }
    end

    local function asking(text)
        return function()
            return conn:converse(ask(text))
        end
    end

    describe("with parallel", function()
        it("give their results in their order, not in that of their ends", function()
            local ends = {}
            local function after(ms, value)
                return function()
                    pause(ms)
                    ends[#ends + 1] = value
                    return value
                end
            end
            local results, errs = bedrock.parallel(after(60, "a"), after(30, "b"), after(1, "c"))
            assert.same({ "a", "b", "c", n = 3 }, results)
            assert.same({ "c", "b", "a" }, ends)
            assert.is_nil(errs)
        end)

        it("have their requests under way together", function()
            hang()
            local list = {}
            for i = 1, 6 do
                list[i] = asking("question " .. i)
            end
            list[7] = function()
                while (ep:counters().Converse or 0) < 6 do
                    pause(1)
                end
                error("all are there", 0)
            end
            local _, errs = bedrock.parallel(list, { stop_on_error = true })
            assert.equal("all are there", errs[7])
            assert.equal(6, ep:counters().Converse)
        end)

        it("take turns in reading streams", function()
            ep:config { stream_interval_ms = patience.LATE_MS / 20 }
            local order = {}
            local function reading(name)
                return function()
                    for _ in assert(conn:converse_stream(ask "Hello there")):events() do
                        order[#order + 1] = name
                    end
                end
            end
            local _, errs = bedrock.parallel(reading "a", reading "b")
            assert.is_nil(errs)
            local line = table.concat(order)
            assert.truthy(line:find "ab+a" or line:find "ba+b")
        end)

        it("are no more than the limit", function()
            local now, most, list = 0, 0, {}
            for i = 1, 20 do
                list[i] = function()
                    now = now + 1
                    most = math.max(most, now)
                    pause(i % 4)
                    now = now - 1
                    return i
                end
            end
            local results = bedrock.parallel(list, { limit = 3 })
            assert.equal(3, most)
            assert.equal(20, results[20])
            assert.equal(20, results.n)
        end)

        it("may be none, or never wait", function()
            local results, errs = bedrock.parallel {}
            assert.same({ n = 0 }, results)
            assert.is_nil(errs)
            results = bedrock.parallel(function()
                return 1, 2
            end, function() end)
            assert.same({ 1, n = 2 }, results)
        end)

        it("have errors as values, raised or returned", function()
            local answers, errs = bedrock.parallel(asking "Hi", function()
                return conn:converse { modelId = "nonexistent.model-v1:0", messages = ask("Hi").messages }
            end, function()
                error "oops"
            end, function()
                error({ mine = true })
            end, asking "you")
            assert.equal("You asked: Hi", first_line(answers[1]))
            assert.equal("ValidationException", errs[2].code)
            assert.matches("parallel_spec.lua:%d+: oops", errs[3])
            assert.is_true(errs[4].mine)
            assert.equal("You asked: you", first_line(answers[5]))
            assert.same({ 5, nil, nil, nil, nil }, { answers.n, answers[2], answers[3], answers[4], errs[1] })
        end)

        it("go on when one fails, if nothing else is said", function()
            local answers, errs = bedrock.parallel({ error, asking "Hi" }, {})
            assert.is_table(errs)
            assert.equal("You asked: Hi", first_line(answers[2]))
        end)

        it("are cancelled when one fails, if wanted, and no more are started", function()
            hang()
            local started, unwound = 0, 0
            local function hanging()
                started = started + 1
                local ok, why = pcall(conn.converse, conn, ask "Hi")
                unwound = unwound + 1
                assert.is_false(ok)
                error(why, 0)
            end
            local answers, errs = bedrock.parallel({ hanging, hanging, function()
                pause(20)
                return nil, "broken"
            end, hanging, hanging }, { limit = 3, stop_on_error = true })
            assert.same({ n = 5 }, answers)
            assert.equal("broken", errs[3])
            assert.same({ 2, 2 }, { started, unwound })
            for _, i in ipairs { 1, 2, 4, 5 } do
                assert.equal("cancelled", errs[i].kind)
                assert.equal("Cancelled", errs[i].code)
            end
            assert.matches("not started", errs[4].message)
        end)

        it("are cancelled at the service too", function()
            ep:config { stream_interval_ms = 100 }
            local plain = assert(bedrock.connect {
                auth = "access_keys",
                access_key_id = ep.access_key_id,
                secret_access_key = ep.secret_access_key,
                endpoint = ep.http,
            })
            local reading = 0
            local function reader()
                local stream = assert(plain:converse_stream(ask "Hello there"))
                reading = reading + 1
                return stream:gather()
            end
            bedrock.parallel({ reader, reader, function()
                while reading < 2 do
                    pause(5)
                end
                error "enough"
            end }, { stop_on_error = true })
            assert.is_true(patience.eventually(function()
                return ep:counters().aborted == 2
            end))
            plain:close()
        end)

        it("nest", function()
            local function inner(prefix)
                return function()
                    local answers = bedrock.parallel({ asking(prefix .. 1), asking(prefix .. 2), asking(prefix .. 3) },
                        { limit = 2 })
                    return first_line(answers[1]) .. first_line(answers[3])
                end
            end
            local results, errs = bedrock.parallel(inner "a", inner "b", inner "c")
            assert.is_nil(errs)
            assert.equal("You asked: b1You asked: b3", results[2])
            assert.equal("You asked: c1You asked: c3", results[3])
        end)

        it("nest deeply", function()
            local function nested(depth)
                if depth == 0 then
                    return first_line(assert(conn:converse(ask "deep")))
                end
                return bedrock.parallel(function()
                    return nested(depth - 1)
                end)[1]
            end
            assert.equal("You asked: deep", nested(20))
        end)

        it("stop with what they nest", function()
            hang()
            local seen
            local _, errs = bedrock.parallel({ function()
                local ok, why = pcall(bedrock.parallel, asking "Hi", function()
                    local _, err = pcall(conn.converse, conn, ask "you")
                    seen = err
                    error(err, 0)
                end)
                assert.is_false(ok)
                error(why, 0)
            end, function()
                pause(20)
                error "broken"
            end }, { stop_on_error = true })
            pause(1)
            assert.equal("cancelled", errs[1].kind)
            assert.equal("cancelled", seen.kind)
        end)

        it("raise for what cannot be meant", function()
            local function raised(f, ...)
                local ok, why = pcall(function(...)
                    f(...)
                end, ...)
                assert.is_false(ok)
                return (assert(why:match "^spec/parallel_spec.lua:%d+: (.*)", why))
            end
            assert.equal("parallel: expected a function at position 2, got a number",
                raised(bedrock.parallel, asking "Hi", 3))
            assert.equal("parallel: limit must be a whole number of at least 1, got 0",
                raised(bedrock.parallel, { asking "Hi" }, { limit = 0 }))
            assert.equal('parallel: unknown option "limits"; the options are limit and stop_on_error',
                raised(bedrock.parallel, {}, { limits = 1 }))
            assert.equal("parallel: the options must be a table, got a number", raised(bedrock.parallel, {}, 3))
            for _, list in ipairs { { limit = 1 }, { asking "Hi", limit = 1 } } do
                assert.equal('parallel: the list of functions has a member "limit"; options go behind it, in a table '
                    .. "of their own", raised(bedrock.parallel, list, {}))
            end
            for _, place in ipairs { 3, 0, 1.5 } do
                assert.equal("parallel: the list of functions ends at position 1, but something is at " .. place,
                    raised(bedrock.parallel, { asking "Hi", [place] = asking "Ho" }))
            end
            for _, n in ipairs { "one", 1.5, -1, 0 / 0, math.huge } do
                assert.equal("parallel: n, how many functions there are: expected a whole number, got "
                    .. (n == "one" and "a string" or tostring(n)), raised(bedrock.parallel, { asking "Hi", n = n }))
            end
            assert.equal("spawn: expected a function, got a string", raised(bedrock.spawn, "nothing"))
            assert.equal(0, ep:counters().requests or 0)
        end)

        it("say that nothing will come when one yields by itself", function()
            assert.error_matches(function()
                bedrock.parallel(coroutine.yield, asking "Hi")
            end, "yielded by itself")
        end)
    end)

    describe("with spawn", function()
        it("run until they wait, and while the program waits for something else", function()
            local steps = {}
            local task = bedrock.spawn(function(...)
                steps[#steps + 1] = select("#", ...)
                steps[#steps + 1] = first_line(assert(conn:converse(ask "aside")))
                return "a", nil, "c"
            end, nil, 2, nil)
            assert.same({ 3 }, steps)
            assert.equal("running", task:status())
            assert.equal("bedrock.task (running)", tostring(task))
            repeat
                assert(conn:converse(ask "mainly"))
            until steps[2]
            assert.equal("You asked: aside", steps[2])
            assert.same({ 3, "a", nil, "c" }, { select("#", task:join()), task:join() })
            assert.equal("done", task:status())
        end)

        it("give an error as a value, as often as it is asked for", function()
            local task = bedrock.spawn(error, { mine = true })
            for _ = 1, 2 do
                local value, err = task:join()
                assert.is_nil(value)
                assert.is_true(err.mine)
            end
        end)

        it("are joined by others", function()
            local first = bedrock.spawn(asking "Hi")
            local function joining()
                return first_line(first:join())
            end
            assert.same({ "You asked: Hi", "You asked: Hi", n = 2 }, (bedrock.parallel(joining, joining)))
        end)

        it("are cancelled where they wait", function()
            hang()
            local why
            local task = bedrock.spawn(function()
                local _, err = pcall(conn.converse, conn, ask "Hi")
                why = err
                return "cleaned up"
            end)
            assert.is_true(task:cancel())
            assert.is_true(task:cancel())
            assert.equal("cleaned up", task:join())
            assert.equal("cancelled", why.kind)
            assert.equal("task", why.operation)
            assert.equal("cancelled", task:status())
        end)

        it("have their requests ended at once when they are cancelled, though nobody waits then", function()
            hang()
            local plain = assert(bedrock.connect {
                auth = "access_keys",
                access_key_id = ep.access_key_id,
                secret_access_key = ep.secret_access_key,
                endpoint = ep.http,
            })
            local task = bedrock.spawn(function()
                return plain:converse(ask "Hi")
            end)
            while (ep:counters().Converse or 0) < 1 do
                pause(1)
            end
            task:cancel()
            for _ = 1, 2000 do
                if ep:counters().aborted == 1 then
                    break
                end
            end
            assert.equal(1, ep:counters().aborted)
            assert.equal("cancelled", select(2, task:join()).kind)
            plain:close()
        end)

        if coroutine.close then
            it("are cancelled when somebody closes their coroutine, and others go on", function()
                ep:script { { match = { operation = "Converse" }, times = 1, action = { hang = true } } }
                local thread
                local task = bedrock.spawn(function()
                    thread = coroutine.running()
                    return conn:converse(ask "Hi", { total_timeout = 100 })
                end)
                coroutine.close(thread)
                pause(200)
                assert.equal("You asked: Hi", first_line(conn:converse(ask "Hi")))
                local answer, err = task:join()
                assert.is_nil(answer)
                assert.equal("cancelled", err.kind)
            end)
        end

        it("cannot wait any more once they are cancelled", function()
            hang()
            local count = 0
            local task = bedrock.spawn(function()
                for _ = 1, 3 do
                    if not pcall(conn.converse, conn, ask "Hi") then
                        count = count + 1
                    end
                end
            end)
            while (ep:counters().Converse or 0) < 1 do
                pause(1)
            end
            task:cancel()
            task:join()
            assert.equal(3, count)
            assert.equal(1, ep:counters().Converse)
        end)

        it("end a stream that is cancelled while it is read", function()
            ep:script { { match = { operation = "ConverseStream" }, action = { frames = {
                { event = "messageStart", json = { role = "assistant" } },
                { event = "messageStop", json = { stopReason = "end_turn" }, delay_ms = 60000 },
            } } } }
            local stream
            local task = bedrock.spawn(function()
                stream = assert(conn:converse_stream(ask "Hi"))
                return stream:gather()
            end)
            while not stream do
                pause(1)
            end
            task:cancel()
            local result, err = task:join()
            assert.is_nil(result)
            assert.equal("cancelled", err.kind)
            assert.equal("Cancelled", select(2, stream:next()).code)
        end)

        it("end when their connection is closed by another", function()
            hang()
            local task = bedrock.spawn(asking "Hi")
            local other = bedrock.spawn(function()
                pause(5)
                conn:close()
            end)
            local answer, err = task:join()
            assert.is_nil(answer)
            assert.equal("Closed", err.code)
            other:join()
        end)

        it("are left alone by a cancel after their end", function()
            local task = bedrock.spawn(function()
                return 1
            end)
            task:cancel()
            assert.equal(1, task:join())
            assert.equal("done", task:status())
        end)
    end)

    describe("and Ctrl-C", function()
        local function work()
            return bedrock.parallel(function()
                pause(0)
            end, function()
                pause(0)
            end)
        end

        local function goes_on()
            local done
            bedrock.spawn(function()
                pause(0)
                done = true
            end)
            for _ = 1, 200 do
                pause(1)
                if done then
                    return true
                end
            end
        end

        it("between any two steps leaves what comes later whole", function()
            local steps = ctrl_c.at_each_step(work, function(step)
                local ok, results = pcall(bedrock.parallel, function()
                    pause(0)
                    return step
                end)
                assert.same({ ok = true, results = { step, n = 1 } }, { ok = ok, results = results })
                assert.is_true(goes_on(), "step " .. step)
            end)
            assert.is_true(steps > 100)
        end)
    end)

    describe("and coroutines of the program's own", function()
        it("do not get in each other's way: a generator that waits blocks", function()
            ep:config { stream_interval_ms = 2 }
            local expected = assert(conn:converse(ask "Hello")).output.message.content[1].text
            local results, errs = bedrock.parallel(function()
                return service.spoken(conn, "Hello")
            end, function()
                return service.spoken(conn, "Hello")
            end, asking "Hi")
            assert.is_nil(errs)
            assert.equal(expected, results[1])
            assert.equal(expected, results[2])
            assert.equal("You asked: Hi", first_line(results[3]))
        end)

        it("go on outside of tasks while tasks run", function()
            local task = bedrock.spawn(asking "aside")
            local expected = assert(conn:converse(ask "Hello")).output.message.content[1].text
            assert.equal(expected, service.spoken(conn, "Hello"))
            assert.equal("You asked: aside", first_line(task:join()))
        end)

        it("may start and join tasks", function()
            local generator = coroutine.wrap(function()
                coroutine.yield(first_line(bedrock.spawn(asking "one"):join()))
                coroutine.yield(first_line(bedrock.parallel(asking "two", asking "three")[2]))
            end)
            assert.equal("You asked: one", generator())
            assert.equal("You asked: three", generator())
        end)

        it("may wait for a task while others are about to go on", function()
            local gate, order = bedrock.spawn(pause, 1), {}
            local last = bedrock.spawn(function()
                return gate:join() or "last"
            end)
            local function waiting(i)
                return function()
                    gate:join()
                    order[#order + 1] = i
                    return #order > 1 or coroutine.wrap(function()
                        return last:join()
                    end)()
                end
            end
            local results, errs = bedrock.parallel(waiting(1), waiting(2), waiting(3))
            assert.is_nil(errs)
            assert.equal(3, #order)
            assert.equal("last", results[order[1]])
        end)

        it("may resume a task that yielded to them", function()
            local thread
            local task = bedrock.spawn(function()
                thread = coroutine.running()
                local got = coroutine.yield()
                return got .. first_line(assert(conn:converse(ask "after")))
            end)
            assert(conn:converse(ask "meanwhile"))
            assert(coroutine.resume(thread, "and "))
            assert.equal("and You asked: after", task:join())
        end)
    end)

    it("are woken alone: the line of those that woke has none that are silent", function()
        hang()
        ep:config { stream_interval_ms = 2 }
        local ids, woken = {}, {}
        host.wait = function(call)
            while not call:arm(ids[coroutine.running()]) do
                coroutine.yield()
            end
        end
        local threads = {}
        for i = 1, 5 do
            threads[i] = coroutine.create(function()
                if i == 3 then
                    return assert(conn:converse_stream(ask "Hello there")):gather()
                end
                return conn:converse(ask "never")
            end)
            ids[threads[i]] = 100 + i
            assert(coroutine.resume(threads[i]))
        end
        while coroutine.status(threads[3]) ~= "dead" do
            core.step(100)
            for id in core.woken do
                woken[id] = true
                assert(coroutine.resume(threads[id - 100]))
            end
        end
        assert.same({ [103] = true }, woken)
    end)
end)
