--- The parameters of an agent's call: AWS sends texts with the names of their types.
local core = require "bedrock.core"

local function as_number(text)
    local value = core.decode(text)
    if type(value) == "number" or core.literal(value) then
        return value
    end
    return text:find "^[+-]?[%d.]+[eE+-]*%d*$" and tonumber(text) or nil
end

local function as_integer(text)
    local value = as_number(text)
    if type(value) ~= "number" then
        return value
    elseif value % 1 ~= 0 then
        return nil
    end
    return math.tointeger and math.tointeger(value) or value
end

local BOOLEANS = { ["true"] = true, ["false"] = false }

--- Models write lists without quotes, too: [a, b].
local function as_list(text)
    local value = core.decode(text)
    if type(value) == "table" then
        return value
    end
    local inner = text:match "^%[(.*)%]$" or text
    local list = {}
    for part in inner:gmatch "[^,]+" do
        list[#list + 1] = part:match "^%s*(.-)%s*$"
    end
    return core.array(list)
end

local READERS = {
    number = as_number,
    integer = as_integer,
    boolean = function(text)
        return BOOLEANS[text:lower()]
    end,
    array = as_list,
    object = function(text)
        local value = core.decode(text)
        return type(value) == "table" and value or nil
    end,
}

local function read(parameter)
    local value, kind = parameter.value, tostring(parameter.type or "string"):lower()
    local reader = READERS[kind]
    if type(value) ~= "string" or not reader then
        return value
    end
    local result = reader((value:match "^%s*(.-)%s*$"))
    if result == nil then
        return nil, ('%s: "%s" is not of the type %s'):format(tostring(parameter.name), value, kind)
    end
    return result
end

--- @param values table<string, any> gets them by their names
--- @param list table[]? {name, type, value}
--- @return string? problem
return function(values, list)
    local problems = {}
    for _, parameter in ipairs(list or {}) do
        local value, problem = read(parameter)
        if parameter.name ~= nil then
            values[parameter.name] = value
        end
        problems[#problems + 1] = problem
    end
    return problems[1] and table.concat(problems, "; ") or nil
end
