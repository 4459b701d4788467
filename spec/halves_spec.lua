--- Halves of surrogate pairs: services cut texts between them, and what is left alone costs no answer.
local bedrock = require "bedrock"
local codec = require "codec_module"
local core = require "bedrock.core"

local HIGH, LOW = [[\ud83d]], [[\ude00]]
local REPLACED, FACE = "\239\191\189", "\240\159\152\128"

describe("half of a surrogate pair", function()
    it("is U+FFFD in JSON that is decoded, in texts and in names", function()
        assert.same({ ["k" .. REPLACED] = { REPLACED .. "x", FACE } },
            bedrock.json.decode('{"k' .. HIGH .. '":["' .. LOW .. 'x","' .. HIGH .. LOW .. '"]}'))
        assert.equal('"' .. REPLACED .. '"', bedrock.json.encode(bedrock.json.decode('"' .. HIGH .. '"')))
    end)

    it("is U+FFFD in a whole answer: texts, tool inputs, names and values of documents", function()
        local answer = assert(codec.decode("runtime", "Converse", 200, {},
            '{"output":{"message":{"role":"assistant","content":[{"text":"hi ' .. HIGH .. '"},'
            .. '{"toolUse":{"toolUseId":"t","name":"n","input":{"' .. LOW .. '":"' .. HIGH .. '"}}}]}},'
            .. '"later' .. HIGH .. '":"' .. HIGH .. '"}'))
        local content = answer.output.message.content
        assert.equal("hi " .. REPLACED, content[1].text)
        assert.equal(REPLACED, content[2].toolUse.input[REPLACED])
        assert.equal(REPLACED, answer["later" .. REPLACED])
    end)

    it("is U+FFFD in the answer of an error", function()
        local _, message, fields = codec.failure("runtime", "Converse", 424,
            { ["x-amzn-errortype"] = "ModelErrorException" },
            '{"message":"broken ' .. HIGH .. '","originalStatusCode":500}')
        assert.equal("broken " .. REPLACED, message)
        assert.same({ message = "broken " .. REPLACED, originalStatusCode = 500 }, fields)
    end)

    it("is U+FFFD in an event, which comes a second time with the halves kept", function()
        local function event(text)
            return codec.event("runtime", "ConverseStream",
                { message_type = "event", event_type = "contentBlockDelta" },
                '{"contentBlockIndex":0,"delta":{"text":"' .. text .. '"}}')
        end
        local first, second = event("hi " .. HIGH), event(LOW .. "!")
        assert.same({ "halves", "contentBlockDelta" }, { first.result, first.name })
        assert.equal("hi " .. REPLACED, first.value.delta.text)
        assert.equal(REPLACED .. "!", second.value.delta.text)
        assert.equal("hi " .. FACE .. "!", core.join_halves(first.kept.delta.text .. second.kept.delta.text))
        assert.equal("value", event("hi " .. HIGH .. LOW).result)
    end)

    it("is joined from texts decoded with the halves kept, else U+FFFD", function()
        local first, second = core.decode_halves('"' .. HIGH .. '"'), core.decode_halves('"' .. LOW .. '"')
        assert.equal(FACE, core.join_halves(first .. second))
        assert.equal(REPLACED .. REPLACED, core.join_halves(second .. first))
        assert.equal("plain", core.join_halves "plain")
    end)

    it("is still refused where texts are written", function()
        local kept = core.decode_halves('"' .. HIGH .. '"')
        assert.is_nil((bedrock.json.encode(kept)))
        assert.is_nil((codec.encode("runtime", "Converse", { modelId = "m", messages = {
            { role = "user", content = { { text = kept } } },
        } })))
    end)
end)
