--- The chat page's route: {"messages": [{"role", "text"} …]} in, server-sent events out: {"text"} …, then
--- {"done", "tokens"} or {"error"}.
local bedrock = require "bedrock"
local gateway = require "gateway"

local chat = {}

--- Raises what has not that form.
local function conversation(input)
    local messages = {}
    for i, message in ipairs(input.messages) do
        messages[i] = { role = message.role, content = { { text = message.text } } }
    end
    return messages
end

local function tell(value)
    return gateway.send(bedrock.json.encode(value))
end

function chat.answer()
    local ok, messages = pcall(conversation, (gateway.input()))
    gateway.begin_events()
    if not ok then
        return tell { error = "expected a JSON object with messages, each with role and text" }
    end
    local stream, err = gateway.connection:converse_stream {
        modelId = gateway.model,
        messages = messages,
    }
    if not stream then
        gateway.tell(err)
        return tell { error = gateway.words_for(err) }
    end
    local tokens
    while true do
        local name, event = stream:next()
        if name == "contentBlockDelta" and event.delta.text then
            tell { text = event.delta.text }
        elseif name == "metadata" then
            tokens = event.usage.totalTokens
        elseif event and not name then
            gateway.tell(event)
            return tell { error = gateway.words_for(event) }
        elseif not name then
            return tell { done = true, tokens = tokens }
        end
    end
end

return chat
