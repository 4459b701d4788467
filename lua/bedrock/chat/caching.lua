--- Cache points of a chat's requests: which kind, and where.
local answer = require "bedrock.chat.answer"
local request = require "bedrock.chat.request"

local caching = {}

local CACHE = { ["true"] = { type = "default" }, ["5m"] = { type = "default", ttl = "5m" },
    ["1h"] = { type = "default", ttl = "1h" } }

local function point(cache)
    return { cachePoint = CACHE[tostring(cache)] }
end

--- The list with a cache point at its end, unless it has one there.
local function with_point(list, cache)
    local last = list[#list]
    if last == nil or last.cachePoint then
        return list
    end
    local copy = {}
    for i, value in ipairs(list) do
        copy[i] = value
    end
    copy[#copy + 1] = point(cache)
    return copy
end

--- What a request may have in all. Source: "Prompt caching" of the Amazon Bedrock user guide.
local POINTS_MAX = 4

local function points_of(list)
    local count = 0
    for _, block in ipairs(type(list) == "table" and list or {}) do
        count = count + (type(block) == "table" and block.cachePoint and 1 or 0)
    end
    return count
end

--- How many cache points may be added to the user's own.
local function points_left(r)
    local count = points_of(r.options.system) + points_of(r.specs)
    for _, message in ipairs(r.messages) do
        count = count + points_of(message.content)
    end
    return POINTS_MAX - count
end

--- The kind of a cache point, unless the service refused them in that place.
local function cache_at(r, place, notes)
    local refused, cache = r.memory.no_cache or {}, r.options.cache
    if refused.all or refused[place] then
        notes[#notes + 1] = refused.all and "cache points were left out, as the model takes none"
            or ("cache points were left out of %s, as the model takes none there"):format(place)
        return nil
    elseif refused.ttl and (cache == "5m" or cache == "1h") then
        notes[#notes + 1] = ("cache points have no ttl of %s, as the model refused it"):format(cache)
        return true
    end
    return cache
end

--- Where cache points go, those first that save most: at most as many as a request may have.
--- @param r bedrock.ChatRequest
--- @param notes string[] gets what is left out
--- @return table<string, any> kinds of "messages", "system", "tools"
local function kinds_of(r, notes)
    local kinds, left = {}, points_left(r)
    local places = { "messages", r.options.system and "system", r.specs[1] and "tools" }
    for i = 1, 3 do
        local place = places[i]
        if place and left > 0 then
            kinds[place] = cache_at(r, place, notes)
            left = left - (kinds[place] and 1 or 0)
        end
    end
    return kinds
end

--- A cache point at the end of the last message; the message itself stays as it is.
--- @return table[] messages
local function cache_last(messages, cache)
    local last = messages[#messages]
    if not last or type(last.content) ~= "table" then
        return messages
    end
    local copy = answer.copy(messages)
    copy[#copy] = request.rebuilt(last, with_point(last.content, cache))
    return copy
end

--- Cache points where they pay.
--- @param params table of the request
--- @param r bedrock.ChatRequest
--- @param notes string[] gets what is left out
function caching.add(params, r, notes)
    local kinds = kinds_of(r, notes)
    if kinds.system then
        params.system = with_point(params.system, kinds.system)
    end
    if kinds.tools then
        params.toolConfig.tools = with_point(r.specs, kinds.tools)
    end
    if kinds.messages then
        params.messages = cache_last(params.messages, kinds.messages)
    end
end

return caching
