--- Standard output, which may fail, and standard error.
local standard = {}

local EPIPE = 32 -- nobody reads any more

--- The first failure. The C library forgets what it could not write, and goes on.
local lost

local function kept(ok, why, code)
    if not ok and not lost then
        lost = { why = "standard output: " .. why, is_unread = code == EPIPE }
    end
    return lost
end

--- Writes to standard output. What is held back may fail later.
--- @param ... string
--- @return {why: string, is_unread: boolean}? lost
function standard.out(...)
    return kept(io.stdout:write(...))
end

--- All that was written goes out now.
--- @return {why: string, is_unread: boolean}? lost
function standard.flush()
    return kept(io.stdout:flush())
end

--- On standard error. What was written before comes before.
--- @param text string
function standard.tell(text)
    standard.flush()
    io.stderr:write(text, "\n")
end

--- Lines of the command's.
--- @param text string
function standard.note(text)
    standard.tell("bedrock: " .. text:gsub("\n", "\n  "))
end

return standard
