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

local function plain()
    return function(prompt)
        io.stdout:write(prompt)
        io.stdout:flush()
        return io.stdin:read "*l"
    end, function() end
end

local function stty(settings)
    return os.execute("stty " .. settings .. " 2>/dev/null")
end

--- While a line is typed Ctrl-C takes it back, as Ctrl-U does: readline binds the key that the terminal has for that.
local function taking_back(read)
    local pipe = io.popen "stty -g 2>/dev/null"
    local usual = pipe and pipe:read "*l"
    if pipe then
        pipe:close()
    end
    if not usual or usual:find "[^%x:]" then
        return read
    end
    return function(prompt)
        stty "intr undef kill ^C"
        local ok, line = pcall(read, prompt)
        stty(usual)
        if not ok then
            error(line, 0)
        end
        return line
    end
end

--- @param history string? a file for the lines of before; nil: none are kept
--- @return fun(prompt: string): string? read nil at the end of input
--- @return fun() close
function lines.open(history)
    if not core.terminal(0) then
        return function()
            return io.stdin:read "*l"
        end, function() end
    end
    local ok, readline = pcall(require, "readline")
    local read, close
    if ok and type(readline) == "table" and readline.readline then
        read, close = by_readline(readline, history)
    else
        read, close = plain()
    end
    return taking_back(read), close
end

return lines
