--- Values as deep and as large as they go, both ways and through the public surface.
local bedrock = require "bedrock"
local codec = require "codec_module"
local prepared = require "spec.support.prepared"
local endpoint = dofile "spec/endpoint/endpoint.lua"

local DEPTH_MAX = 200
local LOOSE = { validate = false }
local MIB = 1024 * 1024

local conn, converse, document = prepared.conn, prepared.converse, prepared.document
local problem, answer = prepared.problem, prepared.answer

--- Not by luassert, which is slow: this is asked a million times.
local function same(want, got)
    if want ~= got then
        error(("want %s, got %s"):format(tostring(want), tostring(got)), 2)
    end
end

describe("depth", function()
    --- A value with n tables in each other.
    local function nest(n, list)
        local value = bedrock.array {}
        for _ = 2, n do
            value = list and { value } or { a = value }
        end
        return value
    end

    local function nested_text(n, open, close)
        return open:rep(n) .. close:rep(n)
    end

    it("of documents ends with a named error when sent", function()
        for _, list in ipairs { true, false } do
            -- The parameters and additionalModelRequestFields are tables, too.
            local text = assert(document(nest(DEPTH_MAX - 2, list)))
            assert.equal(DEPTH_MAX - 2, select(2, text:gsub("[%[{]", "")))
            for _, depth in ipairs { DEPTH_MAX - 1, DEPTH_MAX, 10000, 200000 } do
                local sent, err = document(nest(depth, list))
                assert.is_nil(sent)
                assert.equal("type", select(2, problem(err)))
                assert.matches("nested deeper than 200", tostring(err))
            end
            assert.is_string((bedrock.json.encode(nest(DEPTH_MAX, list))))
            assert.is_nil((bedrock.json.encode(nest(DEPTH_MAX + 1, list))))
        end
    end)

    it("of documents ends with a named error when read", function()
        for _, pair in ipairs { { "[", "]" }, { '{"a":', "}" } } do
            local open, close = pair[1], pair[2]
            local inner = open == "[" and "" or "1"
            local function text(n)
                return open:rep(n) .. inner .. close:rep(n)
            end
            local value = assert(bedrock.json.decode(text(DEPTH_MAX)))
            assert.equal(text(DEPTH_MAX), (bedrock.json.encode(value)))
            for _ = 2, DEPTH_MAX do
                value = value[1] or value.a
            end
            assert.is_true(value[1] == nil and (value.a or 1) == 1)
            for _, depth in ipairs { DEPTH_MAX + 1, 100000, 1000000 } do
                local read, err = bedrock.json.decode(text(depth))
                assert.is_nil(read)
                assert.equal("BadResponse", err.code)
                assert.matches("nested too deeply", tostring(err))
            end
            local members = DEPTH_MAX - 1
            assert(answer('{"additionalModelResponseFields":' .. text(members) .. "}"))
            local _, err = answer('{"additionalModelResponseFields":' .. text(members + 1) .. "}")
            assert.equal("BadResponse", err.code)
            assert(answer('{"stopReason":"x","notKnown":' .. text(members) .. "}"))
            assert.is_nil((answer('{"stopReason":"x","notKnown":' .. text(members + 1) .. "}")))
        end
    end)

    it("of shapes that hold themselves ends as well when sent", function()
        local function filter(levels)
            local value = { equals = { key = "k", value = "v" } }
            for _ = 1, levels do
                value = { andAll = { value, value.andAll and { equals = { key = "k", value = 1 } } or value } }
            end
            local request, err = conn:prepare("retrieve", {
                knowledgeBaseId = "KB12345678", retrievalQuery = { text = "x" },
                retrievalConfiguration = { vectorSearchConfiguration = { filter = value } },
            })
            return request and request.body, err
        end
        -- Three tables above; each level is a union and a list; then the union and the attribute.
        local most = (DEPTH_MAX - 3 - 2 - 1) / 2
        local body = assert(filter(most))
        assert.equal(most, select(2, body:gsub('"andAll"', "")))
        for _, levels in ipairs { most + 1, 1000, 20000 } do
            local sent, err = filter(levels)
            assert.is_nil(sent)
            assert.matches("nested deeper than 200", tostring(err))
        end
    end)

    it("of shapes that hold themselves ends as well when read", function()
        local function schema(levels)
            local text = ('{"type":"array","items":'):rep(levels) .. '{"type":"string"}' .. ("}"):rep(levels)
            local output, err = codec.decode("agentcore_control", "GetGatewayTarget", 200, {},
                '{"gatewayArn":"a","targetConfiguration":{"mcp":{"lambda":{"lambdaArn":"a","toolSchema":'
                .. '{"inlinePayload":[{"name":"n","inputSchema":' .. text .. "}]}}}}}")
            return output and output.targetConfiguration.mcp.lambda.toolSchema.inlinePayload[1].inputSchema, err
        end
        local most = DEPTH_MAX - 7 - 1
        local value = assert(schema(most))
        for _ = 1, most do
            value = value.items
        end
        assert.equal("string", value.type)
        for _, levels in ipairs { most + 1, 100000 } do
            local _, err = schema(levels)
            assert.equal("BadResponse", err.code)
        end
    end)

    it("of XML ends as well", function()
        local function identity(levels)
            return codec.decode("sts", "GetCallerIdentity", 200, {},
                "<GetCallerIdentityResponse><GetCallerIdentityResult>" .. nested_text(levels, "<New>", "</New>")
                .. "</GetCallerIdentityResult></GetCallerIdentityResponse>")
        end
        assert(identity(64))
        for _, levels in ipairs { 66, 100000 } do
            local _, err = identity(levels)
            assert.equal("BadResponse", err.code)
        end
    end)

    it("is no matter for the Lua stack of a coroutine", function()
        local co = coroutine.wrap(function()
            local sent = document(nest(DEPTH_MAX - 2, true))
            return bedrock.json.decode(nested_text(DEPTH_MAX, "[", "]")), sent
        end)
        assert.is_table((co()))
    end)
end)

