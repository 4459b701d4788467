--- From the parameters to the bodies of requests: the family says what stands where.
local log = require "bedrock.log"

local unpack = table.unpack or unpack

local body = {}

local function put(place, path, value)
    for step, dot in path:gmatch "([^.]+)(%.?)" do
        if dot == "" then
            place[step] = value
        else
            place[step] = place[step] or {}
            place = place[step]
        end
    end
end

--- A plan's parameters as they go together, with notes on what was changed for that.
local function adjusted(plan)
    local given = {}
    for name, value in pairs(plan.given) do
        given[name] = value
    end
    plan.notes = {}
    if plan.family.adjust then
        plan.family.adjust(given, plan.shape, function(...)
            local sentence = string.format(...)
            plan.notes[#plan.notes + 1] = sentence
            log.write("info", "generate: " .. sentence)
        end)
    end
    return given
end

local function one(given, plan)
    local family = plan.family
    local made = family.body(given, plan.shape)
    for name, path in pairs(family.fields) do
        local value = given[name]
        if value == nil and family.defaults then
            value = family.defaults[name]
        end
        if name == "stop" and type(value) == "string" then
            value = { value }
        end
        if value ~= nil then
            put(made, path, value)
        end
    end
    return made
end

local function copy_of(given)
    local copy = {}
    for name, value in pairs(given) do
        copy[name] = value
    end
    copy.input, copy.images = nil, nil
    return copy
end

--- Adds bodies of so many things at a time. Those who take one get it alone.
local function add_batches(bodies, given, plan, name, list, size)
    for first = 1, #list, size or 1 do
        local part = copy_of(given)
        if size then
            part[name] = { unpack(list, first, math.min(first + size - 1, #list)) }
        else
            part[name] = list[first]
        end
        bodies[#bodies + 1] = { body = one(part, plan), count = size and #part[name] or 1 }
    end
end

--- The bodies of embeddings, in the order of their inputs: texts, then images. A text and an image are one thing
--- to a family that is `joint`.
local function of_embeddings(given, plan)
    local images = given.images or {}
    if plan.family.joint and type(given.input) == "string" and #images == 1 then
        local part = copy_of(given)
        part.input, part.image = given.input, images[1]
        return { { body = one(part, plan), count = 1 } }
    end
    local bodies, texts = {}, type(given.input) == "string" and { given.input } or given.input or {}
    add_batches(bodies, given, plan, "input", texts, plan.family.batch)
    add_batches(bodies, given, plan, "image", images)
    return bodies
end

--- @param plan bedrock.GeneratePlan gets `notes`
--- @return {body: table, count: integer}[] `count`: how many embeddings the answer must have
function body.all(plan)
    local given = adjusted(plan)
    if plan.family.output == "embeddings" then
        return of_embeddings(given, plan)
    end
    return { { body = one(given, plan), count = 1 } }
end

return body
