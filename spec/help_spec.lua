--- bedrock.help, conn:help, and what the module and namespaces say of themselves.
local bedrock = require "bedrock"
local connection = require "bedrock.connection"
local texts = require "bedrock.help.texts"

local conn = assert(bedrock.connect { auth = "api_key", api_key = "hidden-key", cache = false })

local function has(text, ...)
    for _, part in ipairs { ... } do
        assert.is_truthy(text:find(part, 1, true), ("no %q in:\n%s"):format(part, text))
    end
end

local function refused(topic)
    local text, err = bedrock.help(topic)
    assert.is_nil(text)
    assert.equal("config", err.kind)
    return tostring(err)
end

describe("help", function()
    it("says where to begin, and what there is", function()
        has(tostring(bedrock), "bedrock " .. bedrock._VERSION, "bedrock.connect", "bedrock.help()")
        local text = bedrock.help()
        has(text, 'bedrock = require "bedrock"', "bedrock.\n", "conn:\n", "stream:\n", "converse", "parallel",
            "agentcore_control")
    end)

    it("shows a stream whose opening error is told", function()
        has(bedrock.help(), "assert(conn:converse_stream { … }):print()")
        has(tostring(bedrock), "assert(conn:converse_stream { … }):print()")
    end)

    it("tells the same type once, all timeouts, and who makes images", function()
        local text = bedrock.help "timeout"
        has(text, "total_timeout", "connect_timeout", "read_timeout", "first_byte_timeout")
        local heads = {}
        for line in text:gmatch "[^\n]+" do
            local owner = line:match "^(bedrock%.[%w]+)"
            assert.is_nil(owner and heads[owner], owner and owner .. " stands twice in:\n" .. text)
            heads[owner or ""] = owner
        end
        has(bedrock.help "image", "conn:generate(", "chat:say(")
    end)

    it("tells of an operation by its method, and by AWS's name", function()
        assert.equal(bedrock.help "converse", bedrock.help(conn.converse))
        assert.equal(bedrock.help "agent.tag_resource", bedrock.help(conn.agent.tag_resource))
        assert.equal(bedrock.help "converse", bedrock.help "Converse")
    end)

    it("knows every function of ours, with its parameters and types", function()
        local count = 0
        for name, value in pairs(bedrock) do
            if type(value) == "function" then
                has(bedrock.help(name), "bedrock." .. name .. "(")
                count = count + 1
            end
        end
        for _, name in ipairs(connection.handwritten) do
            has(bedrock.help("conn:" .. name), "conn:" .. name .. "(")
        end
        assert.truthy(count > 10)
        has(bedrock.help "generate", "conn:generate(given", "bedrock.GenerateParams\n", "max_tokens?: integer",
            "bedrock.Generated\n")
        has(bedrock.help "connect", "bedrock.Settings", "total_timeout?: integer, ms for the whole call")
        has(bedrock.help "gather", "stream:gather(", "returns bedrock.Error? err what had come is in err.partial")
        has(bedrock.help "spawn", "bedrock.spawn(", "bedrock.Task\n")
        has(bedrock.help "chat", "conn:chat(fields)", "bedrock.ChatOptions\n", "max_rounds?: integer", "chat:say",
            "chat:print")
        has(bedrock.help "chat:say", "chat:say(given")
        has(bedrock.help "json.encode", "bedrock.json.encode(value, err?)")
    end)

    it("tells functions of one name apart", function()
        local both = bedrock.help "sign"
        has(both, "bedrock.sign(", "conn:sign(")
        assert.is_nil(bedrock.help("conn:sign"):find("bedrock.sign(", 1, true))
        assert.is_nil(bedrock.help("bedrock.sign"):find("conn:sign(", 1, true))
        assert.equal(bedrock.help "conn:sign", bedrock.help "Connection:sign")
        assert.equal(bedrock.help "conn:sign", bedrock.help "conn:sign()")
    end)

    it("knows operations, however they are written", function()
        local text = bedrock.help "converse"
        has(text, "conn:converse(params, options)", "modelId: string (required", "stopReason: string",
            "ThrottlingException", 'bedrock.skeleton "converse"')
        assert.equal(text, bedrock.help "Converse")
        has(bedrock.help "converse_stream", "gives a stream", "contentBlockDelta")
        has(bedrock.help "agent.tag_resource", "conn:agent.tag_resource")
    end)

    it("knows types and namespaces", function()
        has(bedrock.help "Settings", "bedrock.Settings\n", "cache_dir?: string")
        has(bedrock.help "bedrock.Auth", '"roles_anywhere", a certificate and its key')
        assert.equal(tostring(conn.runtime), bedrock.help "runtime")
        assert.equal(tostring(conn.runtime), bedrock.help "bedrock-runtime")
    end)

    it("names what is near to a name that there is not", function()
        has(refused "convrese", '"converse"')
        has(refused "knowledgebases", 'there is no help for "knowledgebases"', '"knowledge')
        has(refused "zzzzz", "bedrock.help() lists what there is")
        has(refused "", "bedrock.help() lists what there is")
    end)

    it("knows options and members, and the types that they name", function()
        has(bedrock.help "partial", "bedrock.ChatOptions (conn:chat)\n  partial?: fun(value: any)")
        has(bedrock.help "on_step", "  on_step?: fun(answer: bedrock.ChatAnswer", "bedrock.ChatAnswer\n")
        has(bedrock.help "tools", "  tools?: bedrock.Tool[]", "bedrock.Tool\n", "  run?: fun(input: table")
        has(bedrock.help "answer", "  answer?: bedrock.ChatAnswer, the last one", "bedrock.ChatAnswer\n")
        has(bedrock.help "schema", "bedrock.schema(short)", '{list="string"}', "bedrock.ChatOptions (conn:chat)\n"
            .. "  schema?: table")
        local text = bedrock.help "chat.messages"
        has(text, "bedrock.Chat (", "  messages: table[], what was said")
        assert.is_nil(text:find("AgentAnswer", 1, true))
        has(bedrock.help "answer.usage", "bedrock.ChatAnswer (", "usage: bedrock.Usage")
        has(bedrock.help "chat.tools", "  tools?: bedrock.Tool[]")
        has(bedrock.help "usage", "  input_tokens: integer")
        has(bedrock.help "guardrails", "  guardrail?: table", '"list_guardrails"')
    end)

    it("knows the words of others", function()
        has(bedrock.help "system prompt", "  system?: string|table[]")
        has(bedrock.help "Tool calling", "bedrock.Tool\n", "bedrock.ToolCall\n")
        has(bedrock.help "structured-output", "  schema?: table", "bedrock.schema(short)")
        has(bedrock.help "images", "chat:say(given", "bedrock.MediaInput")
        has(bedrock.help "history", "chat:save(", "chat:trim(", "chat:undo(")
        has(bedrock.help "chat:load", "  messages?: table[]|string", "chat:save(")
        has(bedrock.help "errors", "bedrock.Error\n")
        for word, topics in pairs(require "bedrock.help.words") do
            assert.truthy(bedrock.help(word), word)
            for _, topic in ipairs(topics) do
                assert.truthy(bedrock.help(topic), topic)
            end
        end
    end)

    it("tells of objects", function()
        local chat = assert(conn:chat { model = "m" })
        has(bedrock.help(chat), "bedrock.Chat\n", "chat:say")
        assert.equal(bedrock.help(chat), conn:help(chat))
        assert.equal(conn:help(), bedrock.help(conn))
        assert.equal(bedrock.help(), bedrock.help(bedrock))
        assert.equal(tostring(conn.runtime), bedrock.help(conn.runtime))
        has(bedrock.help(conn:agent_session { agent_id = "AGENT12345", alias_id = "ALIAS12345" }),
            "bedrock.AgentSession\n", "session:ask")
        has(bedrock.help(conn:knowledge { id = "KB12345678" }), "bedrock.Knowledge\n", "retrieve: ")
        local _, err = bedrock.connect { auth = "nonsense" }
        has(bedrock.help(err), "bedrock.Error\n")
        has(bedrock.help(bedrock.describe "converse"), "bedrock.Description\n")
        has(bedrock.help(bedrock.schema { a = "string" }), "bedrock.schema: {")
        has(bedrock.help(bedrock.families()), "bedrock.families: ", "bedrock.dump(x)")
        has(bedrock.help(require("bedrock.chat.answer").new({}, {}, 1)),
            "bedrock.ChatAnswer\n")
        has(bedrock.help(bedrock.json.decode), "bedrock.json.decode(text)")
        has(bedrock.help(bedrock.connect), "bedrock.connect(settings)")
    end)

    it("has an answer to any value", function()
        local function fail()
            error "no"
        end
        for _, value in ipairs { 1, 0 / 0, false, print, io.stdout, coroutine.create(print), bedrock.null, {},
            bedrock.json.number "1", bedrock.json.raw "1" } do
            has(bedrock.help(value), type(value), "bedrock.help takes a name")
        end
        for _, mark in ipairs { { __tostring = fail }, { __index = fail, __name = "bedrock.answer" },
            { __metatable = "locked" }, { __metatable = false }, { __name = {} }, { __name = "bedrock.answer",
            __tostring = fail }, { __eq = fail, __len = fail, __pairs = fail } } do
            assert.is_string(bedrock.help(setmetatable({}, mark)))
        end
        local text = bedrock.help(setmetatable({}, { __tostring = function()
            return "\27[31m" .. ("x"):rep(5000) .. "\nmore"
        end }))
        assert.is_true(#text < 400 and not text:find("\27", 1, true))
    end)

    it("of a connection has its methods and namespaces", function()
        local text = conn:help()
        has(text, "bedrock.connection (us-east-1, api_key)", "conn.runtime ", "11 operations")
        for _, name in ipairs(connection.handwritten) do
            has(text, "conn:" .. name .. " ")
        end
        assert.equal(bedrock.help "converse", conn:help "converse")
        local ok, why = pcall(conn.help)
        assert.is_false(ok)
        assert.matches("not a connection", why, 1, true)
    end)

    it("of a namespace is what it prints: its operations", function()
        local text = tostring(conn.runtime)
        assert.matches("^bedrock.namespace %(bedrock%-runtime%)\n", text)
        for _, name in ipairs(bedrock.operations "runtime") do
            has(text, (name:match "[^.]*$"))
        end
    end)

    it("has short lines, and nothing that only editors need", function()
        for _, group in pairs(texts) do
            for name, text in pairs(group) do
                for line in text:gmatch "[^\n]+" do
                    assert.is_true(#line <= 110, name .. ": " .. line)
                end
                assert.is_nil(text:find("@", 1, true) and text:find "@%l+ " , name)
            end
        end
    end)
end)
