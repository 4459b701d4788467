--- Server-sent events, of whatever service.
local any = require "bedrock.streams.any"
local collect = require "bedrock.streams.collect"
local core = require "bedrock.core"
local model_chunks = require "bedrock.streams.model_chunks"

--- The last events of OpenAI's Chat Completions ([DONE]) and Responses, and of Anthropic's Messages.
local SENT_LAST = { message_stop = true, ["response.completed"] = true, ["response.incomplete"] = true }
local SENT_ERRORS = { error = true, ["response.failed"] = true }

local Sent = { published = true }
Sent.__index = Sent

--- The type that stands in the data where events have no names.
local function type_of(name, data)
    if name ~= "message" then
        return name
    elseif data:find('"message_stop"', 1, true) or data:find('"response.', 1, true) then
        local json = core.decode(data)
        return type(json) == "table" and json.type
    end
end

local function fault_of(kind, data)
    if SENT_ERRORS[kind] or data:find('"error"', 1, true) then
        return model_chunks.fault_of((core.decode(data)))
    end
end

--- What follows an error is no good end.
function Sent:see(name, event)
    local kind = type_of(name, event.data)
    local fault = fault_of(kind, event.data)
    self.failed = self.failed or fault ~= nil
    if not self.failed and (event.data == "[DONE]" or SENT_LAST[kind]) then
        self.complete = true
    end
    return self.required and fault
end

function Sent:is_missing()
    return self.required and not self.complete
end

return {
    --- @param required boolean an end without the last event is an error, and so is an event that tells one
    ending = function(required)
        return setmetatable({ complete = false, required = required }, Sent)
    end,
    new = any.new,
    events = setmetatable({}, {
        __index = function()
            return function(state, event)
                collect.append(state.list, event)
            end
        end,
    }),
    piece = function(_, event)
        local json = core.decode(event.data)
        local delta = type(json) == "table" and json.delta
        if type(delta) == "string" then
            return json.type == "response.output_text.delta" and delta or nil
        end
        return require("bedrock.streams.model").piece_of(json)
    end,
    result = function(state)
        return { events = state.list }
    end,
}
