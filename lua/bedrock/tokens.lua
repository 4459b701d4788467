--- How many tokens an answer says it took.
local tokens = {}

--- @class bedrock.Tokens
--- @field input_tokens? integer of what was sent
--- @field output_tokens? integer of what was made
--- @field total_tokens? integer both
--- @field cache_read_tokens? integer taken from the prompt cache
--- @field cache_write_tokens? integer put into the prompt cache

local HEADERS = {
    input_tokens = "x-amzn-bedrock-input-token-count",
    output_tokens = "x-amzn-bedrock-output-token-count",
    cache_read_tokens = "x-amzn-bedrock-cache-read-input-token-count",
    cache_write_tokens = "x-amzn-bedrock-cache-write-input-token-count",
}

local METRICS = { input_tokens = "inputTokenCount", output_tokens = "outputTokenCount",
    cache_read_tokens = "cacheReadInputTokenCount", cache_write_tokens = "cacheWriteInputTokenCount" }

local function complete(found)
    if found.input_tokens and found.output_tokens and not found.total_tokens then
        found.total_tokens = found.input_tokens + found.output_tokens
    end
    return next(found) and found or nil
end

--- @param usage any as Converse has it, or in this module's own words
--- @return bedrock.Tokens?
function tokens.of_usage(usage)
    if type(usage) ~= "table" then
        return nil
    end
    return complete {
        input_tokens = usage.inputTokens or usage.input_tokens,
        output_tokens = usage.outputTokens or usage.output_tokens,
        total_tokens = usage.totalTokens or usage.total_tokens,
        cache_read_tokens = usage.cacheReadInputTokens or usage.cache_read_tokens,
        cache_write_tokens = usage.cacheWriteInputTokens or usage.cache_write_tokens,
    }
end

--- @param headers table<string, string>?
--- @return bedrock.Tokens?
function tokens.of_headers(headers)
    local found = {}
    for name, header in pairs(HEADERS) do
        found[name] = headers and tonumber(headers[header])
    end
    return complete(found)
end

--- The last chunk of a model's own stream tells them among Bedrock's metrics.
--- @param chunk string
--- @return bedrock.Tokens?
function tokens.of_chunk(chunk)
    local metrics = chunk:match '"amazon%-bedrock%-invocationMetrics"%s*:%s*(%b{})'
    local found = {}
    for name, member in pairs(METRICS) do
        local digits = metrics and metrics:match('"' .. member .. '"%s*:%s*(%d+)')
        found[name] = digits and tonumber(digits)
    end
    return complete(found)
end

--- @param output any
--- @param headers table<string, string>?
--- @return bedrock.Tokens?
function tokens.of(output, headers)
    local usage = type(output) == "table" and rawget(output, "usage")
    return tokens.of_usage(usage) or tokens.of_headers(headers)
end

return tokens
