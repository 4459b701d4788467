--- Amazon Nova Reel: videos of a text, and of an image that they begin with. Those of more than six seconds are made
--- of several shots.
local core = require "bedrock.core"
local later = require "bedrock.generate.later"

--- Seconds of a shot.
local SHOT = 6

--- All that the service knows yet.
local FRAMES_PER_SECOND, DIMENSION = 24, "1280x720"

local function first_frame(images)
    local found = images[1]
    return { { format = found.format, source = { bytes = core.base64_encode(found.bytes) } } }
end

return {
    name = "nova_reel",
    source = "https://docs.aws.amazon.com/nova/latest/userguide/video-gen-access.html",
    output = "video",
    models = { "amazon.nova-reel" },
    via = "later",
    required = { "prompt", "output" },
    takes = { "prompt", "images", "duration", "output" },
    fields = { seed = "videoGenerationConfig.seed" },
    refuse = function(name, value, given)
        if name == "duration" and value % SHOT ~= 0 then
            return ("must be a multiple of %d seconds, got %d"):format(SHOT, value)
        elseif name == "images" and type(value) == "table" and #value > 1 then
            return "takes one image, which the video begins with"
        elseif name == "images" and (given.duration or SHOT) > SHOT then
            return ("only a video of %d seconds begins with an image"):format(SHOT)
        end
    end,
    body = function(given)
        local duration = given.duration or SHOT
        local body = { videoGenerationConfig = { durationSeconds = duration, fps = FRAMES_PER_SECOND,
            dimension = DIMENSION } }
        if duration > SHOT then
            body.taskType, body.multiShotAutomatedParams = "MULTI_SHOT_AUTOMATED", { text = given.prompt }
        else
            body.taskType = "TEXT_VIDEO"
            body.textToVideoParams = { text = given.prompt, images = given.images and first_frame(given.images) }
        end
        return body
    end,
    read = later.read,
}
