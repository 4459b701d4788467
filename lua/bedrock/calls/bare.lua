--- Calls for who knows that the parameters are right, and makes something else of the output.
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local host = require "bedrock.host"

local again_if_wanted, await, explained = connection.again_if_wanted, host.await, connection.explained

--- @param name string of an operation that does not stream
--- @return fun(client: userdata, params: table): table?, any gives the output and its metadata, or nil and an error
return function(name)
    local index, generation
    local function run(client, params)
        local call, err = client:call(index, params)
        if not call then
            return nil, err
        end
        await(call)
        return call:result()
    end
    return function(client, params)
        if generation ~= connection.generation then
            index, generation = core.find(name), connection.generation
        end
        local output, facts = run(client, params)
        if output == nil then
            output, facts = again_if_wanted(nil, facts, run, client, params)
        end
        if output == nil then
            return explained(client, params, nil, facts)
        end
        return output, facts
    end
end
