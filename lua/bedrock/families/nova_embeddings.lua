--- Amazon Nova Multimodal Embeddings, of texts and images. Text that is too long is an error, not cut.
local core = require "bedrock.core"
local media = require "bedrock.base.media"

local PURPOSES = {
    search_document = "GENERIC_INDEX",
    search_query = "GENERIC_RETRIEVAL",
    classification = "CLASSIFICATION",
    clustering = "CLUSTERING",
}

local function image(found)
    local source = found.uri and { s3Location = media.location(found) } or { bytes = core.base64_encode(found.bytes) }
    return { format = found.format, detailLevel = "STANDARD_IMAGE", source = source }
end

return {
    name = "nova_embeddings",
    source = "https://docs.aws.amazon.com/nova/latest/userguide/embeddings-schema.html",
    output = "embeddings",
    models = { "amazon.nova-2-multimodal-embeddings" },
    required = {},
    either = { "input", "images" },
    takes = { "input", "images", "input_type" },
    fields = { dimensions = "singleEmbeddingParams.embeddingDimension" },
    images_in_s3 = true,
    formats = true,
    body = function(given)
        return {
            schemaVersion = "nova-multimodal-embed-v1",
            taskType = "SINGLE_EMBEDDING",
            singleEmbeddingParams = {
                embeddingPurpose = PURPOSES[given.input_type or "search_document"],
                text = given.input and { truncationMode = "NONE", value = given.input },
                image = given.image and image(given.image),
            },
        }
    end,
    read = function(answer)
        return {
            embeddings = { answer.embeddings[1].embedding },
            input_tokens = answer.inputTextTokenCount,
        }
    end,
}
