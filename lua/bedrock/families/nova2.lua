--- Amazon Nova 2, text. It can reason, with an effort instead of a number of tokens.
local messages = require "bedrock.families.nova_messages"

--- With the highest effort the model itself decides about these.
local OWN = { "max_tokens", "temperature", "top_p" }

return {
    name = "nova2",
    source = "https://docs.aws.amazon.com/nova/latest/nova2-userguide/using-invoke-api.html",
    output = "text",
    models = { "amazon.nova-2-" },
    required = { "prompt" },
    takes = { "prompt", "system", "images", "video", "reasoning" },
    fields = messages.fields,
    images_in_s3 = true,
    formats = true,
    refuse = function(name, value)
        if name == "reasoning" and type(value) == "number" then
            return "Nova takes an effort: true, low, medium or high"
        end
    end,
    adjust = function(given, _, note)
        for _, name in ipairs(given.reasoning == "high" and OWN or {}) do
            if given[name] then
                given[name] = nil
                note("%s was left out, as Nova takes none with high reasoning", name)
            end
        end
    end,
    body = function(given)
        local body, effort = messages.body(given), given.reasoning
        if effort then
            body.reasoningConfig = { type = "enabled", maxReasoningEffort = effort == true and "medium" or effort }
        end
        return body
    end,
    read = messages.read,
    piece = messages.piece,
}
