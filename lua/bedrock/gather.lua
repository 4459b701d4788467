--- Puts a whole stream together: what the call without streaming would have returned, or text and parts. What has no
--- place in that, or whose place is taken, is in `others`: {name, event}, in the order it came.
local collect_other = require("bedrock.streams.collect").other
local errors = require "bedrock.errors"
local metadata = require "bedrock.metadata"
local printed = require "bedrock.printed"

--- The members that came with the head belong to the result, too.
local function add_fields(result, stream)
    for name, value in pairs(stream) do
        if type(name) == "string" and name:sub(1, 1) ~= "_" and result[name] == nil then
            result[name] = value
        end
    end
    return metadata.copy(result, stream)
end

local function collect(stream, family, state, see)
    while true do
        local name, event = stream:next()
        if name == nil then
            return event
        end
        if see then
            see(name, event, stream._halves)
        end
        local add, kept = family.events[name], stream._halves
        if kept then
            state.halves = true
        end
        if add then
            add(state, event, kept or event)
        else
            collect_other(state, name, event)
        end
    end
end

--- @param stream bedrock.Stream untouched
--- @param operation string
--- @param family table see bedrock.streams
--- @param see nil|fun(name: string, event: any, kept: any) gets each event as it comes
--- @return table? result
--- @return bedrock.Error? err
return function(stream, operation, family, see)
    local state = family.new()
    local err = collect(stream, family, state, see)
    local result, unfit = family.result(state, operation)
    result.others, result.halves = state.others, nil
    setmetatable(add_fields(result, stream), printed.answer)
    if err == nil and unfit then
        err = errors.new {
            kind = "stream",
            code = "BadResponse",
            operation = operation,
            message = unfit,
            request_id = (metadata.of(stream) or {}).request_id,
        }
    end
    if err then
        err.partial = result
        return nil, err
    end
    return result
end
