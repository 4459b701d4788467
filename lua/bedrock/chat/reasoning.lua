--- How models are told to reason. Which way a model takes is decided by its refusal, and remembered.
local model_id = require "bedrock.models.id"
local thinking = require "bedrock.models.thinking"

local reasoning = {}

--- Claude takes no temperature and no top_k while it reasons.
--- Source: "Extended thinking" of the Amazon Bedrock user guide.
local function leave_out_sampling(params, o, notes)
    local config = params.inferenceConfig or {}
    if config.temperature then
        config.temperature = nil
        notes[#notes + 1] = "temperature was left out, as Claude takes none while it reasons"
    end
    if o.top_k and not (o.extra and o.extra.top_k) then
        params.additionalModelRequestFields.top_k = nil
        notes[#notes + 1] = "top_k was left out, as Claude takes none while it reasons"
    end
end

--- Source: "Extended thinking" and "Adaptive thinking" of the Amazon Bedrock user guide; Nova 2's and gpt-oss's pages.
local SHAPES = {
    thinking = function(params, o, notes)
        local tokens = thinking.budget(o.reasoning)
        local config = params.inferenceConfig or {}
        params.inferenceConfig = config
        config.maxTokens = thinking.max_tokens(config.maxTokens, tokens, function(text)
            notes[#notes + 1] = text
        end)
        leave_out_sampling(params, o, notes)
        return { thinking = { type = "enabled", budget_tokens = tokens } }
    end,
    adaptive = function(params, o, notes)
        leave_out_sampling(params, o, notes)
        return { thinking = { type = "adaptive" }, output_config = { effort = thinking.effort(o.reasoning) } }
    end,
    nova = function(_, o)
        return { reasoningConfig = { type = "enabled", maxReasoningEffort = thinking.effort(o.reasoning) } }
    end,
    effort = function(_, o)
        return { reasoning_effort = thinking.effort(o.reasoning) }
    end,
}

local FIRST = { Amazon = "nova", Anthropic = "thinking", OpenAI = "effort" }
local ORDER = { "thinking", "adaptive", "effort", "nova" }

--- The shapes to try for a model, the likeliest first.
--- @return string[]
function reasoning.shapes(model)
    local first = FIRST[model_id.provider(model)] or "effort"
    local list = { first }
    for _, name in ipairs(ORDER) do
        if name ~= first then
            list[#list + 1] = name
        end
    end
    return list
end

--- @return string shape of reasoning that a request has
function reasoning.shape(model, memory)
    return memory.reasoning or reasoning.shapes(model)[1]
end

--- @param r bedrock.ChatRequest
--- @param params table of the request; loses what the model does not take while it reasons
--- @param notes string[] gets what is left out
--- @return table fields of the model's own
function reasoning.fields(r, params, notes)
    return SHAPES[reasoning.shape(r.model, r.memory)](params, r.options, notes)
end

return reasoning
