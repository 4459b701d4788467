--- Values at their edges, both ways and through the public surface: numbers and bytes.
local bedrock = require "bedrock"
local codec = require "codec_module"
local prepared = require "spec.support.prepared"
local plain = require "spec.support.plain_json"
local mime = require "mime"

local EXACT = 2 ^ 53
local LOOSE = { validate = false }

local conn, converse, document = prepared.conn, prepared.converse, prepared.document
local problem, answer = prepared.problem, prepared.answer

--- Not by luassert, which is slow: this is asked very often. The quotients tell 0 from -0.
local function same_number(want, got)
    if want ~= got or 1 / want ~= 1 / got then
        error(("want %.17g, got %s"):format(want, tostring(got)), 2)
    end
end

local function integer(text)
    return math.type and math.tointeger(text) or text
end

describe("integers at the edges", function()
    local function segment(start)
        local body, err = conn:prepare("invoke_data_automation_async", {
            inputConfiguration = {
                s3Uri = "s3://bucket/film.mp4",
                assetProcessingConfiguration = { video = { segmentConfiguration = {
                    timestampSegment = { startTimeMillis = start, endTimeMillis = 300000 },
                } } },
            },
            outputConfiguration = { s3Uri = "s3://bucket/out" },
            dataAutomationProfileArn = "arn",
        }, LOOSE)
        return body and body.body:match '"startTimeMillis":([^,}]+)', err
    end

    it("of 64 bits are sent exactly as decimal strings", function()
        for _, text in ipairs {
            "0", "-1", "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993",
            "9223372036854775807", "-9223372036854775808",
        } do
            assert.equal(text, (segment(text)))
            assert.equal(text, (segment(integer(text))))
        end
        for _, text in ipairs { "9223372036854775808", "-9223372036854775809", "1e3", " 1", "0x10", "", "-", "1\0" } do
            local sent, err = segment(text)
            assert.is_nil(sent)
            assert.equal("type", select(2, problem(err)))
        end
    end)

    it("of 64 bits are sent exactly as numbers, or not at all", function()
        assert.equal("9007199254740992", (segment(EXACT)))
        assert.equal("-9007199254740992", (segment(-EXACT)))
        assert.equal("0", (segment(-0.0)))
        assert.equal(not jit and "-9223372036854775808" or nil, (segment(-2 ^ 63)))
        assert.equal(not jit and "9007199254740994" or nil, (segment(EXACT + 2)))
        for _, value in ipairs { 2 ^ 63, 1e300, -1e300, 0 / 0, 1 / 0, -1 / 0, 0.5 } do
            local sent, err = segment(value)
            assert.is_nil(sent)
            assert.equal("type", select(2, problem(err)))
        end
        if jit then
            local int64 = require("ffi").typeof "int64_t"
            local uint64 = require("ffi").typeof "uint64_t"
            assert.equal("-9223372036854775808", (segment(int64(-2 ^ 63))))
            assert.equal("9223372036854775807", (segment(int64(2 ^ 62) - 1 + int64(2 ^ 62))))
            assert.equal("9007199254740993", (segment(uint64(EXACT) + 1)))
            assert.is_nil((segment(uint64(0) - 1)))
        end
    end)

    it("of 32 bits go no further", function()
        local function tokens(n)
            local body, err = converse({ inferenceConfig = { maxTokens = n } }, LOOSE)
            return body and body:match '"maxTokens":([^}]+)', err
        end
        assert.equal("2147483647", (tokens(2147483647)))
        assert.equal("-2147483648", (tokens(-2147483648)))
        for _, n in ipairs { 2147483648, -2147483649, EXACT, 2 ^ 63 } do
            local sent, err = tokens(n)
            assert.is_nil(sent)
            assert.same({ "inferenceConfig.maxTokens", "type" }, { problem(err) })
        end
    end)

    it("are read exactly", function()
        local function latency(text)
            local output, err = answer('{"metrics":{"latencyMs":' .. text .. "}}")
            return output and output.metrics.latencyMs, err
        end
        for _, text in ipairs {
            "0", "-1", "2147483648", "9007199254740991", "9007199254740992", "-9007199254740992",
            "9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808",
        } do
            local exact = ("%.0f"):format(tonumber(text)) == text and math.abs(tonumber(text)) <= EXACT
            assert.equal(exact and tonumber(text) or integer(text), (latency(text)))
        end
        assert.equal(0, (latency "-0"))
        assert.equal(7, (latency "7.0"))
        assert.equal(700, (latency "7e2"))
        assert.equal(2 ^ 63, (latency "9223372036854775808"))
        assert.equal(1e300, (latency "1e300"))
        assert.equal("BadResponse", select(2, latency "1e400").code)
        assert.equal("BadResponse", select(2, latency '"1"').code)
    end)
end)

