--- Event loops: what else runs in them goes on while calls wait, nothing is woken too late, and they end.
local ctrl_c = require "spec.support.ctrl_c"
local hosts = dofile "spec/support/hosts.lua"
local socket = require "socket"
local bedrock = require "bedrock"
local core = require "bedrock.core"
local host = require "bedrock.host"
local scheduler = require "bedrock.scheduler"
local service = dofile "spec/support/service.lua"

local ask, first_line = service.ask, service.first_line

describe("in an event loop", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    after_each(function()
        scheduler.use(nil)
        host.wait = host.block
    end)

    local function delayed(ms, times)
        ms = ms * (tonumber(os.getenv "BEDROCK_TEST_PATIENCE") or 1)
        ep:script { { match = { operation = "Converse" }, times = times or -1, action = { delay_ms = ms } } }
    end

    local function hang()
        ep:script { { match = { operation = "Converse" }, times = -1, action = { hang = true } } }
    end

    --- Waits without an answer, as conn:wait does between two looks.
    local function pause()
        host.await(assert(core.timer(0)))
    end

    local function blocks_as_ever()
        assert.equal("You asked: Hi", first_line(assert(conn:converse(ask "Hi"))))
        local answers = bedrock.parallel(function()
            return conn:converse(ask "Hi")
        end)
        assert.equal("You asked: Hi", first_line(answers[1]))
    end

    describe("of cqueues", function()
        local cqueues, controller, adapter

        before_each(function()
            cqueues = require "cqueues"
            adapter = require "bedrock.host.cqueues"
            adapter.use()
            controller = cqueues.new()
        end)

        local function run()
            assert(controller:loop())
            assert.is_true(controller:empty())
        end

        it("other coroutines go on while calls wait", function()
            delayed(100)
            local over, ticks = 0, 0
            for i = 1, 3 do
                controller:wrap(function()
                    assert.equal("You asked: " .. i, first_line(assert(conn:converse(ask(tostring(i))))))
                    over = over + 1
                end)
            end
            controller:wrap(function()
                while over == 0 do
                    cqueues.sleep(0.005)
                    ticks = ticks + 1
                end
            end)
            run()
            assert.equal(3, over)
            assert.truthy(ticks > 0)
        end)

        it("tasks are coroutines of the loop", function()
            local results
            controller:wrap(function()
                results = bedrock.parallel(function()
                    cqueues.sleep(0.001)
                    return first_line(assert(conn:converse(ask "Hi")))
                end, function()
                    return select(2, cqueues.running())
                end)
            end)
            run()
            assert.same({ "You asked: Hi", true, n = 2 }, results)
        end)

        it("generators that wait block, and take nothing from the loop", function()
            local expected = assert(conn:converse(ask "Hello")).output.message.content[1].text
            local got = {}
            for i = 1, 2 do
                controller:wrap(function()
                    got[i] = service.spoken(conn, "Hello")
                end)
            end
            controller:wrap(function()
                got[3] = first_line(assert(conn:converse(ask "Hi")))
            end)
            run()
            assert.same({ expected, expected, "You asked: Hi" }, got)
        end)

        it("one controller after the other, and one inside of another, serve", function()
            local got = {}
            local function asking(i)
                return function()
                    got[#got + 1] = first_line(assert(conn:converse(ask(tostring(i)))))
                end
            end
            controller:wrap(asking(1))
            run()
            controller = cqueues.new()
            controller:wrap(function()
                local inner = cqueues.new()
                inner:wrap(asking(2))
                assert(inner:loop())
                asking(3)()
            end)
            run()
            assert.same({ "You asked: 1", "You asked: 2", "You asked: 3" }, got)
        end)

        it("a connection closed by one coroutine ends what another waits for", function()
            hang()
            local err
            controller:wrap(function()
                err = select(2, conn:converse(ask "Hi"))
            end)
            controller:wrap(function()
                cqueues.sleep(0.02)
                conn:close()
            end)
            run()
            assert.equal("Closed", err.code)
        end)

        it("tasks are cancelled where they wait", function()
            hang()
            local value, err
            controller:wrap(function()
                local task = bedrock.spawn(function()
                    return conn:converse(ask "Hi")
                end)
                cqueues.sleep(0.02)
                task:cancel()
                value, err = task:join()
            end)
            run()
            assert.is_nil(value)
            assert.equal("cancelled", err.kind)
        end)

        it("ends when all is done, between whichever steps Ctrl-C came before", function()
            local function work()
                scheduler.use(nil)
                host.wait = host.block
                bedrock.parallel(pause, pause)
            end
            local steps = ctrl_c.at_each_step(work, function(step)
                adapter.use()
                controller:wrap(pause)
                assert(controller:loop(5))
                assert.is_true(controller:empty(), "goes on after step " .. step .. ", as if somebody waited")
            end)
            assert.is_true(steps > 100)
        end)

        it("outside of it calls block as ever", blocks_as_ever)
    end)

    describe("of libuv", function()
        local uv, adapter

        before_each(function()
            uv = require "luv"
            adapter = require "bedrock.host.luv"
            adapter.use()
        end)

        local function ticking(done)
            local timer, ticks = uv.new_timer(), { count = 0 }
            timer:start(5, 5, function()
                ticks.count = ticks.count + 1
                if done() then
                    timer:close()
                end
            end)
            return ticks
        end

        it("its timers go on while calls wait", function()
            delayed(100)
            local over = 0
            local ticks = ticking(function()
                return over > 0
            end)
            for i = 1, 3 do
                bedrock.spawn(function()
                    assert.equal("You asked: " .. i, first_line(assert(conn:converse(ask(tostring(i))))))
                    over = over + 1
                end)
            end
            uv.run()
            assert.equal(3, over)
            assert.truthy(ticks.count > 1)
        end)

        it("it ends when nothing waits any more, and can run again", function()
            for i = 1, 3 do
                local got
                bedrock.spawn(function()
                    got = first_line(assert(conn:converse(ask(tostring(i)))))
                end)
                uv.run()
                assert.equal("You asked: " .. i, got)
                assert.is_falsy(uv.loop_alive())
            end
        end)

        it("it may be taken anew while calls wait in it", function()
            local got = {}
            for i = 1, 2 do
                adapter.use()
                bedrock.spawn(function()
                    got[i] = first_line(assert(conn:converse(ask(tostring(i)))))
                end)
            end
            uv.run()
            assert.same({ "You asked: 1", "You asked: 2" }, got)
        end)

        it("a task may also wait for the loop itself", function()
            local got
            bedrock.spawn(function()
                local thread = coroutine.running()
                local timer = uv.new_timer()
                timer:start(5, 0, function()
                    timer:close()
                    assert(coroutine.resume(thread))
                end)
                coroutine.yield()
                got = first_line(assert(conn:converse(ask "Hi")))
            end)
            uv.run()
            assert.equal("You asked: Hi", got)
        end)

        it("what came while a generator blocked is not forgotten", function()
            -- The answers come before the stream ends, and are read from the sockets by the one who blocks.
            ep:config { stream_interval_ms = 10 }
            local expected = assert(conn:converse(ask "Hello")).output.message.content[1].text
            local got = {}
            for i = 1, 3 do
                bedrock.spawn(function()
                    got[i] = first_line(assert(conn:converse(ask(tostring(i)))))
                end)
            end
            bedrock.spawn(function()
                got[4] = service.spoken(conn, "Hello")
            end)
            uv.run()
            assert.same({ "You asked: 1", "You asked: 2", "You asked: 3", expected }, got)
        end)

        it("what came while the program blocked is not forgotten", function()
            local got
            bedrock.spawn(function()
                got = first_line(assert(conn:converse(ask "aside")))
            end)
            delayed(50, 1)
            assert(conn:converse(ask "mainly"))
            uv.run()
            assert.equal("You asked: aside", got)
        end)

        it("tasks are cancelled and connections closed from its callbacks", function()
            hang()
            local errs = {}
            local task = bedrock.spawn(function()
                return conn:converse(ask "Hi")
            end)
            bedrock.spawn(function()
                errs[1] = select(2, task:join())
            end)
            bedrock.spawn(function()
                errs[2] = select(2, conn:converse(ask "you"))
            end)
            local timer = uv.new_timer()
            timer:start(20, 0, function()
                timer:close()
                task:cancel()
                conn:close()
            end)
            uv.run()
            assert.equal("Cancelled", errs[1].code)
            assert.equal("Closed", errs[2].code)
        end)

        it("plain coroutines yield if that is wanted", function()
            adapter.use { coroutines = true }
            delayed(50)
            local got = {}
            for _ = 1, 3 do
                coroutine.wrap(function()
                    local answer = assert(conn:converse(ask "Hi"))
                    got[#got + 1] = first_line(answer)
                    local answers = bedrock.parallel(function()
                        return conn:converse(ask "you")
                    end)
                    got[#got + 1] = first_line(answers[1])
                end)()
                assert.equal(0, #got)
            end
            uv.run()
            assert.equal(6, #got)
        end)
    end)

    local describe_copas = hosts.copas and describe or function() end
    describe_copas("of copas", function()
        local copas

        before_each(function()
            copas = require "copas"
            require("bedrock.host.copas").use()
        end)

        it("other threads go on while calls wait", function()
            delayed(100)
            local over, ticks = 0, 0
            copas.loop(function()
                for i = 1, 3 do
                    copas.addthread(function()
                        assert.equal("You asked: " .. i, first_line(assert(conn:converse(ask(tostring(i))))))
                        over = over + 1
                    end)
                end
                while over == 0 do
                    copas.pause(0.005)
                    ticks = ticks + 1
                end
            end)
            assert.equal(3, over)
            assert.truthy(ticks > 0)
        end)

        it("tasks are threads of the loop", function()
            local results
            copas.loop(function()
                results = bedrock.parallel(function()
                    copas.pause(0.001)
                    return first_line(assert(conn:converse(ask "Hi")))
                end, function()
                    copas.pause(0.002)
                    return "paused"
                end)
            end)
            assert.same({ "You asked: Hi", "paused", n = 2 }, results)
        end)

        it("it ends when nothing waits any more, and can run again", function()
            for i = 1, 3 do
                local got
                copas.loop(function()
                    got = first_line(assert(conn:converse(ask(tostring(i)))))
                end)
                assert.equal("You asked: " .. i, got)
            end
        end)

        it("a call that waits keeps it from ending, and leaves sockets of the program's own alone", function()
            delayed(50)
            local listener = assert(socket.bind("127.0.0.1", 0))
            local _, port = listener:getsockname()
            local heard, got
            copas.addserver(listener, function(client)
                heard = copas.wrap(client):receive "*l"
                copas.removeserver(listener)
            end)
            copas.loop(function()
                copas.addthread(function()
                    got = first_line(assert(conn:converse(ask "Hi")))
                end)
                local client = copas.wrap(socket.tcp())
                assert(client:connect("127.0.0.1", port))
                client:send "line\n"
            end)
            assert.equal("line", heard)
            assert.equal("You asked: Hi", got)
        end)

        it("tasks are cancelled and connections closed by other threads", function()
            hang()
            local errs = {}
            copas.loop(function()
                local task = bedrock.spawn(function()
                    return conn:converse(ask "Hi")
                end)
                copas.addthread(function()
                    errs[1] = select(2, task:join())
                end)
                copas.addthread(function()
                    errs[2] = select(2, conn:converse(ask "you"))
                end)
                copas.pause(0.02)
                task:cancel()
                conn:close()
            end)
            assert.equal("Cancelled", errs[1].code)
            assert.equal("Closed", errs[2].code)
        end)

        it("outside of it calls block as ever", blocks_as_ever)
    end)

    describe("of one's own", function()
        local steps

        --- The whole of what a loop needs: a descriptor to select on and what to call then.
        local function select_loop()
            steps = {}
            return {
                watch = function(fd, step)
                    steps[#steps + 1] = { step = step, getfd = function()
                        return fd
                    end }
                end,
            }
        end

        local function run()
            while steps[1] do
                for _, ready in ipairs(socket.select(steps, nil)) do
                    if not ready.step() then
                        table.remove(steps, 1)
                    end
                end
            end
        end

        it("a descriptor and a function are enough", function()
            scheduler.use(select_loop())
            local got = {}
            for i = 1, 3 do
                bedrock.spawn(function()
                    local stream = assert(conn:converse_stream(ask(tostring(i))))
                    got[i] = first_line(assert(stream:gather()))
                end)
            end
            assert.equal(1, #steps)
            run()
            assert.same({ "You asked: 1", "You asked: 2", "You asked: 3" }, got)
        end)

        it("pauses that are no calls come too", function()
            scheduler.use(select_loop())
            local over
            bedrock.spawn(function()
                host.await(assert(core.timer(20)))
                over = true
            end)
            run()
            assert.is_true(over)
        end)

        it("a task that ends wakes those who join it", function()
            scheduler.use(select_loop())
            local thread, got
            local task = bedrock.spawn(function()
                thread = coroutine.running()
                return coroutine.yield()
            end)
            bedrock.spawn(function()
                got = task:join()
            end)
            assert(conn:converse(ask "Hi"))
            assert(coroutine.resume(thread, "value"))
            run()
            assert.equal("value", got)
        end)

        it("must be what is described", function()
            for _, bad in ipairs { 3, {}, { watch = 3 } } do
                local ok, why = pcall(scheduler.use, bad)
                assert.is_false(ok)
                assert.matches("expected a table with a function watch%(fd, step%)", why)
            end
        end)
    end)
end)
