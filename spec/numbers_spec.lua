--- Numbers that no number of Lua holds, and JSON that is sent as it was written.
local bedrock = require "bedrock"
local codec = require "codec_module"

local decode, encode, number, raw = bedrock.json.decode, bedrock.json.encode, bedrock.json.number, bedrock.json.raw
local IS_JIT = rawget(_G, "jit") ~= nil

local TOO_LONG = {
    "12345678901234567890", "-9223372036854775809", "100000000000000000000", "1e400", "-1E+400", "1e-400",
    "0.1000000000000000055511151231257827", "1234567890.12345678901", "9007199254740993.0", "99999999999999999999.99",
    "4e-324", ("123456789"):rep(50), "1e123456789012345678901234567890",
}

describe("a number in any JSON", function()
    it("is a number of Lua if one holds it", function()
        for _, text in ipairs { "0", "-1", "0.1", "1.10", "1e2", "1e20", "1.5E-7", "9007199254740992", "-0", "0.0",
            "1e-5", "123456.789", "5e-324", "1.7976931348623157e308", "0e999" } do
            local value = decode(text)
            assert.equal("number", type(value))
            assert.equal(tonumber(text), value)
        end
        assert.equal(IS_JIT and "userdata" or "number", type(decode "9007199254740993"))
        assert.equal(IS_JIT and "userdata" or "number", type(decode "9223372036854775807"))
    end)

    it("keeps its digits if none does, and goes back as it came", function()
        for _, text in ipairs(TOO_LONG) do
            local value = decode(text)
            assert.equal("userdata", type(value))
            assert.equal(text, tostring(value))
            assert.equal(text, encode(value))
            local all = '{"id":' .. text .. ',"a":[' .. text .. ',{"b":' .. text .. "}]}"
            assert.equal(all, encode(decode(all)))
        end
    end)

    it("keeps them in a tool's input, from an answer to the next request", function()
        local answer = assert(codec.decode("runtime", "Converse", 200, {},
            '{"output":{"message":{"content":[{"toolUse":{"input":{"id":12345678901234567890,"price":1e400},'
            .. '"name":"n","toolUseId":"t"}}],"role":"assistant"}}}'))
        local input = answer.output.message.content[1].toolUse.input
        assert.equal("id 12345678901234567890", "id " .. tostring(input.id))
        local request = assert(codec.encode("runtime", "Converse",
            { modelId = "m", messages = { answer.output.message } }))
        assert.matches('"input":{"id":12345678901234567890,"price":1e400}', request.body, 1, true)
    end)

    it("has a longest text", function()
        local text = ("1"):rep(64 * 1024)
        assert.equal(text, encode(decode(text)))
        local value, err = decode(text .. "1")
        assert.is_nil(value)
        assert.matches("a number is too long", err.message, 1, true)
        assert.is_nil((number(text .. "1")))
    end)

    it("is refused beyond all doubles where the model has a number", function()
        local output, err = codec.decode("runtime", "Converse", 200, {}, '{"metrics":{"latencyMs":1e400}}')
        assert.is_nil(output)
        assert.equal("BadResponse", err.code)
        output, err = codec.decode("bedrock", "GetGuardrail", 200, {}, '{"createdAt":1e400}')
        assert.is_nil(output)
        assert.equal("BadResponse", err.code)
    end)
end)

