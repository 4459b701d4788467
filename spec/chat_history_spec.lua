--- A chat's history: in files, forked, undone, trimmed, edited by hand; and what it costs.
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"
local talk = dofile "spec/support/talk.lua"

local use = talk.use

describe("a chat's history", function()
    local conn, path
    talk.each(function(new)
        conn = new
    end)

    before_each(function()
        path = os.tmpname()
    end)

    after_each(function()
        os.remove(path)
    end)

    local function read(name)
        local file = io.open(name, "rb")
        local text = file and file:read "*a"
        if file then
            file:close()
        end
        return text
    end

    local function write(name, text)
        local file = assert(io.open(name, "wb"))
        file:write(text)
        file:close()
    end

    --- A chat of so many turns.
    local function begun(turns, fields)
        local chat = talk.chat(conn, fields)
        for i = 1, turns do
            talk.says({ { text = "Answer " .. i } }, { usage = talk.usage(100 * i, 10) })
            assert(chat:say("Question " .. i))
        end
        return chat
    end

    describe("in a file", function()
        local function saved_and_loaded(chat, fields)
            assert(chat:save(path))
            return assert(conn:chat(talk.merged({ messages = path }, fields)))
        end

        it("goes back byte for byte: unknown members, signatures, bytes, big numbers, order of keys", function()
            local chat = talk.chat(conn, { system = { { text = "Be brief." } }, tools = { { name = "look",
                run = function()
                    return bedrock.json.decode '{"zoo":1,"ape":[],"n":123456789012345678901234567890,"f":2.0}'
                end } } })
            talk.says('[{"reasoningContent":{"reasoningText":{"text":"Hm","signature":"c2ln","depth":3}}},'
                .. '{"reasoningContent":{"redactedContent":"AAECA/8="}},{"hologram":{"z":[1,{}],"empty":[],"a":null,'
                .. '"bytes":"AAAA"}},{"toolUse":{"toolUseId":"t1","name":"look","input":{"z":1,"bytes":"x","a":[],'
                .. '"o":{},"n":null,"big":123456789012345678901234567890,"small":1e-400}}},{"text":"\\n"}]',
                { stop = "tool_use" })
            talk.says '[{"text":"Seen."},{"image":{"format":"png","source":{"bytes":"iVBORw0KGgoAAA=="}}}]'
            assert(chat:say { text = "Look", images = { { bytes = "\137PNG\r\n\26\n\0\1", format = "png" } } })
            local other = saved_and_loaded(chat)
            local fork = chat:fork()
            talk.says { { text = "1" } }
            talk.says { { text = "2" } }
            assert(fork:say("More", { tools = { { name = "look" } } }))
            assert(other:say("More", { tools = { { name = "look" } } }))
            local bodies = talk.bodies()
            assert.equal(bodies[3], bodies[4])
            assert.truthy(bodies[4]:find('"hologram":{"z":[1,{}],"empty":[],"a":null,"bytes":"AAAA"}', 1, true),
                bodies[4])
            assert.equal(talk.MODEL, other._options.model)
            assert.equal("\0\1\2\3\255", other.messages[2].content[2].reasoningContent.redactedContent)
            -- And from there into a file again.
            local third = saved_and_loaded(other)
            talk.says { { text = "3" } }
            assert(third:undo())
            assert(third:say("More", { tools = { { name = "look" } } }))
            assert.equal(bodies[4], talk.bodies()[5])
        end)

        it("is for its user alone, whole or as it was", function()
            os.remove(path)
            local chat = begun(1)
            assert(chat:save(path))
            local pipe = io.popen("stat -c %a " .. path)
            assert.equal("600", pipe:read "*l")
            pipe:close()
            assert.truthy(read(path):find('"Question 1"', 1, true))
            local before = read(path)
            assert(chat:say "Question 2")
            chat.messages[3].content[1].text = "\255"
            local ok, err = chat:save(path)
            assert.is_nil(ok)
            assert.is_table(err)
            assert.equal(before, read(path))
            chat.messages[3].content[1].text = "fine"
            ok, err = chat:save(path .. ".nowhere/chat.json")
            assert.is_nil(ok)
            assert.truthy(tostring(err):find(path .. ".nowhere", 1, true), tostring(err))
        end)

        it("goes where a link leads to, and takes the place of nothing but a file", function()
            local folder = path .. ".folder"
            assert(os.execute(("mkdir %s && cd %s && mkfifo fifo && echo old >target && ln -s target link"):format(
                folder, folder)))
            local chat = begun(1)
            assert(chat:save(folder .. "/link"))
            assert.truthy(read(folder .. "/target"):find('"Question 1"', 1, true))
            local ok, err = chat:save(folder .. "/fifo")
            assert.is_nil(ok)
            assert.matches("fifo: it is no regular file", tostring(err), 1, true)
            assert(os.execute(("test -p %s/fifo && test -L %s/link && rm -r %s"):format(folder, folder, folder)))
        end)

        it("may have another model, system and tools than the chat that goes on with it", function()
            local chat = begun(1, { system = "one" })
            local other = saved_and_loaded(chat, { model = "other.model", system = "two" })
            assert(other:say "And?")
            assert.equal("two", talk.last().system[1].text)
            assert.truthy(service.last_request(talk.ep).uri:find("other.model", 1, true))
            other = saved_and_loaded(chat)
            assert(other:say "And?")
            assert.equal("one", talk.last().system[1].text)
            assert.equal(3, #talk.last().messages)
        end)

        it("that is none, broken, empty, of another version or a directory is told", function()
            for text, said in pairs { ["{"] = "holds no saved chat", [""] = "empty", ["[]"] = "no messages",
                ['{"messages":[],"version":99}'] = "version 99", ['{"messages":3,"version":1}'] = "no messages",
                ['"x"'] = "no messages" } do
                write(path, text)
                local chat, err = conn:chat { messages = path, model = "m" }
                assert.is_nil(chat)
                assert.equal("validation", err.kind)
                assert.truthy(tostring(err):find(said, 1, true), text .. ": " .. tostring(err))
                assert.truthy(tostring(err):find(path, 1, true))
            end
            for name, said in pairs { ["/"] = "directory", ["/nowhere/at all"] = "No such file" } do
                local _, err = conn:chat { messages = name, model = "m" }
                assert.truthy(tostring(err):find(said, 1, true), tostring(err))
            end
        end)

        it("of nothing said yet is a chat, too", function()
            local other = saved_and_loaded(talk.chat(conn))
            assert.same({}, other.messages)
            assert(other:say "Hi")
        end)
    end)

    it("may be given as a list, and is taken as it is", function()
        local messages = { { role = "user", content = { { text = "Hi" } } },
            { role = "assistant", content = { { text = "Hello." } } } }
        local chat = talk.chat(conn, { messages = messages })
        assert(chat:say "And?")
        assert.equal(2, #messages)
        assert.equal(4, #chat.messages)
        chat = talk.chat(conn, { messages = { { role = "user", content = { { text = "Hi" } } } } })
        assert(chat:say "And?")
        assert.same({ { text = "Hi" }, { text = "And?" } }, chat.messages[1].content)
        talk.check(chat)
    end)

    it("goes out as it was edited", function()
        local chat = begun(2)
        chat.messages[1].content[1].text = "Changed"
        table.insert(chat.messages[4].content, { text = " And more." })
        talk.says { { text = "ok" } }
        assert(chat:say "Now")
        local sent = talk.last().messages
        assert.equal("Changed", sent[1].content[1].text)
        assert.equal(" And more.", sent[4].content[2].text)
        chat.messages = { chat.messages[1], chat.messages[2] }
        assert(chat:say "Again")
        assert.equal(3, #talk.last().messages)
        assert.equal(4, #chat.messages)
        chat.messages[2].content = "text"
        local answer, err = chat:say "Wrong"
        assert.is_nil(answer)
        assert.truthy(tostring(err):find("messages[2].content", 1, true), tostring(err))
        assert.equal(4, #chat.messages)
    end)

    it("forks, and each goes its own way", function()
        local chat = begun(2)
        local fork = chat:fork()
        assert(fork:say "Left")
        assert(chat:say "Right")
        assert.equal("Left", fork.messages[5].content[1].text)
        assert.equal("Right", chat.messages[5].content[1].text)
        fork:undo()
        fork:undo()
        assert.equal(2, #fork.messages)
        assert.equal(6, #chat.messages)
        talk.check(chat)
        talk.check(fork)
    end)

    --- Turns with tools: 1 message asks, 4 answer.
    local function with_tools(turns)
        local chat = talk.chat(conn, { tools = { { name = "look", run = function() return "x" end } } })
        for i = 1, turns do
            talk.says({ use("t" .. i, "look", {}) }, { stop = "tool_use" })
            talk.says { { text = "Answer " .. i } }
            assert(chat:say("Question " .. i))
        end
        return chat
    end

    it("forgets its last turn, whole", function()
        local chat = with_tools(2)
        assert.equal(8, #chat.messages)
        assert.is_true(chat:undo())
        assert.equal(4, #chat.messages)
        assert.equal("Answer 1", chat.messages[4].content[1].text)
        talk.check(chat)
        assert.is_true(chat:undo())
        assert.is_false(chat:undo())
        assert.equal(0, #chat.messages)
    end)

    it("is trimmed to so many turns, never a result without its call", function()
        local chat = with_tools(4)
        assert.equal(8, chat:trim { keep = 2 })
        assert.equal("Question 3", chat.messages[1].content[1].text)
        talk.check(chat)
        assert.equal(0, chat:trim { keep = 2 })
        assert.equal(4, chat:trim { keep = 1 })
        talk.says { { text = "ok" } }
        assert(chat:say "More")
        talk.check(chat)
        for _, bad in ipairs { {}, { keep = 0 }, { keep = "1" }, { tokens = -1 }, { kep = 1 } } do
            assert.is_false(pcall(chat.trim, chat, bad))
        end
        assert.error_matches(function()
            chat:trim { keep = 1, token = 5 }
        end, 'chat:trim: unknown limit "token"; there are keep (turns) and tokens', 1, true)
    end)

    it("is trimmed to so many tokens, by what the service told", function()
        -- Each turn is about 21 characters, and the last request had 410 tokens for four of them.
        local chat = begun(4)
        assert.equal(4, chat:trim { tokens = 210 })
        assert.equal("Question 3", chat.messages[1].content[1].text)
        assert.equal(2, chat:trim { tokens = 1 })
        assert.equal("Question 4", chat.messages[1].content[1].text)
        -- Without the service's word a token has four characters.
        local messages = {}
        for i = 1, 10 do
            messages[2 * i - 1] = { role = "user", content = { { text = ("q"):rep(40) } } }
            messages[2 * i] = { role = "assistant", content = { { text = ("a"):rep(40) } } }
        end
        chat = talk.chat(conn, { messages = messages })
        assert.equal(14, chat:trim { tokens = 65 })
    end)

    it("is trimmed before sending where context_limit says so", function()
        local chat = begun(4, { context_limit = 1000 })
        assert.equal(8, #chat.messages)
        talk.says { { text = "ok" } }
        assert(chat:say("Question 5", { context_limit = 250 }))
        local sent = talk.last().messages
        assert.truthy(#sent < 9)
        assert.equal("Question 5", sent[#sent].content[1].text)
        assert.equal(#sent + 1, #chat.messages)
        talk.check(chat)
    end)

    it("of a thousand messages costs in proportion", function()
        local function work(count)
            local messages = {}
            for i = 1, count do
                messages[i] = { role = i % 2 == 1 and "user" or "assistant", content = { { text = "Message " .. i } } }
            end
            local chat = talk.chat(conn, { messages = messages })
            local body = require("bedrock.chat.request").build { options = {}, model = "m", messages = messages,
                specs = {}, memory = {} }
            assert.equal(count, #body.messages)
            local steps = 0
            local jit = rawget(_G, "jit")
            if jit then
                jit.off()
                jit.flush()
            end
            debug.sethook(function()
                steps = steps + 1
            end, "", 100)
            assert(chat:say "More")
            chat:trim { tokens = 1000000 }
            assert(chat:fork():undo())
            debug.sethook()
            if jit then
                jit.on()
            end
            return steps
        end
        work(10)
        local some, many = work(500), work(4000)
        assert.truthy(many < 10 * some, some .. " steps for 500 messages, " .. many .. " for 4000")
    end)
end)
