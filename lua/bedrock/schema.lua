--- The short form of schemas, and what it becomes in JSON Schema.
---
---     bedrock.schema { city = "string: the city", days = "integer?", unit = { "C", "F" } }
---
--- A text is a type, "?" if the property may be left out, and a description behind ":". A list is an enum, a table an
--- object, `{ list = … }` a list of what stands there. Enums and lists take a `description` beside that.
--- JSON Schema goes through as it is, at any level.
--- The tables that come out are plain, so encoding sorts their keys: prompt caches need one order in all processes.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local mistakes = require "bedrock.json_schema.mistakes"
local texts_of = require("bedrock.base.problems").texts

local OPERATION = "schema"
--- A table deeper than that contains itself.
local DEPTH_MAX = 100

--- The words of JSON Schema's `type`.
local WORDS = { string = true, number = true, integer = true, boolean = true, object = true, array = true,
    null = true }

local TYPES = { "boolean", "integer", "number", "object", "string" }
local IS_TYPE = { boolean = true, integer = true, number = true, object = true, string = true }

--- What other languages call the types.
local SLIPS = { bool = "boolean", dict = "object", double = "number", float = "number", int = "integer",
    map = "object", str = "string", table = "object", text = "string" }

--- A table with one of these is JSON Schema, whatever else it has.
local KEYWORDS = { "$ref", "allOf", "anyOf", "const", "enum", "oneOf", "properties" }

--- They tell the short form from JSON Schema and lists from objects, so they can be no properties in the short form.
local RESERVED = { type = true, list = true }

local function words_only(list)
    if type(list) ~= "table" or #list == 0 then
        return false
    end
    for _, word in ipairs(list) do
        if not WORDS[word] then
            return false
        end
    end
    return true
end

local function is_json_schema(value)
    if WORDS[value.type] or words_only(value.type) then
        return true
    end
    for _, keyword in ipairs(KEYWORDS) do
        if value[keyword] ~= nil then
            return true
        end
    end
    return false
end

local function is_literal(value)
    return type(value) == "userdata" and value ~= core.null
end

--- @class bedrock.SchemaReader what is wrong is collected
--- @field problems bedrock.Problem[]
local Reader = {}
Reader.__index = Reader

