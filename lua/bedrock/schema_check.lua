--- Does a decoded value fit a JSON Schema? What is wrong is said so that a model can mend it.
---
--- Checked are type, enum, const, required, properties, additionalProperties, items, prefixItems, anyOf, oneOf, allOf,
--- $ref within the schema, the bounds of numbers, and the lengths of texts and lists. Other keywords are ignored,
--- `pattern` and `format` among them, as in what JSON Schema calls annotations.
local bounds = require "bedrock.json_schema.bounds"
local cleaned = require "bedrock.json_schema.cleaned"
local core = require "bedrock.core"
local keywords = require "bedrock.json_schema.keywords"
local numbers = require "bedrock.json_schema.numbers"
local reference = require "bedrock.json_schema.reference"
local texts_of = require("bedrock.base.problems").texts
local values = require "bedrock.json_schema.values"

local NULL = core.null
local IS, EXPECTED = values.is, values.expected
local items_of, sorted_names, table_of = keywords.items_of, keywords.sorted_names, keywords.table_of
local given, shown, same = values.given, values.shown, values.same

--- A schema may refer to itself, and its alternatives multiply. Beyond these there is no verdict: that is the problem.
local STEPS_MAX, DEPTH_MAX = 100000, 600

local TOO_LARGE = ("too large to check: it needs more than %d steps, or is deeper than %d"):format(STEPS_MAX, DEPTH_MAX)

--- So many problems are told; one model's slip makes many alike.
local PROBLEMS_MAX = 20
--- Values of an enum that a message shows.
local CHOICES_MAX = 30

local function below(path, name)
    return path == "" and name or path .. "." .. name
end

--- @class bedrock.SchemaCheck one check of one value
--- @field root any the whole schema, which $ref points into
--- @field steps integer done so far
--- @field depth integer of calls now
--- @field active table<string, true> references that are being followed, each with the path it is for
--- @field problems bedrock.Problem[]
--- @field stopped? boolean it was too much: nothing that was found is a verdict
local Check = {}
Check.__index = Check