describe("integers in XML", function()
    it("are integers however they are written", function()
        local function size(text)
            local output, err = codec.decode("sts", "AssumeRole", 200, {}, "<AssumeRoleResponse><AssumeRoleResult>"
                .. "<PackedPolicySize>" .. text .. "</PackedPolicySize></AssumeRoleResult></AssumeRoleResponse>")
            return output and output.PackedPolicySize, err
        end
        for _, text in ipairs { "3", "3.0", "3e0", "-0" } do
            local got = assert(size(text))
            assert.equal(tonumber(text), got)
            assert.equal(math.type and "integer" or nil, math.type and math.type(got))
        end
        assert.equal(integer "9007199254740993", (size "9007199254740993"))
        for _, text in ipairs { "", "1e400", "NaN", " 3x", "0x10", "+1", "01" } do
            assert.equal("BadResponse", select(2, size(text)).code)
        end
    end)
end)

describe("floats at the edges", function()
    local ALL = {
        0.0, -0.0, 5e-324, -5e-324, 2.2250738585072011e-308, 2.2250738585072014e-308, 0.1, 1 / 3, 1.5, -1.5, 1e15,
        1e16, 1e17, 1e21, 1e22, 1e23, 123456789012345680.0, 1e300, 1.7976931348623157e308, -1.7976931348623157e308,
        2 ^ 31, 2 ^ 53, 2 ^ 53 + 2, 2 ^ 60, 2 ^ 62, 2 ^ 63, -2 ^ 63, 2 ^ 63 + 2048, 2 ^ 64, 2 ^ 100, 2 ^ 1023,
    }

    it("come through documents as they went in", function()
        for _, d in ipairs(ALL) do
            local text = assert(document(d))
            local back = assert(bedrock.json.decode(text))
            same_number(d, back)
            same_number(d, tonumber(text))
            if math.type then
                assert.equal("float", math.type(back), text)
            end
        end
    end)

    it("come through documents whatever they are", function()
        local state = 1
        for _ = 1, 20000 do
            state = state * 16807 % 2147483647
            local d = (state / 2147483647 + 0.5) * 2 ^ (state % 2040 - 1060)
            same_number(d, bedrock.json.decode((bedrock.json.encode(d))))
            local whole = math.floor(state / 2147483647 * 2 ^ 52) * 2 ^ (state % 40)
            same_number(whole, bedrock.json.decode((bedrock.json.encode(whole + 0.0))))
        end
    end)

    it("are sent in members that are doubles", function()
        for _, d in ipairs(ALL) do
            local body = assert(converse({ inferenceConfig = { topP = d } }, LOOSE))
            assert.equal(d, tonumber(body:match '"topP":([^}]+)'))
        end
    end)

    it("that are no JSON are refused, with their path", function()
        for _, d in ipairs { 0 / 0, -(0 / 0), 1 / 0, -1 / 0 } do
            local body, err = converse({ inferenceConfig = { topP = d } }, LOOSE)
            assert.is_nil(body)
            assert.same({ "inferenceConfig.topP", "type" }, { problem(err) })
            body, err = document { 1, { x = d } }
            assert.is_nil(body)
            assert.same({ "additionalModelRequestFields.v[2].x", "type" }, { problem(err) })
        end
    end)

    it("are read to the nearest, and refused beyond all", function()
        local function score(text)
            local output, err = codec.decode("agent_runtime", "Retrieve", 200, {},
                '{"retrievalResults":[{"content":{},"score":' .. text .. "}]}")
            return output and output.retrievalResults[1].score, err
        end
        for _, text in ipairs {
            "0", "1", "5e-324", "4.9406564584124654e-324", "1e-400", "2.2250738585072011e-308", "0.1",
            "1.7976931348623157e308", "9007199254740993", "1E+2", "9223372036854775808",
        } do
            local got = assert(score(text))
            same_number(tonumber(text) + 0.0, got)
            assert.equal(math.type and "float" or nil, math.type and math.type(got))
        end
        same_number(-0.0, assert(score "-0.0"))
        same_number(-0.0, assert(score "-0"))
        assert.equal(1 / 0, (score '"Infinity"'))
        assert.equal(-1 / 0, (score '"-Infinity"'))
        local nan = score '"NaN"'
        assert.is_true(nan ~= nan)
        for _, text in ipairs { "1e400", "-1e400", "NaN", "Infinity", '"1"', "true" } do
            assert.equal("BadResponse", select(2, score(text)).code)
        end
    end)
end)

