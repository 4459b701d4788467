--- InvokeAgent and InvokeInlineAgent.
local collect = require "bedrock.streams.collect"

--- What is asked for by one invocation is answered at once, by its ID.
local function return_control(state, event)
    local first = state.returnControl
    if first and first.invocationId ~= nil and first.invocationId == event.invocationId then
        first.invocationInputs = first.invocationInputs or {}
        collect.extend(first.invocationInputs, event.invocationInputs)
    else
        collect.set(state, "returnControl", event, "returnControl", event)
    end
end

return {
    gathered = { invoke_agent = "bedrock.GatheredAgent", invoke_inline_agent = "bedrock.GatheredAgent" },
    new = function()
        return { text = {}, citations = {}, trace = {}, files = {} }
    end,
    events = {
        chunk = function(state, event)
            collect.append(state.text, event.bytes)
            collect.extend(state.citations, event.attribution and event.attribution.citations)
        end,
        trace = function(state, event)
            collect.append(state.trace, event)
        end,
        returnControl = return_control,
        files = function(state, event)
            collect.extend(state.files, event.files)
        end,
    },
    piece = function(name, event)
        return name == "chunk" and event.bytes or nil
    end,
    result = function(state)
        return {
            text = table.concat(state.text),
            citations = state.citations,
            trace = state.trace,
            files = state.files,
            returnControl = state.returnControl,
        }
    end,
}
