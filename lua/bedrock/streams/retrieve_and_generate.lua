--- RetrieveAndGenerateStream put together to what RetrieveAndGenerate returns.
local collect = require "bedrock.streams.collect"

return {
    gathered = { retrieve_and_generate_stream = { "retrieve_and_generate" } },
    new = function()
        return { text = {}, citations = {} }
    end,
    events = {
        output = function(state, _, kept)
            collect.append(state.text, kept.text)
        end,
        citation = function(state, event)
            collect.append(state.citations, event.citation or {
                generatedResponsePart = event.generatedResponsePart,
                retrievedReferences = event.retrievedReferences,
            })
        end,
        guardrail = function(state, event)
            if state.guardrailAction ~= "INTERVENED" then
                state.guardrailAction = event.action
            end
        end,
    },
    piece = function(name, event)
        return name == "output" and event.text or nil
    end,
    result = function(state)
        return {
            output = { text = collect.text(state, state.text) },
            citations = state.citations,
            guardrailAction = state.guardrailAction,
        }
    end,
}
