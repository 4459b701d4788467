--- InvokeFlow.
local collect = require "bedrock.streams.collect"
local marks = require "bedrock.streams.marks"

return {
    gathered = { invoke_flow = "bedrock.GatheredFlow" },
    ending = marks { flowCompletionEvent = true, flowMultiTurnInputRequestEvent = true },
    new = function()
        return { outputs = {}, trace = {} }
    end,
    events = {
        flowOutputEvent = function(state, event)
            collect.append(state.outputs, event)
        end,
        flowTraceEvent = function(state, event)
            collect.append(state.trace, event.trace)
        end,
        flowCompletionEvent = function(state, event)
            collect.set(state, "completionReason", event.completionReason, "flowCompletionEvent", event)
        end,
        flowMultiTurnInputRequestEvent = function(state, event)
            collect.set(state, "inputRequest", event, "flowMultiTurnInputRequestEvent", event)
        end,
    },
    piece = function(name, event)
        return name == "flowOutputEvent" and event.content and event.content.document or nil
    end,
    result = function(state)
        local text = {}
        for _, output in ipairs(state.outputs) do
            local document = output.content and output.content.document
            if type(document) == "string" then
                collect.append(text, document)
            end
        end
        state.text = table.concat(text)
        return state
    end,
}
