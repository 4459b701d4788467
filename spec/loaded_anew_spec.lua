--- The module loaded anew in a Lua state, as plugins of editors do it: what the old one gave goes on.
local core = require "bedrock.core"
local host = require "bedrock.host"
local service = dofile "spec/support/service.lua"

local ask, first_line = service.ask, service.first_line

describe("a module loaded anew", function()
    local ep = service.each()
    local before, old, conn

    --- As if nothing of it had been loaded, though the program has what it gave.
    local function forget()
        for name in pairs(package.loaded) do
            if name:find "^bedrock" then
                package.loaded[name] = nil
            end
        end
    end

    before_each(function()
        before = {}
        for name, loaded in pairs(package.loaded) do
            before[name] = loaded
        end
        forget()
        old = require "bedrock"
        conn = assert(old.connect(service.settings(ep)))
    end)

    after_each(function()
        conn:close()
        forget()
        for name, loaded in pairs(before) do
            package.loaded[name] = loaded
        end
    end)

    it("leaves old connections able to do what they had not done yet", function()
        forget()
        assert.equal("You asked: Hi", first_line(assert(conn:converse(ask "Hi"))))
        forget()
        assert.equal("You asked: Hi", first_line(assert(assert(conn:converse_stream(ask "Hi")):gather())))
        forget()
        assert.match("^You asked: Hi", assert(conn:generate { model = service.MODEL, prompt = "Hi" }).text)
        forget()
        assert.match("^You asked: Hi", assert(conn:chat { model = service.MODEL }:say "Hi"))
        forget()
        assert.is_true(conn:test().ok)
        forget()
        assert.is_true(#assert(conn:models()) > 1)
    end)

    it("tells of an old connection's answers in the old one, too", function()
        assert.is_nil(old.metadata {})
        forget()
        local answer = assert(conn:converse(ask "Hi"))
        assert.equal(200, old.metadata(answer).status)
        assert.equal(200, require("bedrock").metadata(answer).status)
    end)

    it("knows an old connection where it wants settings", function()
        forget()
        local _, told = pcall(require("bedrock").connect, conn)
        assert.matches("connect: expected a table of settings, got a connection", told, 1, true)
    end)

    it("lets an old chat go on from an error that came since", function()
        ep:script { { match = { operation = "ConverseStream" }, action = { frames = {
            { event = "messageStart", json = { role = "assistant" } },
            { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = "It begins" } } },
        } } } }
        local chat = conn:chat { model = service.MODEL }
        local stream = chat:stream "Hi"
        assert.equal("It begins", stream())
        forget()
        local _, err = stream:gather()
        assert.equal("stream", err.kind)
        assert.match("^You asked: Hi", assert(chat:resume(err)).text)
        assert.equal("Stale", select(2, chat:resume(err)).code)
    end)

    it("tells the functions of an old connection's on what happens, and once", function()
        local told = {}
        local function connect(bedrock, name)
            return assert(bedrock.connect(service.settings(ep, { on = {
                response = function(event)
                    told[#told + 1] = name .. " " .. event.status
                end,
                stream_end = function()
                    told[#told + 1] = name .. " over"
                end,
            } })))
        end
        local first = connect(old, "old")
        forget()
        local second = connect(require "bedrock", "new")
        assert(first:converse(ask "Hi"))
        assert(second:converse(ask "Hi"))
        assert(assert(first:converse_stream(ask "Hi")):gather())
        assert(assert(second:converse_stream(ask "Hi")):gather())
        assert.same({ "old 200", "new 200", "old 200", "old over", "new 200", "new over" }, told)
        first:close()
        second:close()
    end)

    it("has one log", function()
        local lines = {}
        old.log(function(line)
            lines[#lines + 1] = line:match "attempt %d+: 200" or line:match ": stream %l+"
        end)
        forget()
        local new = require "bedrock"
        local other = assert(new.connect(service.settings(ep)))
        local function ask_both()
            assert(conn:converse(ask "Hi"))
            assert(other:converse(ask "Hi"))
            assert(assert(other:converse_stream(ask "Hi")):gather())
        end
        ask_both()
        assert.same({ "attempt 1: 200", "attempt 1: 200", "attempt 1: 200", ": stream ended" }, lines)
        new.log(false)
        ask_both()
        assert.equal(4, #lines)
        other:close()
    end)

    it("lets an old connection's close end a wait that began since", function()
        ep:script { { match = { operation = "GetMemory" }, times = -1, action = { status = 200, json = { memory = {
            id = "m-1", name = "m", arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:memory/m-1",
            eventExpiryDuration = 30, createdAt = 1, updatedAt = 1, status = "CREATING",
        } } } } }
        forget()
        local timer, err = core.timer, nil
        finally(function()
            core.timer = timer
        end)
        local begun
        core.timer = function()
            begun = timer(60000)
            return begun
        end
        local task = old.spawn(function()
            err = select(2, conn:wait("memory_created", { memoryId = "memory_name-0123456789" }))
        end)
        local ended
        old.spawn(function()
            repeat
                host.await(assert(timer(1)))
            until begun
            conn:close()
            ended = begun:ready()
            begun:cancel()
        end)
        task:join()
        assert.equal("Closed", err.code)
        assert.is_true(ended)
    end)
end)
