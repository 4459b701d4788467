--- The last step of `conn:test { model = … }`: may this connection ask that model, and if not, what is in the way?
--- It costs nothing (CountTokens) or about a token.
local families = require "bedrock.families"
local model_id = require "bedrock.models.id"

local test_model = {}

local PROMPT = "Hi"

local function messages()
    return { { role = "user", content = { { text = PROMPT } } } }
end

local LISTED = 'conn:models { name = … } lists what there is here'

--- Parts of AWS's messages, in lower case, and what to do; %M is the model.
local HINTS = {
    { "on-demand throughput", 'this model is only called through an inference profile: give its ID, as in '
        .. 'model = "us.%M", or its ARN; conn:models { kind = "inference_profile" } lists them' },
    { "is an arn of region", "the model's ARN and the connection must be of one region" },
    { "another geography", "take the profile of the connection's own geography, or connect to a region of the "
        .. 'profile\'s; conn:models { kind = "inference_profile" } lists those of this region' },
    { "identifier is invalid", "no model, profile or ARN of that name is known in %R: is it written as AWS writes "
        .. "it, and is it offered there? " .. LISTED },
    { "end of its life", "AWS has retired this model version: choose a newer one. " .. LISTED },
    { "legacy", "AWS is about to retire this model version, and gives it only to those who use it already: choose a "
        .. "newer one. " .. LISTED },
    { "use case", "fill in the provider's use case form in the Bedrock console (Model catalog); it takes some minutes "
        .. "until it counts" },
    { "marketplace", "this model is subscribed to through AWS Marketplace: that needs aws-marketplace:Subscribe and "
        .. "aws-marketplace:ViewSubscriptions once, best by an administrator who opens it in the Bedrock console" },
    { "access to the model", "access to this model is not granted to the account in %R: ask for it in the Bedrock "
        .. "console (Model access, Model catalog)" },
    { "unsupported countries", "the provider does not serve the country that this account or request comes from" },
    { "explicit deny", "a policy denies it explicitly: the role's (or user's), a permissions boundary, a session "
        .. "policy, or a service control policy that closes models or regions" },
    { "service control policy", "the organisation's service control policies close this model or region" },
    { "not authorized", "the permission is missing: allow bedrock:InvokeModel (it covers Converse) on this model; for "
        .. "an inference profile on the profile and on the foundation model in every region it sends requests to" },
}

local function hint_of(err, model, region)
    local message = err.message:lower()
    for _, pair in ipairs(HINTS) do
        if message:find(pair[1], 1, true) then
            return (pair[2]:gsub("%%%u", { ["%M"] = model, ["%R"] = region }))
        end
    end
    if err.code == "AccessDeniedException" then
        return "is bedrock:InvokeModel allowed on this model, and is access to it granted to the account in " .. region
            .. "?"
    elseif err.code == "ValidationException" then
        return "this model may not be one that Converse can ask (images, video and others are asked by invoke_model): "
            .. "see its page in AWS's documentation"
    elseif err.status == 404 then
        return "is the model offered in " .. region .. "? " .. LISTED
    end
end

--- A refusal of this way of asking; another way may find out more.
local function may_ask_otherwise(err)
    local status = err.status or 0
    return err.kind == "service" and (status == 501 or status >= 400 and status < 500) and status ~= 429
        and not err.retryable
end

--- Free, but AWS counts no tokens for some models and all profiles, and it says nothing about models that cannot be
--- called by their own ID.
local function count(conn, model)
    local answer, err = conn.runtime:count_tokens { modelId = model, input = { converse = { messages = messages() } } }
    if not answer then
        return nil, err
    end
    return ('%s is there: "%s" is %s to it (CountTokens)'):format(model, PROMPT,
        answer.inputTokens == 1 and "1 token" or tostring(answer.inputTokens) .. " tokens"),
        "nothing was generated, so this does not prove the permission bedrock:InvokeModel"
end

local function converse(conn, model)
    local answer, err = conn.runtime:converse { modelId = model, messages = messages(),
        inferenceConfig = { maxTokens = 1 } }
    if not answer then
        return nil, err
    end
    local usage = answer.usage or {}
    return ("%s answered (Converse, %s tokens in, %s out)"):format(model, tostring(usage.inputTokens),
        tostring(usage.outputTokens))
end

local function embed(conn, model)
    local answer, err = conn:generate { model = model, input = PROMPT }
    if not answer then
        return nil, err
    end
    return ("%s answered (InvokeModel, an embedding of %d numbers)"):format(model, #answer.embeddings[1])
end

--- Does the list of foundation models say that the model cannot be called by its own ID?
local function needs_profile(model, summaries)
    for _, summary in ipairs(summaries or {}) do
        if summary.modelId == model then
            for _, kind in ipairs(summary.inferenceTypesSupported or {}) do
                if kind == "ON_DEMAND" then
                    return false
                end
            end
            return true
        end
    end
    return false
end

local function makes(model)
    local id = model_id.foundation(model)
    local family = id and families.of(id)
    return family and family.output
end

local function ask(conn, model, summaries)
    if makes(model) == "embeddings" then
        return embed(conn, model)
    end
    if not needs_profile(model, summaries) then
        local detail, note_or_err = count(conn, model)
        if detail or not may_ask_otherwise(note_or_err) then
            return detail, note_or_err
        end
    end
    return converse(conn, model)
end

--- @param conn bedrock.Connection
--- @param model string ID, ARN or inference profile
--- @param summaries table[]? of the foundation models, if they could be listed
--- @return string? detail
--- @return string|bedrock.Error|nil note_or_err
--- @return string? hint of a failure
function test_model.ask(conn, model, summaries)
    local detail, note_or_err = ask(conn, model, summaries)
    if detail then
        return detail, note_or_err
    end
    return nil, note_or_err, note_or_err.kind == "service" and hint_of(note_or_err, model, conn.region) or nil
end

return test_model
