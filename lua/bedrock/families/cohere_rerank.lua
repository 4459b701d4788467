--- Cohere Rerank. The service demands the version of its interface.
local rerank = require "bedrock.families.rerank"

return {
    name = "cohere_rerank",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-use.html",
    output = "results",
    models = { "cohere.rerank" },
    required = rerank.required,
    takes = {},
    fields = rerank.fields,
    body = function()
        return { api_version = 2 }
    end,
    read = rerank.read,
}
