--- Text that comes in pieces, where a service may cut a character between the halves of its surrogate pair.
local core = require "bedrock.core"

local halves = {}

--- Half of a pair, as the core keeps it, and the first half at the end of a piece.
local HALF = "\237[\160-\191]"
local FIRST_HALF = "\237[\160-\175][\128-\191]$"

--- The text that a piece brings. What ends in half a character waits for the other half.
--- @param held string what waited; "" at first
--- @param piece string
--- @return string text in which a half that stays alone is U+FFFD
--- @return string held give it with the next piece
function halves.join(held, piece)
    local text = held .. piece
    if not text:find(HALF) then
        return text, ""
    end
    local at = text:find(FIRST_HALF)
    if at then
        return core.join_halves(text:sub(1, at - 1)), text:sub(at)
    end
    return core.join_halves(text), ""
end

return halves
