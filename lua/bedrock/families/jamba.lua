--- AI21 Jamba.
local chat = require "bedrock.families.openai_chat"

return {
    name = "jamba",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-jamba.html",
    output = "text",
    models = { "ai21.jamba" },
    required = chat.required,
    takes = chat.takes,
    fields = chat.fields,
    body = chat.body,
    read = chat.read,
    piece = chat.piece,
}
