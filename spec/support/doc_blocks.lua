--- The Lua blocks of a page of the documentation.
local contents = require("spec.support.files").read

--- @param path string
--- @return {title: string, code: string}[] blocks, each with the headline it stands under
return function(path)
    local blocks, title, lines = {}, "", nil
    for line in contents(path):gmatch "([^\n]*)\n" do
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
