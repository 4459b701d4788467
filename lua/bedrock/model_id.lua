--- Model IDs, ARNs and inference profiles: what a name says about the model behind it.
local model_id = {}

--- Geographic prefixes of cross-region inference profiles.
model_id.prefixes = { "us", "us-gov", "eu", "apac", "jp", "au", "global" }

local IS_PREFIX = {}
for _, prefix in ipairs(model_id.prefixes) do
    IS_PREFIX[prefix] = true
end

--- The geography a region's inference profiles are named after. Regions not listed have none that
--- serves all models, so a guess would be worse than an error.
local GEOGRAPHIES = {
    { "^us%-gov%-", "us-gov" },
    { "^us%-", "us" },
    { "^ca%-", "us" },
    { "^eu%-", "eu" },
    { "^ap%-", "apac" },
}

--- @param region string
--- @return string? prefix
function model_id.geography(region)
    for _, pair in ipairs(GEOGRAPHIES) do
        if region:find(pair[1]) then
            return pair[2]
        end
    end
end

--- @param name string
--- @return boolean
function model_id.is_prefix(name)
    return IS_PREFIX[name] or false
end

--- Splits "us.amazon.nova-lite-v1:0" into prefix and ID; the prefix of a plain ID is nil.
--- @param id string
--- @return string? prefix, string id
function model_id.split(id)
    local prefix, rest = id:match("^([%l-]+)%.(.+)$")
    if prefix and IS_PREFIX[prefix] then
        return prefix, rest
    end
    return nil, id
end

--- @param id string
--- @return boolean
function model_id.is_arn(id)
    return id:find("^arn:") ~= nil
end

local RESOURCES = { "foundation%-model", "inference%-profile", "custom%-model" }

--- The bare ID of the foundation model that a model ID, profile ID or ARN names; nil for those that
--- do not say (application profiles, provisioned and imported models).
--- @param id string
--- @return string?
function model_id.foundation(id)
    if not model_id.is_arn(id) then
        return select(2, model_id.split(id))
    end
    for _, resource in ipairs(RESOURCES) do
        local name = id:match(":" .. resource .. "/([^/]+)")
        if name then
            return select(2, model_id.split(name))
        end
    end
end

return model_id
