--- bedrock.families: which models generate can speak to, and what each takes.
local families = require "bedrock.families"
local sorted_keys = require "bedrock.base.sorted_keys"
local printed = require "bedrock.prints.printed"

local unpack = table.unpack or unpack

local listing = {}

--- A family of models, and what it takes.
--- @class bedrock.Family
--- @field name string what `family = …` calls it
--- @field models string[] what the IDs of its models begin with; none: any model
--- @field output "text"|"images"|"video"|"embeddings"|"results"
--- @field takes string[] parameters, besides model, family, inference and heal
--- @field required string[] those of them that must be given
--- @field streams boolean generate_stream can be used
--- @field source string the public page that documents it

local function row(family)
    return {
        name = family.name,
        models = { unpack(family.models) },
        output = family.output,
        takes = sorted_keys(families.taken(family)),
        required = { unpack(family.required) },
        streams = family.piece ~= nil,
        source = family.source,
    }
end

--- The families of models that generate speaks to. The table prints.
--- @return bedrock.Family[]
function listing.families()
    local list = {}
    for i, name in ipairs(families.names()) do
        list[i] = row(families.named(name))
    end
    return printed.as(list, "families")
end

return listing
