--- Amazon Nova Multimodal Embeddings, of text. Text that is too long is an error, not cut.
return {
    name = "nova_embeddings",
    output = "embeddings",
    models = { "amazon.nova-2-multimodal-embeddings" },
    required = { "input" },
    takes = { "input" },
    fields = { dimensions = "singleEmbeddingParams.embeddingDimension" },
    body = function(given)
        return {
            schemaVersion = "nova-multimodal-embed-v1",
            taskType = "SINGLE_EMBEDDING",
            singleEmbeddingParams = {
                embeddingPurpose = "GENERIC_INDEX",
                text = { truncationMode = "NONE", value = given.input },
            },
        }
    end,
    read = function(answer)
        return {
            embedding = answer.embeddings[1].embedding,
            input_tokens = answer.inputTextTokenCount,
        }
    end,
}
