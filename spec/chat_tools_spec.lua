--- A chat's tools: the model calls them, they run at the same time, and their results go back.
local bedrock = require "bedrock"
local core = require "bedrock.core"
local host = require "bedrock.host"
local talk = dofile "spec/support/talk.lua"

local use = talk.use

local function pause(ms)
    host.await(assert(core.timer(ms)))
end

--- @return table[] the results in a message of the user's
local function results_of(message)
    local list = {}
    for i, block in ipairs(message.content) do
        list[i] = block.toolResult
    end
    return list
end

describe("a chat's tools", function()
    local conn
    talk.each(function(new)
        conn = new
    end)

    local function calls(...)
        talk.says({ { text = "Let me see." }, ... }, { stop = "tool_use" })
    end

    --- A chat with a tool of that function, whose only call the model makes.
    local function one_tool(run, fields, tool)
        calls(use("t1", "look", { city = "Rome" }))
        talk.says { { text = "Done." } }
        tool = tool or {}
        tool.name, tool.run, tool.input = "look", run, tool.input or { city = "string" }
        return talk.chat(conn, talk.merged({ tools = { tool } }, fields))
    end

    local function result_of(run, ...)
        local chat = one_tool(run, ...)
        assert(chat:say "Look")
        talk.check(chat)
        return results_of(talk.last().messages[3])[1]
    end

    it("run for three calls of one turn, one slow, one failing, one with wrong input", function()
        local ran, order = {}, {}
        local chat = talk.chat(conn, { tools = {
            { name = "slow", description = "Takes its time.", input = { city = "string" }, run = function(input)
                pause(30)
                ran[#ran + 1] = "slow"
                return { city = input.city, degrees = 21 }
            end },
            { name = "failing", run = function()
                ran[#ran + 1] = "failing"
                error("no such city", 0)
            end },
            { name = "strict", input = { days = "integer" }, run = function()
                ran[#ran + 1] = "strict"
            end },
        } })
        calls(use("t1", "slow", { city = "Rome" }), use("t2", "failing", {}), use("t3", "strict", { days = "two" }))
        talk.says { { text = "Warm." } }
        local answer = assert(chat:say("Weather?", { on = { tool_result = function(result, call)
            order[#order + 1] = call.name .. " " .. (result.status or "fine")
        end } }))
        assert.equal("Warm.", answer.text)
        assert.equal(2, answer.rounds)
        assert.same({ input_tokens = 20, output_tokens = 10, total_tokens = 30, cache_read_tokens = 0,
            cache_write_tokens = 0 }, answer.usage)
        assert.same({ "failing", "slow" }, ran)
        assert.equal("slow fine", order[3])
        local results = results_of(chat.messages[3])
        assert.same({ toolUseId = "t1", content = { { json = { city = "Rome", degrees = 21 } } } }, results[1])
        assert.same({ toolUseId = "t2", content = { { text = "no such city" } }, status = "error" }, results[2])
        assert.equal("t3", results[3].toolUseId)
        assert.equal("error", results[3].status)
        assert.truthy(results[3].content[1].text:find("days", 1, true))
        assert.same({ "user", "assistant", "user", "assistant" }, { chat.messages[1].role, chat.messages[2].role,
            chat.messages[3].role, chat.messages[4].role })
        talk.check(chat)

        local spec = talk.last().toolConfig.tools[1].toolSpec
        assert.equal("Takes its time.", spec.description)
        assert.same({ type = "object", properties = { city = { type = "string" } }, required = { "city" } },
            { type = spec.inputSchema.json.type, properties = spec.inputSchema.json.properties,
                required = spec.inputSchema.json.required })
        local sent = talk.replay(conn, chat)
        assert.truthy(sent:find('{"toolResult":{"toolUseId":"t1","content":[{"json":{"city":"Rome","degrees":21}}]}}',
            1, true), sent)
        local begun = talk.beginning(talk.bodies()[2])
        assert.equal(begun, sent:sub(1, #begun))
    end)

    it("get their input, and who calls in which round", function()
        local got
        local chat = one_tool(function(input, call)
            got = { input, call }
        end, { context = { user = 7 } })
        assert(chat:say "Look")
        assert.same({ city = "Rome" }, got[1])
        assert.equal("t1", got[2].id)
        assert.equal("look", got[2].name)
        assert.equal(1, got[2].round)
        assert.equal(chat, got[2].chat)
        assert.equal(7, got[2].context.user)
        assert.same({ city = "Rome" }, got[2].input)
    end)

    it("may give text, tables, blocks, nothing, or say that they failed", function()
        local function gives(...)
            local values, count = { ... }, select("#", ...)
            local result = result_of(function()
                return (table.unpack or unpack)(values, 1, count)
            end)
            talk.ep:reset()
            return result.content, result.status
        end
        local function same(content, status, ...)
            local given, said = gives(...)
            assert.same(content, given)
            assert.equal(status, said)
        end
        same({ { text = "sunny" } }, nil, "sunny")
        same({ { json = { a = 1, list = { 1, 2 } } } }, nil, { a = 1, list = { 1, 2 } })
        same({ { json = {} } }, nil, {})
        same({ { text = '["a","b"]' } }, nil, { "a", "b" })
        same({ { text = "[]" } }, nil, bedrock.array {})
        same({ { text = "42" } }, nil, 42)
        same({ { text = "true" } }, nil, true)
        same({ { text = "false" } }, nil, false)
        same({ { text = "null" } }, nil, bedrock.null)
        same({ { text = "a" }, { json = { b = 1 } } }, nil, { { text = "a" }, { json = { b = 1 } } })
        same({ { text = "(no output)" } }, nil)
        same({ { text = "(no output)" } }, nil, nil)
        same({ { text = "(no output)" } }, nil, "")
        same({ { text = "(no output)" } }, nil, " \n")
        same({ { text = "no such city" } }, "error", nil, "no such city")
        same({ { text = "no such city" } }, "error", false, "no such city")
        same({ { text = "(no output)" } }, "error", nil, "")
        assert.equal("error", select(2, gives("\255\254")))
        assert.equal("error", select(2, gives { n = 0 / 0 }))
        assert.equal("error", select(2, gives { f = print }))
        local round = {}
        round.round = round
        assert.equal("error", select(2, gives(round)))
    end)

    it("may raise texts and tables, and give errors of calls", function()
        assert.same({ { text = "oops" } }, result_of(function()
            error("oops", 0)
        end).content)
        talk.ep:reset()
        local result = result_of(function()
            return conn:converse { messages = {} }
        end)
        assert.equal("error", result.status)
        assert.truthy(result.content[1].text:find("modelId", 1, true))
        talk.ep:reset()
        result = result_of(function()
            error(setmetatable({}, { __tostring = function()
                return "strange"
            end }))
        end)
        assert.equal("strange", result.content[1].text)
    end)

    it("may change later what they gave: the history stays", function()
        local state = { count = 1, list = { 1 } }
        local blocks = { { text = "a" } }
        calls(use("t1", "one", {}), use("t2", "two", {}))
        local chat = talk.chat(conn, { tools = {
            { name = "one", run = function() return state end },
            { name = "two", run = function() return blocks end },
        } })
        local content = { { text = "Look" } }
        assert(chat:say(content))
        state.count, state.list[2], blocks[2], content[2] = 2, 2, { text = "b" }, { text = "more" }
        local results = results_of(chat.messages[3])
        assert.same({ { json = { count = 1, list = { 1 } } } }, results[1].content)
        assert.same({ { text = "a" } }, results[2].content)
        assert.equal(1, #chat.messages[1].content)
    end)

    it("run at the same time, no more than the limit", function()
        local function run(limit)
            local now, most = 0, 0
            local list, tools = {}, {}
            for i = 1, 6 do
                list[i] = use("t" .. i, "tool" .. i, {})
                tools[i] = { name = "tool" .. i, run = function()
                    now = now + 1
                    most = math.max(most, now)
                    pause(5)
                    now = now - 1
                    return "done " .. i
                end }
            end
            talk.says(list, { stop = "tool_use" })
            talk.says { { text = "ok" } }
            local chat = talk.chat(conn, { tools = tools, tool_limit = limit })
            assert(chat:say "Go")
            for i, result in ipairs(results_of(chat.messages[3])) do
                assert.equal("done " .. i, result.content[1].text)
            end
            return most
        end
        assert.equal(6, run())
        assert.equal(2, run(2))
        assert.equal(1, run(1))
    end)

    it("never see input that does not fit: the model does", function()
        local ran = 0
        for _, case in ipairs {
            { { city = 3 }, "city" }, { {}, "city" }, { { city = "x", unit = "K" }, "unit" },
            { { city = "x", other = 1 }, "other" }, { "text", "object" }, { { city = "x", days = 1.5 }, "days" },
        } do
            talk.says({ use("t1", "look", case[1]) }, { stop = "tool_use" })
            talk.says { { text = "ok" } }
            local chat = talk.chat(conn, { tools = { { name = "look", run = function()
                ran = ran + 1
            end, input = { type = "object", additionalProperties = false, required = { "city" }, properties = {
                city = { type = "string" }, unit = { enum = { "C", "F" } }, days = { type = "integer" } } } } } })
            local answer = assert(chat:say "Go")
            assert.equal("ok", answer.text)
            local result = results_of(talk.last().messages[3])[1]
            assert.equal("error", result.status)
            assert.truthy(result.content[1].text:find(case[2], 1, true), result.content[1].text)
            talk.ep:reset()
        end
        assert.equal(0, ran)
    end)

    it("see an optional null as nil, and the history keeps it", function()
        talk.says('[{"toolUse":{"toolUseId":"t1","name":"look","input":{"zone":1,"city":null}}}]',
            { stop = "tool_use" })
        talk.says { { text = "ok" } }
        local got
        local chat = talk.chat(conn, { tools = { { name = "look", input = { city = "string?", zone = "integer" },
            run = function(input)
                got = input
            end } } })
        assert(chat:say "Go")
        assert.is_nil(got.city)
        assert.equal(1, got.zone)
        assert.truthy(talk.bodies()[2]:find('"input":{"zone":1,"city":null}', 1, true))
    end)

    it("that nobody gave are refused to the model", function()
        calls(use("t1", "other", {}))
        talk.says { { text = "ok" } }
        local chat = talk.chat(conn, { tools = { { name = "look", run = print } } })
        assert(chat:say "Go")
        local result = results_of(chat.messages[3])[1]
        assert.equal("error", result.status)
        assert.truthy(result.content[1].text:find('no tool "other"; there are: look', 1, true))
        talk.check(chat)
    end)

    it("may be as Converse has them; those that run at the service are not ours", function()
        talk.says('[{"toolUse":{"toolUseId":"s1","name":"search","type":"server_tool_use","input":{}}},'
            .. '{"toolResult":{"toolUseId":"s1","type":"web_search_result","content":[{"text":"found"}]}},'
            .. '{"text":"It is so."}]')
        local spec = { toolSpec = { name = "look", inputSchema = { json = { type = "object" } } } }
        local chat = talk.chat(conn, { tools = { spec, { systemTool = { name = "search" } } } })
        local answer = assert(chat:say "Go")
        assert.equal("It is so.", answer.text)
        assert.is_nil(answer.calls)
        assert.same({ spec, { systemTool = { name = "search" } } }, talk.last().toolConfig.tools)
    end)

    it("are asked for first: on the tool, else on the chat", function()
        local asked = {}
        local function asking(verdict, why)
            return function(call)
                asked[#asked + 1] = call.name .. " " .. (call.input.city or "")
                return verdict, why
            end
        end
        calls(use("t1", "one", { city = "Rome" }), use("t2", "two", {}), use("t3", "two", { city = 3 }))
        talk.says { { text = "ok" } }
        local ran = {}
        local function run(_, call)
            ran[#ran + 1] = call.name
            return "ran"
        end
        local chat = talk.chat(conn, { approve = asking(false, "not today"), tools = {
            { name = "one", run = run, input = { city = "string" }, approve = asking(true) },
            { name = "two", run = run, input = { city = "string?" } } } })
        assert(chat:say "Go")
        assert.same({ "one Rome", "two " }, asked)
        assert.same({ "one" }, ran)
        local results = results_of(chat.messages[3])
        assert.is_nil(results[1].status)
        assert.equal("error", results[2].status)
        assert.truthy(results[2].content[1].text:find("not today", 1, true))
        talk.check(chat)
    end)

    it("end after max_rounds, with what there is", function()
        local ran = 0
        local chat = talk.chat(conn, { max_rounds = 2, tools = { { name = "look", run = function()
            ran = ran + 1
            return "again"
        end } } })
        for i = 1, 2 do
            calls(use("t" .. i, "look", {}))
        end
        local answer, err = chat:say "Go"
        assert.is_nil(answer)
        assert.equal("conversation", err.kind)
        assert.equal("TooManyRounds", err.code)
        assert.equal("Let me see.", err.answer.text)
        assert.equal(2, err.answer.rounds)
        assert.equal(0, #chat.messages)
        assert.equal(5, #err.messages)
        talk.says { { text = "At last." } }
        assert.equal("At last.", assert(chat:resume(err)).text)
        assert.equal(2, ran)
        assert.equal(6, #chat.messages)
        talk.check(chat)
    end)

    it("end when stop_when says so, and the chat goes on from there", function()
        local seen = {}
        local chat = talk.chat(conn, { stop_when = function(answer, round)
            seen[#seen + 1] = answer.text .. round
            return round == 2
        end, tools = { { name = "look", run = function()
            return "x"
        end } } })
        for i = 1, 2 do
            calls(use("t" .. i, "look", {}))
        end
        local answer = assert(chat:say "Go")
        assert.equal(2, answer.rounds)
        assert.same({ "Let me see.1", "Let me see.2" }, seen)
        talk.says { { text = "ok" } }
        assert(chat:say "And?")
        talk.check(chat)
    end)

    it("are told of by callbacks, step by step", function()
        local seen = {}
        local chat = one_tool(function()
            return "x"
        end, { on_step = function(answer, round)
            seen[#seen + 1] = ("step %d %s %d"):format(round, answer.stop_reason, answer.usage.total_tokens)
        end, on = { tool_call = function(call)
            seen[#seen + 1] = "call " .. call.id
        end, tool_result = function(result, call)
            seen[#seen + 1] = "result " .. result.toolUseId .. call.name
        end } })
        assert(chat:say "Go")
        assert.same({ "step 1 tool_use 15", "call t1", "result t1look", "step 2 end_turn 30" }, seen)
    end)

    it("can be forced, for the first request of a turn", function()
        for choice, sent in pairs { any = { any = {} }, auto = { auto = {} }, look = { tool = { name = "look" } } } do
            local chat = one_tool(function() end, { tool_choice = choice })
            assert(chat:say "Go")
            local all = talk.sent()
            assert.same(sent, all[1].toolConfig.toolChoice)
            assert.is_nil(all[2].toolConfig.toolChoice)
            talk.ep:reset()
        end
        local _, err = conn:chat { model = "m", tool_choice = "lok", tools = { { name = "look" } } }
        assert.truthy(tostring(err):find("the tools are: look", 1, true))
        _, err = talk.chat(conn):say("Hi", { tool_choice = "any " })
        assert.truthy(tostring(err):find("there are no tools", 1, true))
    end)

    it("are forced more weakly where the model refuses that, from then on", function()
        local chat = talk.chat(conn, { tool_choice = "look", tools = { { name = "look" } } })
        talk.refuses "This model doesn't support the toolConfig.toolChoice.tool field. Remove it and try again."
        talk.refuses "This model doesn't support the toolConfig.toolChoice.any field. Remove it and try again."
        assert(chat:say "Go")
        assert(chat:say "Go")
        local choices = {}
        for i, body in ipairs(talk.sent()) do
            choices[i] = next(body.toolConfig.toolChoice)
        end
        assert.same({ "tool", "any", "auto", "auto" }, choices)
        talk.ep:reset()
        assert(chat:say("Go", { tool_choice = "auto" }))
        assert.equal("auto", next(talk.last().toolConfig.toolChoice))
    end)
end)
