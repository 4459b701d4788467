--- Most turns are a text, in a chat of plain options and texts, and a text comes back. The only request of such a turn
--- goes out before there is a turn, and none is made unless something else comes back.
local answer = require "bedrock.chat.answer"
local kept = require "bedrock.chat.kept"
local look = require "bedrock.chat.look"
local request = require "bedrock.chat.request"

local plain = {}

--- What a chat whose turns may be plain knows for them; false once it has more than texts.
--- @param chat bedrock.Chat a new one
--- @return bedrock.ChatLook|false
function plain.of(chat)
    local o, tools = chat._options, chat._tools
    return chat._plan and not (tools.specs[1] or o.on_step or o.context_limit)
        and { upto = 0, options = o, tools = tools }
end

--- The messages of a plain turn's request.
--- @return table[]? messages nil: another turn must be made
function plain.messages(chat, given)
    local seen, list = chat._plain, nil
    if type(chat.messages) == "table" and not (chat._pending or look.is_blank_text(given)) then
        list = look.copied(seen, chat)
    end
    if not list then
        return nil
    elseif seen.doubt or seen.calls or seen.wrong then
        chat._plain = false
        return nil
    end
    local count = #list
    if count > 0 and list[count].role ~= "assistant" then
        return nil
    end
    list[count + 1] = { role = "user", content = { { text = given } } }
    return list
end

--- Sends them. The chat is held as long as somebody waits.
--- @return boolean ok
--- @return table? output of Converse; what was raised, if not ok
--- @return bedrock.Error? err
function plain.send(chat, messages)
    local conn, held = chat._conn, chat._turn
    held[1] = messages
    local ok, output, err = pcall(conn.converse, conn, request.planned(chat._plan, messages))
    held[1] = nil
    return ok, output, err
end

--- The end of a plain turn.
--- @return bedrock.ChatAnswer? result nil: what came back is not one text
function plain.finish(chat, messages, output)
    local message = output.output and output.output.message
    local content = message and message.content
    local first = content and content[1]
    if not (first and first.text and content[2] == nil) or output.stopReason == "guardrail_intervened" then
        return nil
    end
    local told, count = output.usage, #messages + 1
    messages[count] = message
    local result = answer.new(output, answer.count(chat.usage, told), 1)
    kept.keep(chat, messages, count - 2)
    kept.see(chat, chat._plain, count, told)
    chat._said, chat._spare, chat.answer = result, messages, result
    return result
end

return plain
