--- The text in what an agent of an AgentCore runtime sends, which may have any form. These are read: plain texts,
--- Converse's events (as Strands sends them, in a member `event`), deltas of AG-UI and of OpenAI's and Anthropic's
--- streams, and answers that are an object around a text.
local said = {}

--- Where an answer's text is, the first of these that is there.
local MEMBERS = { "text", "result", "response", "output", "completion", "answer", "message", "content", "data" }

local DEPTH_MAX = 8

local text_in

local function texts_in(list, depth)
    local texts = {}
    for _, value in ipairs(list) do
        texts[#texts + 1] = text_in(value, depth + 1)
    end
    return texts[1] and table.concat(texts)
end

--- @param value any
--- @param depth integer
--- @return string?
function text_in(value, depth)
    if type(value) == "string" then
        return value
    elseif type(value) ~= "table" or depth > DEPTH_MAX then
        return nil
    elseif value[1] ~= nil then
        return texts_in(value, depth)
    end
    for _, name in ipairs(MEMBERS) do
        local text = value[name] ~= nil and text_in(value[name], depth + 1)
        if text then
            return text
        end
    end
end

--- The text of a whole answer.
--- @param value any JSON, decoded
--- @return string?
function said.of_answer(value)
    return text_in(value, 1)
end

local function member(value, ...)
    for i = 1, select("#", ...) do
        value = type(value) == "table" and value[(select(i, ...))]
    end
    return value
end

local function is_text(value)
    return type(value) == "string" and value or nil
end

--- What Python's repr makes of an object that is no JSON: no words of the agent's.
local function is_debris(text)
    return text:find "^{'" ~= nil
end

--- Strands says each piece twice: as Converse's event, and in `data`.
local function of_object(state, json)
    local converse = is_text(member(json, "event", "contentBlockDelta", "delta", "text"))
        or is_text(member(json, "contentBlockDelta", "delta", "text"))
    if type(json.event) == "table" then
        state.is_converse = true
    end
    if converse then
        return converse
    elseif state.is_converse then
        return nil
    end
    return is_text(json.delta) or is_text(member(json, "delta", "text"))
        or is_text(member(json, "choices", 1, "delta", "content")) or is_text(json.text) or is_text(json.data)
end

--- The text of one event.
--- @param state table the answer's own
--- @param json any its data, decoded; nil if it is no JSON
--- @param data string
--- @return string?
function said.of_event(state, json, data)
    if type(json) == "table" then
        return of_object(state, json)
    elseif type(json) == "string" then
        return not is_debris(json) and json or nil
    elseif json == nil and data ~= "[DONE]" and not is_debris(data) then
        return data
    end
end

return said
