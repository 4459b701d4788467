--- JSON to Lua, for the generator: what it reads it also knows the order of. Raises where the text is no JSON, but for
--- escapes it takes what json.dumps writes.
local json = {}

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }
local LITERALS = { ["true"] = true, ["false"] = false }

local order = setmetatable({}, { __mode = "k" })

local function unescape(text)
    return (text:gsub("\\(.)(%x?%x?%x?%x?)", function(kind, digits)
        if kind ~= "u" then
            return (ESCAPES[kind] or kind) .. digits
        end
        local code = tonumber(digits, 16)
        assert(#digits == 4 and (code < 0xD800 or code > 0xDFFF), "an escape is no character of its own")
        return utf8.char(code)
    end))
end

local function skip(text, at)
    return text:match("^[ \n\r\t]*()", at)
end

local function string_at(text, at)
    local stop = at + 1
    while true do
        stop = assert(text:find('["\\]', stop), "a string has no end")
        if text:byte(stop) == 34 then
            return unescape(text:sub(at + 1, stop - 1)), stop + 1
        end
        stop = stop + 2
    end
end

local value_at

local function members_at(text, at, object, keys)
    local key, value
    repeat
        at = skip(text, at + 1)
        if text:sub(at, at) == "}" then
            break
        end
        key, at = string_at(text, at)
        at = assert(text:match("^[ \n\r\t]*:()", at), "a colon is missing")
        value, at = value_at(text, at)
        assert(object[key] == nil, "a name is there twice")
        object[key], keys[#keys + 1] = value, key
        at = skip(text, at)
    until text:sub(at, at) ~= ","
    return at
end

local function elements_at(text, at, list)
    repeat
        at = skip(text, at + 1)
        if text:sub(at, at) == "]" then
            break
        end
        list[#list + 1], at = value_at(text, at)
        at = skip(text, at)
    until text:sub(at, at) ~= ","
    return at
end

local function container_at(text, at)
    local value, keys = {}, {}
    local open = text:sub(at, at)
    at = (open == "{" and members_at or elements_at)(text, at, value, keys)
    assert(text:sub(at, at) == (open == "{" and "}" or "]"), "a bracket is missing")
    order[value] = keys
    return value, at + 1
end

function value_at(text, at)
    at = skip(text, at)
    local c = text:sub(at, at)
    if c == "{" or c == "[" then
        return container_at(text, at)
    elseif c == '"' then
        return string_at(text, at)
    end
    local word, after = text:match("^([%w+.-]+)()", at)
    local value = LITERALS[word]
    if value == nil then
        value = assert(tonumber(word), "no value")
    end
    return value, after
end

--- @param text string
--- @return any
function json.decode(text)
    local value, at = value_at(text, 1)
    assert(skip(text, at) > #text, "something follows the value")
    return value
end

--- The keys of an object that was decoded, in their order; none of any other table.
--- @param object table
--- @return string[]
function json.keys(object)
    return order[object] or {}
end

return json
