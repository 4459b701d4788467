--- bedrock.dump: any value as Lua that reads back, and never a secret.
local bedrock = require "bedrock"
local columns = require "bedrock.prints.columns"

local load_text = rawget(_G, "loadstring") or load
local dump = bedrock.dump

--- What the source is when it is read, as JSON writes it and as it is.
local function read(source)
    local env = "local bedrock = require 'bedrock'; return " .. source
    return assert(load_text(env, "=dump"))()
end

local function reads_back(value)
    local source = dump(value)
    assert.same(value, read(source), source)
    return source
end

local function json_reads_back(text)
    local value = assert(bedrock.json.decode(text))
    local again = bedrock.json.encode(read(dump(value)))
    assert.equal(bedrock.json.encode(value), again)
end

describe("of a call that failed", function()
    local conn = assert(bedrock.connect { auth = "api_key", api_key = "none", cache = false })

    it("a dump is the error, as metadata has it", function()
        local _, err = conn:converse {}
        local source = dump(conn:converse {})
        assert.is_nil(read(source))
        assert.equal("nil --[[ " .. tostring(err) .. " ]]", source)
        assert.is_truthy(source:find("modelId: missing", 1, true))
        local facts, why = bedrock.metadata(nil, err)
        assert.is_nil(facts)
        assert.equal(err, why)
        assert.equal(1, select("#", bedrock.metadata(nil)))
    end)

    it("what else takes a value gives the error back", function()
        local _, err = conn:converse {}
        for name, taker in pairs { encode = bedrock.json.encode, array = bedrock.array, help = bedrock.help,
            ["conn:help"] = function(...)
                return conn:help(...)
            end } do
            local value, why = taker(nil, err)
            assert.is_nil(value, name)
            assert.equal(err, why, name)
        end
        for _, no_error in ipairs { "  ", {}, setmetatable({}, {}) } do
            assert.matches("got nil", select(2, bedrock.json.encode(nil, no_error)).message, 1, true)
        end
        for _, no_error in ipairs { "no such file", {}, setmetatable({}, {}), false } do
            assert.error_matches(function()
                bedrock.array(nil, no_error)
            end, "table expected, got nil")
        end
        assert.equal("[]", bedrock.json.encode(bedrock.array(nil, nil)))
        assert.equal(bedrock.help(), (bedrock.help(nil, nil)))
        assert.equal(conn:help(), (conn:help(nil, "no error of ours")))
    end)
end)

