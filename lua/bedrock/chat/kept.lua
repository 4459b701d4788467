--- What a turn leaves in its chat, and whether that still is what it was.
local errors = require "bedrock.errors"
local options = require "bedrock.chat.options"

local kept = {}

--- The first argument of a method is a chat, or that is raised.
function kept.check(self, name)
    if (getmetatable(self) or {}).__name ~= "bedrock.chat" then
        error(("not a chat: call its methods with a colon, as in chat:%s(…)"):format(name), 3)
    end
end

--- Is it a list, as somebody may have put something else into the chat?
--- @return boolean
function kept.check_list(messages, problems)
    if type(messages) ~= "table" then
        options.add(problems, "messages", "type", "expected a list of messages, got %s", errors.type_of(messages))
        return false
    end
    return true
end

--- What was edited by hand or comes from a file, as far as a turn looks into it.
function kept.check_messages(messages, problems)
    for i, message in ipairs(kept.check_list(messages, problems) and messages or {}) do
        local path = ("messages[%d]"):format(i)
        local content = type(message) == "table" and message.content
        if type(message) ~= "table" then
            options.add(problems, path, "type", "expected a table, got %s", errors.type_of(message))
        elseif message.role == "user" and type(content) ~= "table" then
            options.add(problems, path .. ".content", "type", "expected a list of blocks, got %s",
                errors.type_of(content))
        end
        for k, block in ipairs(type(content) == "table" and content or {}) do
            if type(block) ~= "table" then
                options.add(problems, ("%s.content[%d]"):format(path, k), "type", "expected a table, got %s",
                    errors.type_of(block))
            end
        end
    end
end

--- Gives the chat these messages; the table itself stays the same.
--- @param base? integer so many that a turn did not change, if there still are as many as it found
--- @param joined? table the turn changed one more
function kept.keep(chat, messages, base, joined)
    local own = type(chat.messages) == "table" and chat.messages or {}
    local found = base and base + (joined and 1 or 0)
    chat.messages = own
    for i = #own == found and base + 1 or 1, #messages do
        own[i] = messages[i]
    end
    for i = #own, #messages + 1, -1 do
        own[i] = nil
    end
end

--- Remembers what the service counted, and of what: how long texts are is known by it.
--- @param turn {options: table, tools: table, object?: table}
--- @param count integer messages
--- @param told? table usage as Converse has it
function kept.see(chat, turn, count, told)
    chat._seen = { count = count, told = told, options = turn.options, tools = turn.tools, object = turn.object }
end

return kept
