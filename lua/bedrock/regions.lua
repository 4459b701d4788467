--- What a refusal does not say: that the model, or whatever else a parameter names, is in another region than the
--- connection. AWS says only "The provided model identifier is invalid".
local model_id = require "bedrock.models.id"

local regions = {}

local REFUSALS = { [400] = true, [403] = true, [404] = true }

--- ARNs in parameters are not nested deeply, and the search has a limit.
local DEPTH_MAX, LOOKED_AT_MAX = 6, 1000

--- Geographies that have profiles of their own in every region; from others AWS lets call some of these.
local GEOGRAPHIES = { us = true, ["us-gov"] = true, eu = true, ap = true }

--- Text that a person or a model wrote is not a name, and what is copied may come from elsewhere.
local function is_name(key)
    return type(key) ~= "string" or key ~= "text" and key ~= "body" and not key:find "^source"
end

local function foreign(text, region)
    local own = text:match "^arn:aws[%w-]*:bedrock[%w-]*:([%w-]+):" or text:match "^arn:aws[%w-]*:sagemaker:([%w-]+):"
    return own ~= region and own or nil
end

--- The first in the order of the paths, because a table has no order.
local function find(value, path, search, depth)
    search.left = search.left - 1
    if search.left < 0 or depth > DEPTH_MAX then
        return
    elseif type(value) == "string" then
        local region = foreign(value, search.region)
        if region and (not search.path or path < search.path) then
            search.path, search.found = path, region
        end
    elseif type(value) == "table" then
        for key, member in next, value do
            if is_name(key) then
                local step = type(key) == "string" and (path == "" and "" or ".") .. key or ("[%s]"):format(key)
                find(member, path .. step, search, depth + 1)
            end
        end
    end
end

local function of_arn(params, region)
    local search = { region = region, left = LOOKED_AT_MAX }
    find(params, "", search, 0)
    if search.found then
        return ('%s is an ARN of region %s, but this connection is in %s: connect with region = "%s", or use one in %s')
            :format(search.path, search.found, region, search.found, region)
    end
end

local function of_prefix(model, region)
    local prefix = type(model) == "string" and not model_id.is_arn(model) and model_id.split(model)
    local area = model_id.area(region)
    if prefix and prefix ~= "global" and GEOGRAPHIES[area] and not model_id.may_be_of(prefix, area) then
        return ('profiles with the prefix "%s." are those of another geography than that of %s'):format(prefix, region)
    end
end

--- Adds a sentence to a service's refusal, if there is something to say.
--- @param err bedrock.Error
--- @param params table?
--- @param region string? of the connection
--- @return bedrock.Error err
function regions.explain(err, params, region)
    if not (region and type(params) == "table" and err.kind == "service" and REFUSALS[err.status]) then
        return err
    end
    local why = of_arn(params, region)
    if not why and err.message:find("identifier is invalid", 1, true) then
        why = of_prefix(rawget(params, "modelId"), region)
    end
    if why then
        err.message = err.message:gsub("%.$", "") .. ". " .. why
    end
    return err
end

return regions
