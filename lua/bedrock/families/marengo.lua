--- TwelveLabs Marengo 3 and newer: embeddings of texts and images.
local marengo2 = require "bedrock.families.marengo2"

return {
    name = "marengo",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-marengo-3.html",
    output = "embeddings",
    models = { "twelvelabs.marengo-embed" },
    required = {},
    either = marengo2.either,
    takes = marengo2.takes,
    fields = {},
    images_in_s3 = true,
    body = function(given)
        if given.image then
            return { inputType = "image", image = { mediaSource = marengo2.media_source(given.image) } }
        end
        return { inputType = "text", text = { inputText = given.input } }
    end,
    read = marengo2.read,
}