describe("a dump reads back", function()
    it("of texts with any bytes", function()
        local all = {}
        for byte = 0, 255 do
            all[#all + 1] = string.char(byte)
        end
        reads_back(table.concat(all))
        reads_back(all)
        reads_back { "a\0001", "\r\n\t", 'q"\\', "é 東京 🌙", "\237\160\128", "\192\128", "\244\144\128\128", "\226\130" }
        assert.equal('"é\\n東京 \\200\\155"', dump "é\n東京 \200\27" :gsub("\\027", "\\155"))
        assert.equal('"\\194\\155"', dump "\194\155")
    end)

    it("of numbers", function()
        for _, number in ipairs { 0, -1, 0.1, 1 / 3, 1e300, 5e-324, 2 ^ 53, 1e15, -12345.678, math.huge, -math.huge } do
            local again = read(dump(number))
            assert.equal(number, again)
            assert.equal(math.type and math.type(number), math.type and math.type(again))
        end
        local nan, zero = read(dump(0 / 0)), read(dump(-0.0))
        assert.is_true(nan ~= nan and 1 / zero < 0)
        if math.mininteger then
            reads_back { math.mininteger, math.maxinteger, 1.0, 3 }
        else
            local long = require("ffi").new("int64_t", 2 ^ 53) + 1
            assert.equal("9007199254740993LL", dump(long))
        end
    end)

    it("of tables, with their keys in order", function()
        assert.equal("{ 1, 2, a = { x = true }, b = \"\", [-1] = 4, [1.5] = 3, [false] = 6, [true] = 5 }",
            reads_back { 1, 2, b = "", a = { x = true }, [1.5] = 3, [-1] = 4, [true] = 5, [false] = 6 })
        assert.equal('{ ["a b"] = 1, ["end"] = 2, ok = 0, ["é"] = 3 }',
            reads_back { ["end"] = 2, ["a b"] = 1, ok = 0, ["é"] = 3 })
        assert.equal("{}", dump {})
        assert.equal("nil true", dump(nil) .. " " .. dump(true))
        reads_back { [1] = 1, [3] = 3 }
    end)

    it("of what JSON has and Lua has not, keys as they came", function()
        assert.equal('{ z = bedrock.null, a = bedrock.array {}, m = {} }',
            dump(bedrock.json.decode '{"z":null,"a":[],"m":{}}'))
        json_reads_back '{"a":[],"b":{},"c":[null,1e400,12345678901234567890,-0.0,0.5],"d":[[],[{}]]}'
        local raw = { bedrock.json.raw '{"b" : 1}', bedrock.json.number "1.10" }
        assert.equal(bedrock.json.encode(raw), bedrock.json.encode(read(dump(raw))))
    end)

    it("of much, in lines of bounded width", function()
        local value, numbers = { list = {}, text = ("x"):rep(300) }, {}
        for i = 1, 100 do
            value.list[i] = { name = ("n"):rep(i % 40), number = i, list = { i, i } }
            numbers[i] = i / 7
        end
        value.numbers = numbers
        local source = reads_back(value)
        for line in source:gmatch "[^\n]+" do
            assert.is_true(columns.width(line) <= 100 or line:find "xxx" ~= nil, line)
        end
        assert.truthy(select(2, source:gsub("\n", "")) < 140)
        assert.equal("{\n    a = 1,\n    b = { c = 2 },\n}", dump({ a = 1, b = { c = 2 } }, { width = 20 }))
        assert.equal("{\n    1, 2, 3,\n    4, 5,\n}", dump({ 1, 2, 3, 4, 5 }, { width = 13 }))
    end)
end)

describe("what cannot be read back", function()
    it("is told in a comment, and the rest still reads", function()
        local loop = { name = "x", inner = { {} } }
        loop.inner[1].up, loop.inner[1].side = loop, loop.inner
        local source = dump(loop)
        assert.matches("a cycle: the whole", source, 1, true)
        assert.matches("a cycle: inner ", source, 1, true)
        assert.same({ name = "x", inner = { {} } }, read(source))
        assert.same({ 1, nil, 3, n = 2 }, read(dump { 1, print, 3, f = print, n = 2, [print] = 1 }))
        assert.matches("1 with keys that are no texts", dump { [{}] = 1 }, 1, true)
        assert.matches("a coroutine", (dump(coroutine.create(print)):gsub("a thread", "a coroutine")))
        assert.equal('{ (require "bedrock") }', dump { bedrock })
    end)

    it("is a table that is too deep, or deeper than asked for", function()
        local deep = {}
        for _ = 1, 1000 do
            deep = { deep }
        end
        assert.is_table(read(dump(deep)))
        assert.equal("{ a = { --[[ … ]] }, b = 1 }", dump({ a = { c = { d = 1 } }, b = 1 }, { depth = 1 }))
        assert.equal("{ a = { c = { --[[ … ]] } } }", dump({ a = { c = { d = 1 } } }, { depth = 2 }))
    end)

    it("is a connection, a stream and the like: they are named", function()
        local conn = assert(bedrock.connect { auth = "api_key", api_key = "hidden-key", cache = false })
        assert.equal("nil --[[ bedrock.connection (us-east-1, api_key) ]]", dump(conn))
        assert.equal("{ c = nil --[[ bedrock.namespace (bedrock-runtime) ]] }", dump { c = conn.runtime })
        assert.equal("nil --[[ bedrock.items (list_agents, open) ]]", dump(conn:items "list_agents"))
        conn:close()
    end)

    it("is misuse: it raises", function()
        for _, options in ipairs { 1, { deep = 1 }, { depth = 0 }, { width = "1" }, { width = 1.5 } } do
            local ok, why = pcall(function()
                return (dump({}, options))
            end)
            assert.is_false(ok)
            assert.matches("dump_spec.lua.*dump: ", why)
        end
    end)
end)

describe("no secret is shown", function()
    it("of settings", function()
        local source = dump {
            secret_access_key = "s3cr3t", session_token = "s3cr3t", api_key = "s3cr3t", private_key_password = "s3cr3t",
            private_key = "-----BEGIN s3cr3t", certificate = "-----BEGIN RSA PRIVATE KEY-----s3cr3t",
            client_key = "s3cr3t", proxy = "http://me:s3cr3t@proxy:1", cache = "rediss://:s3cr3t@host",
            region = "us-east-1", endpoint = { ["bedrock-runtime"] = "https://me:s3cr3t@own" },
            headers = { authorization = "s3cr3t", ["x-own"] = "s3cr3t", ["content-type"] = "text/plain" },
        }
        assert.not_matches("s3cr3t", source, 1, true)
        assert.matches('region = "us-east-1"', source, 1, true)
        assert.matches('proxy = "http://(hidden)@proxy:1"', source, 1, true)
        assert.matches('["content-type"] = "text/plain"', source, 1, true)
    end)

    it("of answers with credentials, in AWS's spelling", function()
        local source = dump {
            Credentials = { AccessKeyId = "AKIA", SecretAccessKey = "s3cr3t", SessionToken = "s3cr3t" },
            accessToken = "s3cr3t", workloadAccessToken = "s3cr3t", clientSecret = "s3cr3t", nextToken = "shown",
        }
        assert.not_matches("s3cr3t", source, 1, true)
        assert.matches('AccessKeyId = "AKIA"', source, 1, true)
        assert.matches('nextToken = "shown"', source, 1, true)
    end)

    it("of environment variables, whatever their names", function()
        local source = dump { name = "runtime", environmentVariables = { DB_URL = "s3cr3t", MODE = "s3cr3t" } }
        assert.equal('{ environmentVariables = { DB_URL = "(hidden)", MODE = "(hidden)" }, name = "runtime" }', source)
    end)

    it("of headers that came: a cookie", function()
        local source = dump { status = 200, headers = { server = "nginx", ["set-cookie"] = "s3cr3t" } }
        assert.equal('{ headers = { server = "nginx", ["set-cookie"] = "(hidden)" }, status = 200 }', source)
    end)
end)

describe("columns", function()
    it("are as wide as a terminal shows them", function()
        assert.equal(4, columns.width "東京")
        assert.equal(4, columns.width "caf\101\204\129")
        assert.equal(2, columns.width "🌙")
        assert.equal("東…", columns.cut("東京都", 4))
        assert.equal("東京都", columns.cut("東京都", 6))
        assert.equal("a…", columns.cut("abc", 2))
    end)

    it("cut what is long, and set numbers to the right", function()
        assert.equal("name  count\nnova      3\n東京     12\n-", columns.rows({ { "nova", 3 }, { "東京", 12 }, { "-" } },
            { header = { "name", "count" } }))
        local text = columns.rows({ { ("i"):rep(30), ("x"):rep(80), "b\nb" } }, { width = 60, keep = { true } })
        assert.equal(("i"):rep(30) .. "  " .. ("x"):rep(22) .. "…  b b", text)
        assert.equal("a  c\nb", columns.names({ "a", "b", "c" }, { width = 4 }))
        assert.equal("", columns.rows {})
    end)
end)
