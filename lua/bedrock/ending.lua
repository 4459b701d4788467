--- What must have come before the end of a stream, whatever HTTP says of it: then it is whole. Streams that are not
--- here have no last event that is documented.
---
---     ending:see(name, event) -> fault?     of each event, in order
---     ending:is_missing()                   would an end now be too early?
---     ending.complete                       true, false or, where nobody can know, nil
---     ending.published                      it is the stream's own `complete`, too
local core = require "bedrock.core"
local model_chunks = require "bedrock.model_chunks"

local ending = {}

--- Events by their names: false for one that begins what another one must end.
local MESSAGE = { messageStart = false, messageStop = true }
local MARKS = {
    converse_stream = MESSAGE,
    invoke_harness = MESSAGE,
    invoke_flow = { flowCompletionEvent = true, flowMultiTurnInputRequestEvent = true },
    optimize_prompt = { optimizedPromptEvent = true },
}

local Marked = {}
Marked.__index = Marked

function Marked:see(name)
    local mark = self.marks[name]
    if mark ~= nil then
        self.complete = mark
    end
end

local function is_missing(self)
    return not self.complete
end
Marked.is_missing = is_missing

--- InvokeAgentRuntimeCommand: contentStop is documented to be the last chunk.
local Command = { is_missing = is_missing }
Command.__index = Command

function Command:see(_, event)
    if event.contentStop then
        self.complete = true
    end
end

--- @param operation string
--- @return table? nil: every end is one
function ending.of(operation)
    if MARKS[operation] then
        return setmetatable({ complete = false, marks = MARKS[operation] }, Marked)
    elseif operation == "invoke_agent_runtime_command" then
        return setmetatable({ complete = false }, Command)
    elseif operation == "invoke_model_with_response_stream" then
        return model_chunks.ending()
    end
end

--- Server-sent events of OpenAI's Chat Completions ([DONE]) and Responses, and of Anthropic's Messages.
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

--- @param required boolean an end without the last event is an error, and so is an event that tells one
function ending.of_sent_events(required)
    return setmetatable({ complete = false, required = required }, Sent)
end

return ending
