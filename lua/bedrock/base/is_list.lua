--- Lists: tables with nothing but 1 to n, and no hole.

--- @param value any
--- @param fits fun(entry: any): any of every entry
--- @return boolean
return function(value, fits)
    if type(value) ~= "table" then
        return false
    end
    local count = 0
    for _, entry in pairs(value) do
        if not fits(entry) then
            return false
        end
        count = count + 1
    end
    for i = 1, count do
        if value[i] == nil then
            return false
        end
    end
    return true
end
