--- What happens, a line at a time: to a function of the user's, to standard error, or to nginx's log.
---
---     bedrock.log "info"                 standard error; in nginx its error log
---     bedrock.log(print, "debug")        a function gets each line, and its level
---     bedrock.log(false)                 nobody
local core = require "bedrock.core"
local guarded = require "bedrock.tasks.guarded"
local host = require "bedrock.host"
local is_callable = require "bedrock.base.is_callable"

--- One for each engine, as the host.
if host.log then
    return host.log
end

local log = {}
host.log = log

--- Each level says what those before it say, and more.
local LEVELS = { "info", "debug", "wire" }
local VARIABLE = "BEDROCK_LOG"

local rank = {}
for i, level in ipairs(LEVELS) do
    rank[level] = i
end

--- The levels that somebody listens to.
local wanted = {}
local write_line
local chosen = false

local function to_host(line)
    host.note(line)
end

local function set(f, level)
    write_line, wanted = f, {}
    for i = 1, level and rank[level] or 0 do
        wanted[LEVELS[i]] = true
    end
    if host.listen or level then
        require("bedrock.log.listen").log(not level and 0 or level == "wire" and 2 or 1)
    end
end

--- @param level bedrock.LogLevel
function log.wants(level)
    return wanted[level] or false
end

--- Adds a line, if somebody listens to that level. Never raises.
--- @param level bedrock.LogLevel
--- @param text string
function log.write(level, text)
    if wanted[level] then
        write_line("bedrock: " .. text, level)
    end
end

local function bad(what)
    error("log: " .. what, 3)
end

--- Where lines go from now on: to a function, which gets each line and its level; with a level alone, to standard
--- error, in nginx to its error log; with false, nowhere. Without a level, "info".
--- @param to false|bedrock.LogLevel|fun(line: string, level: bedrock.LogLevel)
--- @param level? bedrock.LogLevel
function log.to(to, level)
    if to == false and level == nil then
        chosen = true
        return set(nil, nil)
    end
    local f = to
    if type(to) == "string" then
        f, level = to_host, level == nil and to or bad "a level alone, or a function and a level"
    elseif not is_callable(to) then
        bad("expected a function, a level or false, got " .. (to == nil and "nil" or "a " .. type(to)))
    end
    level = level == nil and "info" or level
    if not rank[level] then
        bad(('unknown level %s: "info", "debug" or "wire"'):format(core.shown(tostring(level))))
    end
    chosen = true
    set(guarded("log", f), level)
end

--- What the environment says, unless the program has said something else. Called by the first connect.
--- @param level string
function log.begin(level)
    if chosen then
        return
    elseif rank[level] then
        set(to_host, level)
    else
        host.report(("bedrock: %s must be info, debug or wire; there is no log"):format(VARIABLE))
    end
end

return log
