--- Meta Llama 4 instruct.
local llama_prompt = require "bedrock.families.llama_prompt"

return {
    name = "llama4",
    source = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-meta.html",
    output = "text",
    models = { "meta.llama4" },
    required = llama_prompt.required,
    takes = llama_prompt.takes,
    fields = llama_prompt.fields,
    refuse = llama_prompt.refuse,
    body = llama_prompt.body("<|header_start|>%s<|header_end|>", "<|eot|>"),
    read = llama_prompt.read,
    piece = llama_prompt.piece,
}
