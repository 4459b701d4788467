--- Amazon Titan Text Embeddings V2.
return {
    name = "titan_embeddings",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html",
    output = "embeddings",
    models = { "amazon.titan-embed-text-v2" },
    required = { "input" },
    takes = { "input" },
    fields = { dimensions = "dimensions" },
    body = function(given)
        return { inputText = given.input }
    end,
    read = function(answer)
        return { embeddings = { answer.embedding }, input_tokens = answer.inputTextTokenCount }
    end,
}
