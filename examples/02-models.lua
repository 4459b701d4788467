--- Which models are there? Foundation models that run on demand in this region, and inference
--- profiles that route to several regions.
local bedrock = require "bedrock"

local conn = assert(bedrock.open())

for _, kind in ipairs { "on_demand", "inference_profile" } do
    local models = assert(conn:models { kind = kind, modality = "TEXT" })
    print(("%d models of kind %s:"):format(#models, kind))
    for _, model in ipairs(models) do
        print(("    %-48s %s"):format(model.id, model.name))
    end
end

conn:close()
