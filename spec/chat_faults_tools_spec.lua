--- What tools of a chat give and raise, and what they do with their input, where it once went wrong.
local talk = dofile "spec/support/talk.lua"

describe("a tool of a chat", function()
    local conn
    talk.each(function(new)
        conn = new
    end)

    --- The result that the model gets of a tool.
    local function result_of(run, input)
        talk.says { { toolUse = { toolUseId = "i", name = "t", input = input or { city = "Rome" } } } , }
        talk.says { { text = "done" } }
        local chat = talk.chat(conn, { tools = { { name = "t", input = { city = "string" }, run = run } } })
        assert(chat:say "x")
        return chat.messages[3].content[1].toolResult, chat
    end

    it("may change its input, and the history stays", function()
        local _, chat = result_of(function(input)
            input.city, input.conn = "changed", print
            return "ok"
        end)
        assert.same({ city = "Rome" }, chat.messages[2].content[1].toolUse.input)
    end)

    it("gives rows that only look like blocks as JSON", function()
        for given, sent in pairs {
            ['[{"image":"http://x/y.png"}]'] = { { image = "http://x/y.png" } },
            ['[{"text":5}]'] = { { text = 5 } },
        } do
            assert.same({ { text = given } }, result_of(function() return sent end).content)
        end
        local bad = result_of(function() return { { text = "\255" } } end)
        assert.equal("error", bad.status)
    end)

    it("gives blocks without those that are blank", function()
        assert.same({ { text = "a" } }, result_of(function() return { { text = "a" }, { text = " " } } end).content)
        assert.same({ { text = "(no output)" } }, result_of(function() return { { text = "" } } end).content)
    end)

    it("raises what the model can read: no place of a file, no address of a table", function()
        local function said(run)
            local result = result_of(run)
            assert.equal("error", result.status)
            return result.content[1].text
        end
        assert.equal("no such city", said(function() error "no such city" end))
        assert.equal('{"code":5}', said(function() error { code = 5 } end))
        assert.equal("an error that cannot be printed", said(function()
            error(setmetatable({}, { __tostring = error }))
        end))
    end)

    it("is refused where Converse's own form is none", function()
        for _, tool in ipairs { { toolSpec = 5 }, { systemTool = "x" } } do
            local chat, err = conn:chat { model = talk.MODEL, tools = { tool } }
            assert.is_nil(chat)
            assert.equal("validation", err.kind)
            assert.matches("^tools%[1%]%.", err.errors[1].path)
        end
        assert(conn:chat { model = talk.MODEL, tools = { { toolSpec = { name = "t", inputSchema = 5 } } } })
    end)
end)
