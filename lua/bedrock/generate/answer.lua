--- What generate gives: one form for what all families answer.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local is_list = require "bedrock.base.is_list"
local metadata = require "bedrock.metadata"
local parameters = require "bedrock.generate.parameters"
local printed = require "bedrock.prints.printed"
local raised = require "bedrock.tasks.raised"
local thoughts = require "bedrock.generate.thoughts"

local is_text, is_number = parameters.is_text, parameters.is_number

local answer = {}

--- What the answer's words for its end are called here; Converse's words. Others are handed on.
local STOP_REASONS = {
    COMPLETE = "end_turn",
    FINISH = "end_turn",
    FINISHED = "end_turn",
    stop = "end_turn",
    LENGTH = "max_tokens",
    MAX_TOKENS = "max_tokens",
    length = "max_tokens",
    STOP_CRITERIA_MET = "stop_sequence",
    STOP_SEQUENCE = "stop_sequence",
    CONTENT_FILTERED = "content_filtered",
    content_filter = "content_filtered",
    tool_calls = "tool_use",
}

--- @param family table
--- @param why string
--- @return bedrock.Error
function answer.unreadable(family, why)
    return errors.new {
        kind = "transport",
        code = "BadResponse",
        operation = "generate",
        message = ("the model's answer does not fit the family %s: %s"):format(family.name, why),
    }
end

local function is_embedding(value)
    return is_list(value, is_number) and #value > 0
end

local function is_ranked(value)
    return type(value) == "table" and is_number(value.index) and is_number(value.score)
end

--- What the answer of a family must hold, by what it makes; `count` of them.
local FITS = {
    text = function(read)
        return type(read.text) == "string"
    end,
    images = function(read)
        return is_list(read.images, is_text)
    end,
    embeddings = function(read, count)
        return is_list(read.embeddings, is_embedding) and #read.embeddings == count
    end,
    results = function(read)
        return is_list(read.results, is_ranked)
    end,
    video = function(read)
        return is_text(read.uri)
    end,
}

--- @param raw table what the service answered
--- @param family table
--- @param count integer
--- @return table? read
--- @return bedrock.Error? err
function answer.read(raw, family, count)
    local ok, read = pcall(family.read, raw)
    if not ok and raised.is_for_the_caller(read) then
        error(read, 0)
    elseif not ok or not FITS[family.output](read, count) then
        return nil, answer.unreadable(family, "a member is missing or has another type")
    end
    return read
end

local function decoded(images)
    local list = {}
    for i, image in ipairs(images) do
        list[i] = core.base64_decode(image)
        if not list[i] then
            return nil
        end
    end
    return list
end

local function of_type(wanted, value)
    if type(value) == wanted then
        return value
    end
end

--- @param word any
--- @return string?
function answer.stop_reason(word)
    local ending = of_type("string", word)
    return ending and (STOP_REASONS[ending] or ending)
end

local COUNTS = { "input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens" }

--- Bedrock says how many tokens there were with every answer, even if the body does not.
local HEADERS = { input_tokens = "x-amzn-bedrock-input-token-count",
    output_tokens = "x-amzn-bedrock-output-token-count" }

local function from_headers(usage, output)
    local facts = metadata.of(output)
    for name, header in pairs(HEADERS) do
        local value = tonumber(facts and facts.headers[header])
        usage[name] = value and math.floor(value)
    end
end

--- @param read table
--- @param output table? whose headers are asked where the body says nothing
--- @return bedrock.TokenUsage
function answer.usage(read, output)
    local usage = {}
    for _, name in ipairs(COUNTS) do
        usage[name] = of_type("number", read[name])
    end
    if output and not usage.input_tokens and not usage.output_tokens then
        from_headers(usage, output)
    end
    if not usage.total_tokens and usage.input_tokens and usage.output_tokens then
        usage.total_tokens = usage.input_tokens + usage.output_tokens
    end
    return usage
end

--- Scores with the documents they are of, counted from 1.
local function ranked(results, given)
    local list = {}
    for i, result in ipairs(results) do
        local index = result.index + 1
        list[i] = { index = index, score = result.score, document = given.documents[index] }
    end
    return list
end

local function text_and_reasoning(read, plan, ending)
    local text, reasoning = read.text, of_type("string", read.reasoning)
    if text and plan.family.thoughts then
        local told
        text, told = thoughts.split(plan.family.thoughts, text, ending ~= "end_turn")
        reasoning = told or reasoning
    end
    return text, reasoning ~= "" and reasoning or nil
end

--- What was done besides what was asked for; nil if nothing was.
local function sentences(plan)
    local list = {}
    for _, some in ipairs { plan.healed or {}, plan.notes or {} } do
        for _, sentence in ipairs(some) do
            list[#list + 1] = sentence
        end
    end
    return list[1] and list
end

--- @param fields table
--- @param plan bedrock.GeneratePlan
--- @return bedrock.Generated
function answer.new(fields, plan)
    fields.healed = sentences(plan)
    return printed.as(fields, "generated")
end

--- What was done is known when all is done.
--- @param output table an answer, or a stream of one
--- @param plan bedrock.GeneratePlan
function answer.tell(output, plan)
    if getmetatable(output) == printed.of "generated" then
        output.healed = sentences(plan)
    end
end

--- @param read table what the family read
--- @param raw table
--- @param plan bedrock.GeneratePlan
--- @param output table what the operation gave
--- @return bedrock.Generated? result
--- @return bedrock.Error? err
function answer.of(read, raw, plan, output)
    local images = read.images and decoded(read.images)
    if read.images and not images then
        return nil, answer.unreadable(plan.family, "an image is not base64")
    end
    local ending = answer.stop_reason(read.stop_reason)
    local text, reasoning = text_and_reasoning(read, plan, ending)
    return answer.new({
        text = text,
        reasoning = reasoning,
        images = images,
        embeddings = read.embeddings,
        results = read.results and ranked(read.results, plan.given),
        uri = read.uri,
        stop_reason = ending,
        usage = answer.usage(read, output),
        raw = raw,
    }, plan)
end

--- Answers to the parts of one question put together.
--- @param results bedrock.Generated[]
--- @param plan bedrock.GeneratePlan
--- @return bedrock.Generated
function answer.merged(results, plan)
    local merged = answer.new({ embeddings = {}, usage = {}, raw = {} }, plan)
    for i, result in ipairs(results) do
        for _, embedding in ipairs(result.embeddings) do
            merged.embeddings[#merged.embeddings + 1] = embedding
        end
        merged.raw[i] = result.raw
        for name, tokens in pairs(result.usage) do
            merged.usage[name] = (merged.usage[name] or 0) + tokens
        end
    end
    return merged
end

return answer
