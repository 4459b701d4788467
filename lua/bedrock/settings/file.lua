--- A settings file: `return { region = …, … }`, or JSON. It is data: run with an empty environment, not for long, and
--- only if nobody else may have written it.
local core = require "bedrock.core"

local file = {}

--- Instructions; a table of settings needs some hundred.
local INSTRUCTIONS_MAX = 100000

local function endless()
    error("it does not come to an end", 0)
end

--- LuaJIT has one hook for all coroutines: what was there is put back. One that is not Lua's cannot be, so it stays.
local function run_hooked(thread)
    local hook, mask, count = debug.gethook()
    if type(hook) == "string" then
        return coroutine.resume(thread)
    end
    debug.sethook(thread, endless, "", INSTRUCTIONS_MAX)
    local ok, value = coroutine.resume(thread)
    debug.sethook(hook, mask, count)
    return ok, value
end

--- Elsewhere a coroutine has a hook of its own, so nobody else's is lost.
local function run(chunk)
    local thread = coroutine.create(chunk)
    if rawget(_G, "jit") then
        return run_hooked(thread)
    end
    debug.sethook(thread, endless, "", INSTRUCTIONS_MAX)
    return coroutine.resume(thread)
end

--- LuaJIT: a compiled loop would see no hook.
local function interpreted(chunk)
    local jit = rawget(_G, "jit")
    if jit then
        jit.off(chunk, true)
    end
    return chunk
end

--- Whoever reads the file tells its path, so messages have the line alone.
local CHUNK = "=line"

local function at_line(why)
    return (why:gsub("^line:(%d+):", "line %1:"))
end

local function hint(why)
    local name = why:match "global '([%a_][%w_]*)'"
    return name and ("; a settings file is data and sees no `%s`: write the value itself, or set the variable "
        .. "BEDROCK_… of that option"):format(name) or ""
end

local function of_lua(text)
    local chunk, why = load(text, CHUNK, "t", {})
    if not chunk then
        return nil, at_line(why)
    end
    local ok, value = run(interpreted(chunk))
    if not ok then
        return nil, at_line(tostring(value)) .. hint(tostring(value))
    elseif type(value) ~= "table" then
        return nil, "it must return a table, as in: return { region = \"us-east-1\" }"
    end
    return value
end

local function of_json(text)
    local value, err = core.decode(text)
    if type(value) ~= "table" then
        return nil, err and err.message or "it must be a JSON object"
    end
    return value
end

--- A mark of byte order, which editors on Windows begin with, is no part of it.
--- @param path string
--- @return table? settings
--- @return string? why without the path
function file.read(path)
    local text, why = core.read_settings(path)
    if not text then
        return nil, why
    end
    text = text:gsub("^\239\187\191", "")
    local settings
    if path:find "%.json$" then
        settings, why = of_json(text)
    else
        settings, why = of_lua(text)
    end
    if not settings then
        return nil, why
    end
    return settings
end

local ABSENT = { [2] = true, [20] = true } -- ENOENT, ENOTDIR

--- One that may not be looked at may well be there: reading it tells why not.
--- @return boolean
function file.exists(path)
    local handle, _, number = io.open(path, "rb")
    if handle then
        handle:close()
    end
    return handle ~= nil or not ABSENT[number]
end

--- Where the user's own file is, or would be.
--- @param getenv fun(name: string): string?
--- @return string? path nil: there is no home
--- @return boolean? found
function file.place(getenv)
    local base = getenv "XDG_CONFIG_HOME"
    if not base or base == "" then
        local home = getenv "HOME"
        base = home and home ~= "" and home .. "/.config" or nil
    end
    if not base then
        return nil, false
    end
    for _, name in ipairs { "settings.lua", "settings.json" } do
        local path = base .. "/bedrock/" .. name
        if file.exists(path) then
            return path, true
        end
    end
    return base .. "/bedrock/settings.lua", false
end

return file
