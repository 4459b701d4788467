--- Qwen 3.
local chat = require "bedrock.families.openai_chat"

return {
    name = "qwen",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-cards-qwen.html",
    output = "text",
    models = { "qwen." },
    required = chat.required,
    takes = chat.takes,
    fields = chat.fields,
    thoughts = { open = "<think>", close = "</think>" },
    body = chat.body,
    read = chat.read,
    piece = chat.piece,
}
