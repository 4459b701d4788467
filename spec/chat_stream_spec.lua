--- A chat's answers as they come.
local bedrock = require "bedrock"
local core = require "bedrock.core"
local host = require "bedrock.host"
local talk = dofile "spec/support/talk.lua"

local use, frame = talk.use, talk.frame

local function pause(ms)
    host.await(assert(core.timer(ms)))
end

describe("a chat's stream", function()
    local conn, chat, ran
    talk.each(function(new)
        conn, ran = new, {}
        chat = talk.chat(conn, { tools = { { name = "look", input = { city = "string?" }, run = function(_, call)
            ran[#ran + 1] = call.id
            return { seen = call.id }
        end } } })
    end)

    local function read(input, fields)
        local pieces = {}
        for piece in chat:stream(input, fields) do
            pieces[#pieces + 1] = piece
        end
        return table.concat(pieces), pieces
    end

    --- The error that it raises.
    local function broken(input, fields)
        local ok, why = pcall(read, input, fields)
        assert.is_false(ok)
        return why
    end

    local function raw(payload)
        return frame("contentBlockDelta", payload)
    end

    local START, STOP = frame("messageStart", { role = "assistant" }), frame("messageStop", { stopReason = "end_turn" })

    it("gives pieces as they come, then the answer", function()
        talk.streams({ { text = "Hello, how are you?" } }, { usage = talk.usage(3, 4) })
        local text, pieces = read "Hi"
        assert.equal("Hello, how are you?", text)
        assert.same({ "Hello, ", "how are", " you?" }, pieces)
        local answer = chat.answer
        assert.equal("Hello, how are you?", answer.text)
        assert.equal("end_turn", answer.stop_reason)
        assert.equal(7, answer.usage.total_tokens)
        assert.equal(7, chat.usage.total_tokens)
        assert.equal(7, answer.metrics.latencyMs)
        assert.same({ { role = "user", content = { { text = "Hi" } } },
            { role = "assistant", content = { { text = "Hello, how are you?" } } } }, chat.messages)
        talk.check(chat)
    end)

    it("is gathered from where it is, and gives back what a loop would raise", function()
        talk.streams({ { text = "Hello, how are you?" } }, { usage = talk.usage(3, 4) })
        local stream = chat:stream "Hi"
        assert.equal("Hello, ", stream())
        local answer = assert(stream:gather())
        assert.equal("Hello, how are you?", answer.text)
        assert.equal(answer, chat.answer)
        assert.equal(answer, stream:gather())
        local refused, why = chat:stream("Go", { max_token = 1 }):gather()
        assert.is_nil(refused)
        assert.equal("validation", why.kind)
        local closed = chat:stream "Go"
        closed:close()
        assert.equal("Closed", select(2, closed:gather()).code)
        talk.script("ConverseStream", { status = 400, json = { message = "no" } })
        local failed = chat:stream "Go"
        local _, err = failed:gather()
        assert.equal("service", err.kind)
        assert.equal(err, select(2, failed:gather()))
    end)

    it("is also a thing to call, which has the answer", function()
        talk.streams { { text = "Hello." } }
        local stream = chat:stream "Hi"
        assert.equal("bedrock.chat_stream (open)", tostring(stream))
        assert.equal("Hello.", stream())
        assert.is_nil(stream())
        assert.is_nil(stream())
        assert.equal("Hello.", stream.answer.text)
        assert.equal("bedrock.chat_stream (ended)", tostring(stream))
        assert.is_true(stream:close())
    end)

    it("runs tools between the rounds, and replays what came byte for byte", function()
        local content = {
            { reasoningContent = { reasoningText = { text = "I should look.", signature = "c2lnbmF0dXJl" } } },
            { reasoningContent = { redactedContent = "AAECA/8=" } }, { text = "Let me see." },
            use("t1", "look", { city = "Rome" }), use("t2", "look", { city = 3 }), use("t3", "look", {}),
        }
        talk.streams(content, { stop = "tool_use" })
        talk.streams { { text = "Nice." } }
        local seen = { reasoning = {} }
        local function see(name)
            return function(value)
                seen[name] = (seen[name] or 0) + 1
                seen.reasoning[#seen.reasoning + 1] = name == "reasoning" and value or nil
            end
        end
        local heard = {}
        assert.equal("Let me see.Nice.", (read("Go", { on = {
            reasoning = function(text) heard[#heard + 1] = text end, tool_call = see "call", tool_result = see "result",
            event = see "event" } })))
        assert.equal("I should look.", table.concat(heard))
        assert.same({ 3, 3 }, { seen.call, seen.result })
        assert.truthy(seen.event > 20)
        assert.same({ "t1", "t3" }, ran)
        assert.equal(2, chat.answer.rounds)
        assert.equal("Nice.", chat.answer.text)
        assert.equal(30, chat.answer.usage.total_tokens)
        assert.truthy(talk.bodies()[2]:find('{"role":"assistant","content":[{"reasoningContent":{"reasoningText":'
            .. '{"text":"I should look.","signature":"c2lnbmF0dXJl"}}},{"reasoningContent":{"redactedContent":'
            .. '"AAECA/8="}},{"text":"Let me see."},{"toolUse":{"toolUseId":"t1","name":"look","input":'
            .. '{"city":"Rome"}}},{"toolUse":{"toolUseId":"t2","name":"look","input":{"city":3}}},'
            .. '{"toolUse":{"toolUseId":"t3","name":"look","input":{}}}]}', 1, true), talk.bodies()[2])
        talk.check(chat)
        local begun = talk.beginning(talk.bodies()[2])
        assert.equal(begun, talk.replay(conn, chat):sub(1, #begun))
    end)

    it("sends the same bytes as say for the same answers", function()
        local content = { { reasoningContent = { reasoningText = { text = "Hm.", signature = "c2ln" } } },
            { text = "See." }, use("t1", "look", { city = "Rome" }) }
        talk.streams(content, { stop = "tool_use" })
        talk.streams { { text = "Nice." } }
        talk.says(content, { stop = "tool_use" })
        talk.says { { text = "Nice." } }
        local other = chat:fork()
        read "Go"
        assert(other:say "Go")
        local bodies = talk.bodies()
        assert.equal(bodies[1], bodies[3])
        assert.equal(bodies[2], bodies[4])
        assert.same(chat.messages, other.messages)
    end)

    it("gives no half of a character", function()
        local face = "\240\159\152\128"
        talk.script("ConverseStream", { frames = { START, raw '{"contentBlockIndex":0,"delta":{"text":"a \\ud83d"}}',
            raw '{"contentBlockIndex":0,"delta":{"text":"\\ude00 b \\ud83d"}}',
            frame("contentBlockStop", { contentBlockIndex = 0 }), STOP } })
        local text, pieces = read "Hi"
        assert.same({ "a ", face .. " b ", "\239\191\189" }, pieces)
        assert.equal(text, chat.answer.text)
    end)

    it("raises what breaks it in the middle, and the chat is as before", function()
        talk.streams { { text = "Hello." } }
        read "Hi"
        local frames = talk.frames { { text = "It begins and" } }
        for _, last in ipairs {
            { exception = "modelStreamErrorException", json = { message = "The model broke." } }, false,
            { event = "contentBlockDelta", json = {}, corrupt = "message_crc" },
        } do
            local cut = { frames[1], frames[2], last or nil }
            talk.script("ConverseStream", { frames = cut })
            local got = {}
            local ok, err = pcall(function()
                for piece in chat:stream "Go" do
                    got[#got + 1] = piece
                end
            end)
            assert.is_false(ok)
            assert.equal("It begi", table.concat(got))
            assert.truthy(err.kind == "service" or err.kind == "stream", tostring(err))
            assert.equal(3, #err.messages)
            assert.equal("It begi", err.partial.output.message.content[1].text)
            assert.equal(2, #chat.messages)
            talk.streams { { text = "Whole." } }
            local fork = chat:fork()
            assert.equal("Whole.", assert(fork:stream(err))())
            assert.equal(2, #chat.messages)
        end
        talk.check(chat)
    end)

    it("goes on after a break in a later round without running tools again", function()
        talk.streams({ use("t1", "look", {}) }, { stop = "tool_use" })
        talk.script("ConverseStream", { frames = { START } })
        local err = broken "Go"
        assert.equal("Truncated", err.code)
        assert.equal(3, #err.messages)
        assert.equal(0, #chat.messages)
        talk.streams { { text = "There." } }
        assert.equal("There.", (read(err)))
        assert.same({ "t1" }, ran)
        assert.equal(4, #chat.messages)
        talk.check(chat)
    end)

    it("runs no tool whose call was cut, or is no JSON", function()
        for _, case in ipairs {
            { "max_tokens", '{"city":"Ro' }, { "max_tokens", '{"city":"Rome"}' }, { "tool_use", '{"city":' },
            { "model_context_window_exceeded", "" },
        } do
            talk.streams({ { text = "Let me" }, use("t1", "look", case[2]) }, { stop = case[1] })
            local err = broken "Go"
            assert.equal("conversation", err.kind)
            assert.equal("Incomplete", err.code)
            assert.equal("Let me", err.answer.text)
            assert.equal(1, #err.messages)
            assert.equal(0, #chat.messages)
        end
        assert.same({}, ran)
        talk.streams({ { text = "Cut" } }, { stop = "max_tokens" })
        assert.equal("Cut", (read "Go"))
        assert.equal("max_tokens", chat.answer.stop_reason)
        talk.check(chat)
    end)

    it("keeps no turn that a guardrail stopped, and has its assessment", function()
        talk.streams({ { text = "Not that." } }, { stop = "guardrail_intervened",
            trace = { guardrail = { actionReason = "blocked" } } })
        assert.equal("Not that.", (read "Bad"))
        assert.equal("blocked", chat.answer.trace.guardrail.actionReason)
        assert.equal(0, #chat.messages)
    end)

    it("that is left or closed leaves the chat as it was, and free", function()
        for _ = 1, 4 do
            talk.streams { { text = "A long answer comes here." } }
        end
        local function first()
            local got
            for piece in chat:stream "Go" do
                got = piece
                if got then
                    break
                end
            end
            return got
        end
        assert.equal("A long ", first())
        assert.equal(0, #chat.messages)
        read "And?"
        assert.equal(2, #chat.messages)
        local stream = chat:stream "Go"
        stream()
        local _, err = chat:say "Meanwhile"
        assert.equal("Busy", err.code)
        stream:close()
        assert.is_nil(stream())
        read "Now?"
        assert.equal(4, #chat.messages)
        talk.check(chat)
    end)

    it("that nobody can reach any more holds the chat no longer", function()
        talk.streams { { text = "A long answer comes here." } }
        local function forget()
            local stream = chat:stream "Go"
            stream()
        end
        forget()
        assert(chat:say "And?")
    end)

    it("can be closed while another coroutine waits for a piece, or in a tool", function()
        local frames = talk.frames { { text = "Hello" } }
        frames[3].delay_ms = 20000
        talk.script("ConverseStream", { frames = frames })
        local stream = chat:stream "Go"
        assert.equal("Hello", stream())
        local task = bedrock.spawn(pcall, stream)
        stream:close()
        local ok, err = task:join()
        assert.is_false(ok)
        assert.equal("Closed", err.code)

        talk.script("ConverseStream", { delay_ms = 100 })
        stream = chat:stream "Go"
        task = bedrock.spawn(pcall, stream)
        stream:close()
        ok, err = task:join()
        assert.is_false(ok)
        assert.equal("Closed", err.code)

        local waits = true
        chat = talk.chat(conn, { tools = { { name = "wait", run = function()
            while waits do
                pause(1)
            end
        end } } })
        talk.ep:reset()
        talk.streams({ use("t1", "wait", {}) }, { stop = "tool_use" })
        stream = chat:stream "Go"
        task = bedrock.spawn(pcall, stream)
        while #talk.bodies() < 1 do
            pause(1)
        end
        pause(5)
        stream:close()
        waits = false
        ok, err = task:join()
        assert.is_false(ok)
        assert.equal("Closed", err.code)
        assert.equal(1, #talk.bodies())
        assert.equal(0, #chat.messages)
    end)

    it("is not for two coroutines at once", function()
        talk.script("ConverseStream", { hang = true })
        local stream = chat:stream "Go"
        local task = bedrock.spawn(pcall, stream)
        local ok, why = pcall(stream)
        assert.is_false(ok)
        assert.truthy(why:find("two coroutines", 1, true))
        task:cancel()
        task:join()
    end)

    it("tells what is wrong before it begins where the pieces come", function()
        local err = broken("Go", { max_token = 1, on = { text = print } })
        assert.equal("validation", err.kind)
        assert.truthy(tostring(err):find("did you mean max_tokens?", 1, true))
        assert.truthy(tostring(err):find("event, reasoning, tool_call, tool_result", 1, true))
        err = broken(nil)
        assert.truthy(tostring(err):find("expected a text", 1, true))
        assert.equal(0, #talk.bodies())
    end)

    it("of a model that does not stream with tools is one piece, if heal may", function()
        chat = talk.chat(conn, { heal = true, tools = { { name = "look" } } })
        talk.refuses("This model doesn't support tool use in streaming mode.", "ConverseStream")
        talk.says '[{"reasoningContent":{"reasoningText":{"text":"Hm."}}},{"text":"All at once."}]'
        local thought
        local text, pieces = read("Go", { on = { reasoning = function(piece) thought = piece end } })
        assert.equal("All at once.", text)
        assert.equal(1, #pieces)
        assert.equal("Hm.", thought)
        assert.equal(1, #chat.answer.healed)
        assert.truthy(chat.answer.healed[1]:find("in one piece", 1, true))
        talk.check(chat)
    end)
end)
