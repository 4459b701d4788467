--- The foundation models the endpoint offers.
local catalogue = { models = {} }

local TEXT, IMAGE, VIDEO, EMBEDDING = "TEXT", "IMAGE", "VIDEO", "EMBEDDING"
local ON_DEMAND, PROFILE = "ON_DEMAND", "INFERENCE_PROFILE"

local function add(id, name, provider, input, output, inference, more)
    local model = more or {}
    model.id, model.name, model.provider = id, name, provider
    model.input, model.output, model.inference = input, output, inference
    model.streaming = output[1] == TEXT
    model.customizations = model.customizations or {}
    table.insert(catalogue.models, model)
end

add("amazon.nova-micro-v1:0", "Nova Micro", "Amazon", { TEXT }, { TEXT }, { ON_DEMAND, PROFILE },
    { customizations = { "FINE_TUNING" } })
add("amazon.nova-lite-v1:0", "Nova Lite", "Amazon", { TEXT, IMAGE, VIDEO }, { TEXT },
    { ON_DEMAND, PROFILE }, { customizations = { "FINE_TUNING", "DISTILLATION" } })
add("amazon.nova-pro-v1:0", "Nova Pro", "Amazon", { TEXT, IMAGE, VIDEO }, { TEXT },
    { ON_DEMAND, PROFILE })
add("amazon.nova-canvas-v1:0", "Nova Canvas", "Amazon", { TEXT, IMAGE }, { IMAGE }, { ON_DEMAND })
add("amazon.titan-text-express-v1", "Titan Text G1 - Express", "Amazon", { TEXT }, { TEXT },
    { ON_DEMAND }, { legacy = true })
add("amazon.titan-embed-text-v2:0", "Titan Text Embeddings V2", "Amazon", { TEXT }, { EMBEDDING },
    { ON_DEMAND })
add("amazon.titan-embed-image-v1", "Titan Multimodal Embeddings G1", "Amazon", { TEXT, IMAGE },
    { EMBEDDING }, { ON_DEMAND })
add("amazon.titan-image-generator-v2:0", "Titan Image Generator G1 v2", "Amazon", { TEXT, IMAGE },
    { IMAGE }, { ON_DEMAND })
add("anthropic.claude-3-haiku-20240307-v1:0", "Claude 3 Haiku", "Anthropic", { TEXT, IMAGE },
    { TEXT }, { ON_DEMAND })
add("anthropic.claude-sonnet-4-20250514-v1:0", "Claude Sonnet 4", "Anthropic", { TEXT, IMAGE },
    { TEXT }, { PROFILE }, { global = true })
add("anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5", "Anthropic", { TEXT, IMAGE },
    { TEXT }, { PROFILE }, { global = true })
add("meta.llama3-1-8b-instruct-v1:0", "Llama 3.1 8B Instruct", "Meta", { TEXT }, { TEXT },
    { ON_DEMAND, PROFILE })
add("meta.llama3-3-70b-instruct-v1:0", "Llama 3.3 70B Instruct", "Meta", { TEXT }, { TEXT },
    { PROFILE })
add("openai.gpt-oss-20b-1:0", "gpt-oss-20b", "OpenAI", { TEXT }, { TEXT }, { ON_DEMAND })
add("openai.gpt-oss-120b-1:0", "gpt-oss-120b", "OpenAI", { TEXT }, { TEXT }, { ON_DEMAND })

--- @param id string model ID or ARN
function catalogue.find(id)
    local bare = id:match("foundation%-model/(.+)$") or id
    for _, model in ipairs(catalogue.models) do
        if model.id == bare then
            return model
        end
    end
end

return catalogue
