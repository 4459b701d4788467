--- Errors of tasks that nobody joins: told once, to the handler or on standard error, and never of those that were
--- joined or cancelled.
local hosts = dofile "spec/support/hosts.lua"
local bedrock = require "bedrock"
local host = require "bedrock.host"
local scheduler = require "bedrock.scheduler"
local program = require "spec.support.program"
local service = dofile "spec/support/service.lua"

local ask = service.ask

--- What a program of its own writes on standard error.
local function complaints(code)
    local text, name = program.run("local bedrock = require 'bedrock'\n" .. code, nil, "2>&1 >/dev/null")
    return (text:gsub(name:gsub("%p", "%%%0"), "PROGRAM"))
end

local function collect()
    for _ = 1, 3 do
        collectgarbage()
    end
end

describe("an error of a task that nobody joins", function()
    local ep = service.each()
    local conn, told

    before_each(function()
        scheduler.use(nil)
        conn = service.connect(ep)
        told = {}
        collect()
        bedrock.on_task_error(function(err, task)
            told[#told + 1] = { err = err, status = task:status() }
        end)
    end)

    after_each(function()
        collect()
        bedrock.on_task_error(nil)
        conn:close()
        scheduler.use(nil)
        host.wait = host.block
    end)

    it("is told once the task is collected: what it raised, and what it returned beside nil", function()
        bedrock.spawn(error, { mine = true })
        collect()
        assert.equal(1, #told)
        assert.same({ mine = true }, told[1].err)
        assert.equal("done", told[1].status)
        bedrock.spawn(function()
            return conn:converse(ask("Hi", { modelId = "nonexistent" }))
        end)
        assert(conn:converse(ask "meanwhile"))
        repeat
            assert(conn:converse(ask "meanwhile"))
            collect()
        until told[2]
        assert.equal("ValidationException", told[2].err.code)
        collect()
        assert.equal(2, #told)
    end)

    it("is not told while somebody holds the task, nor after a join however late", function()
        local task = bedrock.spawn(error, "late")
        collect()
        assert.equal(0, #told)
        assert.same({ n = 2, [2] = "late" }, { n = select("#", task:join()), task:join() })
        task = nil -- luacheck: ignore
        collect()
        assert.equal(0, #told)
    end)

    it("is none where all is well, or the task was cancelled", function()
        ep:script { { match = { operation = "Converse" }, times = -1, action = { hang = true } } }
        bedrock.spawn(function()
            return nil
        end)
        bedrock.spawn(function()
            return false, nil
        end)
        local task = bedrock.spawn(function()
            return assert(conn:converse(ask "Hi"))
        end)
        task:cancel()
        while task:status() == "running" do
            assert(conn:list_foundation_models {})
        end
        assert.equal("cancelled", task:status())
        task = nil -- luacheck: ignore
        collect()
        assert.equal(0, #told)
    end)

    it("is none of parallel's, which hands all to its caller", function()
        local _, errs = bedrock.parallel(function() error "one" end, function() return nil, "two" end)
        assert.matches("one", errs[1])
        assert.equal("two", errs[2])
        collect()
        assert.equal(0, #told)
    end)

    it("is told of a task started within another, and in every loop", function()
        for name, run in pairs(hosts) do
            told = {}
            run(function()
                bedrock.spawn(function()
                    assert(conn:converse(ask("Hi", { modelId = "nonexistent" })))
                end)
                assert(bedrock.parallel(function()
                    bedrock.spawn(error, "inner")
                    return conn:converse(ask "Hi")
                end)[1])
                local tries = 0
                repeat
                    assert(conn:converse(ask "meanwhile"))
                    collect()
                    tries = tries + 1
                until #told == 2 or tries == 200
            end)
            collect()
            assert.equal(2, #told, name)
            local texts = tostring(told[1].err) .. tostring(told[2].err)
            assert.matches("inner", texts, nil, name)
            assert.matches("ValidationException", texts, nil, name)
        end
    end)

    it("goes to a function alone", function()
        local ok, why = pcall(bedrock.on_task_error, 1)
        assert.is_false(ok)
        assert.matches("on_task_error: expected a function, got a number", why)
        bedrock.on_task_error(setmetatable({}, { __call = function(_, err)
            told[#told + 1] = err
        end }))
        bedrock.spawn(error, "callable")
        collect()
        assert.same({ "callable" }, told)
    end)

    describe("without a handler", function()
        it("is on standard error when the task is collected, and when the program ends, with its place", function()
            assert.equal("bedrock: a task failed and nobody joined it (its function is at PROGRAM:2): "
                .. "PROGRAM:3: broken\nnow\n", complaints [[
                bedrock.spawn(function()
                    error "broken"
                end)
                collectgarbage() collectgarbage()
                io.stderr:write "now\n"]])
            assert.equal("now\nbedrock: a task failed and nobody joined it: no luck\n", complaints [[
                kept = bedrock.spawn(setmetatable({}, { __call = function() return nil, "no luck" end }))
                io.stderr:write "now\n"]])
            assert.matches("^[^\n]*: the end\n.*nobody joined it.*: validation: ", (complaints [[
                local err = select(2, bedrock.json.encode(print))
                kept = bedrock.spawn(function() return nil, err end)
                error("the end", 0)]]:gsub("encode: [^\n]*", "validation: ")))
        end)

        it("is not there for those that were joined", function()
            assert.equal("", complaints [[
                local task = bedrock.spawn(error, "known")
                task:join()]])
        end)

        it("does not hide in a handler that fails, nor in an error that cannot be printed", function()
            assert.equal("bedrock: a task failed and nobody joined it: first\n"
                .. "bedrock: the function given to on_task_error failed: second\n", complaints [[
                bedrock.on_task_error(function() error("second", 0) end)
                kept = bedrock.spawn(error, "first")]])
            assert.matches("nobody joined it: %(an error that cannot be printed%)", complaints [[
                kept = bedrock.spawn(error, setmetatable({}, { __tostring = function() error "no" end }))]])
        end)

        it("is told to a handler when the program ends, too", function()
            assert.equal("mine: first done\n", complaints [[
                bedrock.on_task_error(function(err, task)
                    io.stderr:write("mine: ", err, " ", task:status(), "\n")
                end)
                kept = bedrock.spawn(error, "first")]])
        end)
    end)
end)
