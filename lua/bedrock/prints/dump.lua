--- Values in full, as Lua source. What reads back: nil, truth values, numbers, texts with any bytes, tables of these,
--- null, JSON numbers, raw JSON, empty lists. Of anything else a comment says what it is; no secret is shown.
local columns = require "bedrock.prints.columns"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local quoted = require "bedrock.prints.quoted"
local secret = require "bedrock.base.secret"

local WIDTH = 100
--- Deeper ones the parsers of Lua do not read.
local DEPTH_MAX = 150
local INDENT = "    "

local array_mark = getmetatable(core.array())

--- In the place of what cannot be written as Lua.
local function remark(text)
    return "nil --[[ " .. text:match "^[^\n]*":gsub("%]%]", "] ]") .. " ]]"
end

--- Connections, streams and the like are more than their members.
local function is_opaque(mt)
    return mt and mt.__index and type(mt.__name) == "string" and mt.__name:find "^bedrock%." ~= nil
end

--- Numbers and raw JSON that keep their text; their metatables are locked.
local function literal(value)
    local text = getmetatable(value) == false and tostring(value)
    if text and core.number(text) == value then
        return "bedrock.json.number " .. quoted.text(text)
    elseif text and core.raw(text) == value then
        return "bedrock.json.raw " .. quoted.text(text)
    end
end

local function of_userdata(value)
    return value == core.null and "bedrock.null" or literal(value) or remark(tostring(value))
end

local SOURCES = {
    ["nil"] = tostring,
    boolean = tostring,
    number = quoted.number,
    userdata = of_userdata,
    cdata = function(value)
        local text = tostring(value)
        return text:find "^-?%d+U?LL$" and text or remark "cdata"
    end,
}

