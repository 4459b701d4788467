--- What is plainly wrong in a JSON Schema: above all the short form where JSON Schema must stand, which a service takes
--- for no schema at all. Everything else is let through as it is.
local core = require "bedrock.core"
local errors = require "bedrock.errors"

--- Keywords by what stands there: a schema, a list of schemas, a table of names and schemas.
local ONE = { "additionalItems", "additionalProperties", "contains", "else", "if", "not", "propertyNames", "then",
    "unevaluatedItems", "unevaluatedProperties" }
local LISTS = { "allOf", "anyOf", "oneOf", "prefixItems" }
local BY_NAME = { "$defs", "definitions", "dependentSchemas", "patternProperties", "properties" }

local HINTS = {
    items = '; in the short form a list is { list = "string" }',
    properties = "; for the short form leave out type and properties",
}

--- In the short form the word may be meant as a name.
local NEEDS = '; a property called %s needs JSON Schema: { type = "object", properties = { … } }'

local function below(path, name)
    return path == "" and name or path .. "." .. name
end

local function kind_of(value)
    return value == core.null and "null" or errors.type_of(value)
end

local function is_raw(value)
    return type(value) == "userdata" and value ~= core.null
end

--- @class bedrock.SchemaMistakes one look at one schema
--- @field refuse fun(path: string, message: string, ...: any)
--- @field seen table<table, true> a schema may contain itself, and is read once
local Mistakes = {}
Mistakes.__index = Mistakes

--- What stands where a schema must.
function Mistakes:part(value, path, keyword)
    if type(value) == "boolean" or is_raw(value) then
        return
    elseif type(value) ~= "table" or value[1] ~= nil then
        return self.refuse(path, "must be JSON Schema here, got %s%s",
            type(value) == "table" and "a list" or kind_of(value), HINTS[keyword] or "")
    elseif value.list ~= nil and value.type == nil then
        return self.refuse(path, 'must be JSON Schema here, got the short form of a list; write { type = "array", '
            .. "items = … }")
    end
    self:schema(value, path)
end

function Mistakes:parts(list, path, keyword)
    if type(list) ~= "table" then
        return self.refuse(path, "of JSON Schema must be a list of schemas, got %s" .. NEEDS, kind_of(list), keyword)
    end
    for i, one in ipairs(list) do
        self:part(one, ("%s[%d]"):format(path, i), keyword)
    end
end

function Mistakes:named(fields, path, keyword)
    if type(fields) ~= "table" then
        return self.refuse(path, "of JSON Schema must be a table, got %s" .. NEEDS, kind_of(fields), keyword)
    end
    for name, one in pairs(fields) do
        self:part(one, below(path, tostring(name)), keyword)
    end
end

--- An older form of JSON Schema has true or false there.
function Mistakes:required(required, path)
    if required == nil or type(required) == "boolean" then
        return
    elseif type(required) ~= "table" then
        return self.refuse(path, "must be a list of names, got %s", kind_of(required))
    end
    for i, name in ipairs(required) do
        if type(name) ~= "string" then
            self.refuse(("%s[%d]"):format(path, i), "must be the name of a property, got %s", kind_of(name))
        end
    end
end

function Mistakes:enum(enum, path)
    if enum ~= nil and type(enum) ~= "table" then
        self.refuse(path, "of JSON Schema must be a list of values, got %s" .. NEEDS, kind_of(enum), "enum")
    end
end

local function each(self, read, schema, path, keywords)
    for _, keyword in ipairs(keywords) do
        if schema[keyword] ~= nil then
            read(self, schema[keyword], below(path, keyword), keyword)
        end
    end
end

--- An older form of JSON Schema has a list of schemas as `items`.
function Mistakes:items(items, path)
    local read = type(items) == "table" and items[1] ~= nil and self.parts or self.part
    read(self, items, path, "items")
end

function Mistakes:schema(schema, path)
    if self.seen[schema] then
        return
    end
    self.seen[schema] = true
    self:enum(schema.enum, below(path, "enum"))
    self:required(schema.required, below(path, "required"))
    each(self, self.items, schema, path, { "items" })
    each(self, self.part, schema, path, ONE)
    each(self, self.parts, schema, path, LISTS)
    each(self, self.named, schema, path, BY_NAME)
end

--- @param schema table
--- @param path string
--- @param refuse fun(path: string, message: string, ...: any) hears of each mistake; the message is a format
return function(schema, path, refuse)
    setmetatable({ refuse = refuse, seen = {} }, Mistakes):schema(schema, path)
end
