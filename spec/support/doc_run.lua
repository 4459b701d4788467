--- Runs the Lua blocks of a page of the documentation, and tells what they say that they print.
local doc_run = {}

local load_text = rawget(_G, "loadstring") or load

--- What a block says that it prints: the rest of each line after "-->".
--- @return string
function doc_run.expected(code)
    local lines = {}
    for line in code:gmatch "[^\n]+" do
        lines[#lines + 1] = line:match "%-%->%s*(.+)$"
    end
    return table.concat(lines, "\n")
end

local function writer(written)
    return function(...)
        for i = 1, select("#", ...) do
            written[#written + 1] = tostring((select(i, ...)))
        end
    end
end

local function printer(write)
    return function(...)
        for i = 1, select("#", ...) do
            write(i > 1 and "\t" or "", (select(i, ...)))
        end
        write "\n"
    end
end

local SILENT = { write = function() end }

--- A function of code, with those globals.
local function load_with(code, name, env)
    local set = rawget(_G, "setfenv")
    return set and set(assert(load_text(code, name)), env) or assert(load(code, name, "t", env))
end

--- Runs code; what it prints and writes is what is returned, without empty lines and spaces at the ends of lines.
--- @param globals table<string, any> besides the usual ones
--- @return string
function doc_run.run(code, name, globals)
    local written = {}
    local write = writer(written)
    local own_io = setmetatable({ write = write, stderr = SILENT }, { __index = io })
    local own = { print = printer(write), io = own_io }
    load_with(code, name, setmetatable(own, { __index = function(_, key)
        return globals[key] ~= nil and globals[key] or _G[key]
    end }))()
    local lines = {}
    for line in table.concat(written):gmatch "[^\n]+" do
        lines[#lines + 1] = line:match "^(.-)%s*$"
    end
    return table.concat(lines, "\n")
end

return doc_run
