--- Amazon Nova, text: micro, lite, pro, premier.
local messages = require "bedrock.families.nova_messages"

return {
    name = "nova",
    source = "https://docs.aws.amazon.com/nova/latest/userguide/complete-request-schema.html",
    output = "text",
    models = { "amazon.nova-" },
    required = { "prompt" },
    takes = messages.takes,
    fields = messages.fields,
    images_in_s3 = true,
    formats = true,
    body = messages.body,
    read = messages.read,
    piece = messages.piece,
}