--- Keys behind the list: texts in their order, numbers, truth values; what cannot be written is counted.
local function keys_of(value, listed)
    local keys, numbers, strange = core.keys(value), {}, 0
    for key in next, value do
        local kind = type(key)
        if kind == "number" and not (key % 1 == 0 and key >= 1 and key <= listed) then
            numbers[#numbers + 1] = key
        elseif kind ~= "number" and kind ~= "string" and kind ~= "boolean" then
            strange = strange + 1
        end
    end
    table.sort(numbers)
    for _, number in ipairs(numbers) do
        keys[#keys + 1] = number
    end
    for _, truth in ipairs { false, true } do
        if rawget(value, truth) ~= nil then
            keys[#keys + 1] = truth
        end
    end
    return keys, strange
end

local function key_source(key)
    if type(key) == "string" then
        return quoted.key(key)
    end
    return "[" .. (type(key) == "number" and quoted.number(key) or tostring(key)) .. "]"
end

local Dump = {}
Dump.__index = Dump

--- @param place table path, key, and `within`: that of the table around
--- @param used integer cells of the line that are taken by its indent and key
function Dump:value(value, place, level, used)
    local kind = type(value)
    if kind == "string" then
        return quoted.text(secret.shown(place.key, value, place.within))
    elseif kind == "table" then
        return self:table(value, place, level, used)
    end
    local source = SOURCES[kind]
    return source and source(value) or remark("a " .. kind)
end

function Dump:table(value, place, level, used)
    local mt = getmetatable(value)
    if value == package.loaded.bedrock then
        return '(require "bedrock")'
    elseif is_opaque(type(mt) == "table" and mt) then
        return remark(tostring(value))
    elseif self.open[value] then
        return remark("a cycle: " .. self.open[value])
    elseif next(value) == nil then
        return mt == array_mark and "bedrock.array {}" or "{}"
    elseif level >= self.depth then
        return "{ --[[ … ]] }"
    end
    self.open[value] = place.path == "" and "the whole" or place.path
    local items, plain = self:items(value, place, level)
    self.open[value] = nil
    return self:joined(items, plain, level, used)
end

local function add(items, key, source)
    items[#items + 1] = key and key .. " = " .. source or source
end

--- Headers of an answer are not those that are sent.
local function kind_of(value, key)
    return (key ~= "headers" or type(rawget(value, "status")) ~= "number") and key or nil
end

--- The sources of all entries; whether none of them is a table.
function Dump:items(value, place, level)
    local items, plain, listed = {}, true, 0
    local indent = #INDENT * (level + 1)
    local function entry(key, name)
        local one = rawget(value, key)
        local path = name and place.path .. (place.path ~= "" and name:sub(1, 1) ~= "[" and "." or "") .. name
            or ("%s[%d]"):format(place.path, key)
        local inner = { key = key, within = place.of, of = kind_of(value, key), path = path }
        local source = self:value(one, inner, level + 1, indent + (name and #name + 3 or 0) + 1)
        plain = plain and type(one) ~= "table" and not name
        add(items, name, source)
    end
    while rawget(value, listed + 1) ~= nil do
        listed = listed + 1
        entry(listed)
    end
    local keys, strange = keys_of(value, listed)
    for _, key in ipairs(keys) do
        entry(key, key_source(key))
    end
    if strange > 0 then
        items[#items + 1] = remark(("%d with keys that are no texts, numbers or truth values"):format(strange))
    end
    return items, plain
end

--- How wide it is; what is surely too wide, or of several lines, is not measured.
local function width_of(item, width)
    if #item > width * 4 or item:find("\n", 1, true) then
        return math.huge
    end
    return columns.width(item)
end

--- As many entries in a line as fit.
local function filled(items, indent, width)
    local lines, line, used = {}, nil, 0
    for _, item in ipairs(items) do
        local wide = width_of(item, width)
        if line and used + wide + 2 <= width then
            line, used = line .. " " .. item .. ",", used + wide + 2
        else
            lines[#lines + 1] = line
            line, used = indent .. item .. ",", #indent + wide + 1
        end
    end
    lines[#lines + 1] = line
    return lines
end

function Dump:joined(items, plain, level, used)
    local room = self.width - used - 2
    for _, item in ipairs(items) do
        room = room - width_of(item, self.width) - 2
        if room < 0 then
            break
        end
    end
    if room >= 0 then
        return "{ " .. table.concat(items, ", ") .. " }"
    end
    local indent = INDENT:rep(level + 1)
    local lines = plain and filled(items, indent, self.width) or {}
    for i, item in ipairs(plain and {} or items) do
        lines[i] = indent .. item .. ","
    end
    return "{\n" .. table.concat(lines, "\n") .. "\n" .. INDENT:rep(level) .. "}"
end

local DEFAULTS = { depth = DEPTH_MAX, width = WIDTH }

local function checked(options)
    if options ~= nil and type(options) ~= "table" then
        error("dump: the options must be a table, got " .. errors.type_of(options), 3)
    end
    for name, value in pairs(options or {}) do
        if not DEFAULTS[name] then
            error(('dump: unknown option "%s"; the options are depth and width'):format(core.shown(tostring(name))), 3)
        elseif type(value) ~= "number" or value < 1 or value % 1 ~= 0 then
            error(("dump: %s must be a whole number of at least 1, got %s"):format(name, tostring(value)), 3)
        end
    end
    return options or {}
end

--- How much of a value is shown.
--- @class bedrock.DumpOptions
--- @field depth? integer levels of tables that are shown
--- @field width? integer of lines; 100 if not given. Longer texts stay whole

--- A value in full, as Lua source that reads back as the same. Functions, connections and cycles are told in comments.
--- Values of members that are credentials by their names, such as secret_access_key, are "(hidden)".
--- @param value any
--- @param options? bedrock.DumpOptions|bedrock.Error an error beside a nil, as a call that failed gives, is shown
--- @return string source
local function dump(value, options)
    if value == nil and errors.is(options) then
        return "nil --[[ " .. tostring(options):gsub("%]%]", "] ]") .. " ]]"
    end
    options = checked(options)
    local self = setmetatable({
        depth = math.min(options.depth or DEPTH_MAX, DEPTH_MAX),
        width = options.width or WIDTH,
        open = {},
    }, Dump)
    return self:value(value, { path = "" }, 0, 0)
end

return { dump = dump }
