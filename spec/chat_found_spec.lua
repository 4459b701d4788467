--- Faults of chats that their users found.
local bedrock = require "bedrock"
local files = require "spec.support.files"
local mime = require "mime"
local says = require "spec.support.model_says"
local service = require "spec.support.service"

describe("chat", function()
    local conn
    local ep = service.each_connected(function(new) conn = new end)

    it("returns one value, so that print(assert(chat:say(…))) is the text and nothing else", function()
        ep:script { says.whole "Hello." }
        local chat = assert(conn:chat { model = service.MODEL })
        assert.equal(1, select("#", chat:say "Hi"))
        assert.equal("Hello.", tostring(chat.answer))
    end)

    it("takes images by path and tells MPEG by its bytes, in LuaJIT too, whose patterns end at a zero", function()
        local path = os.tmpname()
        files.write(path, "\137PNG\r\n\26\n")
        local chat = assert(conn:chat { model = service.MODEL })
        local _, err = chat:say { text = "What is this?", images = { path }, video = "\0\0\1\186" }
        os.remove(path)
        assert.is_nil(err)
        local sent = bedrock.json.decode((mime.unb64(service.last_request(ep).body64))).messages[1].content
        assert.equal("png", sent[1].image.format)
        assert.equal("mpeg", sent[2].video.format)
    end)

    it("sends whole numbers as such, also those that are floats to Lua", function()
        local chat = assert(conn:chat { model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0" })
        assert(chat:say("Hi", { reasoning = 4000 / 2 }))
        assert(chat:say("Hi", { top_k = 100 / 2 }))
        local requests = ep:requests()
        assert.matches('"budget_tokens":2000,', (mime.unb64(requests[1].body64)), 1, true)
        assert.matches('"top_k":50}', (mime.unb64(requests[2].body64)), 1, true)
    end)

    it("leaves out top_k beside Claude's reasoning, like temperature, and says so", function()
        local chat = assert(conn:chat { model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0" })
        local answer = assert(chat:say("Hi", { reasoning = "low", top_k = 5, temperature = 0.5 }))
        assert.matches("temperature was left out", table.concat(answer.healed, "\n"))
        assert.matches("top_k was left out", table.concat(answer.healed, "\n"))
        local fields = bedrock.json.decode((mime.unb64(service.last_request(ep).body64))).additionalModelRequestFields
        assert.same({ thinking = { type = "enabled", budget_tokens = 2048 } }, fields)
    end)

    it("puts its own fields of a model beside the user's, in tables too", function()
        local chat = assert(conn:chat { model = service.MODEL, top_k = 5, extra = { inferenceConfig = { seed = 1 } } })
        assert(chat:say "Hi")
        local fields = bedrock.json.decode((mime.unb64(service.last_request(ep).body64))).additionalModelRequestFields
        assert.same({ inferenceConfig = { seed = 1, topK = 5 } }, fields)
        assert(chat:say("Hi", { extra = { inferenceConfig = { topK = 9 } } }))
        fields = bedrock.json.decode((mime.unb64(service.last_request(ep).body64))).additionalModelRequestFields
        assert.same({ inferenceConfig = { topK = 9 } }, fields)
    end)

    it("names callbacks that do not exist, which would never be called", function()
        local chat = assert(conn:chat { model = service.MODEL })
        local nothing, err = chat:say("Hi", { on = { reasonning = print, event = 3, other = print } })
        assert.is_nil(nothing)
        assert.matches("on.reasonning: unknown callback %(did you mean reasoning%?%)", err.message)
        assert.matches("on.event: expected a function, got a number", err.message)
        assert.matches("on.other: unknown callback; there are event, reasoning", err.message)
        assert.equal(0, ep:counters().requests or 0)
    end)

    --- @param times integer? so many requests; they come at the same time, hence the pause before the answers
    local function refusing(message, times)
        return { match = { operation = "Converse" }, times = times, action = {
            status = 400,
            delay_ms = times and 300,
            json = { message = message },
            headers = { ["x-amzn-errortype"] = "ValidationException" },
        } }
    end

    local function body(number)
        return bedrock.json.decode((mime.unb64(ep:requests()[number].body64)))
    end

    it("keeps the cache points that a model takes where it refuses those of tools", function()
        local tools = { { name = "clock", description = "The time.", run = os.time } }
        ep:script { refusing("Malformed input request: #/toolConfig/tools/1: extraneous key [cachePoint] is not "
            .. "permitted, please reformat your input and try again.") }
        local chat = assert(conn:chat { model = service.MODEL, system = "Be brief.", cache = true, tools = tools })
        assert(chat:say "Hi")
        assert(chat:say "Again")
        assert.equal(3, ep:counters().Converse)
        for number = 2, 3 do
            local sent = body(number)
            assert.equal(1, #sent.toolConfig.tools)
            assert.truthy(sent.system[2].cachePoint)
            assert.truthy(sent.messages[#sent.messages].content[2].cachePoint)
        end
    end)

    it("sets no cache point any more where a model refuses them all", function()
        ep:script { refusing "You invoked an unsupported model or your request did not allow prompt caching." }
        local chat = assert(conn:chat { model = service.MODEL, system = "Be brief.", cache = true })
        assert(chat:say "Hi")
        assert.equal(1, #body(2).system)
        assert.equal(1, #body(2).messages[1].content)
    end)

    it("learns by a refusal what another chat learned while this one asked", function()
        local object = says.calls { { "tooluse_1", "answer", { city = "Rome" } } }
        ep:script {
            refusing("This model doesn't support the outputConfig.textFormat field. Remove it and try again.", 3),
            object, object, object,
        }
        local function ask()
            local chat = assert(conn:chat { model = service.MODEL, schema = { city = "string" } })
            return chat:say "Which city?"
        end
        local answers, errs = bedrock.parallel(ask, ask, ask)
        assert.is_nil(errs)
        for i = 1, 3 do
            assert.equal("Rome", answers[i].object.city)
        end
    end)

    it("goes through the shapes of reasoning together with other chats", function()
        local model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
        ep:script { refusing('"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" '
            .. 'and "output_config.effort" to control thinking behavior.', 2) }
        local function ask()
            return assert(conn:chat { model = model, reasoning = "low" }):say "Hi"
        end
        local _, errs = bedrock.parallel(ask, ask)
        assert.is_nil(errs)
        for number = 3, 4 do
            assert.equal("adaptive", body(number).additionalModelRequestFields.thinking.type)
        end
    end)

    it("has the JSON of an object as its text, also where the model put it between fences", function()
        ep:script { says.whole '```json\n{"city":"Rome"}\n```' }
        local chat = assert(conn:chat { model = service.MODEL, schema = { city = "string" } })
        local answer = assert(chat:say "Which city?")
        assert.equal('{"city":"Rome"}', answer.text)
        assert.equal('```json\n{"city":"Rome"}\n```', chat.messages[2].content[1].text)
    end)
end)