--- @return nil
function Reader:refuse(path, kind, message, ...)
    self.problems[#self.problems + 1] = { path = path, kind = kind, message = message:format(...) }
end

local function below(path, name)
    return path == "" and name or path .. "." .. name
end

--- Lists and enums as other languages write them.
local function other_form(word)
    local items = word:match "^(%a+)%[%]$" or word:match "^%a+[<%[](%a+)[>%]]$"
        or (word:find "^array%f[%A]" or word:find "^list%f[%A]") and "string"
    if items then
        return ('for a list write { list = "%s" }'):format(SLIPS[items] or items)
    elseif word:find "^%a+ *| *null$" or word:find "^null *|" then
        return 'for a value that may be left out write "string?"'
    elseif word == "enum" or word:find("|", 1, true) then
        return 'for one of several values write { "low", "high" }'
    end
end

local function hint(word)
    local other = other_form(word)
    if other then
        return (" (%s)"):format(other)
    end
    local near = SLIPS[word:lower()] or core.suggest(word, TYPES)
    return near and (" (did you mean %s?)"):format(near) or ""
end

--- A type with a description or a mark, which nobody means as a text.
local function reads_as_type(text)
    local word, rest = text:match "^%s*(%a+)%s*(.*)$"
    return IS_TYPE[word] and (rest == "?" or rest:find "^%??%s*:" ~= nil)
end

--- "integer?: how many days"
--- @return table? schema
--- @return boolean? optional
function Reader:text(text, path)
    local head, description = text:match "^([^:]*):%s*(.-)%s*$"
    local word, mark = (head or text):match "^%s*(.-)%s*(%??)%s*$"
    if not IS_TYPE[word] then
        return self:refuse(path, "enum", '"%s" is not a type; choose one of %s%s', core.shown(word),
            table.concat(TYPES, ", "), hint(word))
    end
    return { type = word, description = description ~= "" and description or nil }, mark == "?"
end

local NUMERIC = { integer = true, number = true }

local function word_of(value)
    local word = type(value)
    return word == "number" and value % 1 == 0 and "integer" or word
end

--- @return string? word the one type of all values
local function type_of_all(values)
    local found = word_of(values[1])
    for _, value in ipairs(values) do
        local word = word_of(value)
        if word ~= found then
            found = NUMERIC[word] and NUMERIC[found] and "number"
        end
    end
    return found or nil
end

local SCALARS = { string = true, number = true, boolean = true }

--- @return string? text one of them is a type, so that a list was meant
local function type_among(values)
    for _, value in ipairs(values) do
        if type(value) == "string" and (reads_as_type(value) or #values == 1 and IS_TYPE[value]) then
            return value
        end
    end
end

function Reader:enum(values, path)
    local word = type_among(values)
    if word then
        return self:refuse(path, "type", 'would be an enum with the text "%s"; for a list write { list = "%s" }',
            core.shown(word), core.shown((word:gsub("^(%s*%a+%s*)%?", "%1"))))
    end
    local copy = core.array {}
    for i, value in ipairs(values) do
        if not SCALARS[type(value)] then
            return self:refuse(("%s[%d]"):format(path, i), "type", "the values of an enum are texts, numbers or "
                .. "booleans, got %s; for a list write { list = … }", errors.type_of(value))
        end
        copy[i] = value
    end
    return { type = type_of_all(copy), enum = copy, description = values.description }
end

function Reader:list(value, path, depth)
    local items, optional = self:value(value.list, below(path, "list"), depth + 1)
    if optional then
        return self:refuse(below(path, "list"), "type", "an entry of a list cannot be optional: leave ? out, or set "
            .. "it behind the name of the list")
    end
    return items and { type = "array", items = items, description = value.description }
end

--- @return string[]? names in order; nil: there are other keys
function Reader:names(fields, path)
    local names = {}
    for name in pairs(fields) do
        if type(name) ~= "string" then
            return self:refuse(path, "type", "is neither a list nor a table of properties: it has the key %s",
                core.shown(tostring(name)))
        end
        names[#names + 1] = name
    end
    table.sort(names)
    return names
end

--- @return string? name without the "?"
--- @return boolean? optional
function Reader:name(key, path, properties)
    local name, mark = key:match "^(.-)(%??)$"
    if name == "" then
        return self:refuse(below(path, key), "type", "a property needs a name")
    elseif RESERVED[name] then
        return self:refuse(below(path, name), "type", "a property called %s needs JSON Schema: { type = \"object\", "
            .. "properties = { … } }", name)
    elseif properties[name] then
        return self:refuse(below(path, name), "type", "is there twice, with and without ?")
    end
    return name, mark == "?"
end

function Reader:object(fields, path, depth)
    local properties, required = {}, core.array {}
    for _, key in ipairs(self:names(fields, path) or {}) do
        local name, may_lack = self:name(key, path, properties)
        local schema, optional
        if name then
            schema, optional = self:value(fields[key], below(path, name), depth + 1)
        end
        if schema then
            properties[name] = schema
            if not may_lack and not optional then
                required[#required + 1] = name
            end
        end
    end
    table.sort(required)
    return { type = "object", properties = properties, required = required[1] and required or nil,
        additionalProperties = false }
end

--- A list's or an enum's; a type would be meant as a property.
local function is_description(value)
    return type(value) == "string" and not IS_TYPE[value] and not reads_as_type(value)
end

--- { list = …, description = … }
local function is_list(value)
    for key, one in pairs(value) do
        if key ~= "list" and not (key == "description" and is_description(one)) then
            return false
        end
    end
    return value.list ~= nil
end

--- Are there other keys than those of an enum?
function Reader:is_mixed(value, path)
    for key, one in pairs(value) do
        if type(key) ~= "number" and not (key == "description" and is_description(one)) then
            self:refuse(path, "type", "is both a list and a table of properties: it has the key %s",
                core.shown(tostring(key)))
            return true
        end
    end
    return false
end

function Reader:json_schema(schema, path)
    mistakes(schema, path, function(where, message, ...)
        self:refuse(where, "type", message, ...)
    end)
    return schema
end

function Reader:table(value, path, depth)
    if depth > DEPTH_MAX then
        return self:refuse(path, "type", "is deeper than %d tables: does it contain itself?", DEPTH_MAX)
    elseif is_json_schema(value) then
        return self:json_schema(value, path)
    elseif is_list(value) then
        return self:list(value, path, depth)
    elseif #value > 0 then
        return not self:is_mixed(value, path) and self:enum(value, path) or nil
    elseif getmetatable(value) == getmetatable(core.array {}) then
        return self:refuse(path, "type", "is an enum without values")
    end
    return self:object(value, path, depth)
end

--- @param depth integer of tables around it
--- @return any schema nil: it was refused
--- @return boolean? optional
function Reader:value(value, path, depth)
    if type(value) == "string" then
        return self:text(value, path)
    elseif is_literal(value) then
        return value
    elseif type(value) ~= "table" then
        return self:refuse(path, "type", 'expected a type as in "string: the city", a list of values, or a table of '
            .. "properties; got %s", value == core.null and "null" or errors.type_of(value))
    end
    return self:table(value, path, depth)
end

--- Converse takes no other inputs of tools.
local function check_root(reader, schema)
    local seen = is_literal(schema) and core.decode(tostring(schema)) or schema
    if type(seen) ~= "table" then
        reader:refuse("", "type", "must be an object: a table of properties, or JSON Schema")
    elseif seen.type ~= nil and seen.type ~= "object" then
        reader:refuse("", "type", "must be an object, but its type is %s", type(seen.type) == "string"
            and core.shown(seen.type) or "a list of types")
    end
end

--- Prints as its JSON.
local Printed = { __name = "bedrock.schema", __tostring = function(self)
    return (core.encode(self))
end }

local schema = {}

--- @param given any
--- @param check? fun(reader: bedrock.SchemaReader, schema: any)
local function read(given, check)
    local reader = setmetatable({ problems = {} }, Reader)
    local result, optional = reader:value(given, "", 0)
    if optional then
        reader:refuse("", "type", "what is asked for itself cannot be optional: leave ? out")
    end
    if result ~= nil and check then
        check(reader, result)
    end
    if reader.problems[1] then
        return nil, reader.problems
    end
    return result ~= given and setmetatable(result, Printed) or result
end

--- The schema of an object, such as a tool's input.
--- @param given any the short form, or JSON Schema: a table, or bedrock.json.raw
--- @return any schema what was given, if that is JSON Schema
--- @return string? why all that is wrong, each with its path
--- @return bedrock.Problem[]? problems
function schema.of(given)
    local result, problems = read(given, check_root)
    if result == nil then
        return nil, table.concat(texts_of(problems), "; "), problems
    end
    return result
end

--- What the short form of a schema becomes. It prints as its JSON.
---
--- A text is a type: string, integer, number, boolean or object, with "?" behind it if it may be left out, and what
--- it is behind ":", as in "integer?: how many". {"low","high"} is one of these values, {list="string"} a list, and
--- a table of names an object. Tools take it as `input`, chats and generate as `schema`.
--- @param short table|string
--- @return table? schema JSON Schema
--- @return bedrock.Error? err
function schema.schema(short)
    if type(short) ~= "table" and type(short) ~= "string" and not is_literal(short) then
        error("schema: expected the short form of a schema, got " .. errors.type_of(short), 2)
    end
    local result, problems = read(short)
    if result == nil then
        return nil, errors.validation(OPERATION, problems)
    end
    return result
end

return schema
