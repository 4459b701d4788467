--- What chats have elsewhere, or by another name: methods that say so.
local AGAIN = "begin another by conn:chat { … }; chat:undo() forgets the last turn"
local HINTS = {
    ask = "chat:say(text)",
    clear = AGAIN,
    load = "conn:chat { messages = path } goes on with a saved chat",
    reset = AGAIN,
    send = "chat:say(text)",
}

local meant = {}

for name, hint in pairs(HINTS) do
    meant[name] = function()
        error(('a chat has no "%s": %s'):format(name, hint), 2)
    end
end

--- What a chat may have though it is no method: its fields, also where they are nil.
local FIELDS = { answer = true, messages = true, usage = true }

--- A slip of the keys; any other name is nil.
--- @param methods table<string, function>
--- @return table<string, function> meant to look in where there is no such method
return function(methods)
    return setmetatable(meant, {
        __index = function(_, name)
            if type(name) ~= "string" or name:sub(1, 1) == "_" or FIELDS[name] then
                return nil
            end
            local near = require("bedrock.help.meant").near(name, methods)
            if near then
                error("a chat has no " .. near, 2)
            end
        end,
    })
end
