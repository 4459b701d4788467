--- What the page of our own functions and the texts of help read of annotations.
local tags = {}

local OPENING, CLOSING = "[%(<%[{]", "[%)>%]}]"

--- A type ends at the first space that is not within brackets, a list of results or a union.
--- @return string type
--- @return string words
function tags.split(text)
    local depth = 0
    for at = 1, #text do
        local char = text:sub(at, at)
        if char:find(OPENING) then
            depth = depth + 1
        elseif char:find(CLOSING) then
            depth = depth - 1
        elseif char == " " and depth == 0 and not text:sub(at - 1, at - 1):find "[:,]" then
            return text:sub(1, at - 1), text:sub(at + 1)
        end
    end
    return text, ""
end

--- "name? type words" as name, type, words.
function tags.named(text)
    local name, rest = text:match "^(%S+) (.*)$"
    return name, tags.split(rest)
end

--- The texts of a block's tags of that kind.
function tags.of(block, kind)
    local list = {}
    for _, tag in ipairs(block.tags) do
        list[#list + 1] = tag.kind == kind and tag.text or nil
    end
    return list
end

local function by_name(a, b)
    return a.name < b.name
end

--- Functions and classes of both sources; `own`: the names of the classes.
--- @param from table as annotations.read has it
function tags.sorted_out(from)
    local functions, classes, own = {}, {}, {}
    for _, block in ipairs(from.surface) do
        local name = block.code:match "^function ([%w_.:]+)%("
        if name then
            block.name = name
            functions[#functions + 1] = block
        elseif block.class then
            block.name = block.class
            classes[#classes + 1] = block
        end
    end
    table.move(from.functions, 1, #from.functions, #functions + 1, functions)
    table.move(from.classes, 1, #from.classes, #classes + 1, classes)
    table.sort(functions, by_name)
    table.sort(classes, by_name)
    for _, class in ipairs(classes) do
        own[class.name] = true
    end
    return functions, classes, own
end

return tags