describe("a number that was kept", function()
    local big, bigger = decode "12345678901234567890", decode "12345678901234567891"

    it("compares with others by its value", function()
        assert.is_true(big == decode "12345678901234567890")
        assert.is_true(big == number "1234567890123456789e1")
        assert.is_false(big == bigger)
        assert.is_true(big < bigger)
        assert.is_true(bigger > big)
        assert.is_true(big <= bigger)
        assert.is_true(big <= big)
        assert.is_false(bigger <= big)
        assert.is_true(decode "-1e400" < decode "1e-400")
        assert.is_false(big == "12345678901234567890")
        assert.is_false(pcall(function() return big < "1" end))
        assert.is_false(pcall(function() return big < raw "1" end))
    end)

    if not IS_JIT then
        it("is below and above plain numbers, but equal to none", function()
            assert.is_true(5 < big and big > 5 and -5.5 < big and big <= 1 / 0 and -1 / 0 <= big)
            assert.is_true(decode "0.1000000000000000055511151231257828" > 0.1)
            assert.is_true(decode "0.1000000000000000055511151231257827" < 0.1)
            assert.is_true(decode "-1e400" < -1.7976931348623157e308)
            assert.is_true(decode "1e-400" > 0 and decode "1e-400" < 5e-324)
            assert.is_false(big < 0 / 0 or big > 0 / 0 or big <= 0 / 0)
            assert.is_false(number "5" == 5)
            assert.is_true(number "5" <= 5 and number "5" >= 5)
        end)
    end

    it("joins with strings, and refuses arithmetic", function()
        assert.equal("id 12345678901234567890!", "id " .. big .. "!")
        assert.equal("112345678901234567890", 1 .. big)
        assert.is_false(pcall(function() return big .. {} end))
        for _, f in ipairs {
            function() return big + 1 end, function() return 1 - big end, function() return big * big end,
            function() return -big end, function() return big / 2 end, function() return big % 2 end,
            function() return big ^ 2 end,
        } do
            local ok, why = pcall(f)
            assert.is_false(ok)
            assert.matches("tonumber(tostring(n))", why, 1, true)
        end
    end)

    it("cannot be changed, and its metatable not be had", function()
        assert.is_false(getmetatable(big))
        assert.is_false(pcall(function() big.x = 1 end))
        assert.is_false(pcall(function() return big.x end))
    end)

    it("is taken where the model has a number, if it fits there", function()
        local function segment(value)
            local request, problems = codec.encode("data_automation_runtime", "InvokeDataAutomationAsync", {
                inputConfiguration = { s3Uri = "s3://bucket/film.mp4", assetProcessingConfiguration = {
                    video = { segmentConfiguration = { timestampSegment = { startTimeMillis = value,
                        endTimeMillis = 300000 } } } } },
                outputConfiguration = { s3Uri = "s3://bucket/out" }, dataAutomationProfileArn = "arn",
            }, { validate = false })
            return request and request.body:match '"startTimeMillis":([^,]+)', problems
        end
        assert.equal("9007199254740993", (segment(codec.number "9007199254740993")))
        for _, text in ipairs { "9223372036854775808", "1.5", "1e3", "1e400" } do
            local sent, problems = segment(codec.number(text))
            assert.is_nil(sent)
            assert.equal("type", problems[1].kind)
        end
        local function temperature(value)
            local request, problems = codec.encode("runtime", "Converse",
                { modelId = "m", inferenceConfig = { temperature = value } })
            return request and request.body, problems
        end
        assert.equal('{"inferenceConfig":{"temperature":0.10000000000000001}}',
            (temperature(codec.number "0.10000000000000001")))
        for _, text in ipairs { "1e400", "2" } do
            assert.is_nil((temperature(codec.number(text))))
        end
        local _, problems = codec.encode("runtime", "Converse",
            { modelId = "m", system = { { text = codec.number "1" } } })
        assert.equal("expected a string, got a number", problems[1].message)
    end)

    it("is made of a text, which it keeps", function()
        for _, text in ipairs { "1.10", "5", "-0", "1e2", "12345678901234567890" } do
            assert.equal(text, tostring(number(text)))
            assert.equal("[" .. text .. "]", encode { number(text) })
        end
        for _, text in ipairs { "", " 1", "1 ", "01", "1.", ".5", "+1", "0x10", "NaN", "1,2", "\"1\"", "1\0" } do
            local value, err = number(text)
            assert.is_nil(value)
            assert.equal("ValidationError", err.code)
            assert.matches("not a JSON number", err.message, 1, true)
        end
        assert.is_false(pcall(number, 5))
        assert.is_false(pcall(number))
    end)
end)

describe("raw JSON", function()
    it("is sent byte for byte, wherever any JSON may stand", function()
        local text = ' {"b" : 1.10, "a":[ "\\u00e9", 12345678901234567890 ]}\n'
        local schema = raw(text)
        assert.equal(text, tostring(schema))
        assert.equal(text, encode(schema))
        assert.equal('{"a":[' .. text .. "]}", encode { a = { schema } })
        assert.is_true(schema == raw(text))
        assert.is_false(schema == raw "1")
        assert.is_false(getmetatable(schema))
        local request = assert(codec.encode("runtime", "Converse", { modelId = "m",
            toolConfig = { tools = { { toolSpec = { name = "t", inputSchema = { json = codec.raw(text) } } } } } }))
        assert.equal('{"toolConfig":{"tools":[{"toolSpec":{"name":"t","inputSchema":{"json":' .. text .. "}}}]}}",
            request.body)
    end)

    it("is the body of a model's own", function()
        local request = assert(codec.encode("runtime", "InvokeModel",
            { modelId = "m", body = codec.raw '{"b":1,"a":2}' }))
        assert.equal('{"b":1,"a":2}', request.body)
        assert.equal("application/json", request.headers["content-type"])
    end)

    it("is JSON that can be sent, or refused when it is made", function()
        for _, text in ipairs {
            "", "{", "{'a':1}", '{"a":1}}', "[1,]", "\255", '"\\ud83d"', '["\\ude00"]',
            ("["):rep(201) .. ("]"):rep(201),
        } do
            local value, err = raw(text)
            assert.is_nil(value)
            assert.equal("ValidationError", err.code)
            assert.matches("the text is not JSON", err.message, 1, true)
        end
        assert.is_false(pcall(raw, {}))
    end)

    it("counts its depth with that around it", function()
        local deep = raw(("["):rep(199) .. '"[[[["' .. ("]"):rep(199))
        assert.truthy(encode { deep })
        local sent, err = encode { { deep } }
        assert.is_nil(sent)
        assert.matches("nested deeper", err.message, 1, true)
    end)

    it("is no text, number or structure of the model's", function()
        local _, problems = codec.encode("runtime", "Converse",
            { modelId = "m", system = { { text = codec.raw '"x"' } }, inferenceConfig = codec.raw "{}" })
        assert.equal("expected a table of members, got raw JSON", problems[1].message)
        assert.equal("expected a string, got raw JSON", problems[2].message)
    end)
end)
