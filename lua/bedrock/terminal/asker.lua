--- Asks for a connection's options, looks at each answer, and asks again until it is right.
local answers = require "bedrock.terminal.answers"
local core = require "bedrock.core"
local harmless = require "bedrock.prints.harmless"

--- @class bedrock.command.Asker
--- @field context bedrock.command.Context
--- @field settings table those of the file, and what was answered
local Asker = {}
Asker.__index = Asker

function Asker.say(_, text)
    io.stderr:write("  ", harmless.to(2, (text:gsub("\n", "\n  "))), "\n")
end

--- One line; what was there before if it is empty.
--- @return string? answer nil: none, and none was there
function Asker:line(text, default)
    if core.terminal(0) then
        io.stderr:write(text, default and (" [%s]"):format(harmless.line(tostring(default))) or "", ": ")
    end
    local line = io.stdin:read "*l"
    if not line then
        self.context:fail "the input ended before all was asked; nothing was written"
    end
    line = line:match "^%s*(.-)%s*$"
    return line ~= "" and line or default
end

--- A path as shells expand it, from the root, as the settings serve programs that run elsewhere.
local function whole_path(path)
    local home = os.getenv "HOME"
    if path:find "^~/" and home then
        return home .. path:sub(2)
    elseif path:find "^/" or path:find "^%l[%l%d+.-]+:" then
        return path
    end
    local here = os.getenv "PWD"
    local whole = here and here .. "/" .. path
    local file = whole and io.open(whole, "rb")
    if file then
        file:close()
    end
    return file and whole or path
end

--- Asks until the answer is right.
--- @param look fun(): string[]? what is wrong with it
function Asker:option(name, text, options)
    repeat
        local answer = self:line(text, self.settings[name] or options.default)
        if answer == "-" then
            answer = nil
        elseif answer and options.is_path then
            answer = whole_path(answer)
        end
        local wrong = not answer and not options.optional and { "an answer is needed" }
        if not wrong then
            self.settings[name] = answer
            wrong = answer and (options.look or answers.problem_of)(self.settings, name)
        end
        for _, problem in ipairs(wrong or {}) do
            self:say(problem)
        end
        if wrong then
            self.settings[name] = nil
        end
    until not wrong
end

--- Without an echo, where there is one.
function Asker:password(text)
    local is_terminal = core.terminal(0)
    if is_terminal then
        os.execute "stty -echo"
    end
    local ok, line = pcall(self.line, self, text)
    if is_terminal then
        os.execute "stty echo"
        io.stderr:write "\n"
    end
    if not ok then
        error(line, 0)
    end
    return line
end

--- @param context bedrock.command.Context
--- @param settings table
--- @return bedrock.command.Asker
return function(context, settings)
    return setmetatable({ context = context, settings = settings }, Asker)
end
