--- Metatables by which results print as what they are. They change nothing else: `pairs`, `#`, `==` and JSON see plain
--- tables. How something is printed is loaded when it is.
local printed = {}

--- @param kind string a file of bedrock.prints
--- @param operation integer? whose answer it is
local function metatable(kind, operation)
    return {
        __name = "bedrock." .. kind,
        __tostring = function(value)
            return require("bedrock.prints." .. kind)(value, operation)
        end,
    }
end

--- Of the answers of one operation.
--- @param operation integer
--- @return table metatable
function printed.answers(operation)
    return metatable("answer", operation)
end

--- What a stream gathered: the members tell what it is.
printed.answer = metatable "answer"

local kinds = {}

--- Of values of our own.
--- @param kind "credentials"|"families"|"generated"|"item"|"metadata"|"models"|"raw" a file of bedrock.prints
--- @return table metatable
function printed.of(kind)
    kinds[kind] = kinds[kind] or metatable(kind)
    return kinds[kind]
end

--- @generic T: table
--- @param value T gets that metatable
--- @return T value
function printed.as(value, kind)
    return setmetatable(value, printed.of(kind))
end

return printed
