--- bedrock config show
local core = require "bedrock.core"
local options = require "bedrock.settings.options"
local secret = require "bedrock.base.secret"

--- A table's values, each as it may be shown.
local function shown(name, value, within)
    if type(value) == "table" and value ~= core.null then
        local result = {}
        for inner, member in pairs(value) do
            result[inner] = shown(type(inner) == "string" and inner or name, member, name)
        end
        return result
    elseif type(value) == "function" then
        return "(a function)"
    elseif type(value) ~= "string" then
        return value
    elseif options.known[name] and options.known[name].secret then
        return secret.HIDDEN
    elseif name == "private_key" or name == "client_key" or name == "pkcs12" then
        return (value:find "[\n%z]" or #value > 1024) and secret.HIDDEN or value
    end
    return secret.shown(name, value, within)
end

local function rows_of(found)
    local rows = {}
    for name, from in pairs(found.from) do
        local value = found.connect[name]
        if value == nil then
            value = found.own[name]
        end
        rows[#rows + 1] = { name = name, value = shown(name, value), from = from }
    end
    table.sort(rows, function(a, b)
        return a.name < b.name
    end)
    return rows
end

local function text_of(value)
    return type(value) == "table" and core.encode(value) or tostring(value)
end

local function put_lines(self, found, rows)
    for _, row in ipairs(rows) do
        self:out(("%-20s %s  (%s)\n"):format(row.name, text_of(row.value), row.from))
    end
    if not found.file then
        self:note(require("bedrock.settings.refused").no_file(found) or "no settings file, as there is no home for one")
    end
end

return {
    summary = "The settings, and where each is from. Never a secret.",
    arguments = function(parser)
        parser:argument("action", "show"):choices { "show" }:args "?"
    end,
    run = function(self)
        local found = self:settings()
        local rows = rows_of(found)
        if self.json then
            self:put_json { file = found.file, settings = core.array(rows) }
        else
            put_lines(self, found, rows)
        end
    end,
}
