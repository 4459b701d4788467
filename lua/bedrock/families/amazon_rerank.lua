--- Amazon Rerank.
local rerank = require "bedrock.families.rerank"

return {
    name = "amazon_rerank",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/rerank-use.html",
    output = "results",
    models = { "amazon.rerank" },
    required = rerank.required,
    takes = {},
    fields = rerank.fields,
    body = function()
        return {}
    end,
    read = rerank.read,
}
