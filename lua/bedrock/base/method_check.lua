--- Methods that say so when they are called with a dot. Without this they would only find that something is nil.

--- @param class table the metatable of the objects
--- @param methods table<string, function> what each takes is the object alone
--- @param what string the object in a word
--- @return table<string, function> index for the class
return function(class, methods, what)
    local index = {}
    for name, method in pairs(methods) do
        index[name] = function(self)
            if getmetatable(self) ~= class then
                error(("not a %s: call its methods with a colon, as in %s:%s()"):format(what, what, name), 2)
            end
            return method(self)
        end
    end
    return index
end
