--- Images and videos that people give to generate: the bytes of a file, its path, or where it lies in S3.
local core = require "bedrock.core"
local files = require "bedrock.chat.files"

local media = {}

--- @class bedrock.Media
--- @field format? string AWS's word: "png", "mp4"; nil: only whoever looks at it in S3 can tell
--- @field bytes? string
--- @field uri? string of an object in S3, instead of bytes
--- @field owner? string of its bucket

--- What was given, as bytes or as a place in S3. The format is told from the bytes, then from the name.
--- @param kind "image"|"video"
--- @param given string|table a path, bytes, or "s3://…"; or a table with path, bytes or s3
--- @return bedrock.Media? found
--- @return string? why
function media.load(kind, given)
    if type(given) == "string" and given:sub(1, 5) == "s3://" then
        given = { s3 = given }
    end
    local block, why = files[kind](given)
    if block then
        local source = block[kind].source
        local place = source.s3Location or {}
        return { format = block[kind].format, bytes = source.bytes, uri = place.uri, owner = place.bucketOwner }
    elseif type(given) == "table" and type(given.s3) == "string" then
        return { uri = given.s3, owner = given.owner }
    end
    return nil, why
end

--- @param found bedrock.Media
--- @return table s3Location as Nova, Converse and TwelveLabs have it
function media.location(found)
    return { uri = found.uri, bucketOwner = found.owner }
end

--- @param found bedrock.Media with bytes
--- @return string
function media.data_uri(found)
    return "data:image/" .. found.format .. ";base64," .. core.base64_encode(found.bytes)
end

return media
