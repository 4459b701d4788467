--- Checks options by a table that says what each must be. All that is wrong is collected.
---
---     local SET = { known = { model = "text", depth = { "a number from 1 to 9", fits } }, slips = { m = "model" } }
---     options.check(given, SET, problems)
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local is_callable = require "bedrock.base.is_callable"
local is_list = require "bedrock.base.is_list"
local sorted_keys = require "bedrock.base.sorted_keys"

local options = {}

--- @param value any
--- @return boolean
function options.is_text(value)
    return type(value) == "string" and value ~= ""
end
local is_text = options.is_text

--- @param value any
--- @return boolean
function options.is_blank(value)
    return type(value) == "string" and not value:find "%S"
end

--- @param value any
--- @return boolean
function options.is_number(value)
    return type(value) == "number" and value == value and math.abs(value) ~= math.huge
end

--- @param value any
--- @return boolean
function options.is_table(value)
    return type(value) == "table"
end

--- @param low integer
--- @return fun(value: any): boolean
function options.whole_from(low)
    return function(value)
        return options.is_number(value) and value % 1 == 0 and value >= low
    end
end

--- @param ... any what a value may be
--- @return fun(value: any): boolean
function options.one_of(...)
    local allowed = {}
    for _, value in ipairs { ... } do
        allowed[value] = true
    end
    return function(value)
        return allowed[value] == true
    end
end

--- What an option must be: in words; whether it is; what to check within it then.
--- @alias bedrock.OptionType { [1]: string, [2]: fun(value: any): any, [3]?: fun(value: any, path: string, t: table) }

--- What many options must be.
--- @type table<string, bedrock.OptionType>
options.types = {
    any = { "anything", function() return true end },
    boolean = { "true or false", options.one_of(true, false) },
    callable = { "a function", is_callable },
    number = { "a number", options.is_number },
    said = { "a text that is not blank", function(value)
        return is_text(value) and not options.is_blank(value)
    end },
    table = { "a table", options.is_table },
    text = { "a string that is not empty", is_text },
    text_or_list = { "a string or a list of strings, none of them empty", function(value)
        return is_text(value) or is_list(value, is_text) and #value > 0
    end },
    whole = { "a whole number from 1", options.whole_from(1) },
}

--- @class bedrock.OptionSet
--- @field known table<string, string|bedrock.OptionType> what each must be; a string is a name of options.types
--- @field slips? table<string, string|string[]> what others call them, lower-case and without "_": an option, several
---     of which the first known one is meant, or a sentence
--- @field what? string "option" if not given
--- @field path? string in front of the names in problems: "on."
--- @field listed? boolean where no name is near, all are told

--- @param problems bedrock.Problem[]
--- @param path string
--- @param kind bedrock.ProblemKind
--- @param message string a format
--- @return nil
function options.add(problems, path, kind, message, ...)
    problems[#problems + 1] = { path = path, kind = kind, message = message:format(...) }
end

local function plain(name)
    return (name:lower():gsub("_", ""))
end

--- @return string? option or sentence
local function meant(name, set)
    local slips = (set.slips or {})[plain(name)]
    for _, slip in ipairs(type(slips) == "table" and slips or { slips }) do
        if set.known[slip] or slip:find(" ", 1, true) then
            return slip
        end
    end
    local names = sorted_keys(set.known)
    for _, known in ipairs(names) do
        if plain(known) == plain(name) then
            return known
        end
    end
    return core.suggest(name, names)
end

--- What to do in place of an option that there is not.
--- @param name string
--- @param set bedrock.OptionSet
--- @return string hint in brackets; empty if nothing is near
function options.hint(name, set)
    local near = meant(name, set)
    if not near then
        return set.listed and "; there are " .. table.concat(sorted_keys(set.known), ", ") or ""
    end
    return (near:find(" ", 1, true) and " (%s)" or " (did you mean %s?)"):format(near)
end

--- Words that tell that a value of that type may fit.
local FITS = { number = { "number", "how many" }, string = { "string", "text", "one of", '"' },
    table = { "table", "list" } }

--- The value, where it might have fit; else its type: "expected a list, got a string".
local function shown(value, wanted)
    for _, word in ipairs(FITS[type(value)] or {}) do
        if wanted:find(word, 1, true) then
            return type(value) == "string" and '"' .. core.shown(value) .. '"'
                or type(value) == "table" and "another table" or tostring(value)
        end
    end
    return errors.type_of(value)
end

--- One option that the set knows.
--- @param name string
--- @param value any
--- @param set bedrock.OptionSet
--- @param problems bedrock.Problem[]
--- @return nil
function options.check_one(name, value, set, problems)
    local path, known = (set.path or "") .. name, set.known[name]
    local wanted = options.types[known] or known
    if not wanted[2](value) then
        options.add(problems, path, "type", "expected %s, got %s", wanted[1], shown(value, wanted[1]))
    elseif wanted[3] then
        wanted[3](value, path, problems)
    end
end

--- @param given table
--- @param set bedrock.OptionSet
--- @param problems bedrock.Problem[]
function options.check(given, set, problems)
    for name, value in pairs(given) do
        if set.known[name] then
            options.check_one(name, value, set, problems)
        else
            options.add(problems, (set.path or "") .. core.shown(tostring(name)), "unknown", "unknown %s%s",
                set.what or "option", options.hint(tostring(name), set))
        end
    end
end

return options
