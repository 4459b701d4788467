--- Texts in the languages of other programs.
local quoting = {}

--- @param text string
--- @return string word of a POSIX shell
function quoting.shell(text)
    if text ~= "" and not text:find "[^%w/:.+=_@-]" then
        return text
    end
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

return quoting
