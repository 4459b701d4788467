--- InvokeAgentRuntimeCommand.
local any = require "bedrock.streams.any"

--- contentStop is documented to be the last chunk.
local Command = {}
Command.__index = Command

function Command:see(_, event)
    if event.contentStop then
        self.complete = true
    end
end

function Command:is_missing()
    return not self.complete
end

return {
    gathered = {},
    ending = function()
        return setmetatable({ complete = false }, Command)
    end,
    new = any.new,
    events = any.events,
    result = any.result,
}
