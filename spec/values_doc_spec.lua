--- The examples of docs/values.md hold. The first one sets up what the others go on from.
local load_text = rawget(_G, "loadstring") or load

local contents = require("spec.support.files").read

--- Lua blocks, each with the headline it stands under.
local function blocks_of(text)
    local blocks, title, lines = {}, "", nil
    for line in text:gmatch "([^\n]*)\n" do
        if lines and line == "```" then
            blocks[#blocks + 1] = { title = title, code = table.concat(lines, "\n") .. "\n" }
            lines = nil
        elseif lines then
            lines[#lines + 1] = line
        elseif line == "```lua" then
            lines = {}
        else
            title = line:match "^#+ (.+)" or title
        end
    end
    assert(lines == nil, "a block has no end")
    return blocks
end

describe("docs/values.md", function()
    local blocks = blocks_of(contents "docs/values.md")
    local setup = table.remove(blocks, 1).code

    it("has examples that check themselves", function()
        assert.truthy(#blocks >= 15)
        for _, block in ipairs(blocks) do
            assert.truthy(block.code:find("assert(", 1, true), block.title)
        end
    end)

    for i, block in ipairs(blocks) do
        it(("is right about %s (example %d)"):format(block.title, i), function()
            assert(load_text(setup .. block.code, "=values.md"))()
        end)
    end
end)
