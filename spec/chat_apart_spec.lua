--- Chats that go their own way: a fork and its original, what the user gave, turns and their ends.
local bedrock = require "bedrock"
local talk = dofile "spec/support/talk.lua"

local encode, decode = bedrock.json.encode, bedrock.json.decode
local use = talk.use

describe("a chat's own tables", function()
    local conn
    talk.each(function(new)
        conn = new
    end)

    local LOOK = { name = "look", description = "Looks.", input = { type = "object" }, run = function()
        return { found = 1 }
    end }
    local ASK = { name = "ask", input = { q = "string" } }

    --- An answer with what a copy may lose: nulls, unknown members, big numbers, the order of keys, empty lists.
    local ODD = '[{"text":"","x":null},'
        .. '{"reasoningContent":{"reasoningText":{"text":"Hm.","signature":"c2ln",'
        .. '"new":1}}},'
        .. '{"text":"Wait."},{"image":{"format":null,"source":{"bytes":""}}},'
        .. '{"toolUse":{"toolUseId":"t1","name":"look",'
        .. '"input":{"z":12345678901234567890123,"q":"x","a":[],"o":{},"n":null}}}]'

    local function odd_chat(fields)
        local chat = talk.chat(conn, talk.merged({ tools = { LOOK } }, fields))
        talk.says(ODD, { stop = "tool_use" })
        talk.says { { text = "One." } }
        assert(chat:say "First")
        return chat
    end

    local function again(chat)
        talk.says { { text = "Yes." } }
        assert(chat:say "Again")
        local bodies = talk.bodies()
        return bodies[#bodies]
    end

    it("of a fork and its original go out byte for byte the same", function()
        local chat = odd_chat()
        local fork = chat:fork()
        local of_fork = again(fork:fork())
        assert.matches("12345678901234567890123", of_fork, 1, true)
        assert.matches('"format":null', of_fork, 1, true)
        assert.matches('"new":1', of_fork, 1, true)
        assert.equal(of_fork, again(fork))
        assert.equal(of_fork, again(chat))
    end)

    it("are refused in a fork where they are refused in the original: slips of the pen stay such", function()
        local chat = talk.chat(conn, { messages = { { role = "user", content = { { txt = "Hi" } } },
            { role = "assistant", content = { { text = "Yes?" } } } } })
        local _, err = chat:say "Again"
        local _, of_fork = chat:fork():say "Again"
        assert.equal("validation", err.kind)
        assert.equal(err.message, of_fork.message)
        chat = odd_chat()
        chat.messages[2].content[3].text = nil
        chat.messages[2].content[3].more = 5
        _, err = chat:say "Again"
        _, of_fork = chat:fork():say "Again"
        assert.equal(err and err.message, of_fork and of_fork.message)
    end)

    it("are not those of its fork: changing one changes nothing in the other", function()
        local chat = odd_chat()
        local before = encode(chat.messages)
        local fork = chat:fork()
        fork.messages[1].content[1].text = "Changed"
        fork.messages[2].content[5].toolUse.input.q = "changed"
        fork.messages[3].content[1].toolResult.content[1].json.found = 2
        fork.answer.message.content[1].text = "Changed"
        assert.equal(before, encode(chat.messages))
        assert.equal("One.", chat.answer.message.content[1].text)
        assert.equal(fork.messages[4], fork.answer.message)
        assert.equal("One.", tostring(fork.answer))
    end)

    it("of calls that wait are not those of its fork either, which is the chat of its calls", function()
        local chat = talk.chat(conn, { tools = { ASK }, context = {} })
        talk.says({ use("t1", "ask", { q = "?" }) }, { stop = "tool_use" })
        local answer = assert(chat:say "First")
        local fork = chat:fork()
        assert.equal(fork, fork.answer.calls[1].chat)
        assert.equal(chat, answer.calls[1].chat)
        assert.equal(answer.calls[1].context, fork.answer.calls[1].context)
        fork.answer.calls[1].input.q = "changed"
        fork.answer.message.content[1].toolUse.input.q = "changed"
        assert.equal("?", answer.calls[1].input.q)
        talk.says { { text = "One." } }
        assert(fork:results { t1 = "yes" })
        local _, err = fork:results { t1 = "yes" }
        assert.matches("no call waits", err.message)
        talk.says { { text = "One." } }
        assert(chat:results { t1 = "yes" })
        assert.equal("?", chat.messages[2].content[1].toolUse.input.q)
        talk.check(chat)
        talk.check(fork)
    end)

    it("are not what the user gave: blocks, messages, results of tools", function()
        local block, shared = { text = "First" }, { text = "of a tool" }
        local given = { { role = "user", content = { { text = "Before" } } },
            { role = "assistant", content = { { text = "Yes." } } } }
        local tool = { name = "look", run = function()
            return { shared }
        end }
        local chat = talk.chat(conn, { tools = { tool, ASK }, messages = given })
        talk.says({ use("t1", "look", {}), use("t2", "ask", { q = "?" }) }, { stop = "tool_use" })
        assert(chat:say { block })
        talk.says { { text = "One." } }
        assert(chat:results { t2 = { content = { shared }, status = "success" } })
        block.text, given[1].content[1].text, shared.text = "Changed", "Changed", "changed"
        assert.is_nil(encode(chat.messages):lower():find("changed", 1, true))
        talk.check(chat)
    end)

    it("are not those of an error that two chats go on from", function()
        local chat = talk.chat(conn, { tools = { LOOK } })
        local fork = chat:fork()
        talk.refuses "No."
        local _, err = chat:say "First"
        talk.says { { text = "One." } }
        assert(chat:resume(err))
        talk.says { { text = "One." } }
        assert(fork:resume(err))
        chat.messages[1].content[1].text = "Changed"
        assert.equal("First", fork.messages[1].content[1].text)
        assert.equal("First", err.messages[1].content[1].text)
    end)

    --- A turn that stop_when ended, whose results are the last message, and a question after it.
    local function after_a_stop()
        local chat = talk.chat(conn, { tools = { LOOK } })
        talk.says({ use("t1", "look", { q = "?" }) }, { stop = "tool_use" })
        assert(chat:say("First", { stop_when = function() return true end }))
        local before = encode(chat.messages)
        talk.says { { text = "Two." } }
        assert(chat:say "Second")
        return chat, before
    end

    it("lose the last turn alone by undo, where it began behind results", function()
        local chat, before = after_a_stop()
        assert.equal(4, #chat.messages)
        assert.is_true(chat:undo())
        assert.equal(before, encode(chat.messages))
        talk.says { { text = "Two." } }
        assert(chat:say "Second, again")
        assert.equal("Second, again", talk.last().messages[3].content[2].text)
        talk.check(chat)
        assert.is_true(chat:undo())
        assert.is_true(chat:undo())
        assert.same({}, chat.messages)
        assert.is_false(chat:undo())
    end)

    it("lose the turns before that one alone by trim, a call with its result", function()
        local chat = after_a_stop()
        talk.says { { text = "Three." } }
        assert(chat:say "Third")
        local fork = chat:fork()
        assert.equal(2, chat:trim { keep = 2 })
        assert.same({ { text = "Second" } }, decode(encode(chat.messages[1].content)))
        talk.says { { text = "Four." } }
        assert(chat:say "Fourth")
        talk.check(chat)
        talk.says { { text = "Four." } }
        assert(fork:say("Fourth", { context_limit = 1 }))
        assert.equal(1, #talk.last().messages)
        fork = after_a_stop():fork()
        talk.says { { text = "Four." } }
        assert(fork:say("Fourth", { context_limit = 30 }))
        talk.check(fork)
    end)

    it("are told to be none by save, fork, trim and undo, where somebody put something else there", function()
        local chat = talk.chat(conn)
        for _, odd in ipairs { false, "text", 5 } do
            chat.messages = odd or nil
            for _, call in ipairs { { "save", "/never/written" }, { "fork" }, { "trim", { keep = 1 } }, { "undo" },
                { "say", "Hi" } } do
                local done, err = chat[call[1]](chat, call[2])
                assert.is_nil(done)
                assert.matches("messages: expected a list of messages, got", err.message, 1, true)
            end
            assert.matches("0 messages", tostring(chat))
        end
        chat.messages = { "text", { role = "user", content = "text" } }
        local done, err = chat:save("/never/written")
        assert.is_nil(done)
        assert.matches("messages[1]: expected a table, got", err.message, 1, true)
        assert.matches("messages[2].content: expected a list of blocks, got", err.message, 1, true)
    end)

    it("may be put away while a turn runs, which brings its own", function()
        local chat
        chat = talk.chat(conn, { tools = { { name = "look", run = function()
            chat.messages = nil
            return "seen"
        end } } })
        talk.says({ use("t1", "look", {}) }, { stop = "tool_use" })
        talk.says { { text = "One." } }
        assert(chat:say "First")
        assert.equal(4, #chat.messages)
        talk.check(chat)
    end)

    it("come from a file that is there, else it is told how to begin", function()
        local nothing, err = conn:chat { model = talk.MODEL, messages = "/nowhere/chat.json" }
        assert.is_nil(nothing)
        assert.matches("/nowhere/chat.json: No such file or directory; leave messages out to begin a new chat",
            err.message, 1, true)
    end)

    it("are loaded by none of the names that others have, which say what does", function()
        local chat = talk.chat(conn)
        for _, case in ipairs {
            { function() chat:load "x" end, "conn:chat { messages = path }" },
            { function() chat:ask "x" end, "chat:say(text)" },
            { function() conn:load_chat "x" end, "conn:chat { messages = path }" },
            { function() bedrock.load_chat "x" end, "conn:chat { messages = path }" },
            { function() bedrock.chat {} end, 'bedrock has no "chat": it is a method of connections' },
            { function() bedrock.converse {} end, "attempt to call" },
        } do
            local ok, err = pcall(case[1])
            assert.is_false(ok)
            assert.matches(case[2], err, 1, true)
            assert.matches("chat_apart_spec.lua", err, 1, true)
        end
        assert.is_nil(chat.answer)
        assert.is_nil(bedrock.other)
        assert.is_nil(bedrock[1])
    end)

    it("are told to be wrong in words, whatever stands in a block that was edited by hand", function()
        for _, kind in ipairs { "toolUse", "toolResult", "document", "image", "text" } do
            for _, value in ipairs { 5, false, print } do
                local chat = talk.chat(conn, { messages = { { role = "user", content = { { text = "First" } } },
                    { role = "assistant", content = { { [kind] = value } } } } })
                local _, err = chat:say { text = "Second", documents = { { bytes = "x", format = "pdf" } } }
                assert.matches(("messages[2].content[1].%s: expected"):format(kind), err.message, 1, true)
                assert(chat:fork():trim { tokens = 1 })
            end
        end
        local use_without_name = { toolUse = { toolUseId = "t1", input = {} } }
        local _, err = talk.chat(conn, { messages = { { role = "user", content = { { text = "First" } } },
            { role = "assistant", content = { use_without_name } } } }):say "Second"
        assert.matches("toolUse.name: missing", err.message, 1, true)
    end)

    it("of calls that wait come from no file in which a call is none", function()
        local path = os.tmpname()
        for _, call in ipairs { '{"toolUse":5}', '{"toolUse":{"toolUseId":5}}', "5" } do
            local file = assert(io.open(path, "w"))
            file:write('{"version":1,"model":"x","messages":[],"waiting":{"added":[{"role":"assistant","content":[',
                call, ']}],"calls":[{"id":"t1","name":"ask"}],"results":[false]}}')
            file:close()
            local nothing, err = conn:chat { messages = path }
            assert.is_nil(nothing)
            assert.matches("holds calls that wait, but not as chat:save writes them", err.message, 1, true)
        end
        os.remove(path)
    end)
end)
