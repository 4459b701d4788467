--- Meta Llama 3, 3.1, 3.2 and 3.3 instruct.
local llama_prompt = require "bedrock.families.llama_prompt"

return {
    name = "llama",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html",
    output = "text",
    models = { "meta.llama3" },
    required = llama_prompt.required,
    takes = llama_prompt.takes,
    fields = llama_prompt.fields,
    refuse = llama_prompt.refuse,
    body = llama_prompt.body("<|start_header_id|>%s<|end_header_id|>", "<|eot_id|>"),
    read = llama_prompt.read,
    piece = llama_prompt.piece,
}
