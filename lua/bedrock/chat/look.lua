--- Looks at a history once for each turn: may something in it be left out, does it call tools, is it a history at all?
--- Chats may be long, so what is usual is told at a glance: one text that was looked at before.
local answer = require "bedrock.chat.answer"
local core = require "bedrock.core"

local byte, find = string.byte, string.find

local look = {}

--- @class bedrock.ChatLook what is known of the messages of a turn: members of the turn itself
--- @field upto integer so many messages were looked at
--- @field doubt? integer the first message that may have something to leave out
--- @field calls? boolean a message calls a tool
--- @field wrong? boolean something is no message or no block

--- @param text string
function look.is_blank_text(text)
    local first = byte(text, 1)
    return not (first and first > 32) and not find(text, "%S")
end
local is_blank_text = look.is_blank_text

--- Converse refuses a text that is blank, for ever, and a block that has nothing, though models give such.
--- @param block any
function look.is_blank(block)
    if type(block) ~= "table" then
        return false
    end
    local name, value = next(block)
    return name == nil or next(block, name) == nil and (value == core.null
        or name == "text" and type(value) == "string" and is_blank_text(value))
end

--- @param seen bedrock.ChatLook
local function at_block(seen, block, place)
    if type(block) ~= "table" then
        seen.wrong = true
        return
    end
    local text = block.text
    if type(text) == "string" then
        seen.doubt = seen.doubt or is_blank_text(text) and place or nil
    elseif block.toolUse then
        seen.calls = true
    elseif block.reasoningContent or text ~= nil or look.is_blank(block) then
        seen.doubt = seen.doubt or place
    end
end

local function at_message(seen, message, place)
    local content = type(message) == "table" and message.content
    if type(content) ~= "table" then
        seen.wrong = seen.wrong or type(message) ~= "table" or message.role == "user"
        seen.doubt = seen.doubt or place
        return
    end
    for i = 1, #content do
        at_block(seen, content[i], place)
    end
    if content[1] == nil then
        seen.doubt = seen.doubt or place
    end
end

--- Looks at the messages that came since.
--- @param seen bedrock.ChatLook
--- @param messages table[]
function look.on(seen, messages)
    for place = seen.upto + 1, #messages do
        at_message(seen, messages[place], place)
    end
    seen.upto = #messages
end

--- Nothing was looked at yet.
--- @param seen bedrock.ChatLook
function look.anew(seen)
    seen.upto, seen.doubt, seen.calls, seen.wrong = 0, nil, nil, nil
end

--- What is raised where a message or a block is none, and is looked into all the same. Anything else that is raised
--- meanwhile, such as Ctrl-C, is not the history's.
--- @param raised any
--- @return boolean
function look.is_odd(raised)
    return type(raised) == "string" and find(raised, "attempt to ", 1, true) ~= nil
end

--- Copies the messages, and looks at those that have another text than last time, or more than a text.
--- @param texts table<integer, string|false> the only texts of messages that are sound
local function glance(seen, messages, list, texts)
    for place = 1, #messages do
        local message = messages[place]
        local content = message.content
        local text = content[1].text
        if not text or text ~= texts[place] or content[2] ~= nil then
            local is_sound = type(text) == "string" and content[2] == nil and not is_blank_text(text)
            texts[place] = is_sound and text
            if not is_sound then
                at_message(seen, message, place)
            end
        end
        list[place] = message
    end
end

local function cut(list, count)
    for place = #list, count + 1, -1 do
        list[place] = nil
    end
end

--- The chat's messages in a list of the turn's own, looked at. That list is the last turn's, if that needs it no more.
--- Something odd ends the glance, and all are looked at anew.
--- @param seen bedrock.ChatLook
--- @param chat bedrock.Chat
--- @return table[] messages
function look.copied(seen, chat)
    local messages, texts, list = chat.messages, chat._texts, chat._spare or {}
    chat._spare = nil
    local ok, raised = pcall(glance, seen, messages, list, texts)
    if not ok then
        if not look.is_odd(raised) then
            error(raised, 0)
        end
        look.anew(seen)
        look.on(seen, messages)
        return answer.copy(messages)
    end
    local count = #messages
    cut(list, count)
    cut(texts, count)
    seen.upto = count
    return list
end

return look
