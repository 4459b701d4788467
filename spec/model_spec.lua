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
