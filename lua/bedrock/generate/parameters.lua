--- The parameters that generate knows, and what is said of others.
local is_list = require "bedrock.base.is_list"
local options = require "bedrock.base.options"

local INPUTS_MAX = 1000

local is_text, whole_from = options.is_text, options.whole_from

local parameters = { add = options.add, is_number = options.is_number, is_text = is_text }

local function is_text_list(value)
    return is_list(value, is_text) and #value > 0
end

local function is_short_list(value)
    return is_text_list(value) and #value <= INPUTS_MAX
end

local function one_of(...)
    return { "one of " .. table.concat({ ... }, ", "), options.one_of(...) }
end

--- A file: its path, its bytes, or a table that says where it is.
local function is_media(value)
    return is_text(value) or type(value) == "table" and (is_text(value.path) or is_text(value.bytes)
        or is_text(value.s3))
end

--- @param value any
--- @return boolean
function parameters.is_media_list(value)
    return is_list(value, is_media) and #value > 0
end

local is_effort = options.one_of(true, false, "low", "medium", "high")

--- name → what it must be, in words, and whether it is
local KNOWN = {
    model = "text",
    family = "text",
    inference = "text",
    heal = "boolean",
    prompt = "said",
    system = "said",
    schema = { "a JSON Schema, or its short form", options.is_table },
    negative_prompt = "text",
    max_tokens = "whole",
    temperature = "number",
    top_p = "number",
    top_k = "whole",
    stop = "text_or_list",
    reasoning = { "true, false, a number of tokens, or low, medium or high", function(value)
        return is_effort(value) or whole_from(1)(value)
    end },
    images = { "the path or the bytes of an image, a table with path, bytes or s3, or a list of these",
        function(value)
            return is_media(value) or parameters.is_media_list(value)
        end },
    video = { "the path, the bytes or the s3:// address of a video, or a table with path, bytes or s3", is_media },
    width = "whole",
    height = "whole",
    aspect_ratio = { 'a string like "16:9"', function(value)
        return type(value) == "string" and value:find "^%d+:%d+$" ~= nil
    end },
    resolution = "text",
    duration = { "a whole number of seconds", whole_from(1) },
    count = "whole",
    seed = { "a whole number from 0", whole_from(0) },
    task = one_of("variation", "inpainting", "background_removal"),
    mask = { "the path or the bytes of an image, or a table with path or bytes", is_media },
    mask_prompt = "text",
    output = { "an address in S3: s3://BUCKET or s3://BUCKET/PATH", function(value)
        return type(value) == "string" and value:find "^s3://[^/]+" ~= nil
    end },
    input = { "a string or a list of at most 1000 strings, none of them empty", function(value)
        return is_text(value) or is_short_list(value)
    end },
    input_type = one_of("search_document", "search_query", "classification", "clustering"),
    dimensions = "whole",
    query = "text",
    documents = { "a list of at most 1000 strings, none of them empty", is_short_list },
    top_n = "whole",
}

--- What people write who know other interfaces, as it is compared: lower-case, without _.
local SLIPS = {
    image = "did you mean images?",
    maxcompletiontokens = "did you mean max_tokens?",
    maxoutputtokens = "did you mean max_tokens?",
    maskimage = "did you mean mask?",
    messages = "use chat or converse for a conversation; here the question is prompt",
    modelid = "did you mean model?",
    n = "did you mean count?",
    numberofimages = "did you mean count?",
    outputuri = "did you mean output?",
    jsonschema = "did you mean schema?",
    responseformat = "did you mean schema?",
    question = "did you mean prompt, or query for a rerank model?",
    size = "did you mean width and height?",
    stream = "use generate_stream to get the answer as it is written",
    text = "did you mean prompt, or input for an embedding model?",
    thinking = "did you mean reasoning?",
    inputtext = "did you mean prompt, or input for an embedding model?",
    texts = "did you mean input?",
    tools = "use chat or converse for tools",
    toolconfig = "use chat or converse for tools",
    videos = "did you mean video?",
}

local SET = { what = "parameter", known = KNOWN, slips = SLIPS }

--- @param name any
--- @return boolean
function parameters.are(name)
    return KNOWN[name] ~= nil
end

--- @param given table
--- @param problems bedrock.Problem[]
function parameters.check(given, problems)
    options.check(given, SET, problems)
    if given.model == nil then
        options.add(problems, "model", "missing", "missing: a model ID, ARN or inference profile")
    end
end

return parameters
