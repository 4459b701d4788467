--- Stable Image Inpaint: what a mask shows in white is made anew; without a mask, what is transparent.
local edit = require "bedrock.families.stability_edit"

return {
    name = "stability_inpaint",
    source = edit.source,
    output = "images",
    models = { "stability.stable-image-inpaint" },
    required = { "prompt", "images" },
    takes = { "images", "mask", "task" },
    fields = { prompt = "prompt", negative_prompt = "negative_prompt", seed = "seed" },
    refuse = edit.refuse "inpainting",
    body = edit.body,
    read = edit.read,
}
