--- What the service refuses of a chat's request in its own words, and the second ways that are remembered for a model.
local heal = require "bedrock.heal"
local reasoning = require "bedrock.chat.reasoning"

local lessons = {}

--- A model that forces no tools while it reasons may do so otherwise.
local function choice_key(turn)
    local o = turn.options
    return (o.reasoning or o.extra and o.extra.thinking) and "choice_in_thought" or "choice"
end

local RANK = { any = 1, auto = 2, none = 3 }

local function rank(choice)
    return RANK[choice] or 0
end

--- The choice of a tool that the model takes.
--- @param wanted string "any", "auto", or a tool's name
--- @return string? choice nil: it takes none
--- @return string? why it is another than was wanted
function lessons.choice(turn, wanted)
    local known = turn.memory[choice_key(turn)]
    if rank(known) <= rank(wanted) then
        return wanted
    elseif known == "none" then
        return nil, "toolChoice was left out, as the model takes none"
    end
    return known, ("toolChoice became %s, as the model refuses a stronger one"):format(known)
end

local WEAKER = { any = "auto", auto = "none" }

--- Where the refused cache point was. Nova takes them elsewhere than among tools, and says so by a JSON pointer:
--- "#/toolConfig/tools/0: extraneous key [cachePoint] is not permitted" (LibreChat#13838, hermes-agent#97281).
local function place_of(err)
    local text = err.message
    return text:find("#/toolConfig", 1, true) and "tools" or text:find("#/messages", 1, true) and "messages"
        or text:find("#/system", 1, true) and "system" or "all"
end

local function after(list, value)
    for i, one in ipairs(list) do
        if one == value then
            return list[i + 1]
        end
    end
end

--- Each looks for the service's words about something that the request had, and remembers the second way. What this
--- request had counts, not what is remembered: another turn may have learned the same meanwhile.
local LESSONS = {
    { "schema", function(turn)
        if turn.sent.object then
            turn.schema_refused = true
            return true
        end
    end },
    { "output_config", function(turn)
        if turn.sent.object then
            turn.memory.object = "tool"
            return true
        end
    end },
    { "tool_choice", function(turn)
        local choice, memory, key = turn.sent.choice, turn.memory, choice_key(turn)
        if choice then
            local weaker = WEAKER[choice] or "any"
            memory[key] = rank(memory[key]) > rank(weaker) and memory[key] or weaker
            return true
        end
    end },
    { "cache", function(turn, err)
        local memory, refused, place = turn.memory, turn.uncached or {}, place_of(err)
        place = refused[place] and "all" or place
        if place == "all" and turn.sent.ttl then
            place = "ttl"
        end
        if turn.options.cache and not refused.all then
            refused[place], turn.uncached = true, refused
            memory.no_cache = memory.no_cache or {}
            memory.no_cache[place] = true
            return true
        end
    end },
    { "reasoning", function(turn)
        local memory = turn.memory
        if not turn.options.reasoning then
            return false
        elseif memory.reasoning == nil or memory.reasoning == turn.sent.reasoning then
            memory.reasoning = after(reasoning.shapes(turn.model), turn.sent.reasoning)
        end
        return memory.reasoning ~= nil
    end },
}

--- Learns from a refusal.
--- @param turn table
--- @param err bedrock.Error of the service
--- @return boolean learned the next request of the turn will be another
function lessons.learn(turn, err)
    for _, lesson in ipairs(LESSONS) do
        if heal.refused(err, lesson[1]) and lesson[2](turn, err) then
            return true
        end
    end
    return false
end

return lessons
