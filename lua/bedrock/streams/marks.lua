--- Endings that are told by the names of events.
local Marked = {}
Marked.__index = Marked

function Marked:see(name)
    self.complete = self.marks[name]
end

function Marked:is_missing()
    return not self.complete
end

--- @param marks table<string, boolean> false for an event that begins what another one must end
--- @return fun(): table
return function(marks)
    return function()
        return setmetatable({ complete = false, marks = marks }, Marked)
    end
end
