--- What breaks a chat's turn leaves a history that Converse accepts, and nothing runs twice after it.
local bedrock = require "bedrock"
local core = require "bedrock.core"
local host = require "bedrock.host"
local talk = dofile "spec/support/talk.lua"

local use = talk.use

local function pause(ms)
    host.await(assert(core.timer(ms)))
end

describe("a chat", function()
    local conn, ran
    talk.each(function(new)
        conn, ran = new, {}
    end)

    --- A chat with one turn behind it.
    local function begun(fields)
        local chat = talk.chat(conn, talk.merged({ tools = {
            { name = "look", input = { city = "string?" }, run = function(_, call)
                ran[#ran + 1] = call.id
                return { seen = call.id }
            end },
        } }, fields))
        talk.says({ { text = "Hello." } })
        talk.streams({ { text = "Hello." } })
        assert(chat:say "Hi")
        return chat
    end

    --- The history is that of the first turn, and what is said next goes out behind it.
    local function as_before(chat)
        assert.equal(2, #chat.messages)
        talk.check(chat)
        local body = talk.replay(conn, chat)
        assert.equal('{"messages":[{"role":"user","content":[{"text":"Hi"}]},{"role":"assistant","content":'
            .. '[{"text":"Hello."}]},{"role":"user","content":[{"text":"Again"}]}', talk.beginning(body))
    end

    local function calls(...)
        talk.says({ ... }, { stop = "tool_use" })
    end

    it("runs no tool whose call was cut by max_tokens", function()
        for _, stop in ipairs { "max_tokens", "model_context_window_exceeded", "malformed_tool_use" } do
            ran = {}
            local chat = begun()
            talk.says({ { text = "Let me" }, use("t1", "look", { city = "Rome" }), use("t2", "look", {}) },
                { stop = stop })
            local answer, err = chat:say "Go"
            assert.is_nil(answer)
            assert.equal("conversation", err.kind)
            assert.equal("Incomplete", err.code)
            assert.truthy(err.message:find(stop, 1, true))
            assert.equal("Let me", err.answer.text)
            assert.equal(3, #err.messages)
            assert.same({}, ran)
            talk.ep:script { { match = { operation = "ConverseStream" }, action = { status = 404 } } }
            as_before(chat)
            talk.says { { text = "Whole." } }
            assert.equal("Whole.", assert(chat:resume(err, { max_tokens = 999 })).text)
            assert.equal(999, talk.last().inferenceConfig.maxTokens)
            talk.check(chat)
            talk.ep:reset()
        end
    end)

    it("goes on from an error in a later round without running tools again", function()
        local chat = begun()
        calls(use("t1", "look", {}), use("t2", "look", {}))
        talk.refuses "Too bad."
        local answer, err = chat:say "Go"
        assert.is_nil(answer)
        assert.equal("ValidationException", err.code)
        assert.same({ "t1", "t2" }, ran)
        assert.equal(5, #err.messages)
        assert.equal("t2", err.messages[5].content[2].toolResult.toolUseId)
        as_before(chat)
        calls(use("t3", "look", {}))
        talk.says { { text = "Done." } }
        assert.equal("Done.", assert(chat:resume(err)).text)
        assert.same({ "t1", "t2", "t3" }, ran)
        assert.equal(8, #chat.messages)
        talk.check(chat)
    end)

    it("goes on from the whole turn before when something else is said after an error", function()
        local chat = begun()
        calls(use("t1", "look", {}))
        talk.refuses "Too bad."
        assert.is_nil((chat:say "Go"))
        talk.says { { text = "Fine." } }
        assert(chat:say "Other")
        assert.equal(4, #chat.messages)
        assert.equal("Other", chat.messages[3].content[1].text)
        talk.check(chat)
    end)

    it("takes no error that is of no turn", function()
        local chat = begun()
        local _, err = conn:converse {}
        local answer, why = chat:resume(err)
        assert.is_nil(answer)
        assert.truthy(tostring(why):find("no turn of a chat", 1, true))
    end)

    local function cancelled_in_tool(count)
        local chat
        local ended = 0
        chat = begun { tools = { { name = "wait", run = function()
            local ok, why = pcall(pause, 60000)
            ended = ended + 1
            error(ok and "it waited" or why, 0)
        end } } }
        local list = {}
        for i = 1, count do
            list[i] = use("t" .. i, "wait", {})
        end
        calls((table.unpack or unpack)(list))
        local task = bedrock.spawn(function()
            return chat:say "Go"
        end)
        while #talk.bodies() < 2 do
            pause(1)
        end
        pause(5)
        task:cancel()
        local value, err = task:join()
        assert.is_nil(value)
        assert.equal("cancelled", err.kind)
        pause(1)
        assert.equal(count, ended)
        assert.equal(2, #talk.bodies())
        assert.equal("Go", err.messages[3].content[1].text)
        as_before(chat)
    end

    it("is cancelled in the middle of a tool", function()
        cancelled_in_tool(1)
    end)

    it("is cancelled in the middle of several, which all end", function()
        cancelled_in_tool(3)
    end)

    it("ends with its connection in the middle of tools, however those take it", function()
        for _, raises in ipairs { true, false } do
            local other = dofile("spec/support/service.lua").connect(talk.ep)
            local entered = 0
            local chat = assert(other:chat { model = talk.MODEL, tools = { { name = "call", run = function()
                entered = entered + 1
                local answer, err = other:invoke_model { modelId = "m", body = "{}" }
                if raises then
                    assert(answer, err)
                end
                return answer, err
            end } } })
            talk.script("InvokeModel", { hang = true }, { times = 2 })
            calls(use("t1", "call", {}), use("t2", "call", {}))
            local task = bedrock.spawn(function()
                return chat:say "Go"
            end)
            while entered < 2 do
                pause(1)
            end
            other:close()
            local value, err = task:join()
            assert.is_nil(value)
            assert.equal("Closed", err.code)
            assert.equal(3, #err.messages)
            assert.equal(0, #chat.messages)
            talk.ep:reset()
        end
    end)

    it("is as before when callbacks raise, and what they raise comes out", function()
        local function bad(text)
            return function()
                error(text, 0)
            end
        end
        for text, fields in pairs {
            step = { on_step = bad "step" },
            approve = { approve = bad "approve" },
            call = { on = { tool_call = bad "call" } },
            result = { on = { tool_result = bad "result" } },
            stop = { stop_when = bad "stop" },
        } do
            local chat = begun()
            calls(use("t1", "look", {}), use("t2", "look", {}))
            local ok, why = pcall(chat.say, chat, "Go", fields)
            assert.is_false(ok)
            assert.equal(text, why)
            talk.ep:reset()
            talk.streams({ use("t1", "look", {}), use("t2", "look", {}) }, { stop = "tool_use" })
            ok, why = pcall(function()
                for _ in chat:stream("Go", fields) do
                    error "a piece"
                end
            end)
            assert.is_false(ok)
            assert.equal(text, why)
            assert.equal(2, #chat.messages)
            talk.ep:reset()
            as_before(chat)
            talk.ep:reset()
        end
    end)

    it("is as before when Ctrl-C comes in a tool", function()
        local chat = begun { tools = { { name = "work", run = function()
            error("prog.lua:1: interrupted!", 0)
        end } } }
        calls(use("t1", "work", {}))
        local ok, why = pcall(chat.say, chat, "Go")
        assert.is_false(ok)
        assert.equal("prog.lua:1: interrupted!", why)
        as_before(chat)
        calls(use("t1", "work", {}), use("t2", "work", {}))
        ok, why = pcall(chat.say, chat, "Go")
        assert.is_false(ok)
        assert.equal("prog.lua:1: interrupted!", why)
        as_before(chat)
    end)

    it("is as before when Ctrl-C comes while its history is looked at, and nothing is sent", function()
        for _, fields in ipairs { { tools = {} }, { tools = { { name = "work" } } } } do
            local chat = begun(fields)
            local whole, sent, left = chat.messages[1], #talk.bodies(), 1
            chat.messages[1] = setmetatable({}, { __index = function(_, name)
                if left > 0 then
                    left = left - 1
                    error("prog.lua:1: interrupted!", 0)
                end
                return whole[name]
            end })
            local ok, why = pcall(chat.say, chat, "Go")
            assert.is_false(ok)
            assert.equal("prog.lua:1: interrupted!", why)
            assert.equal(sent, #talk.bodies())
            chat.messages[1] = whole
            as_before(chat)
            talk.ep:reset()
        end
    end)

    it("is as before when a tool says something in the same chat, which is busy", function()
        local refused
        local chat
        chat = begun { tools = { { name = "talk", run = function(_, call)
            local answer, err = call.chat:say "Me, too"
            refused = err
            return answer, err
        end } } }
        calls(use("t1", "talk", {}))
        talk.says { { text = "ok" } }
        assert(chat:say "Go")
        assert.equal("Busy", refused.code)
        assert.equal(6, #chat.messages)
        talk.check(chat)
    end)

    it("keeps no turn that a guardrail stopped after tools ran", function()
        local chat = begun()
        calls(use("t1", "look", {}))
        talk.says({ { text = "Not that." } }, { stop = "guardrail_intervened" })
        assert.equal("Not that.", assert(chat:say "Go").text)
        as_before(chat)
        talk.says({ { text = "No." }, use("t1", "look", {}) }, { stop = "guardrail_intervened" })
        ran = {}
        assert.equal("No.", assert(chat:say "Go").text)
        assert.same({}, ran)
        as_before(chat)
    end)

    it("sends no empty answer and no blank text, which models give and Converse refuses", function()
        for _, content in ipairs {
            "[]", '[{"text":""}]', '[{"text":" \\n"}]', '[{"text":""},{"text":" "}]',
            '[{"reasoningContent":{"reasoningText":{"text":"Hm","signature":"c2ln"}}}]',
            '[{"reasoningContent":{"redactedContent":"AAECAw=="}},{"text":""}]',
        } do
            local chat = begun()
            talk.says(content, { stop = "max_tokens" })
            local answer = assert(chat:say "Empty?")
            assert.equal("", (answer.text:gsub("%s", "")))
            assert.equal(4, #chat.messages)
            talk.says('[{"text":"  "},{"text":"Now."},{"text":""}]')
            assert(chat:say "Now?")
            assert(chat:say "Then?")
            local sent = talk.sent()
            for i, body in ipairs(sent) do
                assert.same({}, talk.faults(body.messages), content .. i)
            end
            local last = sent[#sent].messages
            assert.same({ { text = "Empty?" }, { text = "Now?" } }, last[3].content)
            assert.same({ { text = "Now." } }, last[4].content)
            assert.equal("  ", chat.messages[6].content[1].text)
            talk.ep:reset()
        end
    end)

    it("sends the reasoning before a call as it came, with its blank text left out", function()
        local chat = begun()
        talk.says('[{"reasoningContent":{"reasoningText":{"text":"Hm","signature":"c2ln"}}},'
            .. '{"reasoningContent":{"redactedContent":"AAECA/8="}},{"text":"\\n"},'
            .. '{"toolUse":{"toolUseId":"t1","name":"look","input":{"city":"Rome","zone":1.50,"big":'
            .. '123456789012345678901234567890}}}]', { stop = "tool_use" })
        talk.says { { text = "ok" } }
        assert(chat:say "Go")
        local body = talk.bodies()[3]
        assert.truthy(body:find('{"role":"assistant","content":[{"reasoningContent":{"reasoningText":{"text":"Hm",'
            .. '"signature":"c2ln"}}},{"reasoningContent":{"redactedContent":"AAECA/8="}},{"toolUse":{"toolUseId":'
            .. '"t1","name":"look","input":{"city":"Rome","zone":1.5', 1, true), body)
        assert.truthy(body:find('"big":123456789012345678901234567890}', 1, true), body)
        assert.equal("\0\1\2\3\255", chat.messages[4].content[2].reasoningContent.redactedContent)
        assert.same({}, talk.faults(talk.last().messages))
    end)
end)
