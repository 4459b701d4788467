--- Amazon Titan Multimodal Embeddings, of text.
local text = require "bedrock.families.titan_embeddings"

return {
    name = "titan_multimodal",
    output = "embeddings",
    models = { "amazon.titan-embed-image" },
    required = text.required,
    takes = text.takes,
    fields = { dimensions = "embeddingConfig.outputEmbeddingLength" },
    body = text.body,
    read = text.read,
}
