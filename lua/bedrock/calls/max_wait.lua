--- `max_wait`, the option of what waits for a service: how long in all.
local drop_null = require "bedrock.base.drop_null"
local errors = require "bedrock.errors"

--- @param operation string that errors name
--- @param options table? of calls, with max_wait in seconds
--- @return table? rest options without it
--- @return bedrock.Error|number|nil max_ms
return function(operation, options)
    local rest = drop_null(options or {})
    local max_wait = rest.max_wait
    rest.max_wait = nil
    if max_wait ~= nil and (type(max_wait) ~= "number" or not (max_wait > 0 and max_wait < math.huge)) then
        return nil, errors.config(operation, { {
            path = "max_wait",
            kind = "value",
            message = "must be a number of seconds above 0, got "
                .. (type(max_wait) == "number" and tostring(max_wait) or errors.type_of(max_wait)),
        } })
    end
    return rest, max_wait and max_wait * 1000
end
