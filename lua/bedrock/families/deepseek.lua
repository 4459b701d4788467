--- DeepSeek V3.
local chat = require "bedrock.families.openai_chat"

return {
    name = "deepseek",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-deepseek.html",
    output = "text",
    models = { "deepseek.v3" },
    required = chat.required,
    takes = chat.takes,
    fields = chat.fields,
    thoughts = { open = "<think>", close = "</think>" },
    body = chat.body,
    read = chat.read,
    piece = chat.piece,
}
