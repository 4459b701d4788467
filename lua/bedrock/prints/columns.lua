--- Text in columns, for people: widths are those of a terminal, not bytes.
---
---     print(columns.rows({ { "nova", 3 }, { "titan", 12 } }, { header = { "family", "models" } }))
local harmless = require "bedrock.prints.harmless"

local columns = {}

local WIDTH = 100
local GAP = 2
local NARROWEST = 8

--- Characters that take no room, and those that take two: ranges of Unicode's East Asian Width and of marks, as far
--- as terminals agree.
local NONE = { { 0x0300, 0x036F }, { 0x200B, 0x200F }, { 0x20D0, 0x20FF }, { 0xFE00, 0xFE0F }, { 0xFE20, 0xFE2F } }
local DOUBLE = {
    { 0x1100, 0x115F }, { 0x2E80, 0x303E }, { 0x3041, 0xA4CF }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF },
    { 0xFE30, 0xFE6F }, { 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1F64F }, { 0x1F680, 0x1F6FF },
    { 0x1F900, 0x1F9FF }, { 0x20000, 0x3FFFD },
}

local function within(ranges, code)
    for _, range in ipairs(ranges) do
        if code <= range[2] then
            return code >= range[1]
        end
    end
    return false
end

--- A lead byte with its continuations; a byte that begins none counts as a character.
local CHARACTER = "[%z\1-\255][\128-\191]*"

local function width_of(char)
    if #char == 1 then
        return 1
    end
    local code = char:byte() % (#char == 2 and 32 or #char == 3 and 16 or 8)
    for i = 2, #char do
        code = code * 64 + char:byte(i) % 64
    end
    return within(NONE, code) and 0 or within(DOUBLE, code) and 2 or 1
end

--- @param text string
--- @return integer cells of a terminal
function columns.width(text)
    if not text:find "[\128-\255]" then
        return #text
    end
    local width = 0
    for char in text:gmatch(CHARACTER) do
        width = width + width_of(char)
    end
    return width
end

--- At most so many cells of a text; "…" at its end says that there was more.
--- @param text string
--- @param width integer at least 1
--- @return string
function columns.cut(text, width)
    if columns.width(text) <= width then
        return text
    end
    local used, kept = 0, {}
    for char in text:gmatch(CHARACTER) do
        used = used + width_of(char)
        if used > width - 1 then
            break
        end
        kept[#kept + 1] = char
    end
    return table.concat(kept) .. "…"
end

local function padded(text, width, right)
    local blanks = (" "):rep(width - columns.width(text))
    return right and blanks .. text or text .. blanks
end

--- What a terminal would obey is shown as a blank.
local function cell(value)
    if value == nil then
        return ""
    end
    return harmless.line(tostring(value))
end

--- Cells as texts; a column whose cells are all numbers is set to the right. What is longer than `longest` does not
--- count in columns that are kept whole.
local function measured(rows, count, keep, longest)
    local texts, widths, right = {}, {}, {}
    for at = 1, count do
        widths[at], right[at] = 0, nil
    end
    for i, row in ipairs(rows) do
        texts[i] = {}
        for at = 1, count do
            local text = cell(row[at])
            texts[i][at] = text
            local width = columns.width(text)
            widths[at] = keep[at] and width > longest and widths[at] or math.max(widths[at], width)
            if row[at] ~= nil then
                right[at] = right[at] ~= false and type(row[at]) == "number"
            end
        end
    end
    return texts, widths, right
end

local function count_of(rows, header)
    local count = header and #header or 0
    for _, row in ipairs(rows) do
        for at in pairs(row) do
            count = math.max(count, at)
        end
    end
    return count
end

local function widest(widths, keep)
    local found
    for at, width in ipairs(widths) do
        if not keep[at] and width > NARROWEST and (not found or width > widths[found]) then
            found = at
        end
    end
    return found
end

--- Takes from the widest until all fit, or nothing can be taken any more.
local function fit(widths, room, keep)
    local sum = GAP * (#widths - 1)
    for at, width in ipairs(widths) do
        widths[at] = math.min(width, math.max(room, NARROWEST))
        sum = sum + widths[at]
    end
    while sum > room do
        local at = widest(widths, keep)
        if not at then
            return
        end
        widths[at], sum = widths[at] - 1, sum - 1
    end
end

local function line(texts, widths, right, indent, keep)
    local cells = {}
    for at, width in ipairs(widths) do
        cells[at] = padded(keep[at] and texts[at] or columns.cut(texts[at], math.max(width, 1)), width, right[at])
    end
    return indent .. table.concat(cells, (" "):rep(GAP)):gsub(" +$", "")
end

--- @class bedrock.ColumnOptions
--- @field header? string[]
--- @field width? integer cells of a line; 100 if not given
--- @field keep? table<integer, boolean> columns that are never cut: what is longer than half a line moves the rest on
--- @field indent? string before each line

--- Rows as lines of text. Long cells are cut, those of the widest columns first; numbers stand to the right.
--- @param rows any[][] lists of cells; nil is an empty one
--- @param options? bedrock.ColumnOptions
--- @return string text without a line end
function columns.rows(rows, options)
    options = options or {}
    local count, indent = count_of(rows, options.header), options.indent or ""
    local room, keep = (options.width or WIDTH) - #indent, options.keep or {}
    local texts, widths, right = measured(rows, count, keep, room / 2)
    local header = options.header and measured({ options.header }, count, keep, room)[1]
    for at = 1, header and count or 0 do
        widths[at] = math.max(widths[at], columns.width(header[at]))
    end
    fit(widths, room, keep)
    local lines = { header and line(header, widths, right, indent, keep) }
    for _, row in ipairs(texts) do
        lines[#lines + 1] = line(row, widths, right, indent, keep)
    end
    return table.concat(lines, "\n")
end

--- Short texts side by side, as many as fit, in order from top to bottom.
--- @param names string[]
--- @param options? { width?: integer, indent?: string }
--- @return string text without a line end
function columns.names(names, options)
    options = options or {}
    local longest, indent = 1, options.indent or ""
    for _, name in ipairs(names) do
        longest = math.max(longest, columns.width(name))
    end
    local across = math.max(1, math.floor(((options.width or WIDTH) - #indent + GAP) / (longest + GAP)))
    local down, rows = math.ceil(#names / across), {}
    for i, name in ipairs(names) do
        local at = (i - 1) % down + 1
        rows[at] = rows[at] or {}
        table.insert(rows[at], name)
    end
    return columns.rows(rows, { width = math.huge, indent = indent })
end

return columns
