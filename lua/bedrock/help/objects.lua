--- What bedrock.help says of a value that is no name: one of our objects by its type, anything else by what it prints.
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local describe = require "bedrock.help.describe"
local sorted_keys = require "bedrock.base.sorted_keys"
local texts = require "bedrock.help.texts"
local topics = require "bedrock.help.topics"

local SHOWN_MAX = 200

local DUMP = "print(bedrock.dump(x)) shows all that is in it."
local NAME = 'bedrock.help takes a name, as in bedrock.help "converse", or one of the objects of bedrock.'

--- Types of objects that share their name.
local AMBIGUOUS = {
    ["bedrock.answer"] = function(value)
        return rawget(value, "collaborators") and "bedrock.AgentAnswer" or rawget(value, "rounds")
            and "bedrock.ChatAnswer"
    end,
    ["bedrock.agent_session"] = function(value)
        return rawget(value, "retrieve") and "bedrock.Knowledge" or "bedrock.AgentSession"
    end,
    ["bedrock.credentials"] = function()
        return "bedrock.CredentialsInfo"
    end,
    ["bedrock.models"] = function()
        return "bedrock.ModelList"
    end,
    ["bedrock.operation"] = function()
        return "bedrock.Description"
    end,
}

--- "bedrock.chat_stream" is bedrock.ChatStream.
local function camel(name)
    return (name:gsub("_%l", string.upper):gsub("_", ""):gsub("^bedrock%.%l", string.upper)
        :gsub("^BEDROCK%.", "bedrock."))
end

--- A value's own words, which may fail, or be many.
local function printed(value)
    local ok, text = pcall(tostring, value)
    if not ok or type(text) ~= "string" then
        return "a " .. type(value) .. " that cannot be printed"
    end
    local line = text:match "^[^\n]*"
    return core.shown(#line <= SHOWN_MAX and line or line:sub(1, SHOWN_MAX)) .. (#line < #text and " …" or "")
end

--- The operation that a method of a connection makes.
local function operation_name(value)
    for index, method in pairs(connection.by_index) do
        if method == value then
            return describe.full_name(index, core.describe(index, 1))
        end
    end
end

local objects = {}

--- @param value any
--- @return string? name of our metatable
function objects.name(value)
    local ok, mark = pcall(getmetatable, value)
    if not ok or type(value) ~= "table" or type(mark) ~= "table" then
        return nil
    end
    local name = rawequal(mark, core.error_metatable) and "bedrock.error" or rawget(mark, "__name")
    return type(name) == "string" and name:find "^bedrock" and name or nil
end

local function prints(value)
    local mark = getmetatable(value)
    return type(value) == "table" and type(mark) == "table" and rawget(mark, "__tostring") ~= nil
end

--- A function of the module, by what it is called there.
local function function_name(value)
    for _, name in ipairs(sorted_keys(texts.functions)) do
        local found = name:find "^bedrock%." and package.loaded.bedrock
        for key in name:gsub("^bedrock%.", ""):gmatch "%w+_?[%w_]*" do
            found = type(found) == "table" and rawget(found, key) or nil
        end
        if found == value then
            return name
        end
    end
end

--- @param value any no string, and no connection
--- @return string text
function objects.about(value)
    local name = type(value) == "function" and function_name(value)
    if name then
        return topics.about(name)
    end
    name = operation_name(value)
    if name then
        return topics.about(name)
    end
    name = objects.name(value)
    local choose = AMBIGUOUS[name]
    local text = name and texts.types[choose and choose(value) or camel(name)]
    if text then
        return text
    elseif name == "bedrock.namespace" then
        return tostring(value)
    elseif prints(value) then
        return ("%s: %s\n%s"):format(name or "a table", printed(value), DUMP)
    elseif type(value) == "table" then
        return ("a table\n%s\n%s"):format(DUMP, NAME)
    end
    return ("a %s: %s\n%s"):format(type(value), printed(value), NAME)
end

return objects
