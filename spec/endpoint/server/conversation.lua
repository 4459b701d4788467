--- What Converse refuses about a conversation, in its words: as AWS documents it for Message, ContentBlock and
--- ToolResultBlock, and as its refusals are quoted in public. Counts from 0, as they do.
local conversation = {}

local function is_blank(text)
    return type(text) == "string" and not text:find "%S"
end

local function blank(content, place)
    for i, block in ipairs(content) do
        if is_blank(block.text) then
            return ("The text field in the ContentBlock object at %s.content.%d is blank. Add text to the text field, "
                .. "and try again."):format(place, i - 1)
        end
    end
end

local function lacks_text(content)
    local document, text = false, false
    for _, block in ipairs(content) do
        document = document or block.document ~= nil
        text = text or block.text ~= nil
    end
    return document and not text
end

local function of_content(message, place)
    local content = message.content
    if content[1] == nil then
        return ("The content field in the Message object at %s is empty. Add a ContentBlock object to the content "
            .. "field and try again."):format(place)
    elseif lacks_text(content) then
        return "A text block must be included when using documents."
    end
    return blank(content, place)
end

--- @return string[] ids in order, as keys too
local function ids_of(message, kind)
    local ids = {}
    for _, block in ipairs(message and message.content or {}) do
        if block[kind] then
            ids[#ids + 1] = block[kind].toolUseId
            ids[block[kind].toolUseId] = true
        end
    end
    return ids
end

local function of_tools(messages, i)
    local uses, results = ids_of(messages[i - 1], "toolUse"), ids_of(messages[i], "toolResult")
    local missing = {}
    for _, id in ipairs(uses) do
        missing[#missing + 1] = not results[id] and id or nil
    end
    if missing[1] then
        return ("Expected toolResult blocks at messages.%d.content for the following Ids: %s"):format(i - 1,
            table.concat(missing, ", "))
    elseif #results > #uses then
        return ("The number of toolResult blocks at messages.%d.content exceeds the number of toolUse blocks of "
            .. "previous turn."):format(i - 1)
    end
end

local function of_roles(messages, i)
    if i == 1 and messages[1].role ~= "user" then
        return "A conversation must start with a user message. Try again with a conversation that starts with a user "
            .. "message."
    elseif i > 1 and messages[i].role == messages[i - 1].role then
        return "A conversation must alternate between user and assistant roles. Make sure the conversation alternates "
            .. "between user and assistant roles and try again."
    end
end

local function has_tools(messages)
    for _, message in ipairs(messages) do
        if ids_of(message, "toolUse")[1] or ids_of(message, "toolResult")[1] then
            return true
        end
    end
    return false
end

--- @param input table body of Converse, whose messages are lists of blocks
--- @return string? message
function conversation.problem(input)
    local messages = input.messages
    for i, message in ipairs(messages) do
        local problem = of_roles(messages, i) or of_content(message, "messages." .. i - 1) or of_tools(messages, i)
        if problem then
            return problem
        end
    end
    if messages[#messages].role ~= "user" then
        return "A conversation must end with a user message. Try again with a conversation that ends with a user "
            .. "message."
    elseif has_tools(messages) and not (input.toolConfig and input.toolConfig.tools and input.toolConfig.tools[1]) then
        return "The toolConfig field must be defined when using toolUse and toolResult content blocks."
    end
end

return conversation
