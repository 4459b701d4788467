--- Content blocks, as Nova, Claude and Converse answer with.
local blocks = {}

--- Reasoning that a block holds, in the form of one of them.
local function thought_of(block)
    local content = block.reasoningContent
    if type(content) == "table" then
        return type(content.reasoningText) == "table" and content.reasoningText.text or content.text
    end
    return block.thinking
end

--- The text of all blocks that have one, and that of reasoning, which is kept apart.
--- @param content table[]
--- @return string text
--- @return string? reasoning
function blocks.text(content)
    local parts, thoughts = {}, {}
    for _, block in ipairs(content) do
        local thought = thought_of(block)
        if type(thought) == "string" then
            thoughts[#thoughts + 1] = thought
        elseif type(block.text) == "string" then
            parts[#parts + 1] = block.text
        end
    end
    return table.concat(parts), thoughts[1] and table.concat(thoughts, "\n")
end

return blocks
