--- Model IDs, ARNs and inference profiles: what a name says about the model behind it.
local model_id = {}

--- Geographic prefixes of cross-region inference profiles that are known by name, and the area of the regions
--- (see model_id.area) that they keep to.
local AREAS = { us = "us", ["us-gov"] = "us-gov", eu = "eu", apac = "ap", jp = "ap", au = "ap", ca = "ca",
    global = "" }

model_id.prefixes = { "us", "us-gov", "eu", "apac", "jp", "au", "ca", "global" }

--- The first part of model IDs, and what AWS calls that provider.
local PROVIDERS = {
    ai21 = "AI21 Labs",
    amazon = "Amazon",
    anthropic = "Anthropic",
    cohere = "Cohere",
    deepseek = "DeepSeek",
    google = "Google",
    luma = "Luma AI",
    meta = "Meta",
    minimax = "MiniMax",
    mistral = "Mistral AI",
    moonshot = "Moonshot AI",
    moonshotai = "Moonshot AI",
    nvidia = "NVIDIA",
    openai = "OpenAI",
    qwen = "Qwen",
    stability = "Stability AI",
    twelvelabs = "TwelveLabs",
    writer = "Writer",
    xai = "xAI",
    zai = "Z.AI",
}

--- The part of the world a region is in, as its name says: "ap" of "ap-southeast-2", "us-gov" of
--- "us-gov-west-1".
--- @param region string
--- @return string
function model_id.area(region)
    return region:match "^(.+)%-%w+%-%d+$" or region
end

--- @param name string
--- @return boolean
function model_id.is_prefix(name)
    return AREAS[name] ~= nil
end

--- Does a prefix name the area, as far as we know?
--- @param prefix string
--- @param area string
--- @return boolean
function model_id.may_be_of(prefix, area)
    return (AREAS[prefix] or area) == area
end

--- Two to six letters, or two such words ("us-gov").
local function has_form(prefix)
    local first, second = prefix:match "^(%l+)%-?(%l*)$"
    return first ~= nil and #first >= 2 and #first <= 6 and #second <= 6
end

local function first_part(id)
    return id:match "^([%w-]+)%."
end

--- Splits "us.amazon.nova-lite-v1:0" into prefix and ID; the prefix of a plain ID is nil. A known prefix may
--- stand before anything, another one only before a known provider.
--- @param id string
--- @return string? prefix, string id
function model_id.split(id)
    local prefix, rest = id:match("^([%l-]+)%.(.+)$")
    if prefix and (AREAS[prefix] or has_form(prefix) and PROVIDERS[first_part(rest) or ""]) then
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

--- @param id string
--- @return string? provider as AWS calls it, or at least as the ID does
function model_id.provider(id)
    local part = first_part(model_id.foundation(id) or "")
    return part and (PROVIDERS[part] or part)
end

--- @param arn string
--- @return string? region "" for those of all regions; nil: it is no ARN
function model_id.region(arn)
    return arn:match "^arn:[^:]*:[^:]*:([^:]*):"
end

return model_id
