--- Mistral's chat models, Large 2 and Pixtral. Newer ones go by Converse.
local chat = require "bedrock.families.openai_chat"

return {
    name = "mistral_chat",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-mistral-chat-completion.html",
    output = "text",
    models = { "mistral.mistral-large-2407", "mistral.pixtral-large" },
    required = chat.required,
    takes = { "prompt", "system", "images" },
    fields = {
        max_tokens = "max_tokens",
        temperature = "temperature",
        top_p = "top_p",
    },
    body = chat.body,
    read = chat.read,
    piece = chat.piece,
}
