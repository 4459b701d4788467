--- What Cohere's embedding models share: many texts at a time, or an image, and what the vectors are for.
local media = require "bedrock.base.media"

local cohere_embeddings = {}

--- Texts in one request.
cohere_embeddings.batch = 96

--- @param given table
--- @param image_type string what an image is for
--- @return table
function cohere_embeddings.body(given, image_type)
    local kind = given.input_type or "search_document"
    if given.image then
        return { images = { media.data_uri(given.image) }, input_type = image_type or kind }
    end
    return { texts = given.input, input_type = kind }
end

--- A list, or lists by type where a type was asked for.
function cohere_embeddings.read(answer)
    return { embeddings = answer.embeddings.float or answer.embeddings }
end

return cohere_embeddings
