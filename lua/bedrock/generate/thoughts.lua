--- Reasoning that models write into their text, between tags, before the answer and within it. It is taken out, whole
--- or piece by piece with the same result:
---
---     local filter = thoughts.new { open = "<reasoning>", close = "</reasoning>" }
---     text = text .. filter:feed(piece) …
---     text = text .. filter:finish(cut)        filter.reasoning has the rest
---
--- Reasoning that was cut off has no closing tag. Where the answer came to its end, such a tag in it is a word of it.
local thoughts = {}

local Filter = {}
Filter.__index = Filter

--- A cut text that ends so far into a tag ended in reasoning.
local TAG_MIN = 2

--- @class bedrock.ThoughtTags
--- @field open string
--- @field close string
--- @field inside? boolean the text begins within reasoning, because the prompt ended with the tag

--- @param tags bedrock.ThoughtTags
function thoughts.new(tags)
    return setmetatable({
        open = tags.open,
        close = tags.close,
        inside = tags.inside and {} or nil,
        fresh = tags.inside,
        edge = "",
        held = "",
        blank = "",
        reasoning = nil,
    }, Filter)
end

local function remember(self, text)
    text = text:match "^%s*(.-)%s*$"
    if text ~= "" then
        self.reasoning = self.reasoning and self.reasoning .. "\n" .. text or text
    end
end

--- How many bytes at the end of the text may be the beginning of the tag.
local function tag_begun(text, tag)
    for length = math.min(#tag - 1, #text), 1, -1 do
        if text:sub(-length) == tag:sub(1, length) then
            return length
        end
    end
    return 0
end

local function give(self, text)
    if text == "" then
        return ""
    end
    self.seen = self.seen or text:find "%S" ~= nil
    return text
end

--- Space after reasoning belongs to it.
local function without_space(self, text)
    if not self.skip then
        return text
    end
    text = text:gsub("^%s+", "")
    self.skip = text == ""
    return text
end

--- Outside of reasoning: what is certainly text is given, what may be the beginning of a tag is held, with the space
--- before it.
local function outside(self, piece)
    local text = without_space(self, self.held .. piece)
    local first, last = text:find(self.open, 1, true)
    if first then
        local before, blank = text:sub(1, first - 1):match "^(.-)(%s*)$"
        self.held, self.blank = "", blank
        self.inside, self.edge = {}, ""
        return give(self, before), text:sub(last + 1)
    end
    local sure = text:sub(1, #text - tag_begun(text, self.open)):match "^(.-)%s*$"
    self.held = text:sub(#sure + 1)
    return give(self, sure)
end

--- Within reasoning: only the end of what came is looked at again, as it may be long.
local function within(self, piece)
    local looked = self.edge .. piece
    local first, last = looked:find(self.close, 1, true)
    if not first then
        self.inside[#self.inside + 1] = piece
        self.edge = looked:sub(-(#self.close - 1))
        return ""
    end
    local all = table.concat(self.inside) .. piece
    local rest = looked:sub(last + 1)
    remember(self, self:stripped(all:sub(1, #all - #rest - #self.close)))
    local blank = self.seen and self.blank or ""
    self.inside, self.edge, self.blank, self.skip = nil, "", "", true
    return blank, rest
end

--- A model may write the tag that the prompt has already.
function Filter:stripped(text)
    if self.fresh then
        self.fresh = nil
        local open = text:match "^%s*(<%w+>)"
        if open == self.open then
            return (text:gsub("^%s*<%w+>", "", 1))
        end
    end
    return text
end

--- @param piece string
--- @return string text that is no reasoning
function Filter:feed(piece)
    local parts, rest = {}, piece
    while rest and rest ~= "" do
        parts[#parts + 1], rest = (self.inside and within or outside)(self, rest)
    end
    return table.concat(parts)
end

--- The end of the answer.
--- @param cut boolean it did not come to its end
--- @return string text
function Filter:finish(cut)
    if self.inside then
        local rest = self:stripped(table.concat(self.inside))
        if not self.seen or cut then
            remember(self, rest)
            return ""
        end
        return self.blank .. self.open .. rest
    end
    local begun = tag_begun(self.held, self.open)
    if cut and begun >= TAG_MIN then
        return (self.held:sub(1, -begun - 1):gsub("%s+$", ""))
    end
    return self.held
end

--- @param tags bedrock.ThoughtTags
--- @param text string
--- @param cut boolean
--- @return string text
--- @return string? reasoning
function thoughts.split(tags, text, cut)
    local filter = thoughts.new(tags)
    text = filter:feed(text) .. filter:finish(cut)
    return text, filter.reasoning
end

return thoughts
