--- Newer facts at run time. What is loaded stays for the Lua state, so each case has a process of its own.
local program = require "spec.support.program"

local PRELUDE = [==[
    local bedrock = require "bedrock"
    local core = require "bedrock.core"
    local endpoint = dofile "spec/endpoint/endpoint.lua"
    local ep = endpoint.attach(assert(os.getenv "BEDROCK_TEST_ENDPOINT"))
    ep:reset()
    local function connect(more)
        local settings = {
            auth = "access_keys", access_key_id = ep.access_key_id, secret_access_key = ep.secret_access_key,
            endpoint = ep.https, ca_file = ep.ca_file, max_attempts = 1,
        }
        for name, value in pairs(more or {}) do
            settings[name] = value or nil
        end
        return assert(bedrock.connect(settings))
    end
    --- A service of three operations, as small as facts can be.
    local function shelf()
        local function list(of)
            return { type = "list", member = of }
        end
        return {
            service = {
                id = "bedrock-book-shelf", endpointPrefix = "book-shelf", signingName = "bedrock",
                apiVersion = "2027-01-02", protocol = "rest-json", auth = { "aws.auth#sigv4" },
            },
            operations = {
                GetBook = { snake = "get_book", method = "GET", uri = "/books/{bookId}", code = 200,
                    ["in"] = "GetBookRequest", out = "Book", errors = { "BookLost" }, readonly = true },
                ListBooks = { snake = "list_books", method = "POST", uri = "/books", code = 200,
                    ["in"] = "ListBooksRequest", out = "ListBooksResponse" },
                ListTagsForResource = { snake = "list_tags_for_resource", method = "GET", uri = "/tags" },
            },
            shapes = {
                GetBookRequest = { type = "structure", required = { "bookId" },
                    members = { bookId = { shape = "Id", loc = "uri" },
                        part = { shape = "Part", loc = "querystring" } } },
                Id = { type = "string", min = 2, max = 8, pattern = "[a-z]+" },
                Part = { type = "integer", min = 1 },
                Book = { type = "structure", members = { title = { shape = "Id" }, state = { shape = "State" } } },
                State = { type = "string", enum = { "LENT", "BACK" } },
                Books = list "Book",
                ListBooksRequest = { type = "structure",
                    members = { nextToken = { shape = "Id" }, maxResults = { shape = "Part" } } },
                ListBooksResponse = { type = "structure",
                    members = { books = { shape = "Books" }, nextToken = { shape = "Id" } } },
                BookLost = { type = "structure", error = { status = 404 }, members = { shelf = { shape = "Part" } } },
            },
            paginators = {},
            waiters = { BookBack = { operation = "GetBook", delay = 1, maxAttempts = 2, acceptors = {
                { matcher = "path", argument = "state", expected = "BACK", state = "success" } } } },
        }
    end
    local function write(facts)
        local name = os.tmpname()
        local file = assert(io.open(name, "wb"))
        file:write(type(facts) == "string" and facts or assert(bedrock.json.encode(facts)))
        file:close()
        return name
    end
    local function load_facts(facts)
        local name = write(facts)
        local ok, err = bedrock.load_api(name)
        os.remove(name)
        return ok, err
    end
    local function answer(path, value, status, headers)
        headers = headers or {}
        headers["Content-Type"] = "application/json"
        return { match = { path = path }, action = { status = status or 200, headers = headers, json = value } }
    end
    local function same(a, b, path)
        path = path or ""
        if type(a) ~= "table" or type(b) ~= "table" then
            return assert(a == b, path .. ": " .. tostring(a) .. " is not " .. tostring(b))
        end
        for key, value in pairs(a) do same(value, b[key], path .. "." .. tostring(key)) end
        for key in pairs(b) do assert(a[key] ~= nil, path .. "." .. tostring(key) .. " is new") end
    end
]==]

