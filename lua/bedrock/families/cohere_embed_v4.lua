--- Cohere Embed v4: a text and an image may become one embedding.
local embeddings = require "bedrock.families.cohere_embeddings"
local media = require "bedrock.base.media"

--- A text beside an image is one thing of several parts.
local function both(given)
    return {
        inputs = { { content = {
            { type = "text", text = given.input },
            { type = "image_url", image_url = media.data_uri(given.image) },
        } } },
        input_type = given.input_type or "search_document",
    }
end

return {
    name = "cohere_embed_v4",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html",
    output = "embeddings",
    models = { "cohere.embed-v4" },
    required = {},
    either = { "input", "images" },
    takes = { "input", "images", "input_type" },
    fields = { dimensions = "output_dimension" },
    batch = embeddings.batch,
    joint = true,
    body = function(given)
        local body = given.image and given.input and both(given) or embeddings.body(given)
        body.embedding_types = { "float" }
        return body
    end,
    read = embeddings.read,
}
