--- Cohere Embed v3.
local embeddings = require "bedrock.families.cohere_embeddings"

return {
    name = "cohere_embed",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v3.html",
    output = "embeddings",
    models = { "cohere.embed" },
    required = {},
    either = { "input", "images" },
    takes = { "input", "images", "input_type" },
    fields = {},
    batch = embeddings.batch,
    body = function(given)
        return embeddings.body(given, "image")
    end,
    read = embeddings.read,
}
