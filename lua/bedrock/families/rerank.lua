--- The body of rerank models: which documents answer a question best.
local rerank = {}

rerank.required = { "query", "documents" }
rerank.fields = { query = "query", documents = "documents", top_n = "top_n" }

function rerank.read(answer)
    local results = {}
    for i, result in ipairs(answer.results) do
        results[i] = { index = result.index, score = result.relevance_score }
    end
    return { results = results }
end

return rerank
