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

return meant
