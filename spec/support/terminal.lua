--- A program in a terminal of its own (by script, of util-linux), typed to as a person would.
local eventually = require("spec.support.patience").eventually
local files = require "spec.support.files"

local terminal = {}
terminal.__index = terminal

--- What sanitizers watch is the program, not script.
local PRELOAD = os.getenv "LD_PRELOAD"

--- @param command string
function terminal.open(command)
    local name = os.tmpname()
    command = PRELOAD and ("LD_PRELOAD='%s' %s"):format(PRELOAD, command) or command
    local quoted = "'" .. command:gsub("'", "'\\''") .. "'"
    local line = ("env -u LD_PRELOAD TERM=dumb script -qefc %s %s >/dev/null 2>&1"):format(quoted, name)
    local pipe = assert(io.popen(line, "w"))
    return setmetatable({ pipe = pipe, name = name, seen = 0 }, terminal)
end

function terminal:type(text)
    self.pipe:write(text)
    self.pipe:flush()
end

--- Types what the terminal turns into an interrupt.
function terminal:interrupt()
    self:type "\3"
end

--- Waits until the program has written that since it was last waited for.
--- @param pattern string
--- @return string # what came up to there
function terminal:sees(pattern)
    local from = self.seen + 1
    local text, last
    eventually(function()
        text = files.read(self.name)
        last = select(2, text:find(pattern, from))
        return last
    end)
    assert(last, ("no %q in:\n%s"):format(pattern, text:sub(from)))
    self.seen = last
    return text:sub(from, last)
end

function terminal:close()
    self:type "\nos.exit()\n\4"
    self.pipe:close()
    os.remove(self.name)
end

return terminal
