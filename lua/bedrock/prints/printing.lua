--- Text to standard output as it comes: stream:print() and its like.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local halves = require "bedrock.base.halves"
local harmless = require "bedrock.prints.harmless"
local host = require "bedrock.host"

local printing = {}

local Writer = {}
Writer.__index = Writer

local function new_writer()
    local filter = io.output() == io.stdout and harmless.filter(1) or nil
    return setmetatable({ held = "", filter = filter }, Writer)
end

--- What could not be written once is not written twice.
function Writer:put(text)
    if text == "" then
        return
    end
    self.last = text:sub(-1)
    local _, why = io.write(text)
    if not why then
        _, why = io.flush()
    end
    if why then
        self.is_lost = true
        error(errors.new {
            kind = "transport",
            code = "OutputFailed",
            operation = "print",
            message = "standard output: " .. why,
        }, 0)
    end
end

--- A piece that ends in half a character is written when the other half is there.
function Writer:write(piece)
    local text
    text, self.held = halves.join(self.held, piece)
    self:put(self.filter and self.filter:piece(text) or text)
end

--- Ends the line that was begun.
function Writer:finish()
    if self.is_lost then
        return
    end
    local half = core.join_halves(self.held)
    self.held = ""
    self:write(half)
    self:put(self.filter and self.filter:rest() or "")
    self:put(self.last and self.last ~= "\n" and "\n" or "")
end

--- Standard output in Neovim is its screen, or nobody's. Without a user interface it is a script's.
local function is_editor()
    local vim = rawget(_G, "vim")
    return type(vim) == "table" and type(vim.api) == "table" and not vim.in_fast_event()
        and #vim.api.nvim_list_uis() > 0
end

--- @return string? # why nothing can be printed here
local function why_not()
    if host.loop and host.loop == package.loaded["bedrock.host.nginx"] then
        return "print writes to standard output, which is not for nginx: send the pieces by ngx.print"
    elseif is_editor() then
        return "print writes to standard output, which is Neovim's screen: write the pieces into a buffer, as the "
            .. "plugin in examples/nvim does (docs/neovim.md)"
    end
end

--- @param operation string
--- @return bedrock.Error? err nothing can be printed here
function printing.obstacle(operation)
    local why = why_not()
    return why and errors.new { kind = "config", code = "NotSupported", operation = operation, message = why } or nil
end

local function write_all(writer, step, state, value)
    while true do
        value = step(state, value)
        if value == nil then
            return
        end
        writer:write(value)
    end
end

--- Ends the line whatever happens. An error of the module is returned, anything else (Ctrl-C) raised again.
local function ended(writer, ok, ...)
    local is_whole, lost = pcall(writer.finish, writer)
    if ok and not is_whole and errors.is(lost) then
        return nil, lost
    elseif ok then
        return ...
    elseif errors.is((...)) then
        return nil, (...)
    end
    error((...), 0)
end

--- Writes all pieces of an iterator, as they come.
--- @param step fun(state: any, last: any): string?
--- @param state any
--- @param first any
--- @return true? ok
--- @return bedrock.Error? err that the iterator raised; errors that are not the module's are raised again
function printing.pieces(step, state, first)
    local writer = new_writer()
    local function work()
        write_all(writer, step, state, first)
        return true
    end
    return ended(writer, pcall(work))
end

--- What nobody gets is not read to its end.
local function given_up(stream, err)
    if err and err.code == "OutputFailed" then
        stream:close()
    end
    return err
end

--- Opens a stream of pieces, writes them, and gives the answer that the stream has then.
--- @param operation string
--- @param open fun(...): any, bedrock.Error?
--- @return any answer
--- @return bedrock.Error? err
function printing.answer(operation, open, ...)
    local err = printing.obstacle(operation)
    if err then
        return nil, err
    end
    local pieces, failed = open(...)
    if failed then
        return nil, failed
    end
    local ok
    ok, err = printing.pieces(pieces)
    if not ok then
        return nil, given_up(pieces, err)
    end
    return pieces.answer
end

--- A family of streams whose events have no text: each is a line.
local function any_piece(name, event)
    return name .. " " .. require("bedrock.prints.short").value(name, event, nil, 120) .. "\n"
end

--- What a message has besides text, and why it ended early, stands behind the text.
local function write_notes(writer, result)
    local message = result and result.output and result.output.message
    local notes = message and require("bedrock.prints.blocks").notes(message.content, result.stopReason) or {}
    for _, note in ipairs(notes) do
        writer:finish()
        writer:write(note)
    end
end

--- @param stream bedrock.Stream untouched
--- @param gathered fun(see: function): table?, bedrock.Error? gathers it, and shows each event before
--- @return table? result
--- @return bedrock.Error? err
function printing.stream(stream, gathered)
    local err = printing.obstacle(stream._operation)
    if err then
        return nil, err
    end
    local writer, piece_of = new_writer(), stream._family.piece or any_piece
    local function see(name, event, kept)
        local piece = piece_of(name, kept or event)
        if type(piece) == "string" then
            writer:write(piece)
        end
    end
    local result
    result, err = ended(writer, pcall(function()
        local whole, why = gathered(see)
        write_notes(writer, whole)
        return whole, why
    end))
    if result then
        return result -- and no nil behind it, which a prompt would show
    end
    return nil, given_up(stream, err)
end

return printing
