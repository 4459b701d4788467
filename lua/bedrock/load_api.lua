--- Newer facts at run time: operations from a file, without a rebuild.
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local facts = require "bedrock.facts"
local raised = require "bedrock.tasks.raised"

local FILE_MAX = 32 * 1024 * 1024

local function refused(file, kind, message)
    return nil, errors.config("load_api", { { path = "file", kind = kind, message = file .. ": " .. message } })
end

--- @return string? text
--- @return string? why
local function read(path)
    local file, why = io.open(path, "rb")
    if not file then
        return nil, (tostring(why):gsub("^.-: ", ""))
    end
    local text
    text, why = file:read(FILE_MAX + 1)
    file:close()
    if not text then
        return nil, why or "is empty"
    elseif #text > FILE_MAX then
        return nil, "is larger than " .. FILE_MAX .. " bytes"
    end
    return text
end

--- Is the name one of a connection's own, apart from operations?
local function is_taken(name)
    for _, own in ipairs(connection.handwritten) do
        if own == name then
            return true
        end
    end
    return connection.namespaces[name] ~= nil or name == "region" or name == "auth"
end

--- A name of ours that the file would hide, or that would hide the file's.
local function collision(service, operations)
    local space = facts.namespace(service.id)
    local index, id = core.service(space)
    if index and id ~= service.id then
        return ("the namespace %s belongs to %s"):format(space, id)
    elseif not index and (is_taken(space) or core.find(space)) then
        return ("the namespace %s is already the name of something else"):format(space)
    end
    for _, name in ipairs(core.keys(operations)) do
        local operation = operations[name]
        if is_taken(operation.snake) or operation.snake == space then
            return ("the operation %s would be called %s, which is already the name of something else"):format(name,
                operation.snake)
        end
    end
end

local function forget_operations(known)
    for name in pairs(known) do
        if not is_taken(name) then
            known[name] = nil
        end
    end
end

--- Names are looked up anew, and connections get the new namespaces.
local function renew()
    connection.generation = connection.generation + 1
    forget_operations(connection.methods)
    for _, namespace in pairs(connection.namespaces) do
        forget_operations(namespace.__index)
    end
    connection.add_namespaces()
end

--- Adds or replaces operations, from a file in the form of csrc/model/facts. They serve all connections of this Lua
--- state, also open ones.
--- @param file string
--- @return true? ok
--- @return bedrock.Error? err
local function load_api(file)
    if type(file) ~= "string" then
        error("load_api: expected the name of a file, got " .. errors.type_of(file), 2)
    end
    local text, why = read(file)
    if not text then
        return refused(file, "file", why)
    end
    local data, err = core.decode(text)
    if data == nil then
        return refused(file, "file", err.message)
    end
    local ok, records = pcall(facts.records, { data }, { keys = core.keys, sorted = core.keys })
    if not ok and raised.is_for_the_caller(records) then
        error(records, 0)
    elseif not ok then
        return refused(file, "value", tostring(records))
    end
    why = collision(data.service, data.operations)
    if why then
        return refused(file, "conflict", why)
    end
    local section, index
    ok, why, section, index = core.model(records)
    if not ok then
        return refused(file, "value", section and records.places[section][index] .. ": " .. why or why)
    end
    renew()
    return true
end

return { load = load_api }
