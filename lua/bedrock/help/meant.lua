--- Names that there are not, and what is meant by them.
local core = require "bedrock.core"

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

--- What a connection has beside operations.
local function own_names()
    local names = { "auth", "region" }
    for _, name in ipairs(require("bedrock.connection").handwritten) do
        names[#names + 1] = name
    end
    for _, service in ipairs(core.services()) do
        names[#names + 1] = service.namespace
    end
    return names
end

--- Why a connection, or a namespace of it, has no such method.
--- @param name string
--- @param service string? of the namespace
--- @return string
function meant.operation(name, service)
    if OF_CONNECTIONS[name] then
        return ('no operation "%s": %s'):format(name, OF_CONNECTIONS[name])
    end
    local _, message = core.find(name, service, not service and own_names() or nil)
    return (message:gsub('"([%w_]+)%.([%w_]+)"', "conn.%1:%2"))
end

--- @param name string
--- @param names table<string, any>
--- @return string? # " (did you mean …?)"
function meant.near(name, names)
    local list = {}
    for known in pairs(names) do
        list[#list + 1] = known:sub(1, 1) ~= "_" and known or nil
    end
    table.sort(list)
    local near = core.suggest(name, list)
    return near and ('"%s" (did you mean "%s"?)'):format(core.shown(name), near)
end

--- Raises where what was looked for in the module is a method of connections, something known by another name, or a
--- slip of the keys. Any other name is nil, so that programs can look for what a version has.
--- @param name any
function meant.of_module(name)
    if type(name) ~= "string" or name:sub(1, 1) == "_" then
        return
    end
    local hint = OF_CONNECTIONS[name]
    if not hint then
        for _, method in ipairs(require("bedrock.connection").handwritten) do
            hint = hint or method == name and ("it is a method of connections: conn = assert(bedrock.open()), then "
                .. "conn:%s"):format(name)
        end
    end
    local near = hint and ('"%s": %s'):format(name, hint) or meant.near(name, package.loaded.bedrock or {})
    if near then
        error("bedrock has no " .. near, 3)
    end
end

return meant
