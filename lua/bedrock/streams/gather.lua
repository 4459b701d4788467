--- Puts a whole stream together: what the call without streaming would have returned, or text and parts. What has no
--- place in that, or whose place is taken, is in `others`: {name, event}, in the order it came.
local collect_other = require("bedrock.streams.collect").other
local errors = require "bedrock.errors"
local metadata = require "bedrock.metadata"
local printed = require "bedrock.prints.printed"

--- The members that came with the head belong to the result, too.
local function add_fields(result, stream)
    for name, value in pairs(stream) do
        if type(name) == "string" and name:sub(1, 1) ~= "_" and result[name] == nil then
            result[name] = value
        end
    end
    return metadata.copy(result, stream)
end

local gather = {}

--- What collects the events of a stream, one by one.
--- @param stream bedrock.Stream untouched
--- @return table state
function gather.begin(stream)
    return stream._family.new()
end

--- Adds an event that was taken from the stream just now.
function gather.add(state, stream, name, event)
    local add, kept = stream._family.events[name], stream._halves
    if kept then
        state.halves = true
    end
    if add then
        add(state, event, kept or event)
    else
        collect_other(state, name, event)
    end
end

local function unusable(stream, why)
    return errors.new {
        kind = "stream",
        code = "BadResponse",
        operation = stream._operation,
        message = why,
        request_id = (metadata.of(stream) or {}).request_id,
    }
end

--- The end of the stream.
--- @param err bedrock.Error? what broke it
--- @return table? result
--- @return bedrock.Error? err what had come is in err.partial
function gather.finish(state, stream, err)
    local result, unfit = stream._family.result(state, stream._operation)
    result.others, result.halves = state.others, nil
    setmetatable(add_fields(result, stream), printed.answer)
    err = err or unfit and unusable(stream, unfit)
    if err then
        err.partial = result
        return nil, err
    end
    return result
end

--- All of it.
--- @param stream bedrock.Stream untouched
--- @param see nil|fun(name: string, event: any, kept: any) gets each event as it comes
--- @return table? result
--- @return bedrock.Error? err
function gather.whole(stream, see)
    local state = gather.begin(stream)
    while true do
        local name, event = stream:next()
        if name == nil then
            return gather.finish(state, stream, event)
        end
        if see then
            see(name, event, stream._halves)
        end
        gather.add(state, stream, name, event)
    end
end

return gather
