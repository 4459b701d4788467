--- The families of streams, by operation.
---
--- A family is a table:
---     new       function(): what events are collected in
---     events    name → function(state, event, kept): collects one. `kept` is the event with the halves of surrogate
---               pairs kept, for collect.text. An event without a function has no place: it goes to state.others
---     result    function(state, operation): what the whole stream comes to; why that is unfit, if it is
---     gathered  operation → type of that for editors: a name, or {operation} whose output it is
---     ending    function(): what must have come before the end, whatever HTTP says of it; nil: every end is one
---                   ending:see(name, event) -> fault?     of each event that is to be seen, in order
---                   ending.marks                          by name, those that are (false counts, too); nil: all
---                   ending:is_missing()                   would an end now be too early?
---                   ending.complete                       true, false or, where nobody can know, nil
---                   ending.published                      it is the stream's own `complete`, too
---     piece     function(name, event): the text of an event that is to be printed, if it has one; nil: all are
---     json_chunks  events called chunk have a body of the model's own, which becomes their `json`
local streams = {}

local FAMILIES = {
    agentic_retrieve_stream = "agentic_retrieve",
    converse_stream = "converse",
    invoke_agent = "agent",
    invoke_agent_runtime = "bytes",
    invoke_agent_runtime_command = "command",
    invoke_flow = "flow",
    invoke_harness = "converse",
    invoke_inline_agent = "agent",
    invoke_model_with_response_stream = "model",
    optimize_prompt = "optimize_prompt",
    request = "bytes",
    retrieve_and_generate_stream = "retrieve_and_generate",
}

--- @param operation string
--- @return table family
function streams.of(operation)
    return require("bedrock.streams." .. (FAMILIES[operation] or "any"))
end

--- Loads all of them.
function streams.preload()
    for _, name in pairs(FAMILIES) do
        require("bedrock.streams." .. name)
    end
    require "bedrock.streams.any"
    require "bedrock.streams.sent_events"
end

return streams
