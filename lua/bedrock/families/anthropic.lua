--- Anthropic Claude, by the Messages API. The service demands max_tokens.
local blocks = require "bedrock.families.blocks"
local core = require "bedrock.core"
local thinking = require "bedrock.models.thinking"

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
    defaults = { max_tokens = thinking.ANSWER_TOKENS },
    shapes = { "thinking", "adaptive" },
    --- Thinking goes with no temperature and no top_k, and its tokens count among max_tokens.
    adjust = function(given, shape, note)
        if not given.reasoning then
            return
        end
        for _, name in ipairs { "temperature", "top_k" } do
            if given[name] then
                given[name] = nil
                note("%s was left out, as Claude takes none while it reasons", name)
            end
        end
        if shape == "thinking" then
            given.max_tokens = thinking.max_tokens(given.max_tokens, thinking.budget(given.reasoning), note)
        end
    end,
    body = function(given, shape)
        local body = {
            anthropic_version = "bedrock-2023-05-31",
            messages = { { role = "user", content = content(given) } },
        }
        if given.reasoning and shape == "adaptive" then
            body.thinking = { type = "adaptive" }
            body.output_config = { effort = thinking.effort(given.reasoning) }
        elseif given.reasoning then
            body.thinking = { type = "enabled", budget_tokens = thinking.budget(given.reasoning) }
        end
        return body
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
