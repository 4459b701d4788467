--- The options of a table that were given. JSON's null counts as not given, as in an operation's parameters.
local core = require "bedrock.core"

--- @param fields table
--- @return table copy
return function(fields)
    local copy = {}
    for name, value in pairs(fields) do
        if value ~= core.null then
            copy[name] = value
        end
    end
    return copy
end
