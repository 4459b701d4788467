--- Pieces of objects: the same by the tool as by outputConfig.
local talk = dofile "spec/support/talk.lua"

local use, frame = talk.use, talk.frame

local JSON = '{"days":3,"city":"Z\\u00fcrich \\ud83d\\ude00"}'

describe("the pieces of an object", function()
    local conn
    talk.each(function(new)
        conn = new
    end)

    local LOOK = { name = "look", run = function() return "seen" end }

    local function chat_of(fields)
        return talk.chat(conn, talk.merged({ schema = { city = "string?", days = "integer?" } }, fields))
    end

    local function read(chat, fields)
        local pieces = {}
        for piece in chat:stream("Where?", fields) do
            pieces[#pieces + 1] = piece
        end
        return pieces
    end

    local function no_config()
        talk.refuses("output_config.format: Extra inputs are not permitted", "ConverseStream")
    end

    it("are the same by the tool as by outputConfig", function()
        local chat = chat_of()
        talk.streams { { text = JSON } }
        local pieces = read(chat)
        assert.equal(JSON, table.concat(pieces))
        assert.is_true(#pieces > 3)
        no_config()
        talk.streams({ use("o1", "answer", JSON) }, { stop = "tool_use" })
        local seen = {}
        assert.same(pieces, read(chat, { partial = function(value)
            seen[#seen + 1] = value.days
        end }))
        assert.equal("Zürich 😀", chat.answer.object.city)
        assert.equal(3, seen[#seen])
        talk.check(chat)
    end)

    it("have nothing of what is said beside the tool, before or behind", function()
        local chat = chat_of { tools = { LOOK } }
        no_config()
        talk.streams({ { text = "Let me look." }, use("t1", "look", {}) }, { stop = "tool_use" })
        talk.streams({ { text = "Here it is." }, use("o1", "answer", JSON), { text = "So." } }, { stop = "tool_use" })
        assert.equal("Let me look." .. JSON, table.concat(read(chat)))
        assert.equal(3, chat.answer.object.days)
    end)

    it("are what is said instead, where the model answers without the tool", function()
        local chat = chat_of()
        no_config()
        local thought = { reasoningText = { text = "Hm.", signature = "c2ln" } }
        talk.streams { { reasoningContent = thought }, { text = JSON } }
        local thoughts = {}
        assert.equal(JSON, table.concat(read(chat, { on = { reasoning = function(text)
            thoughts[#thoughts + 1] = text
        end } })))
        assert.equal("Hm.", table.concat(thoughts))
        assert.equal(3, chat.answer.object.days)
    end)

    it("are an empty object where the model sends no input of the tool", function()
        local chat = chat_of()
        no_config()
        for _, input in ipairs { "", "{}" } do
            talk.streams({ use("o1", "answer", input) }, { stop = "tool_use" })
            assert.equal("{}", table.concat(read(chat)))
            assert.equal("{}", chat.answer.text)
        end
    end)

    it("are both tries, where the first does not fit", function()
        local chat = chat_of()
        no_config()
        talk.streams({ use("o1", "answer", '{"days":"x"}') }, { stop = "tool_use" })
        talk.streams({ use("o2", "answer", '{"days":3}') }, { stop = "tool_use" })
        assert.equal('{"days":"x"}{"days":3}', table.concat(read(chat)))
        assert.same({ days = 3 }, chat.answer.object)
    end)

    it("are one, where the model does not stream with tools", function()
        local chat = chat_of { heal = true }
        no_config()
        talk.refuses("This model doesn't support tool use in streaming mode.", "ConverseStream")
        talk.says({ { text = "Here." }, use("o1", "answer", { days = 3 }) }, { stop = "tool_use" })
        assert.same({ '{"days":3}' }, read(chat))
        assert.same({ days = 3 }, chat.answer.object)
    end)

    it("end with the error where the tool's input is cut", function()
        local chat = chat_of()
        no_config()
        talk.streams({ use("o1", "answer", '{"days":') }, { stop = "max_tokens" })
        local pieces, stream = {}, chat:stream "Where?"
        local ok, err = pcall(function()
            for piece in stream do
                pieces[#pieces + 1] = piece
            end
        end)
        assert.is_false(ok)
        assert.equal("Incomplete", err.code)
        assert.equal('{"days":', table.concat(pieces))
        assert.same({}, chat.messages)
    end)

    it("are what came until the stream broke", function()
        local chat = chat_of()
        no_config()
        talk.script("ConverseStream", { frames = { frame("messageStart", { role = "assistant" }),
            frame("contentBlockDelta", { contentBlockIndex = 0, delta = { text = "Half" } }) } })
        local pieces = {}
        local ok = pcall(function()
            for piece in chat:stream "Where?" do
                pieces[#pieces + 1] = piece
            end
        end)
        assert.is_false(ok)
        assert.equal("Half", table.concat(pieces))
    end)
end)

describe("a text that Converse refuses blank", function()
    local conn
    talk.each(function(new)
        conn = new
    end)

    it("is refused before it is sent: the system prompt, as text and in blocks, and what is said", function()
        for _, blank in ipairs { "", " \n\t" } do
            for _, system in ipairs { blank, { { text = "Be brief." }, { text = blank } } } do
                local nothing, err = conn:chat { model = talk.MODEL, system = system }
                assert.is_nil(nothing)
                assert.equal("validation", err.kind)
                assert.matches("system.*not blank", err.message)
                nothing, err = talk.chat(conn):say("Hi", { system = system })
                assert.is_nil(nothing)
                assert.matches("system.*not blank", err.message)
            end
            for _, said in ipairs { blank, { text = blank }, { { text = blank } } } do
                local nothing, err = talk.chat(conn):say(said)
                assert.is_nil(nothing)
                assert.matches("a text that is not blank", err.message)
            end
            for _, name in ipairs { "prompt", "system" } do
                local given = { model = talk.MODEL, prompt = "Hi" }
                given[name] = blank
                local nothing, err = conn:generate(given)
                assert.is_nil(nothing)
                assert.matches(name .. ": expected a text that is not blank", err.message)
            end
        end
        assert.equal(0, talk.ep:counters().requests or 0)
    end)

    it("is none among the results of tools: also where a tool raises it, or the user gives it", function()
        local chat = talk.chat(conn, { tools = { { name = "raise", run = function() error(" ", 0) end },
            { name = "wait" } } })
        talk.says({ use("t1", "raise", {}), use("t2", "wait", {}) }, { stop = "tool_use" })
        assert(chat:say "Hi")
        talk.says { { text = "Yes." } }
        assert(chat:results { t2 = { content = { { text = "  " } }, status = "success" } })
        local content = talk.last().messages[3].content
        assert.equal("(no output)", content[1].toolResult.content[1].text)
        assert.equal("(no output)", content[2].toolResult.content[1].text)
        talk.check(chat)
    end)

    it("says that there are no tools, where a model calls one and there are none", function()
        local chat = talk.chat(conn)
        talk.says({ use("t1", "look", {}) }, { stop = "tool_use" })
        talk.says { { text = "Yes." } }
        assert(chat:say "Hi")
        assert.equal('there is no tool "look"; there are no tools',
            talk.last().messages[3].content[1].toolResult.content[1].text)
    end)
end)
