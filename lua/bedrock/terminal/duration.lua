--- Durations as people write them.
local SECONDS = { [""] = 1, s = 1, m = 60, h = 3600, d = 86400 }

--- @param text string 90, 90s, 15m, 12h, 7d
--- @return integer? seconds
return function(text)
    local number, unit = text:match "^(%d+)(%a?)$"
    local seconds = number and SECONDS[unit]
    return seconds and tonumber(number) * seconds or nil
end
