--- The names in a table, in the order of the alphabet.
--- @param map table<string, any>
--- @return string[] keys
return function(map)
    local keys = {}
    for key in pairs(map) do
        keys[#keys + 1] = key
    end
    table.sort(keys)
    return keys
end
