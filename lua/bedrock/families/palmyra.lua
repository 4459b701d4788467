--- Writer Palmyra.
local chat = require "bedrock.families.openai_chat"

return {
    name = "palmyra",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-writer-palmyra.html",
    output = "text",
    models = { "writer.palmyra" },
    required = chat.required,
    takes = chat.takes,
    fields = chat.fields,
    body = chat.body,
    read = chat.read,
    piece = chat.piece,
}
