--- What an ask comes to. It prints as its text.
local chat_answer = require "bedrock.chat.answer"

local answer = {}

--- What `ask` returns, and what is in `session.answer` after a stream.
--- @class bedrock.AgentAnswer
--- @field text string what was said
--- @field session_id? string with which the session goes on
--- @field rounds integer requests that it took
--- @field citations table[] as AWS has them
--- @field files { name: string?, type: string?, bytes: string? }[] that the agent made
--- @field trace table[] an agent's trace parts, or a harness's hook events
--- @field results bedrock.AgentResult[] what tools gave, in the order of their calls
--- @field collaborators { agent_id: string?, name: string? }[] agents beside this one that were heard of
--- @field return_control? table[] of an agent: the events that handed its calls out, as AWS has them
--- @field calls? bedrock.AgentCall[] calls that nobody here answers: the session has no tools
--- @field stop_reason? string why it ended
--- @field usage? bedrock.Usage tokens
--- @field reasoning? string of a harness
--- @field message? table of a harness: the last one
--- @field messages? table[] of a harness: all of this ask
--- @field metrics? table of a harness
--- @field output? any of a runtime: its JSON, decoded
--- @field body? string of a runtime: the bytes of an answer without events
--- @field events? bedrock.ServerSentEvent[] of a runtime; `json` is the data, decoded
--- @field guardrail_action? string of a knowledge base
--- @field others? bedrock.OtherEvent[] events that this version does not know
local Answer = { __name = "bedrock.answer" }

function Answer.__tostring(self)
    return self.text
end

--- @param session_id string?
--- @return bedrock.AgentAnswer
function answer.new(session_id)
    return setmetatable({
        text = "", session_id = session_id, rounds = 0, citations = {}, files = {}, trace = {}, results = {},
        collaborators = {},
    }, Answer)
end

--- Adds what AWS says of tokens. Agents do not give the total.
--- @param self bedrock.AgentAnswer
--- @param told table? as AWS has it
function answer.count(self, told)
    if type(told) ~= "table" then
        return
    end
    local usage = self.usage or chat_answer.no_usage()
    chat_answer.count(usage, told)
    if told.totalTokens == nil then
        usage.total_tokens = usage.total_tokens + (told.inputTokens or 0) + (told.outputTokens or 0)
    end
    self.usage = usage
end

--- An agent beside the one that was asked, once.
function answer.heard_of(self, agent_id, name)
    if agent_id == nil and name == nil then
        return
    end
    for _, one in ipairs(self.collaborators) do
        if one.agent_id == agent_id and one.name == name then
            return
        end
    end
    self.collaborators[#self.collaborators + 1] = { agent_id = agent_id, name = name }
end

--- @param self bedrock.AgentAnswer
function answer.other(self, name, event)
    self.others = self.others or {}
    self.others[#self.others + 1] = { name = name, event = event }
end

return answer
