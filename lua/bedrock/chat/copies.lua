--- Copies of messages that share no table with them, and go back to the service as the originals would.
local core = require "bedrock.core"

local copies = {}

--- Marks of documents (arrays, the order of keys) are in metatables, nulls and big numbers cannot be changed.
--- @param value any
--- @param seen table<table, table> what is copied already, by its original
--- @return any copy
local function of(value, seen)
    if type(value) ~= "table" then
        return value
    elseif seen[value] then
        return seen[value]
    end
    local copy, meta = {}, getmetatable(value)
    seen[value] = copy
    for name, member in next, value do
        copy[name] = of(member, seen)
    end
    return core.came(type(meta) == "table" and setmetatable(copy, meta) or copy, value)
end

--- @param value any
--- @param seen? table<table, table> for copies of several values with tables in common: what stands for which
--- @return any copy
function copies.of(value, seen)
    return of(value, seen or {})
end

return copies
