--- Streams that no family knows: all events, in their order.
local collect = require "bedrock.streams.collect"

return {
    gathered = {},
    new = function()
        return { list = {} }
    end,
    events = setmetatable({}, {
        __index = function(_, name)
            return function(state, event)
                collect.append(state.list, { name = name, event = event })
            end
        end,
    }),
    result = function(state)
        return { parts = state.list }
    end,
}
