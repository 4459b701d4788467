--- Amazon Nova Canvas: images, new or made of others.
local image_task = require "bedrock.families.image_task"

return {
    name = "nova_canvas",
    source = "https://docs.aws.amazon.com/nova/latest/userguide/image-gen-access.html",
    output = "images",
    models = { "amazon.nova-canvas" },
    required = {},
    takes = image_task.takes,
    fields = image_task.fields,
    check = image_task.check,
    body = image_task.body,
    read = image_task.read,
}
