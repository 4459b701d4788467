--- What comes out of a function of the user's that is no fault of the function's.
local core = require "bedrock.core"
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

--- What was raised, in words for a model: tables as JSON, and not where our files are.
--- @param value any
--- @return string
function raised.text(value)
    local meta = getmetatable(value)
    if type(value) == "table" and not (type(meta) == "table" and meta.__tostring) then
        local json = core.encode(value)
        return json or "a table"
    end
    local ok, text = pcall(tostring, value)
    text = ok and text or "an error that cannot be printed"
    return (text:gsub("^%S+%.lua:%d+: ", ""):gsub('^%[string ".-"%]:%d+: ', ""))
end

return raised
