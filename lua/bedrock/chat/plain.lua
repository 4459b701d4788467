--- Most turns are a text, in a chat of plain options and texts, and a text comes back. The only request of such a turn
--- goes out before there is a turn, and none is made unless something else comes back. What runs here runs in each such
--- turn, after all that a request makes the processor forget: few functions, and few tables.
local answer = require "bedrock.chat.answer"
local bare = require "bedrock.calls.bare"
local look = require "bedrock.chat.look"
local metadata = require "bedrock.metadata"
local request = require "bedrock.chat.request"

local byte, pcall = string.byte, pcall
local converse = bare "converse"

local plain = {}

--- What a chat whose turns may be plain knows for them; false if it has more than texts.
--- @param chat bedrock.Chat a new one
--- @return table|false own what kept.see would remember; the texts by their places, and the parameters of a request
function plain.of(chat)
    local o, tools = chat._options, chat._tools
    return chat._plan and not (tools.specs[1] or o.on_step or o.context_limit)
        and { options = o, tools = tools, texts = {}, params = false }
end

--- Copies the messages, and looks at those whose text is not the last turn's.
--- @return boolean? are_texts nothing but one text each
local function copied(history, list, texts)
    for i = 1, #history do
        local message = history[i]
        local content = message.content
        local text = content[1].text
        if not text or text ~= texts[i] or content[2] ~= nil then
            if type(text) ~= "string" or content[2] ~= nil or look.is_blank_text(text) then
                return false
            end
            texts[i] = text
        end
        list[i] = message
    end
    return true
end

local function cut(list, count)
    for i = #list, count + 1, -1 do
        list[i] = nil
    end
end

--- Sends what is given after the messages of the chat, and both join it if one text comes back. Something odd among
--- them raises, as a turn may that waits.
--- @param params table hold the chat from when they are sent
--- @return bedrock.ChatAnswer? result nil: the turn goes on with what else came, or another must be made
--- @return table? output of Converse
--- @return any facts its metadata; without an output, the error
local function exchange(chat, own, params, given)
    local history, list = chat.messages, params.messages
    local count = #history
    if count == 0 and type(history) ~= "table"
        or count > 0 and not (copied(history, list, own.texts) and list[count].role == "assistant") then
        return nil
    end
    local said = { role = "user", content = { { text = given } } }
    list[count + 1] = said
    if list[count + 2] ~= nil then
        cut(list, count + 1)
    end
    chat._turn[1] = params
    local output, facts = converse(chat._conn._client, params)
    local made = output and output.output
    local message = made and made.message
    local content = message and message.content
    local text = content and content[1] and content[1].text
    if not text or content[2] ~= nil or output.stopReason == "guardrail_intervened"
        or history ~= chat.messages or #history ~= count then
        return nil, output, facts
    end
    local result = answer.of_text(output, message, text, chat.usage, facts)
    history[count + 1], history[count + 2] = said, message
    own.count, own.told = count + 2, output.usage
    chat._seen, chat._said, chat.answer = own, result, result
    return result
end

--- A text is said, and a text comes back. If something else does, the turn goes on with what was sent and came.
--- @param given string
--- @return bedrock.ChatAnswer? result
--- @return table[]? messages that were sent, if there is no result; nil: another turn must be made
--- @return boolean? ok
--- @return table? output of Converse; what was raised, if not ok
--- @return bedrock.Error? err
function plain.say(chat, given)
    local own, held, first = chat._plain, chat._turn, byte(given, 1)
    if chat._pending or not first or first <= 32 then
        return nil
    end
    local params = own.params or request.planned(chat._plan, {})
    own.params = false
    local ok, result, output, facts = pcall(exchange, chat, own, params, given)
    local was_sent = held[1] == params
    held[1] = nil
    if ok and result then
        own.params = params
        return result
    elseif not was_sent then
        if not ok and not look.is_odd(result) then
            error(result, 0)
        end
        return nil
    elseif not ok then
        return nil, params.messages, false, result
    elseif not output then
        return nil, params.messages, true, nil, facts
    end
    metadata.set(output, facts)
    return nil, params.messages, true, output
end

return plain
