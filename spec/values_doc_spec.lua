--- The examples of docs/values.md and docs/schemas.md hold. The first one of a page sets up what the others go on from.
local load_text = rawget(_G, "loadstring") or load
local blocks_of = require "spec.support.doc_blocks"

for path, least in pairs { ["docs/values.md"] = 15, ["docs/schemas.md"] = 4 } do
    describe(path, function()
        local blocks = blocks_of(path)
        local setup = blocks[1].code

        it("has examples that check themselves", function()
            assert.truthy(#blocks > least)
            for i = 2, #blocks do
                assert.truthy(blocks[i].code:find("assert(", 1, true), blocks[i].title)
            end
        end)

        for i = 2, #blocks do
            it(("is right about %s (example %d)"):format(blocks[i].title, i - 1), function()
                assert(load_text(setup .. blocks[i].code, "=" .. path))()
            end)
        end
    end)
end
