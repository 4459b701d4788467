--- Checks of facts: nothing in them is trusted. What is wrong is raised as a text that begins with where it is.
local check = {}

--- Stands for "none" where a record holds an index; no index gets so far.
check.NONE = 0xFFFF

function check.fail(where, what)
    error(where .. ": " .. what, 0)
end

function check.shown(value)
    if type(value) == "string" then
        return '"' .. value:sub(1, 80) .. '"'
    end
    return type(value) == "table" and "a table" or tostring(value)
end

function check.want(value, kind, where)
    if type(value) ~= kind then
        check.fail(where, "must be a " .. kind .. ", got " .. (value == nil and "nil" or "a " .. type(value)))
    end
    return value
end

function check.text(value, pattern, where)
    if not check.want(value, "string", where):find(pattern) then
        check.fail(where, "cannot be " .. check.shown(value))
    end
    return value
end

function check.one_of(choices, value, where)
    return choices[value] or check.fail(where, "cannot be " .. check.shown(value))
end

--- The entries of a list that may be absent, all of one type.
function check.list(value, kind, where)
    local copy = {}
    for i, entry in ipairs(value == nil and {} or check.want(value, "table", where)) do
        copy[i] = check.want(entry, kind, where)
    end
    return copy
end

function check.u16(number, where)
    if type(number) ~= "number" or number % 1 ~= 0 or number < 0 or number > check.NONE then
        check.fail(where, "does not fit 16 bits: " .. check.shown(number))
    end
    return math.floor(number)
end

--- Does "<" compare bytes? In the locales that a program may set, Lua's does not.
local function compares_bytes()
    local locale = os.setlocale(nil, "collate")
    return locale == "C" or locale == "POSIX"
end

--- Strings by their bytes, whatever the locale; the tables are searched in that order.
function check.before(x, y)
    if compares_bytes() then
        return x < y
    end
    for i = 1, math.min(#x, #y) do
        local a, b = x:byte(i), y:byte(i)
        if a ~= b then
            return a < b
        end
    end
    return #x < #y
end

function check.sorted_keys(map, where)
    local keys = {}
    for key, value in pairs(map) do
        check.want(key, "string", where)
        check.want(value, "table", where .. "." .. key)
        keys[#keys + 1] = key
    end
    table.sort(keys, check.before)
    return keys
end

return check
