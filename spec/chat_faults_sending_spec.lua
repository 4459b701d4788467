--- Faults of what a chat sends, in its second ways, that were found by looking for them.
local bedrock = require "bedrock"
local mime = require "mime"
local says = require "spec.support.model_says"
local service = require "spec.support.service"

local CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"

local function refused(message)
    return { match = { operation = "Converse" }, action = { status = 400, json = { message = message },
        headers = { ["x-amzn-errortype"] = "ValidationException" } } }
end

describe("what a chat sends", function()
    local conn
    local ep = service.each_connected(function(new) conn = new end)

    --- @return table body of the n-th request from the end
    local function sent(from_end)
        local requests = ep:requests()
        return bedrock.json.decode((mime.unb64(requests[#requests - (from_end or 0)].body64)))
    end

    local function weather()
        return { { name = "weather", description = "Tells the weather.", input = { city = "string" },
            run = function() return "sunny" end } }
    end

    it("keeps a choice that thought forbids for requests without thought, and tells a weaker one", function()
        ep:script { refused "Thinking may not be enabled when tool_choice forces tool use.", says.whole "It is sunny." }
        local chat = assert(conn:chat { model = CLAUDE, tools = weather(), tool_choice = "any", reasoning = "low" })
        local answer = assert(chat:say "Hi")
        assert.same({}, sent().toolConfig.toolChoice.auto)
        assert.matches("toolChoice became auto", table.concat(answer.healed, "\n"), 1, true)
        local plain = assert(conn:chat { model = CLAUDE, tools = weather(), tool_choice = "any" })
        answer = assert(plain:say "Hi")
        assert.same({}, sent().toolConfig.toolChoice.any)
        assert.is_nil(answer.healed and answer.healed[1])
    end)

    it("leaves toolChoice out where a model takes none at all", function()
        local no = "This model doesn't support the toolConfig.toolChoice.%s field. Remove toolConfig.toolChoice.%s."
        ep:script { refused(no:format("any", "any")), refused(no:format("auto", "auto")), says.whole "Fine." }
        local chat = assert(conn:chat { model = CLAUDE, tools = weather(), tool_choice = "any" })
        local answer = assert(chat:say "Hi")
        assert.is_nil(sent().toolConfig.toolChoice)
        assert.matches("toolChoice was left out", table.concat(answer.healed, "\n"), 1, true)
    end)

    it("names the tools of its history where it has none now", function()
        local chat = assert(conn:chat { model = CLAUDE, messages = {
            { role = "user", content = { { text = "Weather?" } } },
            { role = "assistant", content = { { toolUse = { toolUseId = "t1", name = "weather", input = {} } } } },
            { role = "user", content = { { toolResult = { toolUseId = "t1", content = { { text = "sunny" } } } } } },
            { role = "assistant", content = { { text = "Sunny." } } },
        } })
        assert(chat:say "Thanks")
        assert.same({ tools = { { toolSpec = { name = "weather", inputSchema = { json = { type = "object" } } } } } },
            sent().toolConfig)
        ep:script { says.calls { { "t2", "weather", {} } }, says.whole "I cannot." }
        assert(chat:say "And now?")
        local result = sent().messages[9].content[1].toolResult
        assert.equal("error", result.status)
        assert.matches("no tool", result.content[1].text)
    end)

    it("asks by the tool for one refused schema, and by outputConfig for the others", function()
        ep:script {
            refused "output_config.format.schema: For 'string' type, property 'minLength' is not supported",
            says.calls { { "t1", "answer", { name = "Ada" } } }, says.whole '{"name":"Bob"}',
        }
        local chat = assert(conn:chat { model = CLAUDE })
        local schema = { type = "object", properties = { name = { type = "string", minLength = 1 } } }
        local answer = assert(chat:say("Who?", { schema = schema }))
        assert.equal("Ada", answer.object.name)
        assert.is_nil(sent().outputConfig)
        answer = assert(chat:say("Who?", { schema = { name = "string" } }))
        assert.equal("Bob", answer.object.name)
        assert.is_table(sent().outputConfig)
    end)

    it("goes from a refused ttl to the plain cache point, and tells when points are left out", function()
        ep:script { refused "cache_control.ttl: 1h is not supported for this model", says.whole "Hello.",
            refused "You invoked an unsupported model or your request did not allow prompt caching",
            says.whole "Hello." }
        local chat = assert(conn:chat { model = CLAUDE, cache = "1h" })
        local answer = assert(chat:say "Hi")
        assert.same({ type = "default" }, sent().messages[1].content[2].cachePoint)
        assert.matches("no ttl of 1h", table.concat(answer.healed, "\n"), 1, true)
        answer = assert(chat:say "Hi")
        assert.is_nil(sent().messages[3].content[2])
        assert.matches("cache points were left out", table.concat(answer.healed, "\n"), 1, true)
    end)

    it("has four cache points at most with the user's own", function()
        local point = { cachePoint = { type = "default" } }
        local chat = assert(conn:chat { model = CLAUDE, cache = true, tools = weather(),
            system = { { text = "Short." } }, messages = {
                { role = "user", content = { { text = "a" }, point, { text = "b" }, point } },
                { role = "assistant", content = { { text = "c" } } },
            } })
        assert(chat:say "Hi")
        local body = sent()
        assert.is_table(body.messages[3].content[2].cachePoint)
        assert.is_table(body.system[2].cachePoint)
        assert.is_nil(body.toolConfig.tools[2])
    end)

    it("reads a long object no more often than its length grows, and whole at its end", function()
        local words = ("word "):rep(2400)
        ep:script { says.streamed('{"text":"' .. words .. '"}') }
        local chat, seen, bytes = assert(conn:chat { model = CLAUDE }), nil, 0
        for _ in chat:stream("Tell", { schema = { text = "string" }, partial = function(value)
            seen, bytes = value.text, bytes + #value.text
        end }) do end
        assert.equal(words, seen)
        assert.is_true(bytes < 12 * #words + 512 * 512)
    end)
end)
