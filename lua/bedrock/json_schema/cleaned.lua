--- A value without the nulls of members that may be left out.
local keywords = require "bedrock.json_schema.keywords"
local reference = require "bedrock.json_schema.reference"
local is = require("bedrock.json_schema.values").is

local items_of, sorted_names, table_of = keywords.items_of, keywords.sorted_names, keywords.table_of
local is_array, is_object = is.array, is.object

local function without(value, name)
    local copy = setmetatable({}, getmetatable(value))
    for key, member in pairs(value) do
        if key ~= name then
            copy[key] = member
        end
    end
    return copy
end

local function with(value, name, member)
    local copy = without(value)
    copy[name] = member
    return copy
end

local cleaned

--- The same members, cleaned; a copy as soon as one differs.
local function members_cleaned(self, schema, value)
    local result = value
    for _, name in ipairs(sorted_names(value)) do
        local member = table_of(schema, "properties")[name]
        if member ~= nil and self:is_left_out(schema, name, value[name], member, "") then
            result = without(result, name)
        elseif member ~= nil then
            local clean = cleaned(self, member, value[name])
            result = clean ~= value[name] and with(result, name, clean) or result
        end
    end
    return result
end

local function entries_cleaned(self, schema, value)
    local result = value
    for i, entry in ipairs(value) do
        local clean = cleaned(self, items_of(schema, i), entry)
        result = clean ~= entry and with(result, i, clean) or result
    end
    return result
end

--- By all parts, and by the first alternative that the value fits.
local function parts_cleaned(self, schema, value)
    for _, part in ipairs(table_of(schema, "allOf")) do
        value = cleaned(self, part, value)
    end
    for _, keyword in ipairs(keywords.ALTERNATIVES) do
        for _, one in ipairs(table_of(schema, keyword)) do
            if #self:tried(one, value, "") == 0 then
                value = cleaned(self, one, value)
                break
            end
        end
    end
    return value
end

local function value_cleaned(self, schema, value)
    if type(value) ~= "table" or type(schema) ~= "table" then
        return value
    end
    value = cleaned(self, reference.target(self.root, schema["$ref"]), value)
    if is_object(value) then
        value = members_cleaned(self, schema, value)
    end
    if is_array(value) then
        value = entries_cleaned(self, schema, value)
    end
    return parts_cleaned(self, schema, value)
end

--- @param self bedrock.SchemaCheck counts the steps
--- @param schema any
--- @param value any
--- @return any value itself, or a copy of what had nulls
cleaned = function(self, schema, value)
    local result = self:step(value_cleaned, schema, value)
    return result == nil and value or result
end

return cleaned
