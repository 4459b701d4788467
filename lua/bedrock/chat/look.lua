--- Looks at a history once for each turn: may something in it be left out, does it call tools, is it a history at all?
--- Chats may be long, so what is usual is told at a glance: one text that begins with more than a space.
local core = require "bedrock.core"

local byte, find = string.byte, string.find

local look = {}

--- @class bedrock.ChatLook
--- @field upto integer so many messages were looked at
--- @field doubt? integer the first message that may have something to leave out
--- @field calls? boolean a message calls a tool
--- @field wrong? boolean something is no message or no block

local function is_blank_text(text)
    local first = byte(text, 1)
    return not (first and first > 32) and not find(text, "%S")
end

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
--- @return bedrock.ChatLook seen
function look.on(seen, messages)
    for place = seen.upto + 1, #messages do
        at_message(seen, messages[place], place)
    end
    seen.upto = #messages
    return seen
end

--- @return bedrock.ChatLook
function look.new()
    return { upto = 0 }
end

return look
