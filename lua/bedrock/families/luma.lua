--- Luma Ray 2: videos of a text, and of the images that they begin and end with.
local core = require "bedrock.core"
local later = require "bedrock.generate.later"

local FRAMES = { "frame0", "frame1" }

local function frame(found)
    return { type = "image", source = { type = "base64", media_type = "image/" .. found.format,
        data = core.base64_encode(found.bytes) } }
end

local function keyframes(images)
    local frames = {}
    for i, found in ipairs(images) do
        frames[FRAMES[i]] = frame(found)
    end
    return frames
end

return {
    name = "luma",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-luma.html",
    output = "video",
    models = { "luma.ray" },
    via = "later",
    required = { "prompt", "output" },
    takes = { "images", "duration", "output" },
    fields = {
        prompt = "prompt",
        aspect_ratio = "aspect_ratio",
        resolution = "resolution",
    },
    refuse = function(name, value)
        if name == "images" and type(value) == "table" and #value > #FRAMES then
            return "takes one image to begin with, and one to end with"
        end
    end,
    body = function(given)
        return {
            duration = given.duration and ("%ds"):format(given.duration),
            keyframes = given.images and keyframes(given.images),
        }
    end,
    read = later.read,
}
