--- Amazon Titan Multimodal Embeddings, of texts and images; a text and an image may become one.
local core = require "bedrock.core"
local text = require "bedrock.families.titan_embeddings"

return {
    name = "titan_multimodal",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-mm.html",
    output = "embeddings",
    models = { "amazon.titan-embed-image" },
    required = {},
    either = { "input", "images" },
    takes = { "input", "images" },
    fields = { dimensions = "embeddingConfig.outputEmbeddingLength" },
    joint = true,
    body = function(given)
        return {
            inputText = given.input,
            inputImage = given.image and core.base64_encode(given.image.bytes),
        }
    end,
    read = text.read,
}
