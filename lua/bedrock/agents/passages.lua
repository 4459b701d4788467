--- What a knowledge base found: a list that prints, each entry with its text, score, location and metadata.
local columns = require "bedrock.prints.columns"

local passages = {}

local SHOWN = 72

--- Where it was found, as AWS has it: {type, s3Location = {uri}, …}. It prints as the address.
local Location = { __name = "bedrock.location" }

function Location.__tostring(self)
    for name, value in pairs(self) do
        if name ~= "type" and type(value) == "table" then
            local address = value.uri or value.url or value.id or value.query
            if address then
                return address
            end
        end
    end
    return tostring(self.type)
end

--- As AWS has it (content, location, score, metadata, documentId), with its text and document_id.
--- @class bedrock.Passage
--- @field text? string what it says
--- @field score? number the higher, the better it fits
--- @field location? table prints as the address
--- @field metadata? table of the document
--- @field content? table as AWS has it
--- @field document_id? string of the document
local Passage = { __name = "bedrock.passage" }

local function one_line(text)
    return columns.cut((text:gsub("[%s%c]+", " "):gsub("\194[\128-\159]", " ")), SHOWN)
end

function Passage.__tostring(self)
    local score = type(self.score) == "number" and ("%.3f"):format(self.score) or "-"
    return ("%-6s %s\n       %s"):format(score, self.location and tostring(self.location) or "-",
        one_line(self.text or "(no text)"))
end

local function text_of_row(row)
    local cells = {}
    for i, cell in ipairs(row) do
        cells[i] = tostring(cell.columnName) .. ": " .. tostring(cell.columnValue)
    end
    return table.concat(cells, ", ")
end

local function text_of(content)
    if type(content) ~= "table" then
        return nil
    end
    return content.text or content.row and text_of_row(content.row)
        or content.audio and content.audio.transcription or content.video and content.video.summary
end

--- @param result table as AWS has it
--- @return bedrock.Passage
local function passage(result)
    result.text, result.document_id = text_of(result.content), result.documentId
    if type(result.location) == "table" then
        setmetatable(result.location, Location)
    end
    return setmetatable(result, Passage)
end

--- The passages that a knowledge base found, in order of their scores.
--- @class bedrock.Passages
--- @field next_token? string there is more
--- @field guardrail_action? string
--- @field [integer] bedrock.Passage
local Passages = { __name = "bedrock.passages" }

function Passages.__tostring(self)
    local lines = {}
    for i, one in ipairs(self) do
        lines[i] = tostring(one)
    end
    return lines[1] and table.concat(lines, "\n") or "(nothing was found)"
end

--- @return bedrock.Passages
function passages.new()
    return setmetatable({}, Passages)
end

--- @param self bedrock.Passages
--- @param page table what Retrieve returned
--- @param most integer? no more than so many in all
function passages.add(self, page, most)
    for _, result in ipairs(page.retrievalResults or {}) do
        if most and #self >= most then
            break
        end
        self[#self + 1] = passage(result)
    end
    self.next_token = page.nextToken
    self.guardrail_action = page.guardrailAction or self.guardrail_action
end

return passages
