--- Amazon Titan Image Generator: images, new or made of others.
local image_task = require "bedrock.families.image_task"

return {
    name = "titan_image",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-image.html",
    output = "images",
    models = { "amazon.titan-image" },
    required = {},
    takes = image_task.takes,
    fields = image_task.fields,
    check = image_task.check,
    body = image_task.body,
    read = image_task.read,
}
