--- Tools that somebody else runs: the turn waits for their results, also in a file.
local bedrock = require "bedrock"
local talk = dofile "spec/support/talk.lua"

local use = talk.use

describe("a chat's calls of tools without run", function()
    local conn, chat, ran
    talk.each(function(new)
        conn, ran = new, 0
        chat = talk.chat(conn, { tools = {
            { name = "ask", input = { question = "string" } },
            { name = "look", run = function()
                ran = ran + 1
                return "looked"
            end },
        } })
    end)

    local function paused()
        talk.says({ { text = "Wait." }, use("t1", "ask", { question = "Sure?" }), use("t2", "look", {}),
            use("t3", "ask", { question = "Really?" }) }, { stop = "tool_use" })
        talk.says { { text = "Thanks." } }
        return assert(chat:say "Go")
    end

    it("end the turn, and their results go on with it, in the order of the calls", function()
        local answer = paused()
        assert.equal("Wait.", answer.text)
        assert.equal("tool_use", answer.stop_reason)
        assert.equal(2, #answer.calls)
        assert.same({ "t1", "ask", { question = "Sure?" }, 1 }, { answer.calls[1].id, answer.calls[1].name,
            answer.calls[1].input, answer.calls[1].round })
        assert.equal(1, ran)
        assert.equal(0, #chat.messages)
        answer = assert(chat:results { t3 = { content = { { text = "no" } }, status = "error" }, t1 = "yes" })
        assert.equal("Thanks.", answer.text)
        assert.is_nil(answer.calls)
        assert.equal(1, ran)
        local results = chat.messages[3].content
        assert.same({ { toolResult = { toolUseId = "t1", content = { { text = "yes" } } } },
            { toolResult = { toolUseId = "t2", content = { { text = "looked" } } } },
            { toolResult = { toolUseId = "t3", content = { { text = "no" } }, status = "error" } } }, results)
        assert.equal(4, #chat.messages)
        talk.check(chat)
    end)

    it("are not forgotten by a say between", function()
        paused()
        local answer, err = chat:say "And?"
        assert.is_nil(answer)
        assert.equal("conversation", err.kind)
        assert.equal("PendingCalls", err.code)
        assert.equal("t1", err.calls[1].id)
        assert.truthy(err.message:find("chat:results", 1, true))
        assert.has_error(function()
            for _ in chat:stream "And?" do
                error("a piece")
            end
        end)
        assert.equal(1, #talk.bodies())
        assert(chat:results { t1 = 1, t3 = { a = 1 } })
        talk.check(chat)
    end)

    it("need a result each, and no other", function()
        paused()
        local answer, err = chat:results { t1 = "yes", t2 = "x", other = 1 }
        assert.is_nil(answer)
        assert.equal("validation", err.kind)
        assert.truthy(tostring(err):find("t3 of ask", 1, true))
        assert.truthy(tostring(err):find("no call t2 waits", 1, true))
        assert.truthy(tostring(err):find("no call other waits", 1, true))
        assert(chat:results { t1 = "yes", t3 = bedrock.null })
        answer, err = chat:results { t1 = "yes" }
        assert.is_nil(answer)
        assert.truthy(tostring(err):find("no call waits", 1, true))
    end)

    it("may fail: the error goes to the model", function()
        paused()
        local _, why = conn:converse {}
        assert(chat:results { t1 = why, t3 = "" })
        local results = chat.messages[3].content
        assert.equal("error", results[1].toolResult.status)
        assert.truthy(results[1].toolResult.content[1].text:find("modelId", 1, true))
        assert.equal("(no output)", results[3].toolResult.content[1].text)
        talk.check(chat)
    end)

    it("never have results without content, which Converse would refuse for ever", function()
        paused()
        assert(chat:results { t1 = { content = {}, status = "error" }, t3 = { content = bedrock.array {} } })
        talk.check(chat)
    end)

    it("are dropped by undo", function()
        paused()
        assert.is_true(chat:undo())
        assert.equal(0, #chat.messages)
        assert.equal("Thanks.", assert(chat:say "Something else").text)
        talk.check(chat)
    end)

    it("wait on when their results cannot be sent, and resume takes the error", function()
        paused()
        talk.ep:reset()
        talk.refuses "No."
        local answer, err = chat:results { t1 = "yes", t3 = "no" }
        assert.is_nil(answer)
        assert.equal(3, #err.messages)
        assert.equal(0, #chat.messages)
        talk.says { { text = "Now." } }
        assert.equal("Now.", assert(chat:resume(err)).text)
        assert.equal(1, ran)
        talk.check(chat)
        assert(chat:say "And?")
    end)

    it("may follow one another", function()
        talk.says({ use("t1", "ask", { question = "1" }) }, { stop = "tool_use" })
        talk.says({ use("t2", "ask", { question = "2" }) }, { stop = "tool_use" })
        talk.says { { text = "ok" } }
        assert(chat:say "Go")
        local answer = assert(chat:results { t1 = "one" })
        assert.equal("t2", answer.calls[1].id)
        assert.equal("ok", assert(chat:results { t2 = "two" }).text)
        assert.equal(6, #chat.messages)
        talk.check(chat)
    end)

    it("go back to the model at once when their input does not fit", function()
        talk.says({ use("t1", "ask", { question = 1 }) }, { stop = "tool_use" })
        talk.says { { text = "ok" } }
        local answer = assert(chat:say "Go")
        assert.is_nil(answer.calls)
        assert.equal("ok", answer.text)
        talk.check(chat)
    end)

    it("come in a stream, too, and their results are streamed", function()
        talk.streams({ { text = "Wait." }, use("t1", "ask", { question = "Sure?" }) }, { stop = "tool_use" })
        talk.streams { { text = "Thanks." } }
        local pieces = {}
        for piece in chat:stream "Go" do
            pieces[#pieces + 1] = piece
        end
        assert.equal("Sure?", chat.answer.calls[1].input.question)
        for piece in chat:stream { results = { t1 = "yes" } } do
            pieces[#pieces + 1] = piece
        end
        assert.equal("Wait.Thanks.", table.concat(pieces))
        assert.equal(4, #chat.messages)
        talk.check(chat)
    end)

    it("wait in a file, and in a fork", function()
        paused()
        local fork = chat:fork()
        local path = os.tmpname()
        assert(chat:save(path))
        local other = assert(conn:chat { messages = path, tools = { { name = "ask" }, { name = "look" } } })
        os.remove(path)
        assert.equal("t3", other.answer.calls[2].id)
        assert.equal("Really?", other.answer.calls[2].input.question)
        local _, err = other:say "Hi"
        assert.equal("PendingCalls", err.code)
        local results = { t1 = "yes", t3 = { a = { 1 } } }
        assert(chat:results(results))
        assert(other:results(results))
        assert(fork:results(results))
        local bodies = talk.bodies()
        assert.equal(4, #bodies)
        assert.equal(talk.beginning(bodies[2]), talk.beginning(bodies[3]))
        assert.equal(talk.beginning(bodies[2]), talk.beginning(bodies[4]))
        talk.check(other)
        talk.check(fork)
    end)
end)
