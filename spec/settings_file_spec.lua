--- Settings files that are Lua, as they are written, and the one hook of LuaJIT.
local file = require "bedrock.settings.file"

describe("a settings file", function()
    local path

    local function read(text)
        path = os.tmpname()
        local handle = assert(io.open(path, "w"))
        handle:write(text)
        handle:close()
        os.execute("chmod 600 " .. path)
        return file.read(path)
    end

    after_each(function()
        debug.sethook()
        os.remove(path)
    end)

    it("may be of an editor on Windows", function()
        assert.same({ region = "us-east-1" }, read "\239\187\191return {\r\n    region = 'us-east-1',\r\n}\r\n")
    end)

    it("leaves no hook, whether it is read, fails or does not end", function()
        for _, text in ipairs { 'return { region = "us-east-1" }', "return nil + 1", "while true do end" } do
            debug.sethook()
            read(text)
            assert.is_nil((debug.gethook()))
            os.remove(path)
        end
    end)

    it("leaves the hook of a program that has one", function()
        local hook = function() end
        for _, text in ipairs { 'return { region = "us-east-1" }', "return nil + 1", "while true do end" } do
            debug.sethook(hook, "", 12345)
            read(text)
            local now, mask, count = debug.gethook()
            assert.equal(hook, now)
            assert.equal("", mask)
            assert.equal(12345, count)
            os.remove(path)
        end
    end)

    it("ends a loop, in functions of its own too", function()
        for _, text in ipairs { "while true do end", "local function f() for i = 1, 1e18 do end end f() return {}" } do
            local settings, why = read(text)
            assert.is_nil(settings)
            assert.truthy(why:find("does not come to an end", 1, true), why)
            os.remove(path)
        end
    end)

    it("says what is wrong once, with its line, and why there are no globals", function()
        local bedrock = require "bedrock"
        local function refused(text)
            read(text)
            local conn, err = bedrock.open { settings = path }
            assert.is_nil(conn)
            return (tostring(err):gsub(path, "FILE"))
        end
        assert.equal("settings: FILE: line 1: unexpected symbol near '='", (refused "= 1":gsub("near .*", "near '='")))
        os.remove(path)
        local message = refused 'return {\n    region = os.getenv "REGION",\n}'
        assert.matches("^settings: FILE: line 2: attempt to index [^\n]*'os'", message)
        assert.is_truthy(message:find("a settings file is data and sees no `os`", 1, true), message)
        os.remove(path)
        assert.equal("settings: FILE: there is no such file", (tostring(select(2, bedrock.open { settings = path }))
            :gsub(path, "FILE")))
    end)

    describe("that there is not", function()
        local program = require "spec.support.program"

        local function opened(chunk)
            return (program.run('local bedrock = require "bedrock" ' .. chunk,
                "env -u BEDROCK_SETTINGS -u BEDROCK_AUTH -u BEDROCK_MODEL XDG_CONFIG_HOME=/nonexistent"))
        end

        it("is told by bedrock.open, in place of what it would have said", function()
            assert.equal("connect: no settings file at /nonexistent/bedrock/settings.lua; "
                .. "`bedrock configure` writes one", opened "io.write(tostring(select(2, bedrock.open())))")
            local text = opened 'io.write(tostring(select(2, bedrock.open { regoin = "us-east-1" })))'
            assert.is_truthy(text:find("connect: regoin: unknown option (did you mean region?)", 1, true), text)
            assert.is_truthy(text:find("no settings file at ", 1, true), text)
            text = opened 'io.write(tostring(select(2, bedrock.open { auth = "api_key" })))'
            assert.is_truthy(text:find("connect: api_key: missing", 1, true), text)
        end)

        it("is told by the command, when it has no model", function()
            local text = opened [[
                os.exit(require("bedrock.command").main { "ask", "hi" })
            ]]
            assert.is_truthy(text:find("no settings file at /nonexistent/bedrock/settings.lua", 1, true), text)
        end)

        it("has options that bedrock.open alone knows", function()
            local text = opened [[
                io.write(tostring(select(2, bedrock.open { modle = "x", auth = "api_key", api_key = "k" })))
            ]]
            assert.equal("connect: modle: unknown option (did you mean model?)", text)
        end)
    end)
end)
