--- TwelveLabs Marengo 2.7: embeddings of texts and images.
local core = require "bedrock.core"
local media = require "bedrock.base.media"

--- @param found bedrock.Media
--- @return table
local function media_source(found)
    return found.uri and { s3Location = media.location(found) } or { base64String = core.base64_encode(found.bytes) }
end

return {
    name = "marengo2",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-marengo.html",
    output = "embeddings",
    models = { "twelvelabs.marengo-embed-2" },
    required = {},
    either = { "input", "images" },
    takes = { "input", "images" },
    fields = {},
    images_in_s3 = true,
    media_source = media_source,
    body = function(given)
        if given.image then
            return { inputType = "image", mediaSource = media_source(given.image) }
        end
        return { inputType = "text", inputText = given.input }
    end,
    read = function(answer)
        local embeddings = {}
        for i, entry in ipairs(answer.data) do
            embeddings[i] = entry.embedding
        end
        return { embeddings = embeddings }
    end,
}
