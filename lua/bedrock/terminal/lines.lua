--- Lines that a person types: by readline where it is installed and this is a terminal, else as they come.
local core = require "bedrock.core"

local lines = {}

local LINES_MAX = 1000

--- The file exists before readline makes it, so that it is for the user alone.
local function own(history)
    local file = io.open(history, "rb")
    if file then
        file:close()
    else
        core.save(history, "")
    end
    return history
end

local function by_readline(readline, history)
    readline.set_options { keeplines = LINES_MAX, histfile = history and own(history) or "" }
    return readline.readline, function()
        if history then
            readline.save_history()
        end
    end
end

local function plain(is_terminal)
    return function(prompt)
        if is_terminal then
            io.stdout:write(prompt)
            io.stdout:flush()
        end
        return io.stdin:read "*l"
    end, function() end
end

--- @param history string? a file for the lines of before; nil: none are kept
--- @return fun(prompt: string): string? read nil at the end of input
--- @return fun() close
function lines.open(history)
    if not core.terminal(0) then
        return plain(false)
    end
    local ok, readline = pcall(require, "readline")
    if ok and type(readline) == "table" and readline.readline then
        return by_readline(readline, history)
    end
    return plain(true)
end

return lines
