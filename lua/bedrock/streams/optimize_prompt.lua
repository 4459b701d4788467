--- OptimizePrompt.
local collect = require "bedrock.streams.collect"
local marks = require "bedrock.streams.marks"

return {
    gathered = { optimize_prompt = "bedrock.GatheredPrompt" },
    ending = marks { optimizedPromptEvent = true },
    new = function()
        return {}
    end,
    events = {
        analyzePromptEvent = function(state, _, kept)
            state.analysis = state.analysis or {}
            collect.append(state.analysis, kept.message)
        end,
        optimizedPromptEvent = function(state, event)
            collect.set(state, "optimizedPrompt", event.optimizedPrompt, "optimizedPromptEvent", event)
        end,
    },
    piece = function(name, event)
        local prompt = event.optimizedPrompt and event.optimizedPrompt.textPrompt
        return name == "analyzePromptEvent" and event.message or prompt and "\n" .. tostring(prompt.text) or nil
    end,
    result = function(state)
        state.analysis = state.analysis and collect.text(state, state.analysis)
        local prompt = state.optimizedPrompt and state.optimizedPrompt.textPrompt
        state.text = prompt and prompt.text
        return state
    end,
}
