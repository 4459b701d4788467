--- Methods of operations whose answers stream, and of those that answer in bytes.
local connection = require "bedrock.connection"
local host = require "bedrock.host"

local finish, maker = connection.finish, connection.maker

local streamed = {}

--- @param call userdata
--- @param name string of the operation
--- @return bedrock.Stream? stream
--- @return bedrock.Error? err
function streamed.open(call, name)
    host.await(call)
    local fields, facts = call:head()
    if fields == nil then
        return nil, facts
    end
    return require("bedrock.streams.stream").new(call, name, fields, facts)
end

local open = streamed.open

local function streaming(index, name)
    return maker(index, function(call)
        return open(call, name)
    end)
end

--- Answers of bytes, which stream only if that is asked for.
local function raw(index, name)
    return maker(index, function(call, options, as)
        local wanted = options and options.stream
        if wanted ~= true and wanted ~= "bytes" then
            return finish(call, nil, as)
        end
        local answer, err = open(call, name)
        if answer and wanted == true then
            require("bedrock.streams.sse").decode(answer, options.require_end)
        end
        return answer, err
    end)
end

--- The method of an operation that is not plain.
--- @param index integer
--- @param kind string
--- @param name string
--- @return function method
function streamed.method(index, kind, name)
    return (kind == "raw" and raw or streaming)(index, name)
end

return streamed
