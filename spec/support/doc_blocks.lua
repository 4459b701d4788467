--- The blocks of a page of the documentation that are of one language.
local contents = require("spec.support.files").read

--- @param path string
--- @param language string? as it stands behind the fence: "lua" if not given
--- @return {title: string, code: string}[] blocks, each with the headline it stands under
return function(path, language)
    local blocks, title, lines, of = {}, "", nil, nil
    for line in contents(path):gmatch "([^\n]*)\n" do
        local fence = line:match "^```(.*)$"
        if fence and lines then
            if of == (language or "lua") then
                blocks[#blocks + 1] = { title = title, code = table.concat(lines, "\n") .. "\n" }
            end
            lines = nil
        elseif fence then
            lines, of = {}, fence
        elseif lines then
            lines[#lines + 1] = line
        else
            title = line:match "^#+ (.+)" or title
        end
    end
    assert(lines == nil, "a block has no end")
    return blocks
end