function Check:add(path, message, ...)
    self.problems[#self.problems + 1] = { path = path, message = message:format(...) }
end

local function is_required(schema, name)
    for _, one in ipairs(table_of(schema, "required")) do
        if one == name then
            return true
        end
    end
    return false
end

--- Models give null for what they leave out.
function Check:is_left_out(schema, name, value, member, path)
    return value == NULL and not is_required(schema, name) and #self:tried(member, NULL, below(path, name)) > 0
end

function Check:type(schema, value, path)
    local word = schema.type
    if word == nil or IS[word] and IS[word](value) then
        return true
    end
    local wanted = {}
    for i, one in ipairs(type(word) == "table" and word or { word }) do
        if not IS[one] or IS[one](value) then
            return true
        end
        wanted[i] = EXPECTED[one]
    end
    if not wanted[1] then
        return true
    end
    local number = word == "integer" and numbers.is_number(value)
    self:add(path, "expected %s, got %s", table.concat(wanted, " or "), number and numbers.shown(value) or given(value))
    return false
end

function Check:choice(schema, value, path)
    if schema.const ~= nil and not same(schema.const, value) then
        self:add(path, "expected %s, got %s", shown(schema.const), shown(value))
    end
    if type(schema.enum) ~= "table" then
        return
    end
    local texts = {}
    for i, one in ipairs(schema.enum) do
        if same(one, value) then
            return
        end
        texts[i] = i <= CHOICES_MAX and shown(one) or i == CHOICES_MAX + 1 and "…" or nil
    end
    self:add(path, "expected one of %s, got %s", table.concat(texts, ", "), shown(value))
end

function Check:bounds(schema, kind, size, path)
    for _, message in ipairs(bounds.broken(schema, kind, size)) do
        self:add(path, "%s", message)
    end
end

--- What patternProperties allow is not understood here.
function Check:unknown(schema, properties, name, value, path)
    local rest = schema.additionalProperties
    if rest == false and schema.patternProperties == nil then
        local names = sorted_names(properties)
        local near = core.suggest(name, names)
        self:add(below(path, core.shown(name)), "is not known%s; there is %s",
            near and (" (did you mean %s?)"):format(near) or "", names[1] and table.concat(names, ", ") or "nothing")
    elseif type(rest) == "table" then
        self:value(rest, value, below(path, core.shown(name)))
    end
end

function Check:object(schema, value, path)
    local properties = table_of(schema, "properties")
    for _, name in ipairs(table_of(schema, "required")) do
        if type(name) == "string" and value[name] == nil then
            local member = properties[name]
            local word = type(member) == "table" and EXPECTED[member.type]
            self:add(below(path, name), "missing%s", word and ": expected " .. word or "")
        end
    end
    for _, name in ipairs(sorted_names(value)) do
        local member = properties[name]
        if member == nil then
            self:unknown(schema, properties, name, value[name], path)
        elseif not self:is_left_out(schema, name, value[name], member, path) then
            self:value(member, value[name], below(path, name))
        end
    end
end

function Check:array(schema, value, path)
    for i, entry in ipairs(value) do
        local items = items_of(schema, i)
        if items ~= nil then
            self:value(items, entry, ("%s[%d]"):format(path, i))
        end
    end
end

--- What is wrong with the value by another schema.
function Check:tried(schema, value, path)
    local probe = setmetatable({ root = self.root, steps = self.steps, depth = self.depth, active = self.active,
        problems = {} }, Check)
    probe:value(schema, value, path)
    self.steps, self.stopped = probe.steps, self.stopped or probe.stopped
    return probe.problems
end

--- @return integer[] fits which alternatives do
--- @return string[] texts the first problem of each of the others
function Check:alternatives(list, value, path)
    local fits, texts = {}, {}
    for i, one in ipairs(list) do
        local problems = self:tried(one, value, path)
        if #problems == 0 then
            fits[#fits + 1] = i
        else
            texts[#texts + 1] = texts_of({ problems[1] })[1]
        end
    end
    return fits, texts
end

function Check:combined(schema, value, path)
    for _, part in ipairs(table_of(schema, "allOf")) do
        self:value(part, value, path)
    end
    for _, keyword in ipairs(keywords.ALTERNATIVES) do
        local list = table_of(schema, keyword)
        local fits, texts = self:alternatives(list, value, path)
        if #list > 0 and #fits == 0 then
            self:add(path, "fits none of the alternatives (%s)", table.concat(texts, "; or "))
        elseif keyword == "oneOf" and #fits > 1 then
            self:add(path, "fits %d alternatives, and must fit exactly one", #fits)
        end
    end
end

--- Runs it one level deeper, unless that is too deep or too much by now.
function Check:step(run, ...)
    self.steps, self.depth = self.steps + 1, self.depth + 1
    local result
    if self.steps <= STEPS_MAX and self.depth <= DEPTH_MAX then
        result = run(self, ...)
    else
        self.stopped = true
    end
    self.depth = self.depth - 1
    return result
end

function Check:value(schema, value, path)
    self:step(self.keywords, schema, value, path)
end

--- A table without a mark, and without anything in it, is both.
function Check:by_kind(schema, value, path)
    if type(value) == "string" then
        self:bounds(schema, "string", values.characters(value), path)
    elseif numbers.is_number(value) then
        self:bounds(schema, "number", value, path)
    elseif type(value) == "table" and IS.array(value) then
        self:bounds(schema, "array", #value, path)
        self:array(schema, value, path)
    end
    if IS.object(value) then
        self:object(schema, value, path)
    end
end

--- A schema that leads to itself at the same place says nothing more.
function Check:reference(ref, value, path)
    local target = reference.target(self.root, ref)
    local place = target ~= nil and ref .. " " .. path
    if place and not self.active[place] then
        self.active[place] = true
        self:value(target, value, path)
        self.active[place] = nil
    end
end

function Check:keywords(schema, value, path)
    if schema == false then
        self:add(path, "must not be given")
    end
    if type(schema) ~= "table" then
        return
    end
    self:reference(schema["$ref"], value, path)
    if not self:type(schema, value, path) then
        return
    end
    self:choice(schema, value, path)
    self:by_kind(schema, value, path)
    self:combined(schema, value, path)
end

local function new(schema)
    if type(schema) == "userdata" and schema ~= NULL then
        schema = core.decode(tostring(schema))
    end
    return setmetatable({ root = schema, steps = 0, depth = 0, active = {}, problems = {} }, Check)
end

local check = {}

--- @param schema any JSON Schema: a table, true or false, or bedrock.json.raw
--- @param value any as bedrock.json.decode gives it
--- @return string[] problems each with its path, in order; the first 20; none: it fits
function check.problems(schema, value)
    local one, texts = new(schema), {}
    one:value(one.root, value, "")
    if one.stopped then
        return { TOO_LARGE }
    end
    for _, text in ipairs(texts_of(one.problems)) do
        if text ~= texts[#texts] and #texts < PROBLEMS_MAX then
            texts[#texts + 1] = text
        end
    end
    return texts
end

--- The value without the nulls of members that may be left out, unless the schema takes null there.
--- @param schema any
--- @param value any that fits
--- @return any value itself, if there are none; else a copy of what had them
function check.cleaned(schema, value)
    local one = new(schema)
    return cleaned(one, one.root, value)
end

return check
