--- What comes out of a function of the user's that is no fault of the function's.
local errors = require "bedrock.errors"

local raised = {}

--- Ctrl-C, as the interpreters raise it.
--- @param value any
--- @return boolean
function raised.is_interrupt(value)
    return type(value) == "string" and value:find "interrupted!$" ~= nil
end

--- Ctrl-C, or the end of a task that is cancelled: both are for whoever called the function. That a connection is
--- closed is not: the next request tells it.
--- @param value any
--- @return boolean
function raised.is_for_the_caller(value)
    return errors.is(value) and value.code == "Cancelled" or raised.is_interrupt(value)
end

return raised