describe("a million elements", function()
    local MILLION = 1000000

    it("go out in a document and come in with one", function()
        local list = {}
        for i = 1, MILLION do
            list[i] = i
        end
        local text = assert(document(list))
        assert.equal("[1,2,3,", text:sub(1, 7))
        assert.equal("999999,1000000]", text:sub(-15))
        local back = assert(bedrock.json.decode(text))
        assert.equal(MILLION, #back)
        for i = 1, MILLION do
            same(i, back[i])
        end
        list[MILLION / 2] = nil
        local sent, err = document(list)
        assert.is_nil(sent)
        assert.same({ "additionalModelRequestFields.v", "type" }, { problem(err) })
    end)

    it("of a list that may hold fewer are refused by its limit, and sent without it", function()
        local list = {}
        for i = 1, MILLION do
            list[i] = "stop"
        end
        local params = { inferenceConfig = { stopSequences = list } }
        local sent, err = converse(params)
        assert.is_nil(sent)
        assert.same({ "inferenceConfig.stopSequences", "max-length" }, { problem(err) })
        local body = assert(converse(params, LOOSE))
        assert.equal(MILLION, select(2, body:gsub('"stop"', "")))
    end)

    it("are read into a list of structures", function()
        local output = assert(answer('{"output":{"message":{"role":"assistant","content":['
            .. ('{"text":"a"},'):rep(MILLION - 1) .. '{"text":"z"}]}}}'))
        local content = output.output.message.content
        assert.equal(MILLION, #content)
        assert.equal("z", content[MILLION].text)
    end)

    it("of a map are its keys", function()
        local map, count = {}, 200000
        for i = 1, count do
            map["k" .. i] = i
        end
        local back = assert(bedrock.json.decode((assert(document(map)))))
        for i = 1, count do
            same(i, back["k" .. i])
        end
    end)
end)

describe("a hundred million bytes", function()
    local SIZE = 100 * 1000 * 1000

    before_each(collectgarbage)
    after_each(collectgarbage)

    it("of text go out whole", function()
        local text = ("0123456789"):rep(SIZE / 10 - 1) .. '\n"\195\188"\\\127.'
        local body = assert(converse { system = { { text = text } } })
        assert.equal('{"system":[{"text":"0123456789', body:sub(1, 30))
        local last = '6789\\n\\"\195\188\\"\\\\\127."}]}'
        assert.equal(last, body:sub(-#last))
        assert.equal(#text + #'{"system":[{"text":""}]}' + 4, #body)
    end)

    it("of text come in whole, escapes or not", function()
        for _, last in ipairs { "9", "\\n" } do
            local text = ("0123456789"):rep(SIZE / 10 - 1) .. "12345678" .. last
            local output = assert(answer('{"stopReason":"' .. text .. '"}'))
            assert.equal(SIZE - 1, #output.stopReason)
            assert.equal(last == "9" and "9" or "\n", output.stopReason:sub(-1))
            output = nil -- luacheck: ignore
            collectgarbage()
        end
    end)

    it("go over the wire and back", function()
        local ep = endpoint.attach(assert(os.getenv "BEDROCK_TEST_ENDPOINT"))
        ep:reset()
        local wired = assert(bedrock.connect {
            auth = "access_keys", access_key_id = ep.access_key_id, secret_access_key = ep.secret_access_key,
            endpoint = ep.https, ca_file = ep.ca_file, read_timeout = -1,
        })
        local bytes = ("\0\1\2\253\254\255ab\r\n"):rep(SIZE / 10)
        local output = assert(wired:invoke_model({ modelId = "echo", body = bytes }, LOOSE))
        assert.is_true(output.body == bytes)
        wired:close()
        ep:reset()
    end)

    it("of a blob are refused by its limit", function()
        local sent, err = conn:prepare("invoke_model", { modelId = "m", body = ("x"):rep(SIZE) })
        assert.is_nil(sent)
        assert.same({ "body", "max-length" }, { problem(err) })
    end)

    it("are refused when together they are more than a body may hold", function()
        local text = ("x"):rep(90 * MIB)
        local sent, err = converse { system = { { text = text }, { text = text }, { text = text } } }
        assert.is_nil(sent)
        assert.equal("max-length", select(2, problem(err)))
        assert.matches("too large", tostring(err))
        sent, err = bedrock.json.encode { text, text, text }
        assert.is_nil(sent)
        assert.equal("max-length", select(2, problem(err)))
    end)
end)

--- An answer may be nothing but those, and each takes a table.
describe("an empty list, map or structure takes no room for elements:", function()
    local COUNT = 2 ^ 14
    local CONVERSE = codec.op("bedrock-runtime", "Converse")
    local CITATIONS = '{"output":{"message":{"role":"assistant","content":[{"citationsContent":{"citations":[%s]}}]}}}'

    --- LuaJIT halves its table of strings once a cycle.
    local function settled()
        for _ = 1, 30 do
            collectgarbage()
        end
        return collectgarbage "count"
    end

    --- KiB that stay when what is made stays. It is made once before, for what is made only once.
    local function held(make)
        make()
        local before = settled()
        local value = make()
        return settled() - before, value
    end

    local function list_of_empty()
        local list = {}
        for i = 1, COUNT do
            list[i] = {}
        end
        return list
    end

    local function citations(text)
        return codec.output(CONVERSE, CITATIONS:format(text)).output.message.content[1].citationsContent.citations
    end

    for _, case in ipairs {
        { "a list in any JSON", "[]", bedrock.json.decode, "[%s]" },
        { "a list in any JSON, with a space", "[ ]", bedrock.json.decode, "[%s]" },
        { "an object in any JSON", "{}", bedrock.json.decode, "[%s]" },
        { "a structure", "{}", citations, "%s" },
        { "a structure, with a space", "{ }", citations, "%s" },
    } do
        it(case[1], function()
            local text = case[4]:format((case[2] .. ","):rep(COUNT - 1) .. case[2])
            local least = held(list_of_empty)
            local size, value = held(function()
                return case[3](text)
            end)
            assert.equal(COUNT, #value)
            assert.is_true(size > 0.8 * least and size < 1.2 * least,
                ("%.0f KiB, where %.0f are needed"):format(size, least))
        end)
    end
end)
