--- What a word may mean to bedrock.help: a function of ours, a type, a namespace, an operation, a member of a type, or
--- what others call one of these.
local columns = require "bedrock.prints.columns"
local core = require "bedrock.core"
local describe = require "bedrock.help.describe"
local sorted_keys = require "bedrock.base.sorted_keys"
local texts = require "bedrock.help.texts"
local words = require "bedrock.help.words"

local topics = {}

local NEAR_MAX = 8
--- Types that have a member of one name, as many as are shown.
local OWNERS_MAX = 12

--- The names of an object's functions, without the object.
--- @param prefix string "conn:"
--- @return string[]
function topics.names_of(prefix)
    local names = {}
    for _, name in ipairs(sorted_keys(texts.functions)) do
        if name:sub(1, #prefix) == prefix then
            names[#names + 1] = name:sub(#prefix + 1)
        end
    end
    return names
end

--- Types that a function takes or gives, but those that nearly all do.
local COMMON = { ["bedrock.Error"] = true, ["bedrock.CallOptions"] = true, ["bedrock.Connection"] = true }

local function add_types(lines, text)
    local seen = {}
    for name in text:gmatch "%f[%w_]bedrock%.[%w_.]*[%w_]" do
        if texts.types[name] and not seen[name] and not COMMON[name] then
            seen[name] = true
            lines[#lines + 1] = texts.types[name]
        end
    end
end

local function of_functions(names)
    local lines = {}
    for _, name in ipairs(names) do
        local text = texts.functions[name]
        lines[#lines + 1] = text
        add_types(lines, text)
    end
    return table.concat(lines, "\n\n")
end

--- "chat", "conn:chat" and "bedrock.chat" are the functions of that name.
local function functions_called(topic)
    local found = {}
    local wanted = topic:gsub("^Connection:", "conn:"):gsub("^connection:", "conn:"):gsub("%(.*$", "")
    for _, name in ipairs(sorted_keys(texts.functions)) do
        if name == wanted or name:match "[.:](.*)$" == wanted then
            found[#found + 1] = name
        end
    end
    return found
end

--- Types are found in any spelling: "usage", "Usage", "bedrock.Usage".
local function type_called(topic)
    local wanted = topic:lower():gsub("^bedrock%.", "")
    for name, text in pairs(texts.types) do
        if name:lower() == "bedrock." .. wanted then
            return text
        end
    end
end

local function service_called(topic)
    for _, service in ipairs(core.services()) do
        if service.id == topic or service.namespace == topic then
            return service
        end
    end
end

--- @param service table as core.services has it
--- @return string its operations
function topics.namespace(service)
    local names = assert(core.operations(service.id))
    for i, name in ipairs(names) do
        names[i] = name:match "[^.]*$"
    end
    return ("bedrock.namespace (%s)\n%s"):format(service.id, columns.names(names, { indent = "  " }))
end

--- The name of an operation as `describe` takes it; AWS's own spelling needs a service.
local function operation_called(topic)
    if core.find(topic) then
        return topic
    end
    for _, service in ipairs(core.services()) do
        local index, _, snake = core.find(topic, service.id)
        if index then
            return core.find(snake) == index and snake or service.namespace .. "." .. snake
        end
    end
end

local function of_operation(topic)
    local name = operation_called(topic)
    if not name then
        return nil
    end
    local op = describe.operation(name, 1)
    op = op.stream and describe.operation(name, 2) or op
    local lines = { ("conn:%s(params, options)%s"):format(op.full_name, op.stream and " gives a stream" or ""),
        tostring(op), ('print(bedrock.describe %q) tells more, print(bedrock.skeleton %q) is an input to fill in')
        :format(op.full_name, op.full_name) }
    return table.concat(lines, "\n\n")
end

--- The lines of a type's text that tell a member.
local function member_lines(text, member)
    local lines
    for line in text:gmatch "[^\n]+" do
        local name = line:match "^  ([%w_]+)%??: "
        if name == member then
            lines = { line }
        elseif lines and line:find "^      " then
            lines[#lines + 1] = line
        elseif lines then
            break
        end
    end
    return lines and table.concat(lines, "\n")
end

--- The functions that take or give a type.
local function users_of(type_name)
    local users = {}
    for _, name in ipairs(COMMON[type_name] and {} or sorted_keys(texts.functions)) do
        if (texts.functions[name] .. "\n"):find(type_name .. "[^%w_]") then
            users[#users + 1] = name
        end
    end
    return users[1] and " (" .. table.concat(users, ", ", 1, math.min(#users, 4)) .. ")" or ""
end

--- Those of chats first: most who ask are there.
local function type_names()
    local names = sorted_keys(texts.types)
    table.sort(names, function(a, b)
        local first = a:find "^bedrock%.Chat" ~= nil
        if first ~= (b:find "^bedrock%.Chat" ~= nil) then
            return first
        end
        return a < b
    end)
    return names
end

--- What a type tells of the members that are asked for: "usage", or with an object, "answer.usage", where that is so.
local function members_of(type_name, wanted)
    local found = {}
    for _, topic in ipairs(wanted) do
        local object, member = topic:match "^([%w_]+)[.:]([%w_]+)$"
        if not object or type_name:lower():sub(-#object) == object then
            found[#found + 1] = member_lines(texts.types[type_name], member or topic)
        end
    end
    return found[1] and table.concat(found, "\n")
end

--- Members in all types that have some of them.
--- @param wanted string[]
local function members_called(wanted)
    local lines, told = {}, {}
    for _, name in ipairs(type_names()) do
        local found = members_of(name, wanted)
        if found and #lines < OWNERS_MAX then
            lines[#lines + 1] = name .. users_of(name) .. "\n" .. found
            told[#told + 1] = found
        end
    end
    add_types(lines, table.concat(told, "\n"))
    return lines[1] and table.concat(lines, "\n\n")
end

--- All that help knows.
local function all_names()
    local names = core.operations()
    for name in pairs(texts.functions) do
        names[#names + 1] = name:match "[.:](.*)$"
    end
    for _, service in ipairs(core.services()) do
        names[#names + 1] = service.namespace
    end
    table.sort(names)
    return names
end

--- The name that may be meant, and those that the word is in.
--- @param topic string
--- @return string[] names quoted
function topics.near(topic)
    local names, found, seen = all_names(), {}, {}
    local word = topic:lower():gsub("[%s-]+", "_")
    local function add(name)
        if name and not seen[name] and #found < NEAR_MAX then
            seen[name] = true
            found[#found + 1] = '"' .. name .. '"'
        end
    end
    add(core.suggest(word, names))
    for _, name in ipairs(#word >= 3 and names or {}) do
        add(name:find(word, 1, true) and name or nil)
    end
    return found
end

--- @return string? text
local function exactly(topic)
    local functions = functions_called(topic)
    local service = service_called(topic)
    if functions[1] then
        return of_functions(functions)
    elseif service then
        return topics.namespace(service)
    end
    return type_called(topic) or of_operation(topic)
end

--- What others call something of ours, and what is called so here.
local function otherwise(word)
    local parts, members = {}, {}
    for _, topic in ipairs(words[word] or words[word:match "^(.*)s$"] or {}) do
        local text = exactly(topic)
        parts[#parts + 1] = text
        members[#members + 1] = not text and topic or nil
    end
    members[#members + 1] = word
    parts[#parts + 1] = members_called(members)
    return parts[1] and table.concat(parts, "\n\n")
end

local function see_also(topic)
    local found = topic:find "^[%w_ -]+$" and topics.near(topic) or {}
    return found[1] and "\n\nSee also " .. table.concat(found, ", ") .. "." or ""
end

--- What may be meant by a topic in another spelling: as one word, without its object, and in the singular.
local function spellings(topic)
    local word = topic:lower():gsub("%(.*$", ""):match "^%s*(.-)%s*$":gsub("[%s-]+", "_")
    local last = word:match "[%w_]*$"
    return { word, last, word:match "^(.+)s$" or word, last:match "^(.+)s$" or last }
end

local function in_other_words(topic)
    for _, word in ipairs(spellings(topic)) do
        local text = exactly(word) or otherwise(word)
        if text then
            return text .. see_also(topic)
        end
    end
end

--- An option may have the name of a function: bedrock.schema, and the schema of a chat.
local function with_members(topic, text)
    local members = topic:find "^[%l_]+$" and not service_called(topic) and not core.find(topic)
        and members_called { topic }
    return members and text .. "\n\n" .. members or text
end

--- @param topic string
--- @return string? text nil: it means nothing here
function topics.about(topic)
    local text = exactly(topic)
    return text and with_members(topic, text) or in_other_words(topic)
end

return topics
