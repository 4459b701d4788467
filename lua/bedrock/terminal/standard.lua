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

--- Of what goes to standard output; false: that is no terminal.
local filter

--- A terminal gets nothing that it would obey.
local function written(...)
    if filter == nil then
        filter = require("bedrock.core").terminal(1) and require("bedrock.prints.harmless").filter(1) or false
    end
    if filter then
        return io.stdout:write(filter:piece(table.concat { ... }))
    end
    return io.stdout:write(...)
end

--- Writes to standard output. What is held back may fail later.
--- @param ... string
--- @return {why: string, is_unread: boolean}? lost
function standard.out(...)
    local last = ... and select(-1, ...) or ""
    if last ~= "" then
        is_within_line = last:byte(-1) ~= NEWLINE
    end
    return kept(written(...))
end

--- What waits for the rest of a character goes out, as no more comes.
--- @return {why: string, is_unread: boolean}? lost
function standard.finish()
    if filter then
        kept(io.stdout:write(filter:rest()))
    end
    return standard.flush()
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

--- On standard error, in lines of its own. What was written before comes before. What others wrote may be in it, so a
--- terminal gets nothing that it would obey.
--- @param text string
function standard.tell(text)
    standard.flush()
    if is_within_line and is_shown_with_output() then
        text = "\n" .. text
    end
    is_within_line = false
    io.stderr:write(require("bedrock.prints.harmless").to(2, text), "\n")
end

--- Lines of the command's.
--- @param text string
function standard.note(text)
    standard.tell("bedrock: " .. text:gsub("\n", "\n  "))
end

return standard
