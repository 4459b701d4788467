--- What of a table of options was given: JSON's null counts as not given, as it does for an operation's members.
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
