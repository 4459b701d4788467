--- What every model here says: the same for the same prompt, with characters of every UTF-8 length.
-- luacheck: std ngx_lua
local prose = {}

--- @return string
function prose.reply(prompt)
    return string.format("You asked: %s\nThis is the local endpoint — naïve, but polite. "
        .. "It would rather answer than wait, in Zürich, in 東京 or on the 🌙.", prompt)
end

--- The words of a text with the spaces before them, so that joining them gives the text again.
function prose.words(text)
    local words = {}
    for word in text:gmatch("%s*%S+") do
        words[#words + 1] = word
    end
    return words
end

--- A stand-in for a tokenizer: one token a word.
function prose.count(text)
    return #prose.words(text)
end

--- @return string[] words, boolean cut
function prose.limited(text, maximum)
    local words = prose.words(text)
    if not maximum or #words <= maximum then
        return words, false
    end
    for i = #words, maximum + 1, -1 do
        words[i] = nil
    end
    return words, true
end

return prose
