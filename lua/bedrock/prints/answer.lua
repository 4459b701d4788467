--- Answers of operations, and what streams gathered: the text if it has one, rows if it is a list, else its members.
local blocks = require "bedrock.prints.blocks"
local bytes = require "bedrock.prints.bytes"
local core = require "bedrock.core"
local is_list = require "bedrock.base.is_list"
local members = require "bedrock.prints.members"
local rows = require "bedrock.prints.rows"
local short = require "bedrock.prints.short"

local function at(value, ...)
    for _, name in ipairs { ... } do
        value = type(value) == "table" and value[name] or nil
    end
    return value
end

local function of_message(value)
    local content = at(value, "output", "message", "content")
    if type(content) == "table" then
        return blocks.text(content, value.stopReason)
    end
end

local function of_text(value)
    local text = at(value, "output", "text") or value.text
    if type(text) ~= "string" then
        return nil
    elseif text == "" and value.returnControl then
        return members.text { returnControl = value.returnControl }
    end
    return text
end

local function shape_of(operation)
    return operation and core.describe(operation, 3).output
end

local function anything()
    return true
end

local function is_true_list(value)
    return type(value) == "table" and (value[1] ~= nil or next(value) == nil) and is_list(value, anything)
end

local function member_of(shape, name)
    for _, member in ipairs(shape and shape.members or {}) do
        if member.name == name then
            return member
        end
    end
end

local function is_token(name)
    return type(name) == "string" and name:find "[tT]oken$" ~= nil
end

--- The one list that an answer is: that of its pages, or all that there is.
local function list_of(value, operation, shape)
    local paginator = operation and core.paginator(operation)
    local path = paginator and paginator.result
    if path and is_true_list(value[path]) then
        return path
    end
    local found
    for name, inner in pairs(value) do
        local member = member_of(shape, name)
        local lists = is_true_list(inner) and (not member or member.type == "list")
        if not is_token(name) and (found or not lists) then
            return nil
        end
        found = lists and name or found
    end
    return found
end

local function of_list(value, operation, shape)
    local name = list_of(value, operation, shape)
    if not name or type(name) ~= "string" then
        return nil
    end
    local rest = {}
    for other, inner in pairs(value) do
        rest[other] = other ~= name and inner or nil
    end
    local text = rows(value[name], name, (member_of(shape, name) or {}).element)
    return next(rest) and text .. "\n" .. members.text(rest, shape) or text
end

local function of_body(value)
    local body = value.body
    if type(body) ~= "string" then
        return nil
    end
    local about, json = bytes.about(body, value.contentType), core.decode(body)
    if type(json) ~= "table" then
        return about
    end
    local text = is_true_list(json) and tostring(short.value("body", json, nil, 100)) or members.text(json)
    return about .. (text ~= "" and "\n" .. text or "")
end

--- @param value table
--- @param operation integer? whose answer it is
--- @return string
return function(value, operation)
    local text = of_message(value) or of_text(value) or of_body(value)
    if text then
        return text
    elseif next(value) == nil then
        return "(an answer without members)"
    end
    local shape = shape_of(operation)
    return of_list(value, operation, shape) or members.text(value, shape)
end
