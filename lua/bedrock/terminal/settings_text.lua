--- Settings as a settings file has them, secrets too: what is written here is for its owner alone.
local core = require "bedrock.core"
local quoted = require "bedrock.prints.quoted"

local value_text

local function table_text(value, indent)
    local inner, lines = indent .. "    ", {}
    for i = 1, #value do
        lines[i] = inner .. value_text(value[i], inner) .. ",\n"
    end
    for _, name in ipairs(core.keys(value)) do
        lines[#lines + 1] = inner .. quoted.key(name) .. " = " .. value_text(value[name], inner) .. ",\n"
    end
    return lines[1] and "{\n" .. table.concat(lines) .. indent .. "}" or "{}"
end

function value_text(value, indent)
    if type(value) == "table" then
        return table_text(value, indent)
    elseif type(value) == "string" then
        return quoted.text(value)
    end
    return type(value) == "number" and quoted.number(value) or tostring(value)
end

--- @param settings table
--- @param path string which says whether it is Lua or JSON
--- @return string
return function(settings, path)
    if path:find "%.json$" then
        return require("bedrock.terminal.indented")(assert(core.encode(settings))) .. "\n"
    end
    return "return " .. table_text(settings, "") .. "\n"
end
