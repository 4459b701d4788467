--- Amazon Bedrock for Lua.
---
---     local bedrock = require "bedrock"
---     local conn = assert(bedrock.connect { … })
---     local answer = assert(conn:converse { modelId = …, messages = { … } })
local function supported()
    local minor = tonumber(_VERSION:match("^Lua 5%.(%d+)$"))
    return rawget(_G, "jit") or (minor and minor >= 4)
end

if not supported() then
    error("bedrock runs on Lua 5.4 and on LuaJIT 2.1, not on " .. _VERSION, 0)
end

local core = require "bedrock.core"
local connection = require "bedrock.connection"
local metadata = require "bedrock.metadata"

--- @class bedrock
--- @field null lightuserdata JSON's null; the same value as cjson.null and ngx.null
local bedrock = {
    _NAME = "bedrock",
    _VERSION = core.version,
    connect = connection.connect,
    metadata = metadata.of,
    null = core.null,
    array = core.array,
    sign = core.sign,
    --- JSON as this module writes and reads it: integers stay integers, [] stays [].
    json = { encode = core.encode, decode = core.decode },
}

connection.add("generate", function()
    return require "bedrock.generate"
end)

connection.add("items", function()
    return require("bedrock.pages").items
end)

connection.add("models", function()
    return require "bedrock.models"
end)

connection.add("pages", function()
    return require("bedrock.pages").pages
end)

connection.add("test", function()
    return require("bedrock.test").connection
end)

connection.add("wait", function()
    return require "bedrock.wait"
end)

--- Connects and tests. There is a report even when the settings are bad: err.report.
--- @param settings table as for connect
--- @return table? report
--- @return bedrock.Error? err
function bedrock.test(settings)
    if type(settings) ~= "table" then
        error("test: a table of settings is needed, got a " .. type(settings), 2)
    end
    return require("bedrock.test").settings(connection.connect, settings)
end

--- Starts a function as a coroutine. What it calls yields while it waits, so that others go on.
--- @param f function
--- @param ... any its arguments
--- @return bedrock.Task task join() waits for it, cancel() ends it
function bedrock.spawn(f, ...)
    return require("bedrock.task").spawn(f, ...)
end

--- Runs functions at the same time and waits for all: parallel(f1, f2, …) or
--- parallel({ f1, f2, … }, { limit = 10, stop_on_error = true }).
--- @return table results the first value that each returned, in order; `n`: how many
--- @return table<integer, any>? errs nil if none failed; else errors by the number of the function
function bedrock.parallel(...)
    return require("bedrock.task").parallel(...)
end

--- Which facts of AWS's this build was made from.
--- @return {source: string, hash: string, services: table<string, string>}
function bedrock.api_version()
    return core.api_version()
end

--- Names of operations, as conn:prepare takes them.
--- @param service string? id or namespace; without it, all
--- @return string[]? names it prints well
--- @return bedrock.Error? err
function bedrock.operations(service)
    return require("bedrock.describe").operations(service)
end

--- What an operation takes and returns.
--- @param name string "converse", "agent.tag_resource"
--- @param depth integer? levels of members to show, 1 to 8; 3 if not given
--- @return table? description it prints well
--- @return bedrock.Error? err
function bedrock.describe(name, depth)
    return require("bedrock.describe").operation(name, depth)
end

--- A table of an operation's parameters to fill in: required members with a placeholder each. Printed, it is Lua
--- source to paste, with the optional ones in comments.
--- @param name string "converse", "agent.tag_resource"
--- @return table? params
--- @return bedrock.Error? err
function bedrock.skeleton(name)
    return require("bedrock.describe").skeleton(name)
end

--- Adds or replaces operations, from a file in the form of csrc/model/facts: for all connections of this Lua state,
--- those that are open too.
--- @param file string
--- @return true? ok
--- @return bedrock.Error? err
function bedrock.load_api(file)
    if type(file) ~= "string" then
        error("load_api: the name of a file is needed, got a " .. type(file), 2)
    end
    return require("bedrock.load_api")(file)
end

local host = require "bedrock.host"
if host.loop then
    host.loop.preload()
end

return bedrock