describe("every byte", function()
    local function each_byte(check)
        for byte = 0, 255 do
            check(string.char(byte), byte < 128)
        end
    end

    local function code_points()
        local list = {}
        for code = 0, 0x7FF do
            list[#list + 1] = code < 128 and string.char(code)
                or string.char(0xC0 + math.floor(code / 64), 128 + code % 64)
        end
        for _, text in ipairs {
            "\224\160\128", "\237\159\191", "\238\128\128", "\239\187\191", "\239\191\191", "\226\128\168",
            "\240\144\128\128", "\244\143\191\191",
        } do
            list[#list + 1] = text
        end
        return table.concat(list)
    end

    it("of a text is sent, or refused when it is no UTF-8", function()
        each_byte(function(c, good)
            local body, err = converse { system = { { text = "a" .. c .. "b" } } }
            assert.equal(good, body ~= nil)
            if good then
                assert.equal("a" .. c .. "b", plain.decode(body).system[1].text)
                assert.is_nil(body:find "[%z\1-\31]")
            else
                assert.same({ "system[1].text", "type" }, { problem(err) })
            end
        end)
    end)

    it("of a key is sent, or refused when it is no UTF-8", function()
        each_byte(function(c, good)
            local body = converse({ requestMetadata = { ["k" .. c] = "v" } }, LOOSE)
            assert.equal(good, body ~= nil)
            assert.equal(good and "v" or nil, body and plain.decode(body).requestMetadata["k" .. c])
            local text = document { [c] = c }
            assert.equal(good and c or nil, text and plain.decode(text)[c])
        end)
    end)

    it("that is not plain counts at every place of a short text or key", function()
        for n = 1, 20 do
            for at = 1, n do
                for _, c in ipairs { '"', "\\", "\n", "\1", "\127", "\195\188", "\255" } do
                    local text = ("k"):rep(at - 1) .. c .. ("k"):rep(n - at)
                    local good = c ~= "\255"
                    local body = converse({
                        system = { { text = text } }, requestMetadata = { [text] = "v" },
                        additionalModelRequestFields = { a = 1, [text] = { text } },
                    }, LOOSE)
                    assert.equal(good, body ~= nil)
                    local sent = plain.decode(body or "{}")
                    assert.equal(good and text or nil, sent.system and sent.system[1].text)
                    assert.equal(good and "v" or nil, sent.requestMetadata and sent.requestMetadata[text])
                    local fields = sent.additionalModelRequestFields
                    assert.equal(good and text or nil, fields and fields[text][1])
                end
            end
        end
    end)

    it("and every kind of character survive texts, keys and documents", function()
        local all = code_points()
        local body = assert(converse({
            system = { { text = all } }, requestMetadata = { [all] = all },
            additionalModelRequestFields = { [all] = { all } },
        }, LOOSE))
        local sent = plain.decode(body)
        assert.equal(all, sent.system[1].text)
        assert.equal(all, sent.requestMetadata[all])
        assert.equal(all, sent.additionalModelRequestFields[all][1])
        local read = assert(bedrock.json.decode(body))
        assert.equal(all, read.system[1].text)
        assert.equal(all, read.additionalModelRequestFields[all][1])
    end)

    it("of an answer's text is read, escaped or not", function()
        for byte = 0, 127 do
            local c, escaped = string.char(byte), ("\\u%04x"):format(byte)
            local body = '{"stopReason":"a%sb","output":{"message":{"role":"%s","content":[]}}}'
            local output = assert(answer((body:format(escaped, escaped))))
            assert.equal("a" .. c .. "b", output.stopReason)
            assert.equal(c, output.output.message.role)
            output = answer('{"stopReason":"' .. c .. '"}')
            local plain_enough = byte >= 0x20 and c ~= '"' and c ~= "\\"
            assert.equal(plain_enough and c or nil, output and output.stopReason)
        end
        for byte = 128, 255 do
            assert.is_nil((answer('{"stopReason":"' .. string.char(byte) .. '"}')))
        end
    end)

    it("of a blob is sent and read, at every length", function()
        local all = {}
        for byte = 0, 255 do
            all[byte + 1] = string.char(byte)
        end
        local bytes = table.concat(all):rep(2)
        for n = 0, #bytes do
            local part = bytes:sub(1, n)
            local image = { format = "png", source = { bytes = part } }
            local body = assert(converse({ messages = { { role = "user", content = { { image = image } } } } }, LOOSE))
            local base64 = mime.b64(part) or ""
            assert.equal(base64, plain.decode(body).messages[1].content[1].image.source.bytes)
            local output = assert(answer('{"output":{"message":{"role":"user","content":[{"image":{"format":"png",'
                .. '"source":{"bytes":"' .. base64 .. '"}}}]}}}'))
            assert.equal(part, output.output.message.content[1].image.source.bytes)
        end
    end)

    it("of a label is in the path, percent-encoded but for the unreserved, or a refused control", function()
        each_byte(function(c, ascii)
            local good = ascii and not c:find "%c"
            local request = conn:prepare("converse", { modelId = "a" .. c .. "b" })
            assert.equal(good, request ~= nil)
            local want = c:find "[%w._~-]" and c or ("%%%02X"):format(c:byte())
            assert.equal(good and "a" .. want .. "b" or nil, request and request.url:match "/model/(.*)/converse$")
        end)
    end)

    it("of a header is sent, or refused when it would break it", function()
        each_byte(function(c, good)
            local request = conn:prepare("invoke_model", { modelId = "m", body = "", accept = "a" .. c .. "b" })
            assert.equal(good and c:byte() >= 0x20 and c:byte() ~= 0x7F or c == "\t", request ~= nil)
            assert.equal(request and "a" .. c .. "b", request and request.headers.accept)
        end)
    end)
end)

describe("the keys of tables", function()
    --- Such a key is nowhere else, so that its string is gone after the request, and another may lie in its place.
    local function key(backwards)
        return backwards:reverse()
    end

    local function guarded(name, value)
        return { [key "gifnoCliardraug"] = { [key "reifitnedIliardraug"] = "abc", [name] = value } }
    end

    it("are their members, or none, whatever strings lay in their places before", function()
        for i = 1, 300 do
            assert.matches('"guardrailVersion":"7"', assert(converse(guarded(key "noisreVliardraug", "7"), LOOSE)))
            collectgarbage()
            local wrong = {}
            for n = 1, 8 do
                wrong[n] = ("x%09d%06d"):format(i, n)
            end
            for n = 1, 8 do
                local body, err = converse(guarded(wrong[n], "7"))
                assert.is_nil(body)
                assert.equal("unknown", select(2, problem(err)))
                assert.matches(wrong[n], tostring(err), 1, true)
            end
        end
    end)

    it("belong to the structure in which they stand", function()
        for _ = 1, 3 do
            local body, err = converse { messages = { { role = "user", content = { { role = "user" } } } } }
            assert.is_nil(body)
            assert.equal("messages[1].content[1].role", (problem(err)))
            body, err = converse { messages = { { role = "user", content = {}, text = "a" } } }
            assert.is_nil(body)
            assert.equal("messages[1].text", (problem(err)))
        end
    end)
end)
