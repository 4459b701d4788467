--- Images and videos that people give: the bytes of a file, its path, or where it lies in S3.
local core = require "bedrock.core"

--- What a file begins with, and its format in AWS's word. Each is looked for at its place from 1.
local IMAGES = {
    { "png", { 1, "\137PNG\r\n\26\n" } },
    { "jpeg", { 1, "\255\216\255" } },
    { "gif", { 1, "GIF8" } },
    { "webp", { 1, "RIFF" }, { 9, "WEBP" } },
}
local VIDEOS = {
    { "mov", { 5, "ftypqt" } },
    { "three_gp", { 5, "ftyp3g" } },
    { "mp4", { 5, "ftyp" } },
    { "flv", { 1, "FLV" } },
    { "mpeg", { 1, "\0\0\1\186" } },
    { "mpeg", { 1, "\0\0\1\179" } },
    { "wmv", { 1, "\48\38\178\117\142\102\207\17" } },
}

--- The document type of Matroska is within its first bytes.
local MATROSKA, HEAD = "\26\69\223\163", 64

local ENDINGS = {
    image = { png = "png", jpg = "jpeg", jpeg = "jpeg", gif = "gif", webp = "webp" },
    video = { mp4 = "mp4", m4v = "mp4", mov = "mov", mkv = "mkv", webm = "webm", flv = "flv", mpeg = "mpeg",
        mpg = "mpg", wmv = "wmv", ["3gp"] = "three_gp" },
}

local PATH_MAX = 4096

local media = {}

local function begins(bytes, signature)
    for i = 2, #signature do
        local at, text = signature[i][1], signature[i][2]
        if bytes:sub(at, at + #text - 1) ~= text then
            return false
        end
    end
    return true
end

--- @param kind "image"|"video"
--- @param bytes string
--- @return string? format
function media.format(kind, bytes)
    for _, signature in ipairs(kind == "image" and IMAGES or VIDEOS) do
        if begins(bytes, signature) then
            return signature[1]
        end
    end
    if kind == "video" and bytes:sub(1, #MATROSKA) == MATROSKA then
        return bytes:sub(1, HEAD):find("webm", 1, true) and "webm" or "mkv"
    end
end

local function by_name(kind, name)
    return ENDINGS[kind][(name:match "%.(%w+)$" or ""):lower()]
end

--- A file's name; not what could only be the bytes of one.
local function is_path(value)
    return #value <= PATH_MAX and not value:find "[%z\n]"
end

local function contents(path)
    local file, why = io.open(path, "rb")
    if not file then
        return nil, why
    end
    local bytes, unread = file:read "*a"
    file:close()
    return bytes, unread
end

--- @class bedrock.Media
--- @field format? string AWS's word: "png", "mp4"; nil: only whoever looks at it in S3 can tell
--- @field bytes? string
--- @field uri? string of an object in S3, instead of bytes

--- What a value means: bytes if they begin as a format does, an address in S3, else the path of a file. The format is
--- told from the bytes, then from the name.
--- @param kind "image"|"video"
--- @param value string
--- @return bedrock.Media? found
--- @return string? why
function media.load(kind, value)
    local format = media.format(kind, value)
    if format then
        return { format = format, bytes = value }
    elseif value:sub(1, 5) == "s3://" then
        return { format = by_name(kind, value), uri = value }
    elseif not is_path(value) then
        return nil, ("is no %s whose format is known, and no path of one"):format(kind)
    end
    local bytes, why = contents(value)
    if not bytes then
        return nil, ("cannot be read: %s"):format(core.shown(why or value))
    end
    format = media.format(kind, bytes) or by_name(kind, value)
    if not format or bytes == "" then
        return nil, ("%s is no %s whose format is known"):format(core.shown(value), kind)
    end
    return { format = format, bytes = bytes }
end

--- @param found bedrock.Media with bytes
--- @return string
function media.data_uri(found)
    return "data:image/" .. found.format .. ";base64," .. core.base64_encode(found.bytes)
end

return media
