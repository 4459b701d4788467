--- Names in Lua, made of the names that AWS has.
local names = {}

--- "MemoryCreated" -> "memory_created"
function names.snake_case(name)
    name = name:gsub("(%l)(%u)", "%1_%2"):gsub("(%u)(%u%l)", "%1_%2")
    return name:lower()
end

local NAMESPACES = { rolesanywhere = "roles_anywhere" }

--- The namespace of a service in Lua: without "bedrock-", and with _ for -.
--- @param id string
--- @return string
function names.namespace(id)
    local short = id:gsub("^bedrock%-", ""):gsub("%-", "_")
    return NAMESPACES[id] or short
end

return names
