--- `conn:generate`: one plain table in, one form out, over the model families.
---
---     local answer = conn:generate { model = "amazon.nova-lite-v1:0", prompt = "A haiku on tides" }
---     print(answer.text, answer.stop_reason, answer.usage.output_tokens)
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local families = require "bedrock.families"
local drop_null = require "bedrock.drop_null"
local is_list = require "bedrock.is_list"
local metadata = require "bedrock.metadata"
local model_id = require "bedrock.model_id"
local printed = require "bedrock.printed"
local profiles = require "bedrock.profiles"

local OPERATION = "generate"
local INPUTS_MAX = 1000

local function is_text(value)
    return type(value) == "string" and value ~= ""
end

local function is_text_list(value)
    return is_list(value, is_text) and #value > 0
end

local function is_number(value)
    return type(value) == "number" and value == value and math.abs(value) ~= math.huge
end

local function whole_from(low)
    return function(value)
        return is_number(value) and value % 1 == 0 and value >= low
    end
end

local text = { "a string that is not empty", is_text }
local number = { "a number", is_number }
local count = { "a whole number from 1", whole_from(1) }

local PARAMETERS = {
    model = text,
    family = text,
    inference = text,
    prompt = text,
    system = text,
    negative_prompt = text,
    max_tokens = count,
    temperature = number,
    top_p = number,
    top_k = count,
    stop = { "a string or a list of strings, none of them empty", function(value)
        return is_text(value) or is_text_list(value)
    end },
    width = count,
    height = count,
    count = count,
    seed = { "a whole number from 0", whole_from(0) },
    input = { "a string or a list of at most 1000 strings, none of them empty", function(value)
        return is_text(value) or (is_text_list(value) and #value <= INPUTS_MAX)
    end },
    dimensions = count,
}

--- What the answer's words for its end are called here; Converse's words. Others are handed on.
local STOP_REASONS = {
    FINISH = "end_turn",
    FINISHED = "end_turn",
    stop = "end_turn",
    LENGTH = "max_tokens",
    length = "max_tokens",
    STOP_CRITERIA_MET = "stop_sequence",
    CONTENT_FILTERED = "content_filtered",
    content_filter = "content_filtered",
}

local function sorted_keys(t)
    local keys = {}
    for key in pairs(t) do
        keys[#keys + 1] = key
    end
    table.sort(keys)
    return keys
end

local NAMES = sorted_keys(PARAMETERS)

--- What people write who know other interfaces, as it is compared: lower-case, without _.
local SLIPS = {
    image = "use converse to send images",
    images = "use converse to send images; count says how many to make",
    maxcompletiontokens = "did you mean max_tokens?",
    maxoutputtokens = "did you mean max_tokens?",
    messages = "use converse for a conversation; here the question is prompt",
    modelid = "did you mean model?",
    n = "did you mean count?",
    numberofimages = "did you mean count?",
    question = "did you mean prompt?",
    size = "did you mean width and height?",
    stream = "use converse_stream to get the answer as it is written",
    text = "did you mean prompt, or input for an embedding model?",
    inputtext = "did you mean prompt, or input for an embedding model?",
    texts = "did you mean input?",
    tools = "use converse for tools",
    toolconfig = "use converse for tools",
}

--- What to do instead, in brackets; empty if that is not known.
local function hint(name)
    if type(name) ~= "string" then
        return ""
    end
    local slip = SLIPS[(name:lower():gsub("_", ""))]
    local near = not slip and core.suggest(name, NAMES)
    return slip and (" (%s)"):format(slip) or near and (" (did you mean %s?)"):format(near) or ""
end

local function add(problems, path, kind, message, ...)
    problems[#problems + 1] = { path = path, kind = kind, message = message:format(...) }
end

local function check_types(given, problems)
    for name, value in pairs(given) do
        local known = PARAMETERS[name]
        if not known then
            add(problems, core.shown(tostring(name)), "unknown", "unknown parameter%s", hint(name))
        elseif not known[2](value) then
            add(problems, name, "type", "must be %s, got %s", known[1],
                type(value) == "number" and tostring(value) or "a " .. type(value))
        end
    end
    if given.model == nil then
        add(problems, "model", "missing", "missing: a model ID, ARN or inference profile")
    end
end

local function family_of(given, problems)
    local names = table.concat(families.names(), ", ")
    if given.family then
        local family = families.named(given.family)
        if not family then
            add(problems, "family", "enum", '"%s" is not a family; choose one of %s', core.shown(given.family), names)
        end
        return family
    end
    local id = model_id.foundation(given.model)
    local family = id and families.of(id)
    if not family then
        add(problems, "model", "enum", 'no model family is known for "%s": name one with family = (%s), or use '
            .. "invoke_model with the model's own body, or converse", core.shown(given.model), names)
    end
    return family
end

local function taken(family)
    local names = {}
    for _, name in ipairs(family.takes) do
        names[name] = true
    end
    for name in pairs(family.fields) do
        names[name] = true
    end
    return names
end

local GENERAL = { model = true, family = true, inference = true }

local function check_family(given, family, problems)
    local takes = taken(family)
    for name, value in pairs(given) do
        if PARAMETERS[name] and not takes[name] and not GENERAL[name] then
            add(problems, name, "unknown", "the family %s has no such parameter; it takes %s",
                family.name, table.concat(sorted_keys(takes), ", "))
        elseif family.refuse then
            local refusal = family.refuse(name, value)
            if refusal then
                add(problems, name, "pattern", refusal)
            end
        end
    end
    for _, name in ipairs(family.required) do
        if given[name] == nil then
            add(problems, name, "missing", "missing: the family %s needs it", family.name)
        end
    end
end

--- @return string? the model as it is called, with the prefix asked for
--- @return boolean? listed the account's profiles are to tell the prefix
local function resolve_model(given, problems)
    local wanted, model = given.inference, given.model
    if not wanted then
        return model
    end
    if model_id.is_arn(model) then
        return add(problems, "inference", "conflict", "an ARN already says where the model runs")
    end
    if wanted ~= "cross-region" and not model_id.is_prefix(wanted) then
        return add(problems, "inference", "enum", 'must be cross-region, or one of %s; got "%s". A newer prefix '
            .. "goes in front of the model", table.concat(model_id.prefixes, ", "), core.shown(wanted))
    end
    local has = model_id.split(model)
    if has and wanted ~= "cross-region" and wanted ~= has then
        return add(problems, "inference", "conflict", 'the model has the prefix "%s" already, not "%s"', has, wanted)
    elseif has then
        return model
    elseif wanted == "cross-region" then
        return model, true
    end
    return wanted .. "." .. model
end

local function put(body, path, value)
    local place = body
    for step, dot in path:gmatch("([^.]+)(%.?)") do
        if dot == "" then
            place[step] = value
        else
            place[step] = place[step] or {}
            place = place[step]
        end
    end
end

local function body_of(given, family)
    local body = family.body(given)
    for name, path in pairs(family.fields) do
        local value = given[name]
        if value == nil and family.defaults then
            value = family.defaults[name]
        end
        if name == "stop" and type(value) == "string" then
            value = { value }
        end
        if value ~= nil then
            put(body, path, value)
        end
    end
    return body
end

--- A body for each input of an embedding, one for everything else: the models take one text at a time.
local function bodies_of(given, family)
    if type(given.input) ~= "table" then
        return { body_of(given, family) }
    end
    local bodies = {}
    for i, input in ipairs(given.input) do
        bodies[i] = body_of(setmetatable({ input = input }, { __index = given }), family)
    end
    return bodies
end

local function unreadable(family, why)
    return errors.new {
        kind = "transport",
        code = "BadResponse",
        operation = OPERATION,
        message = ("the model's answer does not fit the family %s: %s"):format(family.name, why),
    }
end

--- What the answer of a family must hold, by what it makes.
local FITS = {
    text = function(read)
        return type(read.text) == "string"
    end,
    images = function(read)
        return is_list(read.images, is_text)
    end,
    embeddings = function(read)
        return is_list(read.embedding, is_number) and #read.embedding > 0
    end,
}

local function invoke(conn, model, body, family, options)
    local answer, err = conn.runtime:invoke_model({
        modelId = model,
        body = body,
        contentType = "application/json",
        accept = "application/json",
    }, options)
    if not answer then
        return nil, err
    end
    local raw, why = core.decode(answer.body)
    if type(raw) ~= "table" then
        return nil, unreadable(family, why and why.message or "it is not a JSON object")
    end
    local ok, read = pcall(family.read, raw)
    if not ok or not FITS[family.output](read) then
        return nil, unreadable(family, "a member is missing or has another type")
    end
    return read, raw, answer
end

local function decode_images(images)
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

local function result_of(read, raw, family)
    local images = read.images and decode_images(read.images)
    if read.images and not images then
        return nil, unreadable(family, "an image is not base64")
    end
    local ending = of_type("string", read.stop_reason)
    return {
        text = read.text,
        images = images,
        embeddings = read.embedding and { read.embedding },
        stop_reason = ending and (STOP_REASONS[ending] or ending),
        usage = {
            input_tokens = of_type("number", read.input_tokens),
            output_tokens = of_type("number", read.output_tokens),
        },
        raw = raw,
    }
end

local function merge(results)
    local merged = { embeddings = {}, usage = {}, raw = {} }
    for i, result in ipairs(results) do
        merged.embeddings[i] = result.embeddings[1]
        merged.raw[i] = result.raw
        for name, tokens in pairs(result.usage) do
            merged.usage[name] = (merged.usage[name] or 0) + tokens
        end
    end
    return merged
end

--- @return table? family
--- @return string|bedrock.Error model
--- @return boolean? listed
local function prepare(given)
    local problems = {}
    check_types(given, problems)
    if #problems > 0 then
        return nil, errors.validation(OPERATION, problems)
    end
    local family = family_of(given, problems)
    if family then
        check_family(given, family, problems)
    end
    local model, listed = resolve_model(given, problems)
    if #problems > 0 then
        return nil, errors.validation(OPERATION, problems)
    end
    return family, model, listed
end

--- @class bedrock.GenerateParams
--- @field model string model ID, ARN or inference profile
--- @field prompt? string text and image families
--- @field system? string
--- @field max_tokens? integer
--- @field temperature? number
--- @field top_p? number
--- @field top_k? integer
--- @field stop? string|string[]
--- @field negative_prompt? string image families
--- @field width? integer
--- @field height? integer
--- @field count? integer
--- @field seed? integer
--- @field input? string|string[] embedding families; a list makes one request for each
--- @field dimensions? integer
--- @field family? string instead of the one that the model's name says
--- @field inference? string "cross-region": the account's profile in the region's own geography; or a prefix: us,
---   us-gov, eu, apac, jp, au, ca, global

--- @class bedrock.Generated
--- @field text? string
--- @field images? string[] bytes of image files
--- @field embeddings? number[][]
--- @field stop_reason? string
--- @field usage bedrock.TokenUsage
--- @field raw table the model's own answer; for a list of inputs, a list of them

--- One-shot text, images or embeddings, the same for all model families.
--- @param given bedrock.GenerateParams
--- @param options? bedrock.CallOptions
--- @return bedrock.Generated? result
--- @return bedrock.Error? err
local function generate(conn, given, options)
    connection.client_of(conn, nil, options, 2)
    if type(given) ~= "table" then
        error("generate: expected a table of parameters, got " .. errors.type_of(given), 2)
    end
    given = drop_null(given)
    local family, model, listed = prepare(given)
    if not family then
        return nil, model
    end
    if listed then
        local profile, err = profiles.geographic(conn, model, options)
        if not profile then
            return nil, err
        end
        model = profile
    end
    local results, last = {}, nil
    for i, body in ipairs(bodies_of(given, family)) do
        local read, raw, answer = invoke(conn, model, body, family, options)
        if not read then
            return nil, raw
        end
        local result, err = result_of(read, raw, family)
        if not result then
            return nil, err
        end
        results[i], last = result, answer
    end
    local result = type(given.input) == "table" and merge(results) or results[1]
    return metadata.copy(printed.as(result, "generated"), last)
end

return { generate = generate }
