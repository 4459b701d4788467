--- Files that go with a question: pictures, films and documents as such, any other text as text.
local files = require "bedrock.chat.files"

local attachments = {}

local MEDIA = { "image", "video" }
--- Documents that are no plain text; those are sent as text, which every model reads.
local BINARY = { pdf = true, doc = true, docx = true, xls = true, xlsx = true }

local function is_text(bytes)
    return not bytes:find "%z" and require("bedrock.core").encode(bytes) ~= nil
end

local function add(input, kind, value)
    input[kind] = input[kind] or {}
    table.insert(input[kind], value)
end

local function media_of(path)
    for _, kind in ipairs(MEDIA) do
        if files[kind](path) then
            return kind
        end
    end
end

local MEMBERS = { image = "images", document = "documents", video = "video" }

--- What lies in S3 is read there: its name alone tells what it is.
local function add_s3(input, uri)
    local kind = files.kind(uri)
    if not kind then
        return uri .. ": its name ends with no format of a picture, film or document that Converse takes"
    end
    add(input, MEMBERS[kind], { s3 = uri })
end

--- Adds one to a chat's input.
--- @param input table {text, images, documents, video}
--- @return string? why not
function attachments.add(input, path)
    if path:find "^s3://" then
        return add_s3(input, path)
    end
    local bytes, why = files.read(path)
    if not bytes then
        return why
    end
    local kind, ending = media_of(path), (path:lower():match "%.(%w+)$")
    if kind and not files.told_by(bytes) and is_text(bytes) then
        return ("%s: its name says %s, but it holds text"):format(path, ending)
    elseif kind then
        add(input, MEMBERS[kind], path)
    elseif BINARY[ending] or bytes:find "^%%PDF%-" then
        add(input, "documents", path)
    elseif is_text(bytes) then
        input.text = ("%s\n\n%s:\n\n%s"):format(input.text or "", path, bytes):match "^%s*(.*)$"
    else
        return path .. ": neither text nor a picture, film or document that Converse takes"
    end
end

return attachments
