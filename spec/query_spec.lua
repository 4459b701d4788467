--- Every form that the query protocol has for a value, in answers (XML) and in requests (forms), by made-up facts.
--- What is loaded stays for the Lua state, so each case has a process of its own.
local program = require "spec.support.program"

local PRELUDE = [==[
    local bedrock = require "bedrock"
    local service = dofile "spec/support/service.lua"
    local ep = service.endpoint()
    ep:reset()
    local conn = service.connect(ep, { max_attempts = 1 })

    local function list(of, more) return service.merged({ type = "list", member = of }, more) end
    local function map(key, value, more) return service.merged({ type = "map", key = key, value = value }, more) end
    local function member(shape, more) return service.merged({ shape = shape }, more) end

    --- An operation that takes and gives the same structure.
    local function shelf()
        local members = {
            plain = member "Text", renamed = member("Text", { wire = "TheName" }), count = member "Count",
            yes = member "Flag", score = member "Score", bytes = member "Bytes",
            iso = member "Iso", epoch = member "Epoch", http = member "Http",
            texts = member "Texts", named = member "Named", flat = member "Flat", flat_named = member "FlatNamed",
            matrix = member "Matrix", books = member "Books", flat_books = member("FlatBooks", { wire = "Book" }),
            map = member "Map", map_named = member "MapNamed", flat_map = member("FlatMap", { wire = "Pairs" }),
            flat_map_named = member "FlatMapNamed", lists = member "MapOfLists", maps = member "ListOfMaps",
            grantee = member "Grantee", id = member("Text", { attribute = true, wire = "xsi:id" }),
        }
        return {
            service = {
                id = "bedrock-xml-shelf", endpointPrefix = "xml-shelf", signingName = "bedrock",
                apiVersion = "2027-01-02", protocol = "query", auth = { "aws.auth#sigv4" },
            },
            operations = { Put = { snake = "put", method = "POST", uri = "/", ["in"] = "All", out = "All",
                resultWrapper = "PutResult" } },
            shapes = {
                All = { type = "structure", members = members },
                Text = { type = "string" }, Count = { type = "integer" }, Flag = { type = "boolean" },
                Score = { type = "double" }, Bytes = { type = "blob" },
                Iso = { type = "timestamp" },
                Epoch = { type = "timestamp", timestampFormat = "unixTimestamp" },
                Http = { type = "timestamp", timestampFormat = "rfc822" },
                Texts = list "Text", Named = list { shape = "Text", wire = "item" },
                Flat = list("Text", { flattened = true }),
                FlatNamed = list({ shape = "Text", wire = "One" }, { flattened = true }),
                Matrix = list "Texts", Books = list "Book", FlatBooks = list("Book", { flattened = true }),
                Map = map("Text", "Count"),
                MapNamed = map({ shape = "Text", wire = "Name" }, { shape = "Book", wire = "It" }),
                FlatMap = map("Text", "Text", { flattened = true }),
                FlatMapNamed = map({ shape = "Text", wire = "K" }, { shape = "Text", wire = "V" },
                    { flattened = true }),
                MapOfLists = map("Text", "Texts"), ListOfMaps = list "Map",
                Book = { type = "structure", members = { title = member("Text", { wire = "Title" }),
                    authors = member "Flat" } },
                Grantee = { type = "structure", members = {
                    kind = member("Text", { attribute = true, wire = "xsi:type" }), size = member("Count",
                    { attribute = true }), name = member "Text" } },
            },
            paginators = {}, waiters = {},
        }
    end

    local function load_facts(facts)
        local name = os.tmpname()
        local file = assert(io.open(name, "wb"))
        file:write(assert(bedrock.json.encode(facts)))
        file:close()
        local ok, err = bedrock.load_api(name)
        os.remove(name)
        return ok, err
    end

    local function same(want, got, path)
        path = path or "it"
        if type(want) ~= "table" or type(got) ~= "table" then
            return assert(want == got, path .. ": want " .. tostring(want) .. ", got " .. tostring(got))
        end
        for key, value in pairs(want) do same(value, got[key], path .. "." .. tostring(key)) end
        for key in pairs(got) do assert(want[key] ~= nil, path .. "." .. tostring(key) .. " is new") end
    end

    --- What an answer with that in its result is read as.
    local function read(inside, more)
        local xml = more and more.whole or "<PutResponse><PutResult>" .. inside .. "</PutResult></PutResponse>"
        ep:script { { match = {}, action = { status = 200, headers = { ["Content-Type"] = "text/xml" }, body = xml } } }
        return conn.xml_shelf:put(more and more.params or {})
    end

    local function form(params)
        local request = assert(conn:prepare("xml_shelf.put", params))
        local fields, order = {}, {}
        for name, value in request.body:gmatch "([^&=]+)=([^&]*)" do
            local function plain(text)
                return (text:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
            end
            assert(fields[plain(name)] == nil)
            fields[plain(name)] = plain(value)
        end
        assert(fields.Action == "Put" and fields.Version == "2027-01-02")
        fields.Action, fields.Version = nil, nil
        return fields
    end
]==]

--- Runs a chunk after the prelude; what it writes must be "passed" and nothing else.
local function passes(code)
    assert.equal("passed\n", (program.run(PRELUDE .. code .. '\nep:reset()\nprint "passed"\n')))
end

describe("an answer of the query protocol", function()
    it("of AssumeRoleWithSAML has its map", function()
        local codec = require "codec_module"
        local function provider(inside)
            local xml = "<AssumeRoleWithSAMLResponse><AssumeRoleWithSAMLResult><TrustedIdentityPropagationContext>"
                .. "<TransactionContext><IdentityProvider>" .. inside .. "</IdentityProvider></TransactionContext>"
                .. "</TrustedIdentityPropagationContext></AssumeRoleWithSAMLResult></AssumeRoleWithSAMLResponse>"
            local answer = assert(codec.decode("sts", "AssumeRoleWithSAML", 200, {}, xml))
            return answer.TrustedIdentityPropagationContext.TransactionContext.IdentityProvider
        end
        assert.same({ ["arn:a"] = "one", ["arn:b"] = "" }, provider(
            "<entry><key>arn:a</key><value>one</value></entry><entry><key>arn:b</key><value/></entry>"))
        assert.same({}, provider "")
    end)

    it("is read in all its forms", function()
        passes [==[
            assert(load_facts(shelf()))
            same({ plain = "a & b", renamed = "r", count = 7, yes = true, score = 1.5, bytes = "hi" }, assert(read(
                "<plain>a &amp; b</plain><TheName>r</TheName><count>7</count><yes>true</yes><score>1.5</score>"
                .. "<bytes>aGk=</bytes>")))
            same({ iso = 1700000000, epoch = 1700000000.5, http = 784111777 }, assert(read(
                "<iso>2023-11-14T22:13:20Z</iso><epoch>1700000000.5</epoch>"
                .. "<http>Sun, 06 Nov 1994 08:49:37 GMT</http>")))
            same({ texts = { "a", "b" }, named = { "c" }, flat = { "d", "e" }, flat_named = { "f", "g" } }, assert(read(
                "<texts><member>a</member><member>b</member></texts><named><item>c</item></named><flat>d</flat>"
                .. "<One>f</One><flat>e</flat><One>g</One>")))
            same({ matrix = { { "a" }, {}, { "b", "c" } }, texts = {} }, assert(read(
                "<matrix><member><member>a</member></member><member/><member><member>b</member><member>c</member>"
                .. "</member></matrix><texts/>")))
            local book = "<Title>t</Title><authors>x</authors><authors>y</authors>"
            local t = { title = "t", authors = { "x", "y" } }
            same({ books = { t }, flat_books = { t, {} } }, assert(read(
                "<books><member>" .. book .. "</member></books><Book>" .. book .. "</Book><Book/>")))
            same({ map = { a = 1, b = 2 }, map_named = { n = t }, flat_map = { p = "q", r = "" },
                flat_map_named = { k = "v" } }, assert(read(
                "<map><entry><key>a</key><value>1</value></entry><entry><value>2</value><more>x</more><key>b</key>"
                .. "</entry></map><map_named><entry><Name>n</Name><It>" .. book .. "</It></entry></map_named>"
                .. "<Pairs><key>p</key><value>q</value></Pairs><Pairs><key>r</key><value/></Pairs>"
                .. "<flat_map_named><K>k</K><V>v</V></flat_map_named>")))
            same({ lists = { a = { "x", "y" } }, maps = { { a = 1 }, {} }, map = {} }, assert(read(
                "<lists><entry><key>a</key><value><member>x</member><member>y</member></value></entry></lists>"
                .. "<maps><member><entry><key>a</key><value>1</value></entry></member><member/></maps><map/>")))
            same({ grantee = { kind = "a<b", size = 3, name = "n" } }, assert(read(
                "<grantee xmlns:xsi='u' xsi:type=\"a&lt;b\" size = '3'><name>n</name></grantee>")))
            same({ grantee = { kind = "" } }, assert(read '<grantee xsi:type=""/>'))
            same({ grantee = {} }, assert(read '<grantee a="type" size/>'))
        ]==]
    end)

    it("is an error where it breaks its form", function()
        passes [==[
            assert(load_facts(shelf()))
            for _, inside in ipairs {
                "<map><entry><key>a</key></entry></map>", "<map><entry><value>1</value></entry></map>",
                "<map><entry/></map>", "<Pairs/>", "<map><entry><key>a</key><value>x</value></entry></map>",
                "<map><entry><key>a</key><value>1</value></other></map>", "<flat><b/></flat>",
                "<grantee size='x'/>", "<grantee xsi:type='&nope;'/>", "<iso>soon</iso>",
            } do
                local answer, err = read(inside)
                assert(answer == nil and err.code == "BadResponse", inside)
            end
        ]==]
    end)
end)

describe("a request of the query protocol", function()
    it("is written in all its forms", function()
        passes [==[
            assert(load_facts(shelf()))
            same({ plain = "a&b", TheName = "r", count = "7", yes = "true", score = "1.5", bytes = "aGk=" }, form {
                plain = "a&b", renamed = "r", count = 7, yes = true, score = 1.5, bytes = "hi" })
            same({ iso = "2023-11-14T22:13:20Z", epoch = "1700000000.5", http = "Sun, 06 Nov 1994 08:49:37 GMT" },
                form { iso = 1700000000, epoch = 1700000000.5, http = 784111777 })
            same({ ["texts.member.1"] = "a", ["texts.member.2"] = "b", ["named.item.1"] = "c", ["flat.1"] = "d",
                ["One.1"] = "e", ["One.2"] = "f" }, form {
                texts = { "a", "b" }, named = { "c" }, flat = { "d" }, flat_named = { "e", "f" } })
            same({ ["matrix.member.1.member.1"] = "a", ["matrix.member.2"] = "", texts = "" }, form {
                matrix = { { "a" }, {} }, texts = {} })
            same({ ["books.member.1.Title"] = "t", ["books.member.1.authors.1"] = "x", ["Book.1.authors.2"] = "z",
                ["Book.1.authors.1"] = "y" }, form {
                books = { { title = "t", authors = { "x" } } }, flat_books = { { authors = { "y", "z" } } } })
            same({ ["map.entry.1.key"] = "a b", ["map.entry.1.value"] = "1", ["map_named.entry.1.Name"] = "n",
                ["map_named.entry.1.It.Title"] = "t", ["Pairs.1.key"] = "p", ["Pairs.1.value"] = "q",
                ["flat_map_named.1.K"] = "k", ["flat_map_named.1.V"] = "v" }, form {
                map = { ["a b"] = 1 }, map_named = { n = { title = "t" } }, flat_map = { p = "q" },
                flat_map_named = { k = "v" } })
            same({ ["lists.entry.1.key"] = "a", ["lists.entry.1.value.member.1"] = "x",
                ["maps.member.1.entry.1.key"] = "k", ["maps.member.1.entry.1.value"] = "2" }, form {
                lists = { a = { "x" } }, maps = { { k = 2 } } })
            same({ ["map.entry.1.key"] = "a", ["map.entry.1.value"] = "1", ["map.entry.2.key"] = "b",
                ["map.entry.2.value"] = "2" }, form { map = { b = 2, a = 1 } })
            same({}, form { map = {} })
            local request, err = conn:prepare("xml_shelf.put", { map = { ["\255"] = 1 } })
            assert(request == nil and err.errors[1].message:find("UTF-8", 1, true))
        ]==]
    end)
end)

describe("facts of a service", function()
    it("with a trait that no reader has are refused by its name", function()
        passes [==[
            local function refuse(expected, change)
                local facts = shelf()
                change(facts.shapes, facts.operations.Put, facts)
                local ok, err = load_facts(facts)
                assert(ok == nil and err.message:find(expected, 1, true), expected .. ": " .. tostring(err))
            end
            refuse('Texts: has the trait "queryName"', function(s) s.Texts.queryName = "x" end)
            refuse('Texts.member: has the trait "xmlNamespace"', function(s) s.Texts.member = { shape = "Text",
                xmlNamespace = "x" } end)
            refuse('All.members.plain: has the trait "hostLabel"', function(s) s.All.members.plain.hostLabel = true end)
            refuse('Book: has the trait "document", which the query protocol', function(s) s.Book.document = true end)
            refuse('Texts: has the trait "sparse", which the query protocol', function(s) s.Texts.sparse = true end)
            refuse("plain: is not in the body, which the query protocol", function(s)
                s.All.members.plain.loc = "header"
            end)
            refuse('Put.resultWrapper: cannot be "Out"', function(_, op) op.resultWrapper = "Out" end)
            refuse("Put.resultWrapper: cannot be nil", function(_, op) op.resultWrapper = nil end)
            refuse("neither a list nor a map", function(s) s.Text.flattened = true end)
            refuse("outside the body is not a scalar", function(s) s.All.members.texts.attribute = true end)
            refuse("iso: is a time outside the body without a format", function(s, _, facts)
                facts.service.protocol = "rest-json"
                s.All.members.iso.loc = "querystring"
            end)
            refuse("member.wire: cannot be", function(s) s.Named.member.wire = "a b" end)
            assert(load_facts(shelf()))
        ]==]
    end)
end)
