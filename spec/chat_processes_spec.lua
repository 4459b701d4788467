--- The same chat sends the same bytes in every process: caches of prompts depend on it.
local talk = dofile "spec/support/talk.lua"

describe("a chat in twelve processes, on both interpreters", function()
    talk.each(function() end)

    it("sends the same bytes", function()
        for _, lua in ipairs { "lua5.4", "luajit" } do
            local run = ('eval "$(make -s env LUA=%s)"; for i in 1 2 3 4 5 6; do '
                .. '%s spec/support/chat_program.lua $i 2>&1 & done; wait'):format(lua, lua)
            local pipe = assert(io.popen("env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL sh -c '" .. run .. "'"))
            assert.equal("", pipe:read "*a")
            pipe:close()
        end
        local counts, distinct = {}, 0
        for _, body in ipairs(talk.bodies()) do
            distinct = distinct + (counts[body] and 0 or 1)
            counts[body] = (counts[body] or 0) + 1
        end
        for body, count in pairs(counts) do
            assert.equal(12, count, body)
        end
        assert.equal(5, distinct)
    end)
end)
