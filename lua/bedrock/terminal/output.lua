--- What `bedrock call` prints: an answer by its shape, the events of a stream, pages.
local by_shape = require "bedrock.terminal.by_shape"
local core = require "bedrock.core"

local output = {}

local function shown(self, call, value, line)
    if call.steps then
        value = require("bedrock.terminal.query").apply(value, call.steps)
    end
    if line then
        self:put_json(value)
        self:flush()
    else
        self:show_json(value)
    end
end

--- Who sent JSON gets JSON back.
local function read_body(call, answer, json)
    for _, member in ipairs(call.body_is_json and call.op.output.members or {}) do
        if member.payload and member.type == "blob" then
            json[member.name] = core.decode(answer[member.name] or "") or json[member.name]
        end
    end
end

--- @param self bedrock.command.Context
--- @param call bedrock.command.Call
--- @param answer table
--- @param line boolean? on one line, also on a terminal
function output.whole(self, call, answer, line)
    local json = by_shape.json(answer, call.op.output)
    read_body(call, answer, json)
    shown(self, call, json, line)
end

--- The member that is a stream.
function output.events(op)
    for _, member in ipairs(op.output and op.output.members or {}) do
        if member.stream then
            return member
        end
    end
end

--- One JSON object a line, as it comes.
function output.stream(self, call, stream)
    local shapes = {}
    for _, event in ipairs((output.events(call.op) or {}).members or {}) do
        shapes[event.name] = event
    end
    repeat
        local name, event = stream:next()
        if name then
            shown(self, call, { [name] = by_shape.json(event, shapes[name]) }, true)
        elseif event then
            self:fail(event)
        end
    until not name
end

--- Likewise, a page a line.
function output.pages(self, call)
    local pages = self:connect():pages(call.name, call.params)
    repeat
        local page, err = pages:next()
        if page then
            output.whole(self, call, page, true)
        elseif err then
            self:fail(err)
        end
    until not page
end

return output
