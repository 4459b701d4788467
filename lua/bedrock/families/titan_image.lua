--- Amazon Titan Image Generator.
local image_task = require "bedrock.families.image_task"

return {
    name = "titan_image",
    output = "images",
    models = { "amazon.titan-image" },
    required = { "prompt" },
    takes = image_task.takes,
    fields = image_task.fields,
    body = image_task.body,
    read = image_task.read,
}
