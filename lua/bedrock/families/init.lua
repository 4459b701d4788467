--- The model families that `generate` can speak.
---
--- A family is a table:
---     name      what `family = …` calls it
---     output    "text", "images" or "embeddings"
---     models    model IDs start with one of these; the longest match over all families wins
---     required  parameters that must be given
---     takes     parameters that `body` reads itself
---     fields    parameters that are copied, each to its path in the body
---     defaults  parameters that the service demands and users need not give
---     body      function(given): the rest of the request body
---     read      function(answer): {text|images|embeddings, stop_reason, input_tokens, output_tokens}
local families = {}

local NAMES = {
    "nova", "nova_canvas", "nova_embeddings", "titan_text", "titan_image", "titan_embeddings",
    "titan_embeddings_v1", "titan_multimodal", "anthropic", "llama", "llama4", "openai",
}

local by_name = {}
for _, name in ipairs(NAMES) do
    by_name[name] = require("bedrock.families." .. name)
end

--- Models under a family's prefix that have nothing `generate` could ask for.
local OTHERS = { "amazon.nova-reel", "amazon.nova-sonic", "amazon.nova-2-sonic" }

local function starts(text, prefix)
    return text:sub(1, #prefix) == prefix
end

--- @return string[]
function families.names()
    return NAMES
end

--- @param name string
--- @return table?
function families.named(name)
    return by_name[name]
end

--- @param id string bare model ID
--- @return table? family
function families.of(id)
    for _, other in ipairs(OTHERS) do
        if starts(id, other) then
            return nil
        end
    end
    local best, length = nil, 0
    for _, name in ipairs(NAMES) do
        for _, prefix in ipairs(by_name[name].models) do
            if #prefix > length and starts(id, prefix) then
                best, length = by_name[name], #prefix
            end
        end
    end
    return best
end

return families
