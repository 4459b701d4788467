describe("the generated tables", function()
    it("are those of the facts", function()
        local pipe = assert(io.popen("lua5.4 csrc/model/generate.lua csrc/model/facts 2>/dev/null"))
        local made = pipe:read "*a"
        pipe:close()
        local file = assert(io.open("csrc/model/tables.c", "rb"))
        local committed = file:read "*a"
        file:close()
        assert.is_true(#made > 100000, "the generator did not run")
        assert.is_true(made == committed, "tables.c is not what generate.lua makes of the facts")
    end)
end)

describe("the names of the tables", function()
    --- The patterns, as the generator packs and lays them out; it runs on Lua 5.4.
    local function laid_out(pattern)
        local code = ([[
            local names = dofile "csrc/model/names.lua" "csrc/model"
            local index = names.add_pattern(%s)
            names.pack { index }
            local chunks, places = names.lay_out()
            print(#chunks, places[1] & 0xFFF)]]):format(pattern)
        local file = os.tmpname()
        local handle = assert(io.open(file, "wb"))
        handle:write(code)
        handle:close()
        local pipe = assert(io.popen("lua5.4 " .. file .. " 2>&1"))
        local said = pipe:read "*a"
        pipe:close()
        os.remove(file)
        return said
    end

    it("are as long as their places and the literals of C have room for", function()
        assert.equal("1\t4000\n", laid_out [[("x"):rep(4000)]])
        assert.equal("1\t4000\n", laid_out [[("\200"):rep(2000)]])
        assert.matches("a name has 4001 bytes, and 4000 are the most", laid_out [[("x"):rep(4001)]], 1, true)
    end)

    it("are looked at as they are packed, which may be longer", function()
        assert.matches("a name has 4002 bytes, and 4000 are the most", laid_out [[("\200"):rep(2001)]], 1, true)
    end)
end)
