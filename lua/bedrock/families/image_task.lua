--- The image task body that Nova Canvas and Titan Image Generator share.
local image_task = {}

image_task.takes = { "prompt", "negative_prompt" }

image_task.fields = {
    width = "imageGenerationConfig.width",
    height = "imageGenerationConfig.height",
    count = "imageGenerationConfig.numberOfImages",
    seed = "imageGenerationConfig.seed",
}

function image_task.body(given)
    return {
        taskType = "TEXT_IMAGE",
        textToImageParams = { text = given.prompt, negativeText = given.negative_prompt },
    }
end

--- `error` is said when images were held back by a content filter.
function image_task.read(answer)
    local images = type(answer.images) == "table" and answer.images
    return { images = images or (type(answer.error) == "string" and {}), stop_reason = answer.error }
end

return image_task
