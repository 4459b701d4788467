--- Standard output, which may fail, and standard error.
local standard = {}

local EPIPE = 32 -- nobody reads any more
local NEWLINE = 10

--- The first failure. The C library forgets what it could not write, and goes on.
local lost

local function kept(ok, why, code)
    if not ok and not lost then
        lost = { why = "standard output: " .. why, is_unread = code == EPIPE }
    end
    return lost
end

local is_within_line = false

--- Writes to standard output. What is held back may fail later.
--- @param ... string
--- @return {why: string, is_unread: boolean}? lost
function standard.out(...)
    local last = ... and select(-1, ...) or ""
    if last ~= "" then
        is_within_line = last:byte(-1) ~= NEWLINE
    end
    return kept(io.stdout:write(...))
end

--- All that was written goes out now.
--- @return {why: string, is_unread: boolean}? lost
function standard.flush()
    return kept(io.stdout:flush())
end

local function is_shown_with_output()
    local terminal = require("bedrock.core").terminal
    return terminal(1) and terminal(2)
end

--- On standard error, in lines of its own. What was written before comes before.
--- @param text string
function standard.tell(text)
    standard.flush()
    if is_within_line and is_shown_with_output() then
        text = "\n" .. text
    end
    is_within_line = false
    io.stderr:write(text, "\n")
end

--- Lines of the command's.
--- @param text string
function standard.note(text)
    standard.tell("bedrock: " .. text:gsub("\n", "\n  "))
end

return standard
