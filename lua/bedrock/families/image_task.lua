--- The image task body that Nova Canvas and Titan Image Generator share.
local core = require "bedrock.core"

local image_task = {}

image_task.takes = { "prompt", "negative_prompt", "task", "images", "mask", "mask_prompt" }

image_task.fields = {
    width = "imageGenerationConfig.width",
    height = "imageGenerationConfig.height",
    count = "imageGenerationConfig.numberOfImages",
    seed = "imageGenerationConfig.seed",
}

local function encoded(found)
    return core.base64_encode(found.bytes)
end

local function all_encoded(list)
    local texts = {}
    for i, found in ipairs(list) do
        texts[i] = encoded(found)
    end
    return texts
end

local TASKS = {
    variation = function(given)
        return { taskType = "IMAGE_VARIATION", imageVariationParams = {
            text = given.prompt, negativeText = given.negative_prompt, images = all_encoded(given.images) } }
    end,
    inpainting = function(given)
        return { taskType = "INPAINTING", inPaintingParams = {
            text = given.prompt, negativeText = given.negative_prompt, image = encoded(given.images[1]),
            maskImage = given.mask and encoded(given.mask), maskPrompt = given.mask_prompt } }
    end,
    background_removal = function(given)
        return { taskType = "BACKGROUND_REMOVAL", backgroundRemovalParams = { image = encoded(given.images[1]) } }
    end,
}

--- What goes with a task; nothing else may be given beside it.
local BESIDE = {
    variation = { prompt = true, negative_prompt = true, width = true, height = true, count = true, seed = true },
    inpainting = { prompt = true, negative_prompt = true, mask = true, mask_prompt = true, width = true,
        height = true, count = true, seed = true },
    background_removal = {},
}

local EDITS = { mask = true, mask_prompt = true }

local function check_beside(given, task, add)
    local function look(name)
        if given[name] ~= nil and not BESIDE[task][name] then
            add(name, "conflict", "does not go with the task %s", task)
        end
    end
    for _, name in ipairs(image_task.takes) do
        if name ~= "task" and name ~= "images" then
            look(name)
        end
    end
    for name in pairs(image_task.fields) do
        look(name)
    end
end

local function check_images(given, task, add)
    local count = type(given.images) == "table" and #given.images or given.images and 1 or 0
    if count == 0 then
        add("images", "missing", "missing: the task %s needs it", task)
    elseif count > 1 and task ~= "variation" then
        add("images", "value", "the task %s takes one image, got %d", task, count)
    end
    if task == "inpainting" and (given.mask == nil) == (given.mask_prompt == nil) then
        add("mask", "conflict", "give either mask or mask_prompt: what is to be changed")
    end
end

function image_task.check(given, add)
    if given.task then
        check_images(given, given.task, add)
        return check_beside(given, given.task, add)
    end
    if given.prompt == nil then
        add("prompt", "missing", "missing: without a task this family needs it")
    end
    if given.images then
        add("task", "missing", "missing: what is to be done with the images? variation, inpainting or "
            .. "background_removal")
    end
    for name in pairs(EDITS) do
        if given[name] then
            add(name, "conflict", 'needs task = "inpainting"')
        end
    end
end

function image_task.body(given)
    if given.task then
        return TASKS[given.task](given)
    end
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
