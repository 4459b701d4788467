--- The collector as eager as it can be, by the names that this Lua has for that.
local function set(name, value)
    if _VERSION == "Lua 5.5" then
        return collectgarbage("param", name, value)
    end
    return collectgarbage("set" .. name, value)
end

local collector = {}

--- @return fun() # makes it what it was
function collector.make_eager()
    local pause, multiplier = set("pause", 0), set("stepmul", 10000)
    return function()
        set("pause", pause)
        set("stepmul", multiplier)
    end
end

return collector
