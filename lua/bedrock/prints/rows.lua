--- A list as rows, and how many there are.
local columns = require "bedrock.prints.columns"
local members = require "bedrock.prints.members"
local short = require "bedrock.prints.short"

local WIDTH = 100
local CELL = 44
local ROWS_MAX = 200

--- Those that say which one a row is are shown whole, to be copied.
local function is_name(name)
    return name:find "Id$" ~= nil or name == "id" or name:find "Arn$" ~= nil or name == "arn"
end

--- An ARN says little beside an ID.
local function without_arns(names)
    local kept = {}
    for _, name in ipairs(names) do
        if not name:find "Arn$" and name ~= "arn" then
            kept[#kept + 1] = name
        end
    end
    return kept[1] and kept or names
end

--- What says which one a row is comes first, lists and tables last.
local function rank(name, value)
    if is_name(name) then
        return 1
    elseif name:find "Name$" or name == "name" then
        return 2
    elseif name:find "[sS]tatus$" or name:find "[sS]tate$" then
        return 3
    end
    return type(value) == "table" and 5 or 4
end

local function by_rank(names, values)
    local order = {}
    for i, name in ipairs(names) do
        order[name] = rank(name, values[name]) * 1000 + i
    end
    table.sort(names, function(a, b)
        return order[a] < order[b]
    end)
    return names
end

--- The names that the rows have, in the order of the model.
local function names_of(list, shape)
    local all = {}
    for _, row in ipairs(list) do
        for name, value in pairs(row) do
            all[name] = all[name] == nil and value or all[name]
        end
    end
    local names, shapes = members.names(all, shape)
    return by_rank(without_arns(names), all), shapes
end

local function widest(rows, at)
    local width = 0
    for _, row in ipairs(rows) do
        width = math.max(width, columns.width(tostring(row[at] == nil and "" or row[at])))
    end
    return width
end

local function cells_of(list, names, shapes)
    local rows = {}
    for i = 1, math.min(#list, ROWS_MAX) do
        rows[i] = {}
        for at, name in ipairs(names) do
            if list[i][name] ~= nil then
                rows[i][at] = short.value(name, list[i][name], shapes[name], not is_name(name) and CELL or nil)
            end
        end
    end
    return rows
end

--- How many of the columns fit into a line; the others are named below.
local function fitting(rows, names)
    local used = 0
    for at, name in ipairs(names) do
        used = used + math.max(widest(rows, at), #name) + 2
        if used > WIDTH + 2 and at > 2 then
            return at - 1
        end
    end
    return #names
end

local function table_of(list, shape)
    local names, shapes = names_of(list, shape)
    local rows, header, keep, more = cells_of(list, names, shapes), {}, {}, {}
    local count = fitting(rows, names)
    for at, name in ipairs(names) do
        if at <= count then
            header[at], keep[at] = name, is_name(name)
        else
            more[#more + 1] = name
        end
    end
    for _, row in ipairs(rows) do
        for at = count + 1, #names do
            row[at] = nil
        end
    end
    local text = columns.rows(rows, { header = header, keep = keep, width = WIDTH })
    return text, more[1] and "also: " .. table.concat(more, ", ")
end

local function lines_of(list)
    local lines = {}
    for i = 1, math.min(#list, ROWS_MAX) do
        lines[i] = tostring(short.value(i, list[i], nil, WIDTH))
    end
    return table.concat(lines, "\n")
end

local function all_tables(list)
    for _, row in ipairs(list) do
        if type(row) ~= "table" or row[1] ~= nil then
            return false
        end
    end
    return true
end

--- @param list any[]
--- @param name string what the entries are called
--- @param shape table? of one entry, as core.describe has it
--- @return string
return function(list, name, shape)
    local lines, more = {}, nil
    if #list > 0 and all_tables(list) then
        lines[1], more = table_of(list, shape)
    elseif #list > 0 then
        lines[1] = lines_of(list)
    end
    if #list > ROWS_MAX then
        lines[#lines + 1] = ("… and %d more"):format(#list - ROWS_MAX)
    end
    lines[#lines + 1] = ("(%s: %d%s)"):format(name, #list, more and "; " .. more or "")
    return table.concat(lines, "\n")
end
