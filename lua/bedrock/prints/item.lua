--- An item of a list.
local members = require "bedrock.prints.members"

--- @param value table
--- @return string
return function(value)
    return members.text(value)
end
