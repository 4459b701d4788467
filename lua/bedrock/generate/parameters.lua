--- The parameters that generate knows, and what is said of others.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local is_list = require "bedrock.base.is_list"

local INPUTS_MAX = 1000

local parameters = {}

local function is_text(value)
    return type(value) == "string" and value ~= ""
end
parameters.is_text = is_text

local function is_text_list(value)
    return is_list(value, is_text) and #value > 0
end

--- @param value any
--- @return boolean
function parameters.is_number(value)
    return type(value) == "number" and value == value and math.abs(value) ~= math.huge
end
local is_number = parameters.is_number

local function whole_from(low)
    return function(value)
        return is_number(value) and value % 1 == 0 and value >= low
    end
end

local function is_short_list(value)
    return is_text_list(value) and #value <= INPUTS_MAX
end

local function one_of(...)
    local words, set = { ... }, {}
    for _, word in ipairs(words) do
        set[word] = true
    end
    return { "one of " .. table.concat(words, ", "), function(value)
        return set[value] == true
    end }
end

local function is_text_or_list(value)
    return is_text(value) or is_text_list(value)
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

local text = { "a string that is not empty", is_text }
local said = { "a text that is not blank", function(value)
    return is_text(value) and value:find "%S" ~= nil
end }
local number = { "a number", is_number }
local count = { "a whole number from 1", whole_from(1) }
local flag = { "true or false", function(value)
    return type(value) == "boolean"
end }

local EFFORTS = { low = true, medium = true, high = true }

--- name → what it must be, in words, and whether it is
local KNOWN = {
    model = text,
    family = text,
    inference = text,
    heal = flag,
    prompt = said,
    system = said,
    schema = { "a JSON Schema, or its short form", function(value)
        return type(value) == "table"
    end },
    negative_prompt = text,
    max_tokens = count,
    temperature = number,
    top_p = number,
    top_k = count,
    stop = { "a string or a list of strings, none of them empty", is_text_or_list },
    reasoning = { "true, false, a number of tokens, or low, medium or high", function(value)
        return type(value) == "boolean" or EFFORTS[value] or whole_from(1)(value)
    end },
    images = { "the path or the bytes of an image, a table with path, bytes or s3, or a list of these",
        function(value)
            return is_media(value) or parameters.is_media_list(value)
        end },
    video = { "the path, the bytes or the s3:// address of a video, or a table with path, bytes or s3", is_media },
    width = count,
    height = count,
    aspect_ratio = { 'a string like "16:9"', function(value)
        return type(value) == "string" and value:find "^%d+:%d+$" ~= nil
    end },
    resolution = text,
    duration = { "a whole number of seconds", whole_from(1) },
    count = count,
    seed = { "a whole number from 0", whole_from(0) },
    task = one_of("variation", "inpainting", "background_removal"),
    mask = { "the path or the bytes of an image, or a table with path or bytes", is_media },
    mask_prompt = text,
    output = { "an address in S3: s3://BUCKET or s3://BUCKET/PATH", function(value)
        return type(value) == "string" and value:find "^s3://[^/]+" ~= nil
    end },
    input = { "a string or a list of at most 1000 strings, none of them empty", function(value)
        return is_text(value) or is_short_list(value)
    end },
    input_type = one_of("search_document", "search_query", "classification", "clustering"),
    dimensions = count,
    query = text,
    documents = { "a list of at most 1000 strings, none of them empty", is_short_list },
    top_n = count,
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

--- @param set table
--- @return string[] keys
function parameters.sorted(set)
    local keys = {}
    for key in pairs(set) do
        keys[#keys + 1] = key
    end
    table.sort(keys)
    return keys
end

local NAMES = parameters.sorted(KNOWN)

--- What to do instead, in brackets; empty if that is not known.
local function hint(name)
    if type(name) ~= "string" then
        return ""
    end
    local slip = SLIPS[(name:lower():gsub("_", ""))]
    local near = not slip and core.suggest(name, NAMES)
    return slip and (" (%s)"):format(slip) or near and (" (did you mean %s?)"):format(near) or ""
end

--- @param problems bedrock.Problem[]
--- @param path string
--- @param kind bedrock.ProblemKind
--- @param message string a format
function parameters.add(problems, path, kind, message, ...)
    problems[#problems + 1] = { path = path, kind = kind, message = message:format(...) }
end
local add = parameters.add

--- @param name any
--- @return boolean
function parameters.are(name)
    return KNOWN[name] ~= nil
end

local function shown(value)
    return (type(value) == "number" or type(value) == "boolean") and tostring(value) or errors.type_of(value)
end

--- @param given table
--- @param problems bedrock.Problem[]
function parameters.check(given, problems)
    for name, value in pairs(given) do
        local known = KNOWN[name]
        if not known then
            add(problems, core.shown(tostring(name)), "unknown", "unknown parameter%s", hint(name))
        elseif not known[2](value) then
            add(problems, name, "type", "must be %s, got %s", known[1], shown(value))
        end
    end
    if given.model == nil then
        add(problems, "model", "missing", "missing: a model ID, ARN or inference profile")
    end
end

return parameters
