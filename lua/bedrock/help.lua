--- Help at the prompt: our own functions by their annotations (help/texts.lua), operations by the model.
local columns = require "bedrock.prints.columns"
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local objects = require "bedrock.help.objects"
local texts = require "bedrock.help.texts"
local topics = require "bedrock.help.topics"
local sorted_keys = require "bedrock.base.sorted_keys"

local help = {}

local BEGIN = [[
bedrock = require "bedrock"                   (after -l bedrock LuaJIT needs this line, too)
conn = assert(bedrock.connect { … })          bedrock.help "connect" tells the settings; or bedrock.open()
print(conn:test())                            does it work?
print(conn:models { provider = "Amazon" })    what can be called here
print(conn:converse { … })                    operations are methods: bedrock.help "converse"
answer = assert(conn:converse_stream { … }):print()    written as it comes
print(bedrock.dump(answer))                   any value in full]]

local TOPICS = [[
bedrock.help "NAME"   a function, an operation, a type or a namespace; conn:help() the connection's own methods
print(conn.runtime)   the operations of a namespace; print(bedrock.skeleton "converse") an input to fill in]]

--- @return string where to begin
function help.beginning()
    return ("bedrock %s: Amazon Bedrock for Lua. bedrock.help() tells more.\n\n%s"):format(core.version, BEGIN)
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
        lines[#lines + 1] = columns.names(topics.names_of(prefix), { indent = "  " })
    end
    lines[#lines + 1] = "namespaces"
    local namespaces = {}
    for i, service in ipairs(core.services()) do
        namespaces[i] = service.namespace
    end
    lines[#lines + 1] = columns.names(namespaces, { indent = "  " })
    return table.concat(lines, "\n")
end

local function unknown(topic)
    local found = topics.near(topic)
    return errors.config("help", { { path = "topic", kind = "unknown", message = ('there is no help for "%s"%s'):format(
        core.shown(topic), found[1] and "; there is for " .. table.concat(found, ", ")
        or ": bedrock.help() lists what there is") } })
end

--- Statements that show nothing of what a function returns: at LuaJIT's prompt, and behind Neovim's :lua.
local SILENT = { ["=stdin"] = true, [":lua"] = true }

--- Is the caller of the function that calls this one such a statement?
local function is_silent()
    local caller = rawget(_G, "jit") and debug.getinfo(3, "S")
    return caller and caller.what == "main" and SILENT[caller.source]
end

--- Where nobody would see what is returned, it is written: the text, or why there is none.
local function shown(silent, text, err)
    if silent then
        print(text or tostring(err))
        return
    elseif not text then
        return nil, err
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
    for i, name in ipairs(topics.names_of "conn:") do
        rows[i] = { "conn:" .. name, first_sentence(texts.functions["conn:" .. name]) }
    end
    for i, service in ipairs(core.services()) do
        spaces[i] = { "conn." .. service.namespace, ("%d operations"):format(#core.operations(service.id)) }
    end
    return table.concat({ tostring(self), columns.rows(rows), "", columns.rows(spaces),
        "Operations are methods, too: conn:converse { … }. conn:help \"converse\" tells what one takes." }, "\n")
end

--- @param err any beside a nil topic: what a call gave that failed
local function text_of(topic, err)
    if topic == nil and errors.is(err) then
        return nil, err
    elseif topic == nil or rawequal(topic, package.loaded.bedrock) then
        return overview()
    elseif type(topic) == "string" then
        return topics.about(topic)
    elseif objects.name(topic) == "bedrock.connection" then
        return of_connection(topic)
    end
    return objects.about(topic)
end

local function found(topic, err)
    local text, why = text_of(topic, err)
    if text then
        return text
    end
    return nil, why or unknown(topic)
end

--- What there is, or what a function, operation, type, namespace or option takes and gives, or an object has. At
--- LuaJIT's prompt, and by Neovim's :lua, it is written.
--- @param topic? any "converse", "chat", "conn:models", "runtime", "bedrock.Settings", "max_tokens", …, or an object
--- @param err? bedrock.Error what came in place of an object
--- @return string? text
--- @return bedrock.Error? err nothing is called so; names that may be meant; or the one given
function help.help(topic, err)
    local silent = is_silent()
    return shown(silent, found(topic, err))
end

--- The connection's own methods and its namespaces, or as bedrock.help. It is written where that writes.
--- @param topic? any
--- @param err? bedrock.Error what came in place of an object
--- @return string? text
--- @return bedrock.Error? err
function help.connection(self, topic, err)
    connection.client_of(self, nil, nil, 2)
    local silent = is_silent()
    if topic == nil and not errors.is(err) then
        topic = self
    end
    return shown(silent, found(topic, err))
end

return help
