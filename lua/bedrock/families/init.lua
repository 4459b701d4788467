--- The model families that `generate` can speak. Each is a small table, as its provider documents the body:
---     name        what `family = …` calls it
---     source      the public page that documents it
---     output      "text", "images", "video", "embeddings" or "results"
---     models      model IDs start with one of these; the longest match over all families wins
---     required    parameters that must be given
---     either      two parameters, one of which must be given
---     takes       parameters that `body` reads itself
---     fields      parameters that are copied, each to its path in the body
---     defaults    parameters that the service demands and users need not give
---     refuse      function(name, value, given): why a value cannot be sent, if it cannot
---     check       function(given, add): tells what is wrong with several at once, by add(path, kind, message)
---     adjust      function(given, shape, note): changes what does not fit together, and says so by note(format, …)
---     shapes      forms in which it may be told to reason: which one a model takes is seen by its refusals
---     body        function(given, shape): the rest of the request body
---     read        function(answer): {text|images|embeddings|results|uri, reasoning, stop_reason, input_tokens, …}
---     piece       function(chunk): what a chunk of a stream adds to the same; without it there is no stream
---     thoughts    tags that reasoning is between, within the text; see bedrock.generate.thoughts
---     via         "converse" or "later" (StartAsyncInvoke) instead of InvokeModel
---     not_by_converse  Converse does not speak to its models, so they give no objects
---     batch       how many inputs one request takes; without it `input` is one text
---     joint       a text and an image become one embedding
---     images_in_s3  an image may be an address in S3
---     formats     what is in S3 must say its format
local families = {}

--- By the first part of model IDs, so that only those are loaded that may be asked.
local BY_PROVIDER = {
    ai21 = { "jamba" },
    amazon = { "nova", "nova2", "nova_canvas", "nova_reel", "nova_embeddings", "titan_text", "titan_image",
        "titan_embeddings", "titan_embeddings_v1", "titan_multimodal", "amazon_rerank" },
    anthropic = { "anthropic" },
    cohere = { "command_r", "cohere_embed", "cohere_embed_v4", "cohere_rerank" },
    deepseek = { "deepseek_r1", "deepseek" },
    luma = { "luma" },
    meta = { "llama", "llama4" },
    mistral = { "mistral", "mistral_chat" },
    openai = { "openai" },
    qwen = { "qwen" },
    stability = { "stability", "stability_background", "stability_inpaint" },
    twelvelabs = { "marengo", "marengo2", "pegasus" },
    writer = { "palmyra" },
}

local NAMES, KNOWN = { "converse" }, { converse = true }
for _, names in pairs(BY_PROVIDER) do
    for _, name in ipairs(names) do
        NAMES[#NAMES + 1] = name
        KNOWN[name] = true
    end
end
table.sort(NAMES)

--- Models of speech: they are neither asked in text nor answer in it.
local SPEECH = { "amazon.nova-sonic", "amazon.nova-2-sonic" }

local function starts(text, prefix)
    return text:sub(1, #prefix) == prefix
end

--- @return string[]
function families.names()
    return NAMES
end

--- Loads all of them.
function families.preload()
    for _, name in ipairs(NAMES) do
        require("bedrock.families." .. name)
    end
end

--- @param name string
--- @return table?
function families.named(name)
    return KNOWN[name] and require("bedrock.families." .. name) or nil
end

--- @param id string bare model ID
--- @return boolean
function families.is_speech(id)
    for _, prefix in ipairs(SPEECH) do
        if starts(id, prefix) then
            return true
        end
    end
    return false
end

--- @param id string bare model ID
--- @return table? family
function families.of(id)
    if families.is_speech(id) then
        return nil
    end
    local best, length = nil, 0
    for _, name in ipairs(BY_PROVIDER[id:match "^([%w-]+)%." or ""] or {}) do
        local family = families.named(name)
        for _, prefix in ipairs(family.models) do
            if #prefix > length and starts(id, prefix) then
                best, length = family, #prefix
            end
        end
    end
    return best
end

--- @param family table
--- @return table<string, true> names of the parameters it takes
function families.taken(family)
    local names = {}
    for _, name in ipairs(family.takes) do
        names[name] = true
    end
    for name in pairs(family.fields) do
        names[name] = true
    end
    return names
end

return families
