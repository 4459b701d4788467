--- The short form of schemas.
local bedrock = require "bedrock"
local schema = require "bedrock.schema"

local encode, decode = bedrock.json.encode, bedrock.json.decode

describe("the short form of a schema", function()
    local function becomes(short, json)
        local one = assert(schema.of(short))
        assert.equal(json, assert(encode(one)))
    end

    local function refused(short, ...)
        local result, why, problems = schema.of(short)
        assert.is_nil(result)
        assert.is_string(why)
        assert.is_table(problems)
        for _, words in ipairs { ... } do
            assert.truthy(why:find(words, 1, true), why)
        end
    end

    it("has types, descriptions, enums, and members that may be left out", function()
        becomes({ city = "string: the city", days = "integer?", unit = { "C", "F" } },
            '{"additionalProperties":false,"properties":{"city":{"description":"the city","type":"string"},'
            .. '"days":{"type":"integer"},"unit":{"enum":["C","F"],"type":"string"}},"required":["city","unit"],'
            .. '"type":"object"}')
    end)

    it("takes ? behind the type, behind the name, and behind both", function()
        becomes({ a = "number?: how much?", ["b?"] = { 1, 2 }, ["c?"] = "boolean?" },
            '{"additionalProperties":false,"properties":{"a":{"description":"how much?","type":"number"},'
            .. '"b":{"enum":[1,2],"type":"integer"},"c":{"type":"boolean"}},"type":"object"}')
    end)

    it("keeps colons of a description, and leaves out an empty one", function()
        becomes({ at = "string : as in 12:30 ", to = "string:" },
            '{"additionalProperties":false,"properties":{"at":{"description":"as in 12:30","type":"string"},'
            .. '"to":{"type":"string"}},"required":["at","to"],"type":"object"}')
    end)

    it("nests objects and lists", function()
        becomes({ place = { name = "string", ["tags?"] = { list = "string: a tag" } },
            stops = { list = { at = "number" } }, any = "object" },
            '{"additionalProperties":false,"properties":{"any":{"type":"object"},"place":{"additionalProperties":false,'
            .. '"properties":{"name":{"type":"string"},"tags":{"items":{"description":"a tag","type":"string"},'
            .. '"type":"array"}},"required":["name"],"type":"object"},"stops":{"items":{"additionalProperties":false,'
            .. '"properties":{"at":{"type":"number"}},"required":["at"],"type":"object"},"type":"array"}},'
            .. '"required":["any","place","stops"],"type":"object"}')
    end)

    it("tells the type of an enum", function()
        becomes({ a = { 1, 2.5 }, b = { true, false }, c = { "x", 1 } },
            '{"additionalProperties":false,"properties":{"a":{"enum":[1,2.5],"type":"number"},'
            .. '"b":{"enum":[true,false],"type":"boolean"},"c":{"enum":["x",1]}},"required":["a","b","c"],'
            .. '"type":"object"}')
    end)

    it("is an object without members for a tool that takes nothing", function()
        becomes({}, '{"additionalProperties":false,"properties":{},"type":"object"}')
    end)

    it("has one order of keys, whatever the order they were written in", function()
        local names, first = {}, nil
        for i = 1, 40 do
            names[i] = ("m%d"):format(i * 7919 % 1009)
        end
        for _, turn in ipairs { 1, 3, 7 } do
            local short = {}
            for i = 1, #names do
                short[names[(i * turn) % #names + 1]] = "string"
            end
            local text = encode(assert(schema.of(short)))
            first = first or text
            assert.equal(first, text)
        end
        local required = first:match '"required":(%b[])'
        local sorted = decode(required)
        table.sort(sorted)
        assert.equal(required, encode(sorted))
    end)

    it("lets JSON Schema through untouched, at any level", function()
        local text = '{"type":"object","required":["z","a"],"properties":{"z":{"type":"string"},"a":{"const":1}}}'
        local given = decode(text)
        assert.equal(given, schema.of(given))
        assert.equal(text, encode(given))
        local raw = bedrock.json.raw '{ "type": "object" }'
        assert.equal(raw, schema.of(raw))
        becomes({ when = { type = "string", format = "date" }, ["id?"] = { anyOf = { { type = "string" } } } },
            '{"additionalProperties":false,"properties":{"id":{"anyOf":[{"type":"string"}]},'
            .. '"when":{"format":"date","type":"string"}},"required":["when"],"type":"object"}')
    end)

    it("knows JSON Schema by its words alone", function()
        for _, given in ipairs { { type = "object" }, { ["$ref"] = "#/x" }, { anyOf = {} }, { oneOf = {} },
            { allOf = {} }, { properties = {} }, { enum = { 1 } }, { const = 5 } } do
            assert.equal(given, schema.of(given))
        end
        local nullable = { type = { "string", "null" } }
        assert.equal(nullable, schema.of({ a = nullable }).properties.a)
    end)

    it("names the path of what is wrong, all at once", function()
        refused({ city = "strng: the city", place = { at = 5 }, tags = { list = "string?" } },
            'city: "strng" is not a type; choose one of boolean, integer, number, object, string (did you',
            "place.at: expected a type", "got a number", "tags.list: an entry of a list cannot be optional")
        refused({ a = "int" }, "a:", "did you mean integer?")
        refused({ a = "Bool" }, "did you mean boolean?")
        refused({ a = "string[]" }, '{ list = "string" }')
        refused({ a = "array" }, '{ list = "string" }')
        refused({ a = { "string" } }, "a:", '{ list = "string" }')
        refused({ a = { { b = "string" } } }, "a[1]: ", "{ list = … }")
        refused({ a = bedrock.array {} }, "a: is an enum without values")
        refused({ a = { "x", b = "string" } }, "a: is both a list and a table")
        refused({ a = { [5] = "x" } }, "a: is neither a list nor a table")
        refused({ a = "string", ["a?"] = "string" }, "a: is there twice")
        refused({ ["?"] = "string" }, "a property needs a name")
        refused({ a = bedrock.null }, "a: ", "got null")
        refused({ a = print }, "a: ", "got a function")
    end)

    it("asks for JSON Schema where a property is called type or list, or like a word of JSON Schema", function()
        refused({ type = "string: the kind", size = "integer" }, "type: a property called type needs JSON Schema")
        refused({ list = "string", size = "integer" }, "list: a property called list needs JSON Schema")
        refused({ a = { ["list?"] = "string" } }, "a.list: a property called list needs JSON Schema")
        refused({ properties = "string" }, "properties: ", "needs JSON Schema")
    end)

    it("tells the short form within JSON Schema", function()
        refused({ type = "object", properties = { city = "string" } }, "properties.city: must be JSON Schema here",
            "leave out type and properties")
        refused({ a = { properties = { b = "string" } } }, "a.properties.b: ")
    end)

    it("is that of an object where a tool needs one", function()
        refused("string: the city", "must be an object")
        refused({ list = "string" }, "must be an object, but its type is array")
        refused({ "a", "b" }, "must be an object")
        refused({ type = { "object", "null" } }, "must be an object")
        refused(bedrock.json.raw '"object"', "must be an object")
        refused(nil, "expected a type")
        refused(5, "expected a type")
    end)

    it("does not run for ever on a table that contains itself", function()
        local short = { a = "string" }
        short.self = short
        refused(short, "does it contain itself?")
    end)

    it("is shown by bedrock.schema, which prints as JSON", function()
        assert.equal('{"items":{"type":"string"},"type":"array"}', tostring(bedrock.schema { list = "string" }))
        assert.equal('{"description":"a day","type":"string"}', tostring(bedrock.schema "string: a day"))
        assert.equal("object", bedrock.schema({ a = "string" }).type)
        local result, err = bedrock.schema { a = "strng", b = "integr" }
        assert.is_nil(result)
        assert.equal("validation", err.kind)
        assert.equal(2, #err.errors)
        assert.equal("a", err.errors[1].path)
        assert.has_error(function()
            bedrock.schema()
        end)
        assert.is_nil((bedrock.schema "string?"))
    end)

    it("takes a description of a list and of an enum", function()
        becomes({ tags = { list = "string: one tag", description = "what it is about" },
            ["level?"] = { "low", "high", description = "how much: of all" } },
            '{"additionalProperties":false,"properties":{"level":{"description":"how much: of all",'
            .. '"enum":["low","high"],"type":"string"},"tags":{"description":"what it is about","items":{"description":'
            .. '"one tag","type":"string"},"type":"array"}},"required":["tags"],"type":"object"}')
        refused({ list = "string", description = "string: of the list" }, "list: a property called list needs JSON")
        refused({ list = "string", description = 5 }, "list: a property called list needs JSON Schema", "description: ")
        refused({ a = { "low", "high", description = "string" } }, "a: is both a list and a table")
    end)

    it("takes no type for a value of an enum", function()
        for _, text in ipairs { "string: a file name", "string?", "integer :how many", "number?: so many" } do
            refused({ a = { text } }, ('a: would be an enum with the text "%s"; for a list write { list = "%s" }')
                :format(text, (text:gsub("%?", ""))))
        end
        refused({ a = { "none", "string: a name" } }, 'a: would be an enum with the text "string: a name"')
        assert.truthy(schema.of { a = { "string", "integer" }, b = { "note: this", "string theory" } })
    end)

    it("knows how others write lists, enums and values that may be left out", function()
        refused({ a = "low|high: how much" }, '"low|high" is not a type', 'write { "low", "high" }')
        refused({ a = "enum" }, 'for one of several values write { "low", "high" }')
        refused({ a = "string | null" }, 'for a value that may be left out write "string?"')
        refused({ a = "list[int]" }, '{ list = "integer" }')
        refused({ a = "Array<string>" }, '{ list = "string" }')
        refused({ a = "array of strings" }, '{ list = "string" }')
    end)

    it("finds the short form in every place of JSON Schema where a schema stands", function()
        refused({ type = "array", items = "string" }, "items: must be JSON Schema here, got a string",
            'a list is { list = "string" }')
        refused({ type = "object", properties = { a = { type = "array", items = { { "x" }, "string" } } } },
            "properties.a.items[1]: must be JSON Schema here, got a list",
            "properties.a.items[2]: must be JSON Schema here, got a string")
        for _, keyword in ipairs { "additionalProperties", "not", "contains", "if", "propertyNames" } do
            refused({ a = { type = "object", [keyword] = "string" } }, ("a.%s: must be JSON"):format(keyword))
            assert.truthy(schema.of { a = { type = "object", [keyword] = true } })
            assert.truthy(schema.of { a = { type = "object", [keyword] = { type = "string" } } })
        end
        for _, keyword in ipairs { "anyOf", "oneOf", "allOf", "prefixItems" } do
            refused({ a = { type = "object", [keyword] = { { type = "string" }, "string", bedrock.null } } },
                ("a.%s[2]: must be JSON Schema here, got a string"):format(keyword), "[3]: must be", "got null")
            refused({ a = { type = "object", [keyword] = "string" } }, ("a.%s: of JSON Schema must be a list of "
                .. "schemas, got a string; a property called %s needs"):format(keyword, keyword))
        end
        for _, keyword in ipairs { "$defs", "definitions", "patternProperties" } do
            refused({ a = { type = "object", [keyword] = { x = { list = "string" } } } },
                ("a.%s.x: must be JSON Schema here, got the short form of a list"):format(keyword))
        end
        assert.truthy(schema.of { type = "object", properties = { a = bedrock.json.raw '{"type":"string"}' } })
    end)

    it("reads a JSON Schema that contains itself once", function()
        local node = { type = "object", properties = {} }
        node.properties.left, node.properties.right, node.anyOf = node, node, { node, node }
        assert.equal(node, schema.of(node))
        node.items = "string"
        refused(node, "items: must be")
    end)

    it("refuses names in required that are none", function()
        refused({ type = "object", required = { 5, bedrock.null } }, "required[1]: must be the name of a "
            .. "property, got a number; required[2]: must be the name of a property, got null")
        refused({ type = "object", required = "a" }, "required: must be a list of names, got a string")
    end)
end)
