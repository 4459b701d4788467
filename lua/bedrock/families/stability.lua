--- Stability AI: Stable Diffusion 3 and 3.5, Stable Image Core and Ultra.

--- Of the first image that was held back: {"finish_reasons":["Filter reason: prompt"]}; null where all went well.
local function reason_of(answer)
    for _, reason in ipairs(type(answer.finish_reasons) == "table" and answer.finish_reasons or {}) do
        if type(reason) == "string" then
            return reason
        end
    end
end

return {
    name = "stability",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/"
        .. "model-parameters-diffusion-stable-ultra-text-image-request-response.html",
    output = "images",
    models = { "stability.sd3", "stability.stable-image-core", "stability.stable-image-ultra" },
    required = { "prompt" },
    takes = {},
    fields = {
        prompt = "prompt",
        negative_prompt = "negative_prompt",
        aspect_ratio = "aspect_ratio",
        seed = "seed",
    },
    body = function()
        return {}
    end,
    read = function(answer)
        local reason = reason_of(answer)
        local images = type(answer.images) == "table" and answer.images or nil
        return { images = images or reason and {}, stop_reason = reason }
    end,
}
