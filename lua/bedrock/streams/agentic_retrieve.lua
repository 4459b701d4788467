--- AgenticRetrieveStream.
local collect = require "bedrock.streams.collect"

return {
    gathered = { agentic_retrieve_stream = "bedrock.GatheredRetrieval" },
    new = function()
        return { text = {}, trace = {}, results = {} }
    end,
    events = {
        responseEvent = function(state, _, kept)
            collect.append(state.text, kept.text)
        end,
        traceEvent = function(state, event)
            collect.append(state.trace, event)
        end,
        piece = function(name, event)
        return name == "responseEvent" and event.text or nil
    end,
    result = function(state, event)
            collect.extend(state.results, event.results)
            state.nextToken = event.nextToken or state.nextToken
            collect.set(state, "generatedResponse", event.generatedResponse, "result", event)
        end,
    },
    result = function(state)
        state.text = collect.text(state, state.text)
        return state
    end,
}
