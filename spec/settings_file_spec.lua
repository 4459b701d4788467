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
end)
