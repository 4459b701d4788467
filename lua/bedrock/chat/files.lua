--- Images, documents and videos as content blocks: from a path, from bytes, from S3.
local core = require "bedrock.core"
local errors = require "bedrock.errors"

local files = {}

--- A file that is read; Converse's own limits are far below.
local FILE_MAX = 64 * 1024 * 1024
local PATH_MAX = 4096
local NAME_MAX = 200

--- What a file begins with. Patterns of LuaJIT end at a zero byte, hence %z.
--- Source: the formats' own specifications; Converse's names for them.
local BEGINNINGS = {
    { "^\137PNG\r\n\26\n", "png" },
    { "^\255\216\255", "jpeg" },
    { "^GIF8[79]a", "gif" },
    { "^RIFF....WEBP", "webp" },
    { "^%%PDF%-", "pdf" },
    { "^....ftypqt  ", "mov" },
    { "^....ftyp3g", "three_gp" },
    { "^....ftyp", "mp4" },
    { "^\26\69\223\163", "mkv" },
    { "^FLV\1", "flv" },
    { "^%z%z\1[\179\186]", "mpeg" },
}

--- Formats by the endings of names, where Converse's word is another.
local ENDINGS = {
    ["3gp"] = "three_gp",
    htm = "html",
    jpg = "jpeg",
    markdown = "md",
    mpg = "mpeg",
    qt = "mov",
    text = "txt",
}

--- What each kind of block takes.
--- Source: ImageBlock, DocumentBlock and VideoBlock of the Amazon Bedrock API reference.
local FORMATS = {
    image = { "png", "jpeg", "gif", "webp" },
    document = { "pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md" },
    video = { "mkv", "mov", "mp4", "webm", "flv", "mpeg", "mpg", "wmv", "three_gp" },
}

local function takes(kind, format)
    for _, known in ipairs(FORMATS[kind]) do
        if known == format then
            return true
        end
    end
    return false
end

local function by_bytes(bytes)
    local head = bytes:sub(1, 32)
    for _, beginning in ipairs(BEGINNINGS) do
        if head:find(beginning[1]) then
            return beginning[2]
        end
    end
end

--- The format that bytes begin as, if any.
files.told_by = by_bytes

local function by_name(name)
    local ending = name and name:lower():match "%.(%w+)$"
    return ENDINGS[ending] or ending
end

--- @return string? format
--- @return string? why there is none
local function format_of(kind, bytes, name)
    local told, named = bytes and by_bytes(bytes), by_name(name)
    if told == "mkv" and named == "webm" then
        return "webm"
    end
    for _, format in ipairs { told or "", named or "" } do
        if takes(kind, format) then
            return format
        end
    end
    return nil, ("%s is none of %s; say which by format"):format(
        told and "a file of the format " .. told or name and ('"%s"'):format(core.shown(name)) or "what was given",
        table.concat(FORMATS[kind], ", "))
end

--- @return string? bytes
--- @return string? why not
--- @return integer? code of the system, if there is one
local function read(path)
    local file, why, code = io.open(path, "rb")
    if not file then
        return nil, why, code
    end
    local bytes, problem = file:read(FILE_MAX + 1)
    file:close()
    if not bytes then
        return nil, ("%s: %s"):format(path, problem or "the file is empty")
    elseif #bytes > FILE_MAX then
        return nil, ("%s: more than %d MiB"):format(path, FILE_MAX / 1024 / 1024)
    end
    return bytes
end
files.read = read

--- What kind of block a name's ending says.
--- @param name string
--- @return "image"|"document"|"video"|nil
function files.kind(name)
    for kind in pairs(FORMATS) do
        if takes(kind, by_name(name) or "") then
            return kind
        end
    end
end

local function is_path(value)
    return #value <= PATH_MAX and not value:find "[%z\1-\31]" and not by_bytes(value)
end

--- @return string? why a table for a file cannot be read
local function misused(given)
    for _, name in ipairs { "path", "bytes", "s3", "format", "name", "owner" } do
        if given[name] ~= nil and type(given[name]) ~= "string" then
            return ("%s: expected a string, got %s"):format(name, errors.type_of(given[name]))
        end
    end
end

--- What was given, as {bytes | s3, format, name}.
--- @return table? source
--- @return string? why not
local function source_of(kind, given)
    if type(given) == "string" then
        given = is_path(given) and { path = given } or { bytes = given }
    elseif type(given) ~= "table" then
        return nil, "expected a path, bytes, or a table with path, bytes or s3, got a " .. type(given)
    elseif misused(given) then
        return nil, misused(given)
    end
    local source = { bytes = given.bytes, s3 = given.s3, owner = given.owner, format = given.format,
        name = given.name, where = given.path or given.s3 or given.name }
    if given.path then
        local bytes, why = read(given.path)
        if not bytes then
            return nil, why
        end
        source.bytes = bytes
    end
    if type(source.bytes) ~= "string" and type(source.s3) ~= "string" then
        return nil, "needs path, bytes or s3"
    end
    if not source.format then
        local format, why = format_of(kind, source.bytes, source.where)
        if not format then
            return nil, why
        end
        source.format = format
    end
    return source
end

local function location(source)
    if source.s3 then
        return { s3Location = { uri = source.s3, bucketOwner = source.owner } }
    end
    return { bytes = source.bytes }
end

local function plain(kind, given)
    local source, why = source_of(kind, given)
    if not source then
        return nil, why
    end
    return { [kind] = { format = source.format, source = location(source) } }
end

function files.image(given)
    return plain("image", given)
end

function files.video(given)
    return plain("video", given)
end

--- A name as Converse takes it: letters, digits, single spaces, hyphens, round and square brackets; no two alike in a
--- chat. Source: DocumentBlock of the Amazon Bedrock API reference.
local function acceptable(name, taken)
    local base = name:match "([^/\\]+)$" or name
    base = base:gsub("%.%w+$", ""):gsub("[^%w%s%-%(%)%[%]]", " "):gsub("%s+", " "):match "^ ?(.-) ?$"
    base = base:sub(1, NAME_MAX - 8)
    base = base ~= "" and base or "document"
    local candidate, n = base, 1
    while taken[candidate] do
        n = n + 1
        candidate = base .. " " .. n
    end
    taken[candidate] = true
    return candidate
end

--- @param taken table<string, true> names of the chat's documents; gets this one's
--- @param citations boolean?
function files.document(given, taken, citations)
    local source, why = source_of("document", given)
    if not source then
        return nil, why
    end
    return { document = {
        format = source.format,
        name = acceptable(source.name or source.where or "document", taken),
        source = location(source),
        citations = citations and { enabled = true } or nil,
    } }
end

--- The names of the documents in those messages.
--- @return table<string, true>
function files.names(messages)
    local taken = {}
    for _, message in ipairs(messages) do
        for _, block in ipairs(type(message.content) == "table" and message.content or {}) do
            local document = type(block) == "table" and block.document
            if type(document) == "table" and document.name then
                taken[document.name] = true
            end
        end
    end
    return taken
end

return files
