--- Amazon Titan Embeddings G1 - Text: always 1,536 numbers.
local v2 = require "bedrock.families.titan_embeddings"

return {
    name = "titan_embeddings_v1",
    source = v2.source,
    output = "embeddings",
    models = { "amazon.titan-embed-text-v1", "amazon.titan-embed-g1-text" },
    required = v2.required,
    takes = v2.takes,
    fields = {},
    body = v2.body,
    read = v2.read,
}
