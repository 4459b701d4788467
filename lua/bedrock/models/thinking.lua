--- How much Claude thinks, alike for chats and for generate.
--- Source: "Extended thinking" and "Adaptive thinking" of the Amazon Bedrock user guide.
local thinking = {}

--- Tokens of thought for a level, and the least that Claude takes.
local BUDGETS = { low = 2048, medium = 8192, high = 24576 }
local BUDGET_MIN = 1024

--- What is left for the answer beside the thoughts, where max_tokens is not given.
thinking.ANSWER_TOKENS = 4096

--- @param level true|integer|"low"|"medium"|"high"
--- @return "low"|"medium"|"high" effort for models that decide themselves how many tokens that is
function thinking.effort(level)
    if type(level) == "number" then
        return level <= BUDGETS.low and "low" or level <= BUDGETS.medium and "medium" or "high"
    end
    return level == true and "medium" or level
end

--- @param level true|integer|"low"|"medium"|"high"
--- @return integer tokens
function thinking.budget(level)
    return math.max(type(level) == "number" and math.floor(level) or BUDGETS[thinking.effort(level)], BUDGET_MIN)
end

--- The tokens of the thoughts count among max_tokens, which must be more than they may be.
--- @param max_tokens integer? as the user gave it
--- @param budget integer
--- @param note fun(text: string) is told of a change of what the user gave
--- @return integer max_tokens
function thinking.max_tokens(max_tokens, budget, note)
    if max_tokens and max_tokens > budget then
        return max_tokens
    end
    local more = (max_tokens or thinking.ANSWER_TOKENS) + budget
    if max_tokens then
        note(("max_tokens became %d, because the thoughts of up to %d tokens count, too"):format(more, budget))
    end
    return more
end

return thinking
