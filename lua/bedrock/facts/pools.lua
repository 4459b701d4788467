--- Tables whose entries are shared: equal ones get the same place.
local check = require "bedrock.facts.check"

local NONE = check.NONE

local pools = {}

--- A table in which equal keys get the same index, counted from 0.
function pools.interner(what)
    local self = { items = {}, index = {} }
    function self.add(key, item)
        local i = self.index[key]
        if not i then
            i = #self.items
            if i >= NONE then
                check.fail(what, "more than " .. NONE .. " entries")
            end
            self.items[i + 1] = item
            self.index[key] = i
        end
        return i
    end
    return self
end

--- Lists of equal contents share one place in a flat array of {count, items...}.
function pools.lists(what)
    local self = { flat = {}, index = {} }
    function self.add(items)
        if #items == 0 then
            return NONE
        end
        local key = table.concat(items, ",")
        local at = self.index[key]
        if not at then
            at = #self.flat
            if at >= NONE then
                check.fail(what, "full")
            end
            self.index[key] = at
            self.flat[at + 1] = check.u16(#items, what)
            for i, item in ipairs(items) do
                self.flat[at + 1 + i] = item
            end
        end
        return at
    end
    return self
end

return pools
