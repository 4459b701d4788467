--- Values against JSON Schema.
local bedrock = require "bedrock"
local schema = require "bedrock.schema"
local check = require "bedrock.schema_check"

local decode, encode, null = bedrock.json.decode, bedrock.json.encode, bedrock.null

describe("checking a value against a schema", function()
    --- Schema and value are JSON.
    local function problems(one, value)
        return check.problems(decode(one), decode(value))
    end

    local function fits(one, value)
        assert.same({}, problems(one, value), one .. " " .. value)
    end

    local function tells(one, value, ...)
        assert.same({ ... }, problems(one, value))
    end

    it("knows the types", function()
        local values = { string = '"x"', number = "1.5", integer = "3", boolean = "true", object = "{}", array = "[]",
            null = "null" }
        for word in pairs(values) do
            for other, value in pairs(values) do
                local good = word == other or word == "number" and other == "integer"
                assert.equal(good and 0 or 1, #problems(('{"type":"%s"}'):format(word), value), word .. " " .. value)
            end
        end
        fits('{"type":["string","null"]}', "null")
        fits('{"type":"integer"}', "5.0")
        fits('{"type":"unheard-of"}', "5")
    end)

    it("says where, what was expected, and what was given", function()
        local one = '{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"},'
            .. '"stops":{"type":"array","items":{"type":"object","properties":{"at":{"type":"string"}}}}}}'
        tells(one, '{"city":5,"days":1.5,"stops":[{"at":"a"},{"at":null,"x":1},3]}',
            "city: expected a string, got a number", "days: expected an integer, got 1.5",
            "stops[3]: expected an object, got a number")
        tells(one, "[1]", "expected an object, got an array")
        tells('{"type":["string","null"]}', "true", "expected a string or null, got a boolean")
    end)

    it("tells what is missing, and what is not known", function()
        local one = encode(assert(schema.of { city = "string", ["unit?"] = { "C", "F" } }))
        tells(one, '{"unit":"K","units":"C"}', "city: missing: expected a string",
            'unit: expected one of "C", "F", got "K"', "units: is not known (did you mean unit?); there is city, unit")
        fits(one, '{"city":"Rome"}')
        fits('{"type":"object","properties":{}}', '{"more":1}')
        fits('{"type":"object","additionalProperties":false,"patternProperties":{"^x":{}}}', '{"x1":1}')
        tells('{"additionalProperties":{"type":"number"}}', '{"a":1,"b":"2"}', "b: expected a number, got a string")
    end)

    it("accepts null for what may be left out, and takes it away", function()
        local one = assert(schema.of { city = "string", days = "integer?", ["at?"] = { hour = "integer?" },
            ["tags?"] = { list = { name = "string?" } } })
        local given = decode '{"tags":[{"name":"a"},{"name":null}],"days":null,"city":"Rome","at":{"hour":null}}'
        assert.same({}, check.problems(one, given))
        local clean = check.cleaned(one, given)
        assert.equal('{"tags":[{"name":"a"},{}],"city":"Rome","at":{}}', encode(clean))
        assert.equal(null, given.days)
        assert.same({ "city: expected a string, got null" }, check.problems(one, decode '{"city":null}'))

        local without = decode '{"city":"Rome","tags":[{"name":"a"}],"at":{"hour":3}}'
        assert.equal(without, check.cleaned(one, without))
    end)

    it("keeps null where the schema takes it", function()
        local one = decode '{"properties":{"a":{"type":["string","null"]},"b":{"enum":[null,1]},"c":{"type":"string"}}}'
        assert.equal('{"a":null,"b":null}', encode(check.cleaned(one, decode '{"a":null,"b":null,"c":null}')))
    end)

    it("keeps false when it takes null away", function()
        local one = assert(schema.of { ok = "boolean", n = "integer?" })
        assert.equal('{"ok":false}', encode(check.cleaned(one, decode '{"n":null,"ok":false}')))
    end)

    it("cleans behind references and alternatives", function()
        local one = decode [[{"$defs":{"p":{"type":"object","properties":{"n":{"type":"integer"}}}},"allOf":[
            {"properties":{"p":{"$ref":"#/$defs/p"},"q":{"anyOf":[{"type":"string"},{"$ref":"#/$defs/p"}]}}}]}]]
        assert.equal('{"p":{},"q":{}}', encode(check.cleaned(one, decode '{"p":{"n":null},"q":{"n":null}}')))
    end)

    it("counts numbers beyond what Lua holds as integers", function()
        for _, text in ipairs { "9007199254740993", "12345678901234567890", "-99999999999999999999", "1e400",
            "1.5e400" } do
            fits('{"type":"integer"}', text)
            fits('{"type":"number"}', text)
        end
        tells('{"type":"integer"}', "0.10000000000000000000001", "expected an integer, got 0.10000000000000000000001")
        fits('{"type":"number","minimum":5,"maximum":12345678901234567890}', "12345678901234567890")
        tells('{"maximum":12345678901234567890}', "12345678901234567891",
            "expected at most 12345678901234567890, got 12345678901234567891")
        fits('{"enum":[12345678901234567890]}', "12345678901234567890")
        if rawget(_G, "jit") then
            assert.same({}, check.problems({ type = "integer" }, require("ffi").new("int64_t", 5)))
        end
    end)

    it("knows bounds", function()
        tells('{"minimum":1}', "0", "expected at least 1, got 0")
        tells('{"exclusiveMinimum":1}', "1", "expected more than 1, got 1")
        tells('{"maximum":1.5}', "2", "expected at most 1.5, got 2")
        tells('{"exclusiveMaximum":2}', "2", "expected less than 2, got 2")
        tells('{"minLength":2}', '"\u{e9}"', "expected at least 2 characters, got 1")
        tells('{"maxLength":2}', '"abc"', "expected at most 2 characters, got 3")
        tells('{"minItems":1}', "[]", "expected at least 1 entries, got 0")
        tells('{"maxItems":1}', "[1,2]", "expected at most 1 entries, got 2")
        fits('{"minimum":1,"minLength":2,"minItems":1}', '"ab"')
    end)

    it("compares with enum and const as JSON does", function()
        fits('{"enum":[1,"a",null,[1,{"b":2}]]}', "1.0")
        fits('{"enum":[1,"a",null,[1,{"b":2}]]}', "null")
        fits('{"enum":[1,"a",null,[1,{"b":2}]]}', '[1,{"b":2}]')
        tells('{"enum":[1,[1]]}', "[2]", "expected one of 1, [1], got [2]")
        tells('{"const":{"a":1}}', '{"a":1,"b":2}', 'expected {"a":1}, got {"a":1,"b":2}')
        tells('{"const":false}', "0", "expected false, got 0")
        tells('{"const":[]}', "{}", "expected [], got {}")
    end)

    it("tries alternatives", function()
        local one = '{"anyOf":[{"type":"string"},{"type":"object","required":["id"]}]}'
        fits(one, '"x"')
        fits(one, '{"id":1}')
        tells(one, "{}", "fits none of the alternatives (expected a string, got an object; or id: missing)")
        tells('{"oneOf":[{"type":"number"},{"minimum":1}]}', "5", "fits 2 alternatives, and must fit exactly one")
        fits('{"oneOf":[{"type":"number"},{"type":"string"}]}', "5")
        tells('{"allOf":[{"minimum":1},{"maximum":3}]}', "5", "expected at most 3, got 5")
    end)

    it("follows references within the schema", function()
        local tree = '{"$ref":"#/$defs/a~1b","$defs":{"a/b":{"type":"object","properties":{"next":{"$ref":"#"},'
            .. '"n":{"type":"integer"}}}}}'
        fits(tree, '{"n":1,"next":{"n":2,"next":{"n":3}}}')
        tells(tree, '{"n":1,"next":{"n":2,"next":{"n":"3"}}}', "next.next.n: expected an integer, got a string")
        tells('{"$ref":"#/definitions/x","definitions":{"x":{"type":"string"}}}', "1",
            "expected a string, got a number")
        fits(tree, '{"n":1,"next":{"next":null}}')
        tells('{"$ref":"#/$defs/n","type":"string","minLength":2,"$defs":{"n":{"maxLength":3}}}', '"a"',
            "expected at least 2 characters, got 1")
        tells('{"$ref":"#/$defs/n","type":"string","minLength":2,"$defs":{"n":{"maxLength":3}}}', '"abcd"',
            "expected at most 3 characters, got 4")
        fits('{"$ref":"https://example.com/schema"}', "1")
        fits('{"$ref":"#/nowhere"}', "1")
        fits('{"properties":{"a":false}}', "{}")
        tells('{"properties":{"a":false}}', '{"a":1}', "a: must not be given")
    end)

    it("ends on schemas that go round", function()
        fits('{"$ref":"#"}', "1")
        tells('{"$ref":"#","type":"string"}', "1", "expected a string, got a number")
        fits('{"anyOf":[{"$ref":"#"},{"$ref":"#"}]}', "1")
        fits('{"allOf":[{"$ref":"#"}]}', '{"a":{"b":1}}')
        assert.is_table(check.cleaned(decode '{"allOf":[{"$ref":"#"}]}', decode '{"a":{"b":null}}'))
    end)

    it("checks the entries of lists one by one", function()
        fits('{"prefixItems":[{"type":"string"}],"items":{"type":"number"}}', '["a",1,2]')
        tells('{"prefixItems":[{"type":"string"}],"items":{"type":"number"}}', '[1,"a"]',
            "[1]: expected a string, got a number", "[2]: expected a number, got a string")
        fits('{"items":[{"type":"string"}]}', '["a",1]')
        tells('{"items":false}', "[1]", "[1]: must not be given")
    end)

    it("takes plain tables, and schemas that are raw JSON", function()
        assert.same({}, check.problems({ type = "array", items = { type = "integer" } }, { 1, 2 }))
        assert.same({}, check.problems({ type = "object" }, {}))
        assert.same({}, check.problems({ type = "array" }, {}))
        assert.same({ "expected an object, got an array" }, check.problems({ type = "object" }, { 1 }))
        local raw = bedrock.json.raw '{"type":"object","properties":{"a":{"type":"string"}}}'
        assert.same({ "a: expected a string, got a boolean" }, check.problems(raw, { a = true }))
    end)

    it("ignores keywords that it does not check", function()
        fits('{"pattern":"^x$","format":"date","multipleOf":2,"default":1,"title":"t","$comment":"c"}', '"y"')
    end)

    it("tells the first twenty problems", function()
        assert.equal(20, #problems('{"items":{"type":"string"}}', "[" .. ("1,"):rep(99) .. "1]"))
    end)

    it("tells what is too large to check", function()
        local deep = {}
        for _ = 1, 700 do
            deep = { a = deep }
        end
        local nested = decode '{"properties":{"a":{"$ref":"#"}}}'
        assert.truthy(check.problems(nested, deep)[1]:find("too large to check", 1, true))
        local list = {}
        for i = 1, 100001 do
            list[i] = 1
        end
        local found = check.problems({ type = "array", items = { type = "integer" } }, list)
        assert.equal(1, #found)
        assert.truthy(found[1]:find("too large to check", 1, true))
    end)

    it("does not raise by names in required that are none", function()
        fits('{"required":[5,null]}', "{}")
        tells('{"required":[5,null,"a"]}', "{}", "a: missing")
    end)
end)
