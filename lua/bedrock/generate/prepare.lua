--- From the parameters to what is to be sent to whom: all that is wrong with them is found here.
local core = require "bedrock.core"
local drop_null = require "bedrock.base.drop_null"
local errors = require "bedrock.errors"
local families = require "bedrock.families"
local media = require "bedrock.base.media"
local model_id = require "bedrock.models.id"
local parameters = require "bedrock.generate.parameters"
local profiles = require "bedrock.models.profiles"
local sorted_keys = require "bedrock.base.sorted_keys"

local add = parameters.add

local OPERATION = "generate"

--- Parameters that are about the call, not about what is generated.
local GENERAL = { model = true, family = true, inference = true, heal = true, schema = true }

--- What is less plain than a prompt.
local EXAMPLES = { output = ', as in output = "s3://BUCKET/PATH"' }

local function named(given, problems)
    local family = families.named(given.family)
    if not family then
        add(problems, "family", "enum", '"%s" is not a family; choose one of %s', core.shown(given.family),
            table.concat(families.names(), ", "))
    end
    return family
end

--- Of models that nobody told us of: Converse speaks to whatever takes text and gives text.
local function family_of(given, problems)
    if given.family then
        return named(given, problems)
    end
    local id = model_id.foundation(given.model)
    local family = id and families.of(id)
    if family then
        return family
    elseif given.prompt and not (id and families.is_speech(id)) then
        return families.named "converse"
    end
    add(problems, "model", "enum", 'no model family is known for "%s", and Converse needs a prompt: name the family '
        .. "with family = (%s), or use invoke_model with the model's own body", core.shown(given.model),
        table.concat(families.names(), ", "))
end

--- Objects are Converse's, whatever the family.
local function for_schema(family, problems)
    if family.output ~= "text" or family.not_by_converse then
        add(problems, "schema", "unknown", "the family %s gives no objects", family.name)
        return family
    end
    return families.named "converse"
end

--- What another way to the same model takes.
local function elsewhere(family, name)
    local converse = families.named "converse"
    return family.output == "text" and not family.not_by_converse and family ~= converse
        and families.taken(converse)[name] and ' (family = "converse" takes it)' or ""
end

local function check_family(given, family, problems)
    local takes = families.taken(family)
    for name, value in pairs(given) do
        if parameters.are(name) and not takes[name] and not GENERAL[name] then
            add(problems, name, "unknown", "the family %s has no such parameter; it takes %s%s",
                family.name, table.concat(sorted_keys(takes), ", "), elsewhere(family, name))
        elseif family.refuse then
            local refusal = family.refuse(name, value, given)
            if refusal then
                add(problems, name, "pattern", "%s", refusal)
            end
        end
    end
    for _, name in ipairs(family.required) do
        if given[name] == nil then
            add(problems, name, "missing", "missing: the family %s needs it%s", family.name, EXAMPLES[name] or "")
        end
    end
    if family.either and not given[family.either[1]] and not given[family.either[2]] then
        add(problems, family.either[1], "missing", "missing: the family %s needs it, or %s", family.name,
            family.either[2])
    end
    if family.check then
        family.check(given, function(...)
            add(problems, ...)
        end)
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
    if wanted ~= "cross-region" and not model_id.is_prefix(wanted)
        and model_id.split(wanted .. "." .. model) ~= wanted then
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

local function load_one(kind, value, problems, path)
    local found, why = media.load(kind, value)
    if not found then
        add(problems, path, "file", "%s", why)
    end
    return found
end

--- Files in place of their paths. `images` is then a list.
local function load_media(given, problems)
    if given.images then
        local list = parameters.is_media_list(given.images) and given.images or { given.images }
        local loaded = {}
        for i, image in ipairs(list) do
            loaded[i] = load_one("image", image, problems, ("images[%d]"):format(i))
        end
        given.images = loaded
    end
    given.mask = given.mask and load_one("image", given.mask, problems, "mask")
    given.video = given.video and load_one("video", given.video, problems, "video")
end

local function check_format(found, path, family, problems)
    if found and family.formats and not found.format then
        add(problems, path, "value", "the address does not end in a format, as in s3://BUCKET/NAME.mp4: give { s3 = "
            .. '"%s", format = … }', core.shown(found.uri))
    end
end

--- Where only the bytes of an image can be sent.
local function check_places(given, family, problems)
    for i, image in ipairs(given.images or {}) do
        local path = ("images[%d]"):format(i)
        if image.uri and not family.images_in_s3 then
            add(problems, path, "value", "the family %s takes an image's path or bytes, no address in S3", family.name)
        else
            check_format(image, path, family, problems)
        end
    end
    check_format(given.video, "video", family, problems)
    if given.mask and given.mask.uri then
        add(problems, "mask", "value", "must be an image's path or bytes, no address in S3")
    end
end

--- Steps of preparing; each needs that the one before found nothing wrong.
local function examine(given, problems)
    parameters.check(given, problems)
    if #problems > 0 then
        return nil
    end
    local family = family_of(given, problems)
    if family and given.schema then
        family = for_schema(family, problems)
    end
    if family then
        check_family(given, family, problems)
    end
    local model, listed = resolve_model(given, problems)
    if #problems > 0 then
        return nil
    end
    if given.reasoning == false then
        given.reasoning = nil
    end
    load_media(given, problems)
    check_places(given, family, problems)
    return {
        family = family,
        model = model,
        listed = listed,
        given = given,
        by_chat = given.schema ~= nil or family.via == "converse" and given.reasoning ~= nil,
    }
end

--- @class bedrock.GeneratePlan
--- @field family table see bedrock.families
--- @field model string as it is called
--- @field given table the parameters; files are loaded
--- @field by_chat boolean as a turn of a chat
--- @field listed? boolean the account's profiles are still to be asked
--- @field shape? string in which the model is told to reason
--- @field notes? string[] what was changed so that the parameters go together
--- @field healed? string[] what `heal` did

local prepare = { OPERATION = OPERATION }

--- Asks which profile the model is called by, if that is to be asked.
local function resolved(conn, plan, options)
    if plan.listed then
        local profile, err = profiles.geographic(conn, plan.model, options)
        if not profile then
            return nil, err
        end
        plan.model = profile
    end
    plan.given.model = plan.model
    return plan
end

--- @param conn bedrock.Connection
--- @param params bedrock.GenerateParams
--- @param options? bedrock.CallOptions
--- @return bedrock.GeneratePlan? plan
--- @return bedrock.Error? err
function prepare.plan(conn, params, options)
    local given, problems = drop_null(params), {}
    local plan = examine(given, problems)
    if #problems > 0 then
        return nil, errors.validation(OPERATION, problems)
    end
    return resolved(conn, plan, options)
end

return prepare
