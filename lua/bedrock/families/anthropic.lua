--- Anthropic Claude, by the Messages API. The service demands max_tokens.
local blocks = require "bedrock.families.blocks"
local core = require "bedrock.core"

--- Tokens to think with.
local BUDGETS = { low = 2048, medium = 8192, high = 24576 }
local BUDGET, BUDGET_MIN, ANSWER = 4096, 1024, 4096

local function budget_of(reasoning)
    return reasoning == true and BUDGET or BUDGETS[reasoning] or reasoning
end

local function image(found)
    return { type = "image", source = { type = "base64", media_type = "image/" .. found.format,
        data = core.base64_encode(found.bytes) } }
end

local function content(given)
    local list = {}
    for i, found in ipairs(given.images or {}) do
        list[i] = image(found)
    end
    list[#list + 1] = { type = "text", text = given.prompt }
    return list
end

local function usage_of(read, usage)
    if type(usage) == "table" then
        read.input_tokens, read.output_tokens = usage.input_tokens, usage.output_tokens
        read.cache_read_tokens = usage.cache_read_input_tokens
        read.cache_write_tokens = usage.cache_creation_input_tokens
    end
    return read
end

return {
    name = "anthropic",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages.html",
    output = "text",
    models = { "anthropic.claude" },
    required = { "prompt" },
    takes = { "prompt", "images", "reasoning" },
    fields = {
        system = "system",
        max_tokens = "max_tokens",
        temperature = "temperature",
        top_p = "top_p",
        top_k = "top_k",
        stop = "stop_sequences",
    },
    defaults = { max_tokens = ANSWER },
    refuse = function(name, value)
        if name == "reasoning" and type(value) == "number" and value < BUDGET_MIN then
            return ("Claude thinks with %d tokens at least"):format(BUDGET_MIN)
        end
    end,
    --- Thinking goes with no temperature and no top_k, and its tokens count among max_tokens.
    adjust = function(given)
        local budget, notes = budget_of(given.reasoning), {}
        if not budget then
            return given
        end
        for _, name in ipairs { "temperature", "top_k" } do
            if given[name] then
                given[name] = nil
                notes[#notes + 1] = ("%s was left out: Claude takes none when it reasons"):format(name)
            end
        end
        if (given.max_tokens or 0) <= budget then
            given.max_tokens = budget + (given.max_tokens or ANSWER)
        end
        return given, notes[1] and notes
    end,
    body = function(given)
        local budget = budget_of(given.reasoning)
        return {
            anthropic_version = "bedrock-2023-05-31",
            messages = { { role = "user", content = content(given) } },
            thinking = budget and { type = "enabled", budget_tokens = budget } or nil,
        }
    end,
    read = function(answer)
        local text, reasoning = blocks.text(answer.content)
        return usage_of({ text = text, reasoning = reasoning, stop_reason = answer.stop_reason }, answer.usage)
    end,
    piece = function(chunk)
        local delta = chunk.delta or {}
        return usage_of({ text = delta.text, reasoning = delta.thinking, stop_reason = delta.stop_reason },
            chunk.usage or chunk.message and chunk.message.usage)
    end,
}
