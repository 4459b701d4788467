--- Can it be called like a function?
--- @param value any
--- @return boolean
return function(value)
    local meta = getmetatable(value)
    return type(value) == "function" or type(meta) == "table" and meta.__call ~= nil
end
