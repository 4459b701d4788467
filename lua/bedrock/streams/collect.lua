--- What the families collect events with.
local core = require "bedrock.core"

local collect = {}

function collect.append(list, value)
    list[#list + 1] = value
end

function collect.extend(list, more)
    for _, value in ipairs(more or {}) do
        list[#list + 1] = value
    end
end

--- What has no place in the result, or whose place is taken.
function collect.other(state, name, event)
    state.others = state.others or {}
    collect.append(state.others, { name = name, event = event })
end

--- The first of its name has the place.
function collect.set(state, name, value, event_name, event)
    if state[name] == nil then
        state[name] = value
    elseif value ~= nil then
        collect.other(state, event_name, event)
    end
end

--- A service may cut a text between the halves of a character's surrogate pair: they are joined.
--- @param pieces string[]?
--- @return string?
function collect.text(state, pieces)
    local text = pieces and table.concat(pieces)
    return text and state.halves and core.join_halves(text) or text
end

return collect
