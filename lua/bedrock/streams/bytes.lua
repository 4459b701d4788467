--- Bodies that are bytes: of InvokeAgentRuntime and of raw requests.
local collect = require "bedrock.streams.collect"

return {
    gathered = {},
    new = function()
        return { list = {} }
    end,
    events = {
        chunk = function(state, event)
            collect.append(state.list, event)
        end,
    },
    piece = function(_, bytes)
        return bytes
    end,
    result = function(state, operation)
        local name = operation == "invoke_agent_runtime" and "response" or "body"
        return { [name] = table.concat(state.list) }
    end,
}
