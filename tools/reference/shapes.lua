--- Shapes in words: types, limits, enums.
local facts = require "facts"

local shapes = {}

local UNITS = { string = "characters", list = "items", map = "entries", blob = "bytes" }
local NAMES = { number = "double", blob = "bytes" }
local ENUM_MAX = 40
local PATTERN_MAX = 40

local function number(n)
    return n % 1 == 0 and ("%.0f"):format(n) or ("%.17g"):format(n)
end

--- @return string? "1–64 characters"
local function limits(shape)
    local unit = UNITS[shape.type]
    local low, high = shape.min and number(shape.min), shape.max and number(shape.max)
    local suffix = unit and " " .. unit or ""
    if low == "0" and unit then
        low = nil
    end
    if low and high then
        return (low == high and low or low .. "–" .. high) .. suffix
    elseif low then
        return low .. " or more" .. suffix
    end
    return high and "at most " .. high .. suffix
end

local function code(text)
    return "`" .. text:gsub("|", "\\|") .. "`"
end

local function enum(values)
    local shown, sorted = {}, { table.unpack(values) }
    table.sort(sorted)
    for i = 1, math.min(#sorted, ENUM_MAX) do
        shown[i] = code(sorted[i])
    end
    if #sorted > ENUM_MAX then
        shown[#shown + 1] = ("and %d more"):format(#sorted - ENUM_MAX)
    end
    return table.concat(shown, " ")
end

local function pattern(text)
    local fits = #text <= PATTERN_MAX and not text:find "[`%c]"
    return fits and "matches " .. code(text) or nil
end

local function own_notes(shape)
    local notes = { limits(shape) or nil }
    if shape.enum then
        notes[#notes + 1] = enum(shape.enum)
    elseif shape.pattern then
        notes[#notes + 1] = pattern(shape.pattern)
    end
    return notes
end

local function extend(list, prefix, more)
    if #more > 0 then
        list[#list + 1] = prefix .. table.concat(more, ", ")
    end
end

local function is_sensitive(service, shape)
    for _, role in ipairs { "member", "value" } do
        local target = facts.target(shape, role)
        if target and is_sensitive(service, service.shapes[target]) then
            return true
        end
    end
    return shape.sensitive
end

--- @param link fun(name: string): string what stands for a structure
--- @return string type "list of string"
--- @return string[] notes
function shapes.describe(service, name, link)
    local shape = service.shapes[name]
    local notes = own_notes(shape)
    if shape.document then
        return "any JSON", notes
    elseif shape.type == "structure" then
        return link(name), notes
    elseif shape.type == "list" then
        local type, of = shapes.describe(service, facts.target(shape, "member"), link)
        extend(notes, "each: ", of)
        return "list of " .. type, notes
    elseif shape.type == "map" then
        local _, of_key = shapes.describe(service, facts.target(shape, "key"), link)
        local type, of = shapes.describe(service, facts.target(shape, "value"), link)
        extend(notes, "keys: ", of_key)
        extend(notes, "values: ", of)
        return "map to " .. type, notes
    end
    return NAMES[shape.type] or shape.type, notes
end

local PLACES = { uri = "in the path", querystring = "in the query", header = "header", statusCode = "HTTP status" }

--- What is to be said of a member beside its type; `must` when it has to be given.
function shapes.member_notes(service, owner, name, must)
    local member, notes = owner.members[name], {}
    local function note(condition, text)
        notes[#notes + 1] = condition and text or nil
    end
    note(must, "**required**")
    note(member.idem, "made up if absent")
    note(member.loc, PLACES[member.loc])
    note(owner.payload == name, "the whole body")
    note(is_sensitive(service, service.shapes[member.shape]), "sensitive")
    note(member.deprecated, "deprecated")
    return notes
end

--- The structure that a member is, or holds in lists and maps.
--- @return string? name
--- @return string path what it is reached by: "[]" an element, "{}" a value
function shapes.inner(service, name)
    local path = ""
    while true do
        local shape = service.shapes[name]
        if shape.document then
            return nil, path
        elseif shape.type == "structure" then
            return name, path
        elseif shape.type == "list" then
            name, path = facts.target(shape, "member"), path .. "[]"
        elseif shape.type == "map" then
            name, path = facts.target(shape, "value"), path .. "{}"
        else
            return nil, path
        end
    end
end

return shapes
