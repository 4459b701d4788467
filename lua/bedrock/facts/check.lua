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

--- No more than so many.
--- @param what string what is counted
function check.at_most(most, count, what, where)
    if count > most then
        check.fail(where, ("has %d %s, and %d are the most"):format(count, what, most))
    end
end

--- The names in a map of tables, as a set.
--- @return table<string, true>
function check.names(map, where)
    local names = {}
    for name, value in pairs(map) do
        check.want(name, "string", where)
        if type(value) ~= "table" then
            check.want(value, "table", where .. "." .. name)
        end
        names[name] = true
    end
    return names
end

return check
