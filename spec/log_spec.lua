--- The log: who gets its lines, and which.
local bedrock = require "bedrock"
local host = require "bedrock.host"
local log = require "bedrock.log"

--- What is reported while `f` runs.
local function reports_of(f)
    local reports, report = {}, host.report
    host.report = function(message)
        reports[#reports + 1] = message
    end
    local ok, why = pcall(f)
    host.report = report
    assert(ok, why)
    return reports
end

describe("the log", function()
    local lines

    local function keep(line, level)
        lines[#lines + 1] = level .. " " .. line
    end

    before_each(function()
        lines = {}
    end)

    after_each(function()
        bedrock.log(false)
    end)

    it("gives a function each line of its level and of those before it", function()
        for level, expected in pairs {
            info = { "info bedrock: one" },
            debug = { "info bedrock: one", "debug bedrock: two" },
            wire = { "info bedrock: one", "debug bedrock: two", "wire bedrock: three" },
        } do
            lines = {}
            bedrock.log(keep, level)
            log.write("info", "one")
            log.write("debug", "two")
            log.write("wire", "three")
            assert.same(expected, lines)
            assert.is_true(log.wants(level))
        end
    end)

    it("is of the level info if none is given", function()
        bedrock.log(keep)
        log.write("info", "one")
        log.write("debug", "two")
        assert.same({ "info bedrock: one" }, lines)
    end)

    it("goes where the host's lines go if only a level is given", function()
        local note = host.note
        host.note = function(line)
            lines[#lines + 1] = line
        end
        bedrock.log "debug"
        log.write("debug", "two")
        log.write("wire", "three")
        host.note = note
        assert.same({ "bedrock: two" }, lines)
    end)

    it("ends", function()
        bedrock.log(keep)
        bedrock.log(false)
        log.write("info", "one")
        assert.same({}, lines)
        assert.is_false(log.wants "info")
    end)

    it("raises for what it cannot be told", function()
        for _, case in ipairs {
            { "expected a function, a level or false, got nil" },
            { "expected a function, a level or false, got a boolean", true },
            { "expected a function, a level or false, got a number", 1 },
            { 'unknown level loud: "info", "debug" or "wire"', "loud" },
            { 'unknown level loud: "info", "debug" or "wire"', keep, "loud" },
            { "a level alone, or a function and a level", "info", "debug" },
        } do
            local ok, why = pcall(bedrock.log, case[2], case[3])
            assert.is_false(ok)
            assert.truthy(why:find(case[1], 1, true), why)
        end
    end)

    it("survives a function that raises, and tells it once", function()
        bedrock.log(function() error "no room" end)
        local reports = reports_of(function()
            log.write("info", "one")
            log.write("info", "two")
        end)
        assert.equal(1, #reports)
        assert.truthy(reports[1]:find "^bedrock: the function given as log failed: .*no room$")
    end)

    it("gives a function nothing of what that does itself", function()
        bedrock.log(function(line)
            keep(line, "info")
            log.write("info", "from within")
        end)
        log.write("info", "one")
        log.write("info", "two")
        assert.same({ "info bedrock: one", "info bedrock: two" }, lines)
    end)

    it("leaves Ctrl-C alone", function()
        bedrock.log(function() error("interrupted!", 0) end)
        assert.same({ false, "interrupted!" }, { pcall(log.write, "info", "one") })
    end)
end)

describe("BEDROCK_LOG", function()
    local program = dofile "spec/support/program.lua"

    --- What a program says on standard error; `before` runs before its first connect.
    local function said(level, before)
        return (program.run(([[
            local bedrock = require "bedrock"
            %s
            local settings = { auth = "none", endpoint = "http://127.0.0.1:1" }
            assert(bedrock.connect(settings))
            require("bedrock.log").write("info", "one")
            require("bedrock.log").write("debug", "two")
            assert(bedrock.connect(settings))
        ]]):format(before or ""), "BEDROCK_LOG=" .. level))
    end

    it("asks any program for a log", function()
        assert.equal("bedrock: one\n", said "info")
        assert.equal("bedrock: one\nbedrock: two\n", said "debug")
        assert.equal("", said "''")
    end)

    it("is told once if it is no level", function()
        assert.equal("bedrock: BEDROCK_LOG must be info, debug or wire; there is no log\n", said "loud")
    end)

    it("counts less than what the program says", function()
        assert.equal("", said("debug", "bedrock.log(false)"))
        assert.equal("bedrock: one\n", said("debug", "bedrock.log 'info'"))
    end)
end)
