--- Names that there are not, and what is meant by them.
local meant = {}

local SAVED = "conn:chat { messages = path } goes on with a saved chat"
local BEGINS = "conn:chat { model = … } begins a chat"

local OF_CONNECTIONS = {
    ask = BEGINS .. ", and chat:say(text) says something",
    chat_stream = BEGINS .. ", and chat:stream(text) streams the answer",
    load = SAVED,
    load_chat = SAVED,
    new_chat = BEGINS,
    open_chat = SAVED,
    restore_chat = SAVED,
    resume_chat = SAVED,
    say = BEGINS .. ", and chat:say(text) says something",
}

--- @param name string
--- @return string? hint nil: nothing that we know of
function meant.of_connection(name)
    return OF_CONNECTIONS[name]
end

--- Raises where what was looked for in the module is a method of connections, or something known by another name.
--- @param name any
function meant.of_module(name)
    local hint = type(name) == "string" and OF_CONNECTIONS[name]
    if not hint and type(name) == "string" then
        for _, method in ipairs(require("bedrock.connection").handwritten) do
            hint = hint or method == name and ("it is a method of connections: conn = assert(bedrock.open()), then "
                .. "conn:%s"):format(name)
        end
    end
    if hint then
        error(('bedrock has no "%s": %s'):format(name, hint), 3)
    end
end

return meant
