--- Amazon Nova Canvas: images.
local image_task = require "bedrock.families.image_task"

return {
    name = "nova_canvas",
    output = "images",
    models = { "amazon.nova-canvas" },
    required = { "prompt" },
    takes = image_task.takes,
    fields = image_task.fields,
    body = image_task.body,
    read = image_task.read,
}
