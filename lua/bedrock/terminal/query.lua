--- JMESPath's notation for members, indexes, slices and projections: a.b, "a b", [0], [-1], [1:3], [::2], [*], *, [].
--- https://jmespath.org/specification.html
local query = {}

local core = require "bedrock.core"

local null = core.null

--- @class bedrock.QueryStep
--- @field kind "member"|"index"|"slice"|"list"|"values"|"flatten"
--- @field name? string
--- @field from? integer
--- @field to? integer
--- @field by? integer

local function unquoted(text)
    local value = core.decode(text)
    return type(value) == "string" and value or nil
end

--- A name at the beginning of the text, and what follows it.
local function name_at(text)
    local name, rest = text:match "^([%a_][%w_]*)(.*)$"
    if name then
        return name, rest
    end
    local at = 2
    while text:sub(1, 1) == '"' and at <= #text do
        local char = text:sub(at, at)
        if char == '"' then
            return unquoted(text:sub(1, at)), text:sub(at + 1)
        end
        at = at + (char == "\\" and 2 or 1)
    end
end

local function of_name(text)
    if text:sub(1, 1) == "*" then
        return { kind = "values" }, text:sub(2)
    end
    local name, rest = name_at(text)
    if name then
        return { kind = "member", name = name }, rest
    end
end

--- What stands between brackets.
local function of_brackets(inside)
    if inside == "" then
        return { kind = "flatten" }
    elseif inside == "*" then
        return { kind = "list" }
    elseif inside:find "^%-?%d+$" then
        return { kind = "index", from = tonumber(inside) }
    end
    local from, to, by = inside:match "^(%-?%d*):(%-?%d*):?(%-?%d*)$"
    if from and from ~= "-" and to ~= "-" and by ~= "-" and tonumber(by) ~= 0 then
        return { kind = "slice", from = tonumber(from), to = tonumber(to), by = tonumber(by) or 1 }
    end
end

--- One step at the beginning of the text, and what follows it.
local function step_at(text, is_first)
    local inside, rest = text:match "^%[%s*([^%]]-)%s*%](.*)$"
    if inside then
        local step = of_brackets(inside)
        return step, rest
    elseif is_first then
        return of_name(text)
    elseif text:sub(1, 1) == "." then
        return of_name(text:sub(2))
    end
end

--- @param text string
--- @return bedrock.QueryStep[]? steps
--- @return string? why
function query.parse(text)
    local steps, rest = {}, text:match "^%s*(.-)%s*$"
    if rest == "@" then
        return steps
    end
    while rest ~= "" or not steps[1] do
        local step, after = step_at(rest, not steps[1])
        if not step then
            return nil, ('--query: not understood from "%s" on; it knows members, indexes, slices and projections, as '
                .. "in modelSummaries[*].modelId"):format(rest)
        end
        steps[#steps + 1], rest = step, after
    end
    return steps
end

local ARRAY = getmetatable(core.array {})

local function is_nothing(value)
    return value == nil or value == null
end

local function is_list(value)
    return type(value) == "table" and (value[1] ~= nil or getmetatable(value) == ARRAY)
end

local function slice(list, step)
    local result, count, by = {}, #list, step.by
    local function bound(given, default)
        if not given then
            return default
        end
        local at = given < 0 and count + given or given
        local low, high = by > 0 and 0 or -1, by > 0 and count or count - 1
        return math.max(low, math.min(high, at))
    end
    local from, to = bound(step.from, by > 0 and 0 or count - 1), bound(step.to, by > 0 and count or -1)
    for at = from, by > 0 and to - 1 or to + 1, by do
        result[#result + 1] = list[at + 1]
    end
    return result
end

local function flattened(list)
    local result = {}
    for _, value in ipairs(list) do
        if is_list(value) then
            for _, inner in ipairs(value) do
                result[#result + 1] = inner
            end
        else
            result[#result + 1] = value
        end
    end
    return result
end

--- An object has no order, so it is that of its names.
local function values(object)
    local names, result = {}, {}
    for name in pairs(object) do
        names[#names + 1] = name
    end
    table.sort(names)
    for i, name in ipairs(names) do
        result[i] = object[name]
    end
    return result
end

--- What is projected: a list whose members the steps to come are applied to; nil: nothing.
local PROJECTED = {
    list = function(value)
        return is_list(value) and value or nil
    end,
    slice = function(value, step)
        return is_list(value) and slice(value, step) or nil
    end,
    flatten = function(value)
        return is_list(value) and flattened(value) or nil
    end,
    values = function(value)
        return type(value) == "table" and not is_list(value) and values(value) or nil
    end,
}

--- A flattening ends the projection before it, and takes all that this gave.
local function end_of_projection(steps, at, last)
    for i = at, last do
        if steps[i].kind == "flatten" then
            return i - 1
        end
    end
    return last
end

local function single(value, step)
    if type(value) ~= "table" or (step.kind == "index") ~= is_list(value) then
        return nil
    elseif step.kind == "member" then
        return value[step.name]
    end
    return value[step.from < 0 and #value + step.from + 1 or step.from + 1]
end

local apply

local function project(list, steps, at, last)
    local result = {}
    for _, value in ipairs(list) do
        local found = apply(value, steps, at, last)
        if not is_nothing(found) then
            result[#result + 1] = found
        end
    end
    return core.array(result)
end

function apply(value, steps, at, last)
    while at <= last and not is_nothing(value) do
        local step = steps[at]
        local projected = PROJECTED[step.kind]
        if projected then
            local list, ends = projected(value, step), end_of_projection(steps, at + 1, last)
            value, at = list and project(list, steps, at + 1, ends), ends + 1
        else
            value, at = single(value, step), at + 1
        end
    end
    return value
end

--- @param value any
--- @param steps bedrock.QueryStep[]
--- @return any found null: nothing
function query.apply(value, steps)
    local found = apply(value, steps, 1, #steps)
    return found == nil and null or found
end

return query
