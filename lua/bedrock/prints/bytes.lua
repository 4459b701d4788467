--- Bytes in a few words: how many, and of what kind.
local KINDS = {
    { "^\137PNG\r\n", "png" },
    { "^\255\216\255", "jpeg" },
    { "^GIF8", "gif" },
    { "^RIFF....WEBP", "webp" },
    { "^RIFF....WAVE", "wav" },
    { "^%%PDF%-", "pdf" },
    { "^PK\3\4", "zip" },
    { "^....ftyp", "mp4" },
    { "^\31\139", "gzip" },
    { "^%s*[{%[]", "JSON" },
}

local bytes = {}

--- @param text string
--- @return string? kind
function bytes.kind(text)
    for _, pair in ipairs(KINDS) do
        if text:find(pair[1]) then
            return pair[2]
        end
    end
end

--- Is it text, so that it can be shown?
--- @param text string
--- @return boolean
function bytes.is_text(text)
    return not text:find "[%z\1-\8\14-\26\28-\31\127]" and not text:find "^[\128-\191\192\193\245-\255]"
end

--- @param count integer
--- @return string "1,234 bytes"
function bytes.size(count)
    local digits = tostring(count):reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
    return digits .. (count == 1 and " byte" or " bytes")
end

--- @param text string
--- @param told string? what the answer calls it
--- @return string "1,234 bytes of png"
function bytes.about(text, told)
    local kind = told or bytes.kind(text)
    return bytes.size(#text) .. (kind and " of " .. kind or "")
end

return bytes
