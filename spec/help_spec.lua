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
        has(bedrock.help "json.encode", "bedrock.json.encode(value)")
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
        has(refused "guardrails", 'there is no help for "guardrails"', '"list_guardrails"')
        has(refused "zzzzz", "bedrock.help() lists what there is")
        has(refused "", "bedrock.help() lists what there is")
        local ok, why = pcall(function()
            return (bedrock.help(1))
        end)
        assert.is_false(ok)
        assert.matches("help_spec.lua.*help: expected a name, got a number", why)
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
