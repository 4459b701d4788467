--- Answers that are objects: by outputConfig, else by a tool that the model must call.
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"
local talk = dofile "spec/support/talk.lua"

local use = talk.use

local SCHEMA = { city = "string: the city", days = "integer?" }
local FROM_MODEL = "The model returned the following errors: "
local REFUSED = FROM_MODEL .. "output_config.format: Extra inputs are not permitted"

describe("a chat's objects", function()
    local conn, chat
    talk.each(function(new)
        conn = new
        chat = talk.chat(conn, { schema = SCHEMA })
    end)

    local function refuses(...)
        talk.refuses(REFUSED, ...)
    end

    local function answered(input, more)
        talk.says({ { text = "Here." }, use("o1", "answer", input) }, talk.merged({ stop = "tool_use" }, more))
    end

    --- How each request asked for the object.
    local function ways()
        local list = {}
        for i, body in ipairs(talk.sent()) do
            local choice = body.toolConfig and body.toolConfig.toolChoice
            local kind = choice and next(choice)
            list[i] = body.outputConfig and "config" or kind == "tool" and "tool " .. choice.tool.name or kind
                or "nothing"
        end
        return list
    end

    it("are examples at the local endpoint, where nothing else is said", function()
        assert.same({ city = "example", days = 42 }, assert(chat:say "Where?").object)
    end)

    it("come by outputConfig", function()
        talk.says { { text = '{"days":3,"city":"Rome"}' } }
        local answer = assert(chat:say "Where?")
        assert.same({ city = "Rome", days = 3 }, answer.object)
        assert.equal('{"days":3,"city":"Rome"}', answer.text)
        local format = talk.last().outputConfig.textFormat
        assert.equal("json_schema", format.type)
        local schema = bedrock.json.decode(format.structure.jsonSchema.schema)
        assert.equal("the city", schema.properties.city.description)
        assert.same({ "city" }, schema.required)
        assert.is_nil(talk.last().toolConfig)
        assert.same({ { text = '{"days":3,"city":"Rome"}' } }, chat.messages[2].content)
        talk.check(chat)
    end)

    it("may stand between fences, and have null for what is optional", function()
        talk.says { { text = '```json\n{"city":"Rome","days":null}\n```' } }
        local answer = assert(chat:say "Where?")
        assert.equal("Rome", answer.object.city)
        assert.is_nil(answer.object.days)
    end)

    it("come by a forced tool where that is refused, which is remembered for the model", function()
        refuses()
        answered { city = "Rome" }
        local answer = assert(chat:say "Where?")
        assert.same({ city = "Rome" }, answer.object)
        assert.equal('{"city":"Rome"}', answer.text)
        assert.is_nil(answer.calls)
        answered { city = "Oslo", days = 1 }
        local other = talk.chat(conn, { schema = SCHEMA })
        assert.equal("Oslo", assert(other:say "Where?").object.city)
        assert.same({ "config", "tool answer", "tool answer" }, ways())
        local tool = talk.last().toolConfig.tools[1].toolSpec
        assert.equal("the city", tool.inputSchema.json.properties.city.description)
        assert.equal('{"messages":[{"role":"user","content":[{"text":"Where?"}]},{"role":"assistant","content":'
            .. '[{"text":"Here."},{"text":"{\\"city\\":\\"Rome\\"}"}]},{"role":"user","content":[{"text":"Again"}]}',
            talk.beginning(talk.replay(conn, talk.chat(conn, { messages = chat.messages }))))
        local elsewhere = service.connect(talk.ep)
        talk.says { { text = '{"city":"Bonn"}' } }
        assert(assert(elsewhere:chat { model = talk.MODEL, schema = SCHEMA }):say "Where?")
        assert.equal("config", ways()[5])
        elsewhere:close()
        talk.check(chat)
    end)

    it("come beside the chat's own tools, which run until the answer is there", function()
        refuses()
        local ran = 0
        chat = talk.chat(conn, { schema = SCHEMA, tools = { { name = "look", run = function()
            ran = ran + 1
            return "x"
        end }, { name = "answer", run = print } } })
        talk.says({ use("t1", "look", {}) }, { stop = "tool_use" })
        talk.says({ use("t2", "look", {}), use("o1", "answer_", { city = "Rome" }) }, { stop = "tool_use" })
        local answer = assert(chat:say "Where?")
        assert.equal("Rome", answer.object.city)
        assert.equal(2, answer.rounds)
        assert.equal(1, ran)
        assert.same({ "config", "any", "any" }, ways())
        assert.equal("answer_", talk.last().toolConfig.tools[3].toolSpec.name)
        assert.equal(4, #chat.messages)
        talk.check(chat)
    end)

    it("are asked for once more when they do not fit, and only what fits is kept", function()
        talk.says { { text = '{"days":"many"}' } }
        talk.says { { text = '{"city":"Rome"}' } }
        local answer = assert(chat:say "Where?")
        assert.equal("Rome", answer.object.city)
        assert.equal(2, answer.rounds)
        assert.equal(30, answer.usage.total_tokens)
        local again = talk.last().messages[3].content[1].text
        assert.truthy(again:find("city", 1, true))
        assert.truthy(again:find("days", 1, true))
        assert.equal(2, #chat.messages)
        assert.equal('{"city":"Rome"}', chat.messages[2].content[1].text)
        talk.check(chat)
    end)

    it("are asked for once more by the tool's result, too", function()
        refuses()
        answered { days = 1 }
        answered { city = "Rome" }
        assert.equal("Rome", assert(chat:say "Where?").object.city)
        local result = talk.last().messages[3].content[1].toolResult
        assert.equal("error", result.status)
        assert.truthy(result.content[1].text:find("city", 1, true))
        assert.equal(2, #chat.messages)
        talk.check(chat)
    end)

    it("that never fit are an error with the answer, and resume asks anew", function()
        for _ = 1, 2 do
            talk.says { { text = "Rome, I think." } }
        end
        local answer, err = chat:say "Where?"
        assert.is_nil(answer)
        assert.equal("conversation", err.kind)
        assert.equal("Unfit", err.code)
        assert.equal("Rome, I think.", err.answer.text)
        assert.truthy(err.message:find("not JSON", 1, true))
        assert.equal(0, #chat.messages)
        assert.same({}, talk.faults(err.messages))
        talk.says { { text = '{"city":"Rome"}' } }
        assert.equal("Rome", assert(chat:resume(err)).object.city)
        assert.equal(2, #chat.messages)
        talk.check(chat)
    end)

    it("that were cut are an error, by both ways", function()
        talk.says({ { text = '{"city":"Ro' } }, { stop = "max_tokens" })
        local _, err = chat:say "Where?"
        assert.equal("Incomplete", err.code)
        refuses()
        answered({ city = "Ro" }, { stop = "max_tokens" })
        _, err = chat:say "Where?"
        assert.equal("Incomplete", err.code)
        assert.equal(0, #chat.messages)
    end)

    it("take a weaker choice where the model reasons and refuses to be forced", function()
        refuses()
        for _ = 1, 2 do
            talk.refuses(FROM_MODEL .. "Thinking may not be enabled when tool_choice forces tool use.")
        end
        talk.says { { text = '{"city":"Rome"}' } }
        local answer = assert(chat:say("Where?", { reasoning = "low" }))
        assert.equal("Rome", answer.object.city)
        answered { city = "Oslo" }
        assert.equal("Oslo", assert(chat:say("Where?", { reasoning = "low" })).object.city)
        assert.same({ "config", "tool answer", "any", "auto", "auto" }, ways())
        talk.check(chat)
    end)

    it("grow while they are streamed", function()
        local function watch(content, more)
            talk.streams(content, more)
            local seen = {}
            for _ in chat:stream("Where?", { partial = function(value)
                seen[#seen + 1] = bedrock.json.encode(value)
            end }) do
                assert.is_table(seen)
            end
            return seen
        end
        local seen = watch { { text = '{"city":"Rome","days":12}' } }
        assert.equal("Rome", chat.answer.object.city)
        assert.equal('{"city":"Rome","days":12}', seen[#seen])
        assert.equal("{}", seen[1])
        for i = 2, #seen do
            assert.truthy(#seen[i] >= #seen[i - 1], table.concat(seen, "\n"))
        end
        seen = watch { { text = '```json\n{"city":"Rome"}\n```' } }
        assert.equal('{"city":"Rome"}', seen[#seen])
        assert.truthy(#seen > 2)
        refuses "ConverseStream"
        seen = watch({ { text = "Well." }, use("o1", "answer", '{"city":"Oslo","days":3}') }, { stop = "tool_use" })
        assert.equal("Oslo", chat.answer.object.city)
        assert.equal('{"city":"Oslo","days":3}', chat.answer.text)
        assert.truthy(#seen > 2)
        assert.equal('{"city":"Oslo","days":3}', seen[#seen])
        talk.check(chat)
    end)

    it("grow at every place where their text may be cut", function()
        local objects = require "bedrock.chat.objects"
        local text = '{"a":"x\\"y\\u00e9\\\\","b":[1,-2.5e3,true,null,{"c":"}"}],"d":{"e":{}}, "f" : false }'
        for at = 1, #text do
            local value = objects.partial(text:sub(1, at))
            assert.is_table(value, text:sub(1, at))
        end
        assert.same(bedrock.json.decode(text), objects.partial(text))
        assert.is_nil(objects.partial "")
        assert.is_nil(objects.partial "Well")
    end)

    it("with a schema that is wrong are told before anything is sent", function()
        local none, err = conn:chat { model = "m", schema = { city = "strin" } }
        assert.is_nil(none)
        assert.truthy(tostring(err):find("schema.city", 1, true), tostring(err))
        none, err = chat:say("Hi", { schema = { city = "strin" } })
        assert.is_nil(none)
        assert.truthy(tostring(err):find("schema.city", 1, true), tostring(err))
        assert.equal(0, #talk.bodies())
    end)

    it("say what came where JSON was due, to the model and to the user", function()
        for said, words in pairs {
            ["no idea"] = 'it is not JSON: expected an object, got text that begins "no idea"',
            ["null and void"] = "it is not JSON",
            ["{city: 3}"] = "it is not JSON",
            [("x"):rep(39) .. "üü and more"] = 'got text that begins "' .. ("x"):rep(39) .. '…"',
        } do
            talk.says { { text = said } }
            talk.says { { text = said } }
            local nothing, err = chat:say "Where?"
            assert.is_nil(nothing)
            assert.matches(words, err.message, 1, true)
            assert.matches(words, talk.last().messages[3].content[1].text, 1, true)
        end
    end)
end)
