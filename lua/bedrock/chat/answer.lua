--- What a turn of a chat gave.
local core = require "bedrock.core"
local metadata = require "bedrock.metadata"

local answer = {}

--- Tokens of an answer, summed over the requests of a turn.
--- @class bedrock.Usage
--- @field input_tokens integer of what was sent
--- @field output_tokens integer of what was made
--- @field total_tokens integer both
--- @field cache_read_tokens integer taken from the prompt cache
--- @field cache_write_tokens integer put into the prompt cache

--- The answer of a turn.
--- @class bedrock.ChatAnswer prints as its text
--- @field text string what was said
--- @field message table as Converse has it
--- @field stop_reason string why it ended
--- @field usage bedrock.Usage of all rounds
--- @field rounds integer requests of this turn
--- @field reasoning? string what the model thought
--- @field citations? table[] as Converse has them
--- @field object? any with `schema`: the decoded value
--- @field calls? bedrock.ToolCall[] of tools without `run`: chat:results goes on
--- @field metrics? table of the last round
--- @field trace? table of a guardrail or a prompt router
--- @field healed? string[] what was changed of the request, in sentences
local Answer = { __name = "bedrock.answer" }

function Answer.__tostring(self)
    return self.text
end

--- @return bedrock.Usage
function answer.no_usage()
    return { input_tokens = 0, output_tokens = 0, total_tokens = 0, cache_read_tokens = 0, cache_write_tokens = 0 }
end

--- @param usage bedrock.Usage
--- @return bedrock.Usage copy
function answer.copy_usage(usage)
    return {
        input_tokens = usage.input_tokens,
        output_tokens = usage.output_tokens,
        total_tokens = usage.total_tokens,
        cache_read_tokens = usage.cache_read_tokens,
        cache_write_tokens = usage.cache_write_tokens,
    }
end

--- Adds a usage to another.
--- @param sum bedrock.Usage
--- @param usage bedrock.Usage
function answer.add_usage(sum, usage)
    for name, count in pairs(usage) do
        sum[name] = sum[name] + count
    end
end

--- What Converse told, in our words.
--- @param sum bedrock.Usage it is added to that
--- @param told? table
--- @return bedrock.Usage
local function counted(sum, told)
    if not told then
        return answer.no_usage()
    end
    local input, output, total = told.inputTokens or 0, told.outputTokens or 0, told.totalTokens or 0
    local read, write = told.cacheReadInputTokens or 0, told.cacheWriteInputTokens or 0
    sum.input_tokens = sum.input_tokens + input
    sum.output_tokens = sum.output_tokens + output
    sum.total_tokens = sum.total_tokens + total
    if read ~= 0 or write ~= 0 then
        sum.cache_read_tokens = sum.cache_read_tokens + read
        sum.cache_write_tokens = sum.cache_write_tokens + write
    end
    return { input_tokens = input, output_tokens = output, total_tokens = total, cache_read_tokens = read,
        cache_write_tokens = write }
end
answer.count = counted

local function parts_of_many(content)
    local texts, thoughts, citations = {}, {}, {}
    for _, block in ipairs(content) do
        local cited = block.citationsContent
        if block.text then
            texts[#texts + 1] = block.text
        elseif block.reasoningContent and block.reasoningContent.reasoningText then
            thoughts[#thoughts + 1] = block.reasoningContent.reasoningText.text
        elseif cited then
            for _, part in ipairs(cited.content or {}) do
                texts[#texts + 1] = part.text
            end
            for _, citation in ipairs(cited.citations or {}) do
                citations[#citations + 1] = citation
            end
        end
    end
    return table.concat(texts), thoughts[1] and table.concat(thoughts), citations[1] and citations
end

--- @param message table
--- @return string text
--- @return string? reasoning
--- @return table[]? citations
function answer.parts(message)
    local content = message.content
    local first = content and content[1]
    if first and first.text and content[2] == nil then
        return first.text
    end
    return parts_of_many(content or {})
end

--- What the model said; some say nothing at all.
--- @return table message
function answer.message(output)
    return output.output and output.output.message or { role = "assistant", content = {} }
end

--- @param output table what Converse returned last
--- @param usage bedrock.Usage becomes the answer's own
--- @param rounds integer
--- @param more? table {healed, calls, object, text}
--- @return bedrock.ChatAnswer
function answer.new(output, usage, rounds, more)
    local message = answer.message(output)
    local text, reasoning, citations = answer.parts(message)
    local made = { text = text, message = message, stop_reason = output.stopReason, usage = usage, rounds = rounds,
        metrics = output.metrics }
    if reasoning or citations or output.trace then
        made.reasoning, made.citations, made.trace = reasoning, citations, output.trace
    end
    if more then
        for name, value in pairs(more) do
            made[name] = value
        end
    end
    return metadata.copy(setmetatable(made, Answer), output)
end

--- The same of an answer that is one text, to a turn of one request.
--- @param text string
--- @param sum bedrock.Usage it is added to that
--- @param facts any the output's metadata
--- @return bedrock.ChatAnswer
function answer.of_text(output, message, text, sum, facts)
    local made = { text = text, message = message, stop_reason = output.stopReason,
        usage = counted(sum, output.usage), rounds = 1, metrics = output.metrics }
    if output.trace then
        made.trace = output.trace
    end
    metadata.set(made, facts)
    return setmetatable(made, Answer)
end

--- A copy of a list's first entries.
--- @param list table
--- @param count integer? all
function answer.copy(list, count)
    count = count or #list
    if table.move then
        return table.move(list, 1, count, 1, {})
    end
    local copy = {}
    for i = 1, count do
        copy[i] = list[i]
    end
    return copy
end

--- JSON for a model's eyes.
function answer.json(value)
    return (core.encode(value))
end

return answer
