--- The module: what requiring it does, what misuse is told, what it knows of itself, JSON.
local cjson = require "cjson"
local bedrock = require "bedrock"
local core = require "bedrock.core"
local connection = require "bedrock.connection"
local program = require "spec.support.program"
local service = dofile "spec/support/service.lua"

local ask = service.ask

describe("bedrock", function()
    local conn
    service.each_connected(function(new)
        conn = new
    end)

    describe("require", function()
        it("says what is wrong with the compiled part, before what the interpreter says", function()
            local function said(places)
                return program.run("package.cpath = '" .. places .. [['
                    print(select(2, pcall(require, "bedrock")))]])
            end
            local this, abi = rawget(_G, "jit") and "LuaJIT" or _VERSION, _VERSION:match "%d%.%d"
            local missing = said "/nowhere/?.so"
            assert.truthy(missing:find("bedrock: the compiled part for " .. this, 1, true), missing)
            assert.truthy(missing:find("ABIS=" .. abi, 1, true), missing)
            assert.truthy(missing:find("module 'bedrock.core' not found", 1, true), missing)
            local place = package.searchpath("bedrock.core", package.cpath)
            local other = place:gsub("/5%.%d/bedrock/core%.so$", abi == "5.1" and "/5.4/?.so" or "/5.1/?.so")
            if package.searchpath("bedrock.core", other) then
                local wrong = said(other)
                assert.truthy(wrong:find("^bedrock: this bedrock/core%.so was built for another Lua, not for"), wrong)
            end
        end)

        it("reads no file, asks no environment and sets no global", function()
            local output = program.run [[
                local before = {}
                for name in pairs(_G) do before[name] = true end
                os.getenv = function() error "asked the environment" end
                io.open = function() error "opened a file" end
                io.popen, io.lines = io.open, io.open
                local bedrock = require "bedrock"
                for name in pairs(_G) do
                    if not before[name] then print("global " .. name) end
                end
                print(bedrock._VERSION, bedrock._NAME)
            ]]
            assert.equal(core.version .. "\tbedrock\n", output)
        end)

        it("leaves modules to the first call, which is the same as any other", function()
            assert.equal("nil\tuser:2: spawn: expected a function, got a number\ttable\n", program.run [[
                local bedrock = require "bedrock"
                io.write(tostring(package.loaded["bedrock.tasks.task"]), "\t")
                local load_text = loadstring or load
                local _, why = pcall(load_text("local spawn = ...\nspawn(1)\nreturn nil", "=user"), bedrock.spawn)
                print(why, type(package.loaded["bedrock.tasks.task"]))
            ]])
        end)

        it("lets errors be printed before there is a connection", function()
            assert.match("^decode: BadResponse: ", program.run [[
                local bedrock = require "bedrock"
                print(select(2, bedrock.json.decode "{"))
            ]])
            assert.match("^it is decode: BadResponse: .*, in short\n$", program.run [[
                local bedrock = require "bedrock"
                print("it is " .. select(2, bedrock.json.decode "{") .. ", in short")
            ]])
        end)

        it("gives one module for a Lua state, and survives being loaded twice", function()
            assert.equal("true\n", program.run [[
                local first = require "bedrock.core"
                package.loaded["bedrock.core"] = nil
                print(first == require "bedrock.core")
            ]])
        end)

        it("refuses older Luas in one sentence", function()
            local output = program.run [[
                _VERSION, jit = "Lua 5.1", nil
                print(select(2, pcall(require, "bedrock")))
            ]]
            assert.equal("bedrock runs on Lua 5.4, Lua 5.5 and LuaJIT 2.1, not on Lua 5.1\n", output)
        end)
    end)

    describe("misuse", function()
        local load_text = loadstring or load

        --- What a chunk says whose second line is wrong.
        local function said(code)
            local chunk = assert(load_text("local bedrock, conn = ...\n" .. code .. "\nreturn nil", "=user"))
            return select(2, pcall(chunk, bedrock, conn))
        end

        it("of a function is raised where it was called", function()
            for _, name in ipairs { "connect", "describe", "load_api", "operations", "parallel", "schema", "skeleton",
                "spawn", "test" } do
                assert.match("^user:2: " .. name .. ": expected .*", said("bedrock." .. name .. "(1)"))
            end
            assert.match("^user:2: describe: the depth", said 'bedrock.describe("converse", 0)')
            assert.match("^user:2: parallel: the options", said "bedrock.parallel({}, 1)")
        end)

        it("of a method is raised where it was called", function()
            for _, name in ipairs(connection.handwritten) do
                assert.match("^user:2: not a connection: call its methods with a colon", said("conn." .. name .. "()"))
            end
            for _, name in ipairs { "call", "generate", "items", "models", "pages", "prepare", "request", "resolve",
                "wait" } do
                assert.match("^user:2: " .. name .. ": expected .*", said("conn:" .. name .. "(1)"))
            end
            assert.match("^user:2: the parameters must be a table", said "conn:converse(1)")
            assert.match("^user:2: the options must be a table", said "conn:converse({}, 1)")
        end)

        it("of an operation without its connection is raised where it was called", function()
            for _, name in ipairs { "converse", "converse_stream", "runtime.converse", "invoke_agent_runtime" } do
                for _, arguments in ipairs { "", '{ modelId = "m" }', "1", "bedrock" } do
                    assert.match("^user:2: not a connection: call its methods with a colon",
                        said(("conn.%s(%s)"):format(name, arguments)))
                end
            end
        end)

        it("of what a connection gives is raised where it was called", function()
            local given = {
                stream = assert(conn:converse_stream(ask "Hi")),
                pages = conn:pages "agent.list_agents",
                items = conn:items "agent.list_agents",
                task = bedrock.spawn(function() end),
            }
            local methods = { stream = { "close", "events", "gather", "next" }, pages = { "next" }, items = { "next" },
                task = { "cancel", "join", "status" } }
            for what, names in pairs(methods) do
                for _, name in ipairs(names) do
                    for _, wrong in ipairs { "", "{}", "'x'", "bedrock" } do
                        local code = ("local _, given = ...\ngiven.%s(%s)"):format(name, wrong)
                        local _, message = pcall(assert(load_text(code, "=user")), bedrock, given[what])
                        assert.equal(("user:2: not a %s: call its methods with a colon, as in %s:%s()"):format(
                            what, what, name), message)
                    end
                end
            end
            given.stream:close()
        end)
    end)

    describe("introspection", function()
        it("lists operations by the names that prepare takes", function()
            local all = bedrock.operations()
            assert.truthy(#all > 500)
            for _, name in ipairs(all) do
                assert.is_number((core.find(name)), name)
            end
            local runtime = bedrock.operations "runtime"
            assert.same(bedrock.operations "bedrock-runtime", runtime)
            assert.matches("\nconverse\nconverse_stream\n", tostring(runtime))
            local _, err = bedrock.operations "runtim"
            assert.matches('did you mean "runtime"', err.message)
        end)

        it("describes an operation", function()
            local op = assert(bedrock.describe "converse_stream")
            assert.equal("ConverseStream", op.operation)
            assert.equal("bedrock-runtime", op.service)
            assert.equal("stream", op.stream)
            local members = {}
            for _, member in ipairs(op.input.members) do
                members[member.name] = member
            end
            assert.is_true(members.modelId.required)
            assert.equal("uri", members.modelId.location)
            assert.equal("1", tostring(members.modelId.min))
            assert.equal("list", members.messages.type)
            assert.matches("modelId: string %(required, in uri, 1 to 2048%)", tostring(op))
            assert.matches("role: string %(required, assistant | ", tostring(op))
            local _, err = bedrock.describe "convers"
            assert.matches('did you mean "converse"', err.message)
        end)

        it("tells the facts it was made from", function()
            local version = bedrock.api_version()
            assert.equal("2023-09-30", version.services["bedrock-runtime"])
            assert.matches("^%x+$", version.hash)
            assert.matches("botocore", version.source)
        end)
    end)

    describe("JSON", function()
        it("has the null of lua-cjson, and honours its own marks", function()
            assert.equal(cjson.null, bedrock.null)
            assert.equal("[]", bedrock.json.encode(bedrock.array()))
            assert.equal("{}", bedrock.json.encode {})
            assert.equal('{"a":[],"b":{}}', (bedrock.json.encode(bedrock.json.decode '{"a":[],"b":{}}')
                :gsub('{"b":{},"a":%[%]}', '{"a":[],"b":{}}')))
            assert.equal(bedrock.null, bedrock.json.decode "null")
        end)

        it("fails with an error value", function()
            local _, err = bedrock.json.decode "[1,"
            assert.equal("BadResponse", err.code)
            _, err = bedrock.json.encode { print }
            assert.equal("[1]", err.errors[1].path)
        end)
    end)
end)
