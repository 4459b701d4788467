--- Help at the prompt: our own functions by their annotations (help/texts.lua), operations by the model.
local columns = require "bedrock.prints.columns"
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local describe = require "bedrock.help.describe"
local errors = require "bedrock.errors"
local texts = require "bedrock.help.texts"

local help = {}

local NEAR_MAX = 8

local BEGIN = [[
bedrock = require "bedrock"                   (after -l bedrock LuaJIT needs this line, too)
conn = assert(bedrock.connect { … })          bedrock.help "connect" tells the settings; or bedrock.open()
print(conn:test())                            does it work?
print(conn:models { provider = "Amazon" })    what can be called here
print(conn:converse { … })                    operations are methods: bedrock.help "converse"
answer = conn:converse_stream { … }:print()   written as it comes
print(bedrock.dump(answer))                   any value in full]]

local TOPICS = [[
bedrock.help "NAME"   a function, an operation, a type or a namespace; conn:help() the connection's own methods
print(conn.runtime)   the operations of a namespace; print(bedrock.skeleton "converse") an input to fill in]]

--- @return string where to begin
function help.beginning()
    return ("bedrock %s: Amazon Bedrock for Lua. bedrock.help() tells more.\n\n%s"):format(core.version, BEGIN)
end

local function sorted_keys(map)
    local keys = {}
    for key in pairs(map) do
        keys[#keys + 1] = key
    end
    table.sort(keys)
    return keys
end

--- The names of an object's functions, without the object.
local function names_of(prefix)
    local names = {}
    for _, name in ipairs(sorted_keys(texts.functions)) do
        if name:sub(1, #prefix) == prefix then
            names[#names + 1] = name:sub(#prefix + 1)
        end
    end
    return names
end

--- Objects that have functions: "bedrock.", "conn:", …
local function prefixes()
    local found = {}
    for name in pairs(texts.functions) do
        found[name:match "^%w+[.:]"] = true
    end
    return sorted_keys(found)
end

local function overview()
    local lines = { BEGIN, "", TOPICS, "" }
    for _, prefix in ipairs(prefixes()) do
        lines[#lines + 1] = prefix
        lines[#lines + 1] = columns.names(names_of(prefix), { indent = "  " })
    end
    lines[#lines + 1] = "namespaces"
    local namespaces = {}
    for i, service in ipairs(core.services()) do
        namespaces[i] = service.namespace
    end
    lines[#lines + 1] = columns.names(namespaces, { indent = "  " })
    return table.concat(lines, "\n")
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

local function type_called(topic)
    return texts.types[topic] or texts.types["bedrock." .. topic]
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
function help.namespace(service)
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
local function near(topic)
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

local function unknown(topic)
    local found = near(topic)
    return errors.config("help", { { path = "topic", kind = "unknown", message = ('there is no help for "%s"%s'):format(
        core.shown(topic), found[1] and "; there is for " .. table.concat(found, ", ")
        or ": bedrock.help() lists what there is") } })
end

local function about(topic)
    local functions = functions_called(topic)
    local service = service_called(topic)
    if functions[1] then
        return of_functions(functions)
    elseif service then
        return help.namespace(service)
    end
    return type_called(topic) or of_operation(topic)
end

--- A statement at LuaJIT's prompt shows nothing of what a function returns, so the text is written there.
local function at_luajit_prompt()
    local caller = rawget(_G, "jit") and debug.getinfo(3, "S")
    return caller and caller.what == "main" and caller.source == "=stdin"
end

local function text_of(topic)
    if topic == nil then
        return overview()
    elseif type(topic) ~= "string" then
        error("help: expected a name, got " .. errors.type_of(topic), 3)
    end
    return about(topic)
end

--- What there is, or what a function, operation, type or namespace takes and gives. At LuaJIT's prompt it is written.
--- @param topic? string "converse", "chat", "conn:models", "runtime", "bedrock.Settings", …
--- @return string? text
--- @return bedrock.Error? err nothing is called so; names that may be meant
function help.help(topic)
    local text = text_of(topic)
    if not text then
        return nil, unknown(topic)
    elseif at_luajit_prompt() then
        io.write(text, "\n")
        return
    end
    return text
end

--- The first sentence of a function's text.
local function first_sentence(text)
    local doc = text:match "^[^\n]*\n(%S.-)\n  " or text:match "^[^\n]*\n(%S.*)$" or ""
    doc = doc:gsub("%s+", " ")
    return doc:match "^(.-%.)%s" or doc
end

local function of_connection(self)
    local rows, spaces = {}, {}
    for i, name in ipairs(names_of "conn:") do
        rows[i] = { "conn:" .. name, first_sentence(texts.functions["conn:" .. name]) }
    end
    for i, service in ipairs(core.services()) do
        spaces[i] = { "conn." .. service.namespace, ("%d operations"):format(#core.operations(service.id)) }
    end
    return table.concat({ tostring(self), columns.rows(rows), "", columns.rows(spaces),
        "Operations are methods, too: conn:converse { … }. conn:help \"converse\" tells what one takes." }, "\n")
end

--- The connection's own methods and its namespaces, or as bedrock.help. At LuaJIT's prompt it is written.
--- @param topic? string
--- @return string? text
--- @return bedrock.Error? err
function help.connection(self, topic)
    connection.client_of(self, nil, nil, 2)
    local text
    if topic == nil then
        text = of_connection(self)
    else
        text = text_of(topic)
    end
    if not text then
        return nil, unknown(topic)
    elseif at_luajit_prompt() then
        io.write(text, "\n")
        return
    end
    return text
end

return help