--- Runs a chunk after the prelude; what it writes must be "passed" and nothing else.
local function passes(code)
    assert.equal("passed\n", (program.run(PRELUDE .. code .. '\nep:reset()\nprint "passed"\n')))
end

describe("load_api", function()
    it("adds operations to connections, old and new, flat and in a namespace", function()
        passes [==[
            local old = connect()
            assert(not pcall(function() return old.get_book end))
            assert(load_facts(shelf()) == true)
            ep:script { answer("^/books/moby$", { title = "Moby" }), answer("^/books/moby$", { title = "Dick" }) }
            assert(assert(old:get_book { bookId = "moby", part = 2 }).title == "Moby")
            local new = connect()
            local book = assert(new.book_shelf:get_book { bookId = "moby" })
            assert(book.title == "Dick" and bedrock.metadata(book).status == 200)
            assert(old.book_shelf.get_book == new.get_book)
            assert(tostring(new.book_shelf):find("bedrock.namespace (bedrock-book-shelf)\n", 1, true) == 1)
            local sent = ep:requests()
            assert(sent[1].uri == "/books/moby?part=2")
            assert(sent[1].verified and sent[2].verified, sent[1].reason)
            ep:script { answer("^/books/aa$", { title = "A" }) }
            assert(assert(new:call("bedrock-book-shelf", "GetBook", { bookId = "aa" })).title == "A")
        ]==]
    end)

    it("adds them to connections of a module that was loaded anew since", function()
        passes [==[
            local old = connect()
            for name in pairs(package.loaded) do
                if name:find "^bedrock" then package.loaded[name] = nil end
            end
            bedrock = require "bedrock"
            assert(load_facts(shelf()) == true)
            ep:script { answer("^/books/moby$", { title = "Moby" }), answer("^/books/moby$", { title = "Dick" }) }
            assert(assert(old:get_book { bookId = "moby" }).title == "Moby")
            assert(assert(old.book_shelf:get_book { bookId = "moby" }).title == "Dick")
        ]==]
    end)

    it("validates, describes, pages and waits for them as for built-in ones", function()
        passes [==[
            assert(load_facts(shelf()))
            local conn = connect()
            local _, err = conn:get_book({ bookId = "X", part = 0, prt = 1 }, { strict = true })
            local kinds = {}
            for _, problem in ipairs(err.errors) do kinds[problem.path .. " " .. problem.kind] = true end
            assert(kinds["bookId min-length"] and kinds["bookId pattern"] and kinds["part min-value"]
                and kinds["prt unknown"], tostring(err))
            local op = bedrock.describe "get_book"
            assert(op.service == "bedrock-book-shelf" and op.errors[1] == "BookLost" and op.waiters[1] == "book_back")
            assert(bedrock.skeleton("get_book").bookId == "")
            assert(bedrock.api_version().services["bedrock-book-shelf"] == "2027-01-02")
            local names = table.concat(bedrock.operations "book_shelf", " ")
            assert(names == "get_book list_books book_shelf.list_tags_for_resource", names)

            ep:script {
                answer("^/books$", { books = { { title = "A" } }, nextToken = "tt" }),
                answer("^/books$", { books = { { title = "B" } } }),
                answer("^/books/aa$", { state = "LENT" }),
                answer("^/books/aa$", { state = "BACK" }),
                answer("^/books/bb$", { message = "gone", shelf = 7 }, 404, { ["x-amzn-ErrorType"] = "BookLost" }),
            }
            local titles = ""
            for book in conn:items "list_books" do titles = titles .. book.title end
            assert(titles == "AB")
            assert(assert(conn:wait("book_back", { bookId = "aa" })).state == "BACK")
            _, err = conn:get_book { bookId = "bb" }
            assert(err.code == "BookLost" and err.fields.shelf == 7)
        ]==]
    end)

    it("signs for, and finds the endpoint of, a service that was not known", function()
        passes [==[
            local facts = shelf()
            facts.service.signingName = "bedrock-book"
            assert(load_facts(facts))
            local conn = connect { endpoint = false, region = "eu-west-1", ca_file = false, use_dualstack = true }
            local request = assert(conn:prepare("get_book", { bookId = "aa" }))
            assert(request.url == "https://book-shelf.eu-west-1.api.aws/books/aa", request.url)
            assert(request.headers.authorization:find("/eu-west-1/bedrock-book/aws4_request", 1, true))
            conn = connect { endpoint = { book_shelf = ep.https } }
            assert(conn:prepare("get_book", { bookId = "aa" }).url == ep.https .. "/books/aa")
            assert(conn:prepare("list_agents", {}).url:find("bedrock-agent.us-east-1.amazonaws.com", 1, true))
            assert(load_facts(shelf()))
            ep:reset()
            ep:script { answer("^/raw$", {}) }
            assert(assert(connect():request { service = "book_shelf", path = "/raw" }).status == 200)
            assert(ep:requests()[1].verified)
        ]==]
    end)

    it("replaces operations, and leaves the others of the service alone", function()
        passes [==[
            local conn = connect()
            local before = conn.converse
            local chat = conn:chat { model = "anthropic.claude-3-haiku-20240307-v1:0" }
            local message = { role = "assistant", content = { { text = "Hi" } } }
            ep:script { answer("^/model/", { output = { message = message }, stopReason = "end_turn" }) }
            assert(assert(chat:say "Hello").text == "Hi")
            local facts = shelf()
            facts.service.id, facts.service.endpointPrefix = "bedrock-runtime", "bedrock-runtime"
            facts.waiters = {}
            facts.operations = { Converse = { snake = "converse", method = "POST", uri = "/new/{bookId}",
                ["in"] = "GetBookRequest", out = "Book" } }
            assert(load_facts(facts))
            assert(conn.converse ~= before and conn.converse == conn.runtime.converse)
            ep:script { answer("^/new/aa$", { title = "new" }) }
            assert(assert(conn:converse { bookId = "aa" }).title == "new")
            assert(bedrock.describe("converse").uri == "/new/{bookId}")
            assert(bedrock.describe("converse_stream").uri == "/model/{modelId}/converse-stream")
            local said, err = chat:say "And now?"
            assert(not said and err.kind == "validation", tostring(err or said))
            facts.operations.Converse.uri = "/newer/{bookId}"
            assert(load_facts(facts))
            assert(conn:prepare("runtime.converse", { bookId = "aa" }).url == ep.https .. "/newer/aa")
            assert(#bedrock.operations() == #require("bedrock.core").operations())
        ]==]
    end)

    it("keeps a flat name with its first owner, and an ambiguous one ambiguous", function()
        passes [==[
            local facts = shelf()
            facts.operations.Converse = { snake = "converse", method = "GET", uri = "/c" }
            assert(load_facts(facts))
            local conn = connect()
            assert(bedrock.describe("converse").service == "bedrock-runtime")
            assert(bedrock.describe("book_shelf.converse").uri == "/c")
            assert(conn.converse == conn.runtime.converse and conn.converse ~= conn.book_shelf.converse)
            local ok, message = pcall(function() return conn.list_tags_for_resource end)
            assert(not ok and message:find("say which: ", 1, true), message)
        ]==]
    end)

    it("makes of the shipped facts what is built in", function()
        passes [==[
            local names, before = bedrock.operations(), {}
            for i, name in ipairs(names) do
                before[i] = bedrock.describe(name, 6)
            end
            local waiters = core.waiters()
            local versions = bedrock.api_version()
            for id in pairs(versions.services) do
                assert(bedrock.load_api("csrc/model/facts/" .. id .. ".json"))
            end
            same(names, bedrock.operations())
            same(versions, bedrock.api_version())
            for i, name in ipairs(names) do
                assert(core.find(name) >= 65536)
                same(before[i], bedrock.describe(name, 6), name)
            end
            assert(#core.waiters() == 2 * #waiters)
        ]==]
    end)

    it("refuses files that are none, naming what is wrong and where", function()
        passes [==[
            local function refuse(facts, expected)
                local ok, err = load_facts(facts)
                assert(ok == nil and err.kind == "config" and err.errors[1].path == "file", expected)
                assert(err.message:find(expected, 1, true), err.message)
            end
            local function changed(change)
                local facts = shelf()
                change(facts, facts.operations.GetBook, facts.shapes)
                return facts
            end
            refuse("", "is empty")
            refuse("{", "cannot be read")
            refuse("null", "the facts: must be a table")
            refuse("[1]", "service: must be a table, got nil")
            refuse("{}", "service: must be a table, got nil")
            refuse(changed(function(f) f.service.id = "../x" end), 'service.id: cannot be "../x"')
            refuse(changed(function(f) f.service.endpointPrefix = "evil.com/" end), "endpointPrefix")
            refuse(changed(function(f) f.service.protocol = "rpc" end), "protocol")
            refuse(changed(function(f) f.shapes = 5 end), "shapes: must be a table, got a number")
            refuse(changed(function(_, op) op.uri = "books" end), 'GetBook.uri: cannot be "books"')
            refuse(changed(function(_, op) op.uri = "/{nope}" end), "no member for the label {nope}")
            refuse(changed(function(_, op) op.uri = "/{bookId" end), "GetBook.uri")
            refuse(changed(function(_, op) op.uri = "/books/../{bookId}" end), 'uri: cannot be "/books/../{bookId}"')
            refuse(changed(function(_, op) op.uri = "/books/%2e/{bookId}" end), "GetBook.uri")
            refuse(changed(function(_, op) op.uri = "/books/.{bookId}" end), "GetBook.uri")
            refuse(changed(function(_, op) op.method = "STEAL" end), 'method: cannot be "STEAL"')
            refuse(changed(function(_, op) op.code = 404 end), "code: cannot be 404")
            refuse(changed(function(_, op) op.out = "Id" end), "GetBook.out: must be a structure")
            refuse(changed(function(_, op) op.out = "Nope" end), "bedrock-book-shelf/Nope: must be a table, got nil")
            refuse(changed(function(_, op) op.errors = { "Id" } end),
                "bedrock-book-shelf.GetBook: an error of an operation is not an error")
            refuse(changed(function(_, op) op.eventOut = "title" end),
                "bedrock-book-shelf.GetBook: a stream has no member")
            refuse(changed(function(_, op) op.snake = "list_books" end),
                "ListBooks.snake: is that of bedrock-book-shelf.GetBook, too")
            refuse(changed(function(_, _, s) s.Id.type = "strong" end), 'Id.type: cannot be "strong"')
            refuse(changed(function(_, _, s) s.Id.max = "many" end), "Id.max: must be a number")
            refuse(changed(function(_, _, s) s.Books.member = nil end), "Books: has no member")
            refuse(changed(function(_, _, s) s.Books.member = "Books" end),
                "bedrock-book-shelf/Books: lists and maps are nested too deeply")
            refuse(changed(function(_, _, s) s.Book.members.title.loc = "moon" end), 'loc: cannot be "moon"')
            refuse(changed(function(_, _, s) s.GetBookRequest.members.part.shape = "Book" end),
                "bedrock-book-shelf/GetBookRequest: a member outside the body is not a scalar")
            refuse(changed(function(_, _, s) s.Book.members["a\0b"] = { shape = "Id" } end), "cannot be")
            refuse(changed(function(f) f.paginators.ListBooks = { ["in"] = "x", out = "y", result = "z" } end),
                "there is no")
            refuse(changed(function(f) f.waiters.BookBack.operation = "Nope" end), 'there is no operation "Nope"')
            refuse(changed(function(f) f.waiters.BookBack.delay = 1e9 end), "does not fit 16 bits")
            refuse(changed(function(f) f.waiters.BookBack.acceptors[1].matcher = "pathAll" end), "pathAll")

            refuse(changed(function(f) f.service.id = "close" end), "the namespace close is already")
            refuse(changed(function(f) f.service.id = "converse" end), "the namespace converse is already")
            refuse(changed(function(f) f.service.id = "bedrock-sts" end), "the namespace sts belongs to sts")
            refuse(changed(function(_, op) op.snake = "pages" end), "GetBook would be called pages")
            refuse(changed(function(_, op) op.snake = "runtime" end), "GetBook would be called runtime")

            for _, path in ipairs { "/nonexistent/file", "/tmp" } do
                local ok, err = bedrock.load_api(path)
                assert(ok == nil and err.errors[1].kind == "file" and err.message:find(path, 1, true))
            end
            assert(#core.services() == 12)
        ]==]
    end)

    it("says which limit a file is beyond, what it has, and where", function()
        passes [==[
            local function refuse(expected, change)
                local facts = shelf()
                change(facts, facts.shapes)
                local ok, err = load_facts(facts)
                assert(ok == nil and err.errors[1].kind == "value", expected)
                assert(err.message:find(expected, 1, true), err.message)
            end
            --- An enumeration of so many different values, all of that length.
            local function enum(count, length)
                local values = {}
                for i = 1, count do
                    values[i] = ("%0" .. length .. "d"):format(i)
                end
                return values
            end
            local where = "bedrock-book-shelf/State.enum: "
            refuse('service.id: has 64 bytes, and 63 are the most', function(f) f.service.id = ("b"):rep(64) end)
            refuse(where .. '"' .. ("x"):rep(80) .. '" has 4096 bytes, and 4095 are the most',
                function(_, s) s.State.enum = { ("x"):rep(4096) } end)
            refuse(where .. "has 1048", function(_, s) s.State.enum = enum(11000, 99) end)
            refuse(" bytes with all other names, and 1048575 are the most",
                function(_, s) s.State.enum = enum(11000, 99) end)
            refuse(where .. "is one of more than 65535 different names",
                function(_, s) s.State.enum = enum(65536, 5) end)
            refuse(where .. "enumerations have more than 65535 entries together", function(_, s)
                s.State.enum = enum(40000, 5)
                s.Id.enum = enum(30000, 5)
                s.Id.pattern = nil
            end)
            refuse("bedrock-book-shelf/Id.pattern: has 4001 bytes, and 4000 are the most",
                function(_, s) s.Id.pattern = ("x"):rep(4001) end)
            refuse("bedrock-book-shelf/Book: has 257 members, and 256 are the most", function(_, s)
                for i = 1, 255 do
                    s.Book.members["m" .. i] = { shape = "Id" }
                end
            end)
            refuse("GetBook.code: cannot be 300", function(f) f.operations.GetBook.code = 300 end)
            refuse("the waiter BookBack.delay: does not fit 16 bits: 65536",
                function(f) f.waiters.BookBack.delay = 65536 end)
        ]==]
    end)

    it("says which number of a record is wrong", function()
        passes [==[
            local facts = require "bedrock.facts"
            local function refuse(expected, change)
                local records = facts.records({ shelf() }, { keys = core.keys, sorted = core.keys })
                change(records)
                local ok, why = core.model(records)
                assert(not ok and why:find(expected, 1, true), why)
            end
            refuse("ops[2], number 9: expected a whole number from 0 to 255, got 256",
                function(r) r.ops[2][9] = 256 end)
            refuse("members[1], number 1: expected a whole number from 0 to 65535, got a string",
                function(r) r.members[1][1] = "1" end)
            refuse("enums[1], number 1: expected a whole number from 0 to 65535, got -1",
                function(r) r.enums[1] = -1 end)
            refuse("shapes[1], number 1: expected a whole number from 0 to 255, got nil",
                function(r) r.shapes[1] = 1 end)
            refuse("limits[1]: expected two numbers", function(r) r.limits[1] = { 1 } end)
            refuse("names[1]: expected a string, got a number", function(r) r.names[1] = 1 end)
            refuse("names[1]: has 4096 bytes, and 4095 are the most", function(r) r.names[1] = ("x"):rep(4096) end)
            refuse("waiters: expected a list, got nil", function(r) r.waiters = nil end)
            refuse("flat: has 2 records, of 3 operations", function(r) r.flat[3] = nil end)
        ]==]
    end)

    it("survives any change of any value in a file", function()
        passes [==[
            math.randomseed(7)
            local VALUES = { 0, -1, 1.5, 2 ^ 53, "", "x", "Book", "Books", true, false, bedrock.null, {}, { {} } }
            local places = {}
            local function collect(t, path)
                for key, value in pairs(t) do
                    local here = { path, key }
                    places[#places + 1] = here
                    if type(value) == "table" then collect(value, here) end
                end
            end
            collect(shelf(), nil)
            local function at(facts, path)
                return path and at(facts, path[1])[path[2]] or facts
            end
            local loaded = 0
            for i = 1, #places do
                for _, value in ipairs(VALUES) do
                    local facts = shelf()
                    at(facts, places[i][1])[places[i][2]] = value
                    local ok, err = load_facts(facts)
                    assert(ok or err.kind == "config")
                    loaded = loaded + (ok and 1 or 0)
                end
            end
            assert(loaded > 10)
            for _, name in ipairs(bedrock.operations()) do
                assert(tostring(bedrock.describe(name)) and bedrock.skeleton(name))
            end
        ]==]
    end)

    it("survives any change of any number in the records", function()
        passes [==[
            local facts = require "bedrock.facts"
            math.randomseed(11)
            local NUMBERS = { 0, 1, 3, 7, 255, 256, 65534, 65535, 65536, -1, 0.5, 0 / 0, 1 / 0 }
            local accepted = 0
            for _ = 1, 4000 do
                local records = facts.records({ shelf() }, { keys = core.keys, sorted = core.keys })
                local sections = {}
                for name in pairs(records) do sections[#sections + 1] = name end
                table.sort(sections)
                local section = records[sections[math.random(#sections)]]
                if #section > 0 then
                    local i = math.random(#section)
                    local value = NUMBERS[math.random(#NUMBERS)]
                    if type(section[i]) == "table" then section[i][math.random(#section[i])] = value
                    else section[i] = value end
                end
                if accepted < 60 then
                    local ok, why = core.model(records)
                    assert(ok or type(why) == "string")
                    accepted = accepted + (ok and 1 or 0)
                end
            end
            assert(accepted > 0)
            local client = connect()._client
            for model = 1, accepted do
                for op = 0, 2 do
                    local found, description = pcall(core.describe, model * 65536 + op, 8)
                    assert(found and description)
                    local params = { bookId = "abc", part = 1, nextToken = "x" }
                    client:call(model * 65536 + op, params, { strict = true }, true)
                    core.paginator(model * 65536 + op)
                end
            end
            core.waiters()
            for _, bad in ipairs { {}, { names = 1 }, { names = {} } } do
                assert(core.model(bad) == nil)
            end
            assert(not pcall(core.describe, 99 * 65536) and not pcall(core.describe, -1))
        ]==]
    end)

    it("takes no more files than there is room for, and is still whole then", function()
        passes [==[
            local count = 0
            while count < 100 do
                local ok, err = load_facts(shelf())
                if not ok then
                    assert(err.message:find("too many files have been loaded", 1, true))
                    break
                end
                count = count + 1
            end
            assert(count == 63)
            collectgarbage()
            collectgarbage()
            ep:script { answer("^/books/aa$", { title = "A" }) }
            assert(assert(connect():get_book { bookId = "aa" }).title == "A")
        ]==]
    end)

    it("raises misuse", function()
        local bedrock = require "bedrock"
        local ok, message = pcall(bedrock.load_api)
        assert.is_false(ok)
        assert.matches("load_api: expected the name of a file, got nil", message)
    end)
end)
