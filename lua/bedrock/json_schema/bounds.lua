--- The bounds of numbers, and of the lengths of texts and lists.
local numbers = require "bedrock.json_schema.numbers"

--- By kind of value: keyword; is it a lower bound; may it be reached; words.
local BOUNDS = {
    number = {
        { "minimum", true, true, "at least %s" },
        { "exclusiveMinimum", true, false, "more than %s" },
        { "maximum", false, true, "at most %s" },
        { "exclusiveMaximum", false, false, "less than %s" },
    },
    string = {
        { "minLength", true, true, "at least %s characters" },
        { "maxLength", false, true, "at most %s characters" },
    },
    array = {
        { "minItems", true, true, "at least %s entries" },
        { "maxItems", false, true, "at most %s entries" },
    },
}

local function beyond(size, limit, lower, reachable)
    local order = numbers.order(size, limit)
    return order == 0 and not reachable or order == (lower and -1 or 1)
end

local NONE = {}

local bounds = {}

--- @param schema table
--- @param kind "number"|"string"|"array"
--- @param size any number: the value, or how long it is
--- @return string[] messages
function bounds.broken(schema, kind, size)
    local messages = NONE
    for _, bound in ipairs(BOUNDS[kind]) do
        local limit = schema[bound[1]]
        if limit ~= nil and numbers.is_number(limit) and beyond(size, limit, bound[2], bound[3]) then
            messages = messages == NONE and {} or messages
            messages[#messages + 1] = ("expected " .. bound[4] .. ", got %s"):format(numbers.shown(limit),
                numbers.shown(size))
        end
    end
    return messages
end

return bounds
