--- Tables whose entries are shared: equal ones get the same place.
local check = require "bedrock.facts.check"

local NONE = check.NONE

local pools = {}

--- A table in which equal keys get the same index, counted from 0.
--- @param what string what its entries are, for messages
function pools.interner(what)
    local self = { items = {}, index = {} }
    function self.add(key, item, where)
        local i = self.index[key]
        if not i then
            i = #self.items
            if i >= NONE then
                check.fail(where, ("is one of more than %d different %s, and no more have room"):format(NONE, what))
            end
            self.items[i + 1] = item
            self.index[key] = i
        end
        return i
    end
    return self
end

--- Lists of equal contents share one place in a flat array of {count, items...}.
--- @param what string what the lists are, for messages
function pools.lists(what)
    local self = { flat = {}, index = {} }
    function self.add(items, where)
        if #items == 0 then
            return NONE
        end
        local key = table.concat(items, ",")
        local at = self.index[key]
        if not at then
            at = #self.flat
            if at + #items >= NONE then
                check.fail(where, ("%s have more than %d entries together, and no more have room"):format(what, NONE))
            end
            self.index[key] = at
            self.flat[at + 1] = #items
            for i, item in ipairs(items) do
                self.flat[at + 1 + i] = item
            end
        end
        return at
    end
    return self
end

return pools
