--- A chat's history where turns wait, fail and go on, and where it was edited meanwhile.
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

    local ASK = { name = "ask", input = { q = "string" } }

    --- A chat of one turn, whose second turn waits.
    local function waiting(fields)
        local chat = talk.chat(conn)
        talk.says { { text = "One." } }
        assert(chat:say "First")
        talk.says({ use("t1", "ask", { q = "?" }) }, { stop = "tool_use" })
        assert(chat:say("Second", talk.merged({ tools = { ASK } }, fields)))
        talk.says { { text = "Two." } }
        return chat
    end

    it("of results goes on with the options of their say", function()
        local chat = waiting { system = "Own.", max_tokens = 77, tool_choice = "any" }
        assert(chat:results({ t1 = "yes" }, { max_tokens = 78 }))
        local sent = talk.last()
        assert.equal("Own.", sent.system[1].text)
        assert.equal(78, sent.inferenceConfig.maxTokens)
        assert.equal("ask", sent.toolConfig.tools[1].toolSpec.name)
        assert.is_nil(sent.toolConfig.toolChoice)
        talk.check(chat)
    end)

    it("of an error goes on with the options of its say", function()
        local chat = talk.chat(conn)
        talk.refuses "No."
        local _, err = chat:say("First", { system = "Own.", tools = { ASK } })
        talk.says { { text = "One." } }
        assert(chat:resume(err))
        assert.equal("Own.", talk.last().system[1].text)
        assert.equal("ask", talk.last().toolConfig.tools[1].toolSpec.name)
        assert(chat:say "Second")
        assert.is_nil(talk.last().system)
    end)

    it("keeps what was edited and trimmed while calls wait", function()
        local chat = waiting()
        chat.messages[1].content = { { text = "Edited" } }
        table.insert(chat.messages, { role = "user", content = { { text = "Also" } } })
        table.insert(chat.messages, { role = "assistant", content = { { text = "Yes" } } })
        chat:trim { keep = 1 }
        assert(chat:results { t1 = "yes" })
        assert.equal("Also", chat.messages[1].content[1].text)
        assert.equal("Second", chat.messages[3].content[1].text)
        assert.equal(6, #chat.messages)
        talk.check(chat)
    end)

    it("keeps an unanswered message once that a waiting turn joined", function()
        local chat = talk.chat(conn, { messages = { { role = "user", content = { { text = "A" } } } },
            tools = { ASK } })
        talk.says({ use("t1", "ask", { q = "?" }) }, { stop = "tool_use" })
        assert(chat:say "B")
        assert(chat:save(path))
        chat = assert(conn:chat { messages = path, tools = { ASK } })
        assert(chat:results { t1 = "yes" })
        local first = chat.messages[1].content
        assert.same({ "A", "B" }, { first[1].text, first[2].text })
        assert.equal(2, #first)
        talk.check(chat)
    end)

    it("is not taken back by an error from before", function()
        local chat = talk.chat(conn)
        talk.refuses "No."
        local _, err = chat:say "First"
        assert(chat:say "Second")
        local answer, why = chat:resume(err)
        assert.is_nil(answer)
        assert.same({ "conversation", "Stale" }, { why.kind, why.code })
        assert.equal("Second", chat.messages[1].content[1].text)
        assert.equal(2, #chat.messages)
    end)

    it("does not count system and tools as tokens of messages", function()
        local chat = talk.chat(conn, { system = ("s"):rep(8000), context_limit = 1000 })
        for i = 1, 4 do
            talk.says({ { text = "Answer" } }, { usage = talk.usage(2000 + 5 * i, 5) })
            assert(chat:say("Question " .. i))
        end
        assert.equal(8, #chat.messages)
    end)

    it("in a file whose waiting calls are none is refused", function()
        for _, odd in ipairs { "null", "5", "{}", '{"added":[]}', '{"added":[5],"calls":[],"results":[]}',
            '{"added":[{"role":"assistant","content":[]}],"calls":[{}],"results":[false]}' } do
            local file = assert(io.open(path, "wb"))
            file:write('{"version":1,"model":"m","messages":[],"waiting":' .. odd .. "}")
            file:close()
            local chat, err = conn:chat { messages = path }
            assert.is_nil(chat, odd)
            assert.equal("validation", err.kind)
            assert.truthy(tostring(err):find("calls that wait", 1, true), tostring(err))
        end
    end)

    it("made by hand is told where it is wrong, and nothing raises", function()
        for path_of, messages in pairs {
            ["messages[1].content"] = { { role = "user" } },
            ["messages[2].content"] = { { role = "user", content = { { text = "A" } } }, { role = "user",
                content = require("bedrock").json.null } },
            ["messages[1].content[1]"] = { { role = "user", content = { 5 } } },
            ["messages"] = false,
        } do
            local chat = talk.chat(conn)
            chat.messages = messages or nil
            local answer, err = chat:say "Hello"
            assert.is_nil(answer)
            assert.equal("validation", err.kind)
            assert.equal(path_of, err.errors[1].path)
            chat:trim { tokens = 1 }
            chat:undo()
        end
    end)

    it("of no turn stays at an undo", function()
        local chat = talk.chat(conn, { messages = { { role = "assistant", content = { { text = "Hi" } } } } })
        assert.is_false(chat:undo())
        assert.equal(1, #chat.messages)
    end)

    it("gets no blank text from its user", function()
        local chat = talk.chat(conn)
        for path_of, given in pairs { ["input[1].text"] = { { text = " " } }, ["input.text"] = { text = "" } } do
            local answer, err = chat:say(given)
            assert.is_nil(answer)
            assert.equal(path_of, err.errors[1].path)
        end
    end)

    it("with odd answers goes out without them", function()
        local null = require("bedrock").json.null
        for _, odd in ipairs { {}, { role = "assistant" }, { role = "assistant", content = null },
            { role = "assistant", content = {} }, { role = "assistant", content = { {} } },
            { role = "assistant", content = { { text = null } } } } do
            local chat = talk.chat(conn, { messages = { { role = "user", content = { { text = "A" } } }, odd } })
            assert(chat:say "B")
            local sent = talk.last().messages
            assert.equal(1, #sent)
            assert.same({ "A", "B" }, { sent[1].content[1].text, sent[1].content[2].text })
        end
    end)

    --- What went out: the texts of each message.
    local function sent_texts()
        local texts = {}
        for i, message in ipairs(talk.last().messages) do
            texts[i] = message.content[1].text
        end
        return texts
    end

    it("is looked at again where it was edited in its place after a turn", function()
        local chat = talk.chat(conn)
        for _, text in ipairs { "One", "Two", "Three" } do
            talk.says { { text = text .. "." } }
            assert(chat:say(text))
        end
        chat.messages[1].content[1].text = "Edited"
        chat.messages[4].content = { { text = " " } }
        talk.says { { text = "Four." } }
        assert(chat:say "Four")
        assert.same({ "Edited", "One.", "Two", "Three.", "Four" }, sent_texts())
        assert.equal(8, #chat.messages)
        chat.messages[2].content[1].text = ""
        chat.messages[3].content[2] = { text = "and more" }
        assert(chat:say "Five")
        assert.same({ "Edited", "Three.", "Four", "Four.", "Five" }, sent_texts())
        assert.same({ "Edited", "Two", "and more", "Three" }, { talk.last().messages[1].content[1].text,
            talk.last().messages[1].content[2].text, talk.last().messages[1].content[3].text,
            talk.last().messages[1].content[4].text })
        chat.messages[5] = "Nonsense"
        local answer, err = chat:say "Six"
        assert.is_nil(answer)
        assert.equal("messages[5]", err.errors[1].path)
        chat.messages = { { role = "user", content = { { text = "Anew" } } } }
        assert(chat:say "Seven")
        assert.same({ "Anew" }, sent_texts())
    end)

    it("of an error is its own, whatever is said later", function()
        local chat = talk.chat(conn)
        assert(chat:say "One")
        talk.refuses "No."
        local _, err = chat:say "Two"
        local told = err.messages
        assert(chat:say "Other")
        assert(chat:say "More")
        assert.equal(3, #told)
        assert.equal("Two", told[3].content[1].text)
    end)

    it("that a tool trims meanwhile is whole after the turn", function()
        local chat = talk.chat(conn)
        assert(chat:say "One")
        assert(chat:say "Two")
        talk.says({ use("t1", "cut", { q = "?" }) }, { stop = "tool_use" })
        talk.says { { text = "Done." } }
        assert(chat:say("Three", { tools = { { name = "cut", input = { q = "string" }, run = function(_, call)
            assert.equal(2, call.chat:trim { keep = 1 })
            return "cut"
        end } } }))
        assert.equal(8, #chat.messages)
        assert.equal("One", chat.messages[1].content[1].text)
        talk.check(chat)
    end)
end)
