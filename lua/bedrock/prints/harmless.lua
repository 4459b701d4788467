--- Text for a terminal. What a terminal would obey (controls, as C0, DEL, C1) is made visible, so that a model's words
--- can set no title and no colour, and hide nothing. Line ends and tabs stay. Pipes and files get text as it came.
---
--- So is what puts text into another order than the one it has ("Trojan Source"): embeddings, overrides and isolates
--- (Unicode's UAX #9). Right-to-left scripts need none of them, and the marks U+200E, U+200F and U+061C move nothing
--- but the signs beside them: these stay.
---
---     local filter = harmless.filter(1)                nil: standard output is no terminal
---     io.write(filter:piece(piece)) … io.write(filter:rest())
local core = require "bedrock.core"

local harmless = {}

local UNREADABLE = "\239\191\189" -- U+FFFD

--- Lead bytes: the lowest second byte, the highest, and how many follow (RFC 3629, section 4).
local function follows(lead)
    if lead == 0xC2 then
        return 0xA0, 0xBF, 1 -- U+0080 to U+009F are controls
    elseif lead > 0xC2 and lead <= 0xDF then
        return 0x80, 0xBF, 1
    elseif lead >= 0xE0 and lead <= 0xEF then
        return lead == 0xE0 and 0xA0 or 0x80, lead == 0xED and 0x9F or 0xBF, 2
    elseif lead >= 0xF0 and lead <= 0xF4 then
        return lead == 0xF0 and 0x90 or 0x80, lead == 0xF4 and 0x8F or 0xBF, 3
    end
end

--- U+202A to U+202E, U+2066 to U+2069.
local ORDERS, ISOLATES = "^\226\128[\170-\174]", "^\226\129[\166-\169]"

--- Does what begins there put text into another order?
local function is_reordering(text, at)
    return text:find(ORDERS, at) or text:find(ISOLATES, at)
end

--- The length of the character that begins there; nil: none does, or one that a terminal obeys.
local function character_at(text, at)
    local lead = text:byte(at)
    local low, high, count = follows(lead)
    local second = low and text:byte(at + 1)
    if not second or second < low or second > high or lead == 0xE2 and is_reordering(text, at) then
        return nil
    end
    for i = at + 2, at + count do
        local byte = text:byte(i)
        if not byte or byte < 0x80 or byte > 0xBF then
            return nil
        end
    end
    return count + 1
end

--- Bytes above 127: characters stay, what is none is replaced.
--- @param run string
--- @param replace fun(bytes: string): string gets one byte, or those of a control
--- @return string
function harmless.high(run, replace)
    local parts, first, at = {}, 1, 1
    while at <= #run do
        local length = character_at(run, at)
        if not length then
            local last = run:find("^\194[\128-\159]", at) and at + 1 or is_reordering(run, at) and at + 2 or at
            parts[#parts + 1] = run:sub(first, at - 1) .. replace(run:sub(at, last))
            first, at = last + 1, last + 1
        else
            at = at + length
        end
    end
    return table.concat(parts) .. run:sub(first)
end

--- In the place of what is no text: what reorders is told by its number.
local function visible(bytes)
    local second, third = bytes:byte(2, 3)
    return third and ("<U+%04X>"):format(0x2000 + (second - 0x80) * 64 + third - 0x80) or UNREADABLE
end

local function readable(run)
    return harmless.high(run, visible)
end

--- ESC is ^[, as terminals themselves show what is typed.
local function caret(char)
    return "^" .. string.char((char:byte() + 64) % 128)
end

--- @param text string
--- @return string
function harmless.text(text)
    if not text:find "[%z\1-\8\11-\31\127-\255]" then
        return text
    end
    return (text:gsub("\r\n", "\n"):gsub("[%z\1-\8\11-\31\127]", caret):gsub("[\128-\255]+", readable))
end

--- The same in one line: each run of controls is a blank.
--- @param text string
--- @return string
function harmless.line(text)
    return (text:gsub("[%z\1-\31\127]+", " "):gsub("[\128-\255]+", readable))
end

--- Text where it may go to a terminal.
--- @param fd integer 1 or 2
--- @param text string
--- @return string
function harmless.to(fd, text)
    return core.terminal(fd) and harmless.text(text) or text
end

local Filter = {}
Filter.__index = Filter

--- What a piece brings. A character whose end is still to come waits for it.
--- @param piece string
--- @return string
function Filter:piece(piece)
    local text = self.held .. piece
    local at = text:find "\r$" or text:find "[\194-\223]$" or text:find "[\224-\239][\128-\191]?$"
        or text:find "[\240-\244][\128-\191]?[\128-\191]?$" or #text + 1
    self.held = text:sub(at)
    return harmless.text(text:sub(1, at - 1))
end

--- What waits, as no more comes.
--- @return string
function Filter:rest()
    local text = self.held
    self.held = ""
    return harmless.text(text)
end

--- @param fd integer
--- @return table? filter nil: that is no terminal
function harmless.filter(fd)
    return core.terminal(fd) and setmetatable({ held = "" }, Filter) or nil
end

return harmless
