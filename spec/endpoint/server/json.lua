--- lua-cjson, with the one thing Debian's version lacks: an empty list.
local cjson = require "cjson.safe"

local EMPTY_LIST = "\1empty list"

local json = { null = cjson.null, decode = cjson.decode }

--- @param items table
--- @return any items, or the mark that is written as `[]`
function json.list(items)
    return #items == 0 and EMPTY_LIST or items
end

function json.encode(value)
    return (assert(cjson.encode(value)):gsub('"\\u0001empty list"', "[]"))
end

return json
