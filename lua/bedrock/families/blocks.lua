--- Content blocks, as Nova and Claude answer with.
local blocks = {}

--- The text of all blocks that have one; reasoning blocks keep theirs elsewhere and are left out.
--- @param content table[]
--- @return string
function blocks.text(content)
    local parts = {}
    for _, block in ipairs(content) do
        if type(block.text) == "string" then
            parts[#parts + 1] = block.text
        end
    end
    return table.concat(parts)
end

return blocks
