--- The names of the tables, each with an index, and where their texts lie.
local LENGTH_BITS, BYTES_MAX = 12, 1 << 20 -- as in model.h
local CHUNK = 4000 -- C compilers need not take string literals above 4095 bytes; nor have lengths more bits
local NONE = 0xFFFF

--- @param here string this file's folder
return function(here)
    local fragments_of = dofile(here .. "/fragments.lua")
    local text_of = dofile(here .. "/name_text.lua")
    local names = { texts = {} }
    local indexes = {}

    local function add(key, text)
        local i = indexes[key]
        if not i then
            i = #names.texts
            assert(i < NONE, "names: full")
            names.texts[i + 1] = text
            indexes[key] = i
        end
        return i
    end

    --- @param text string
    --- @return integer index the same for the same text
    function names.add(text)
        return add(text, text)
    end

    --- One of its own, even where a name has the same text, as it will be packed.
    function names.add_pattern(text)
        return add("\0" .. text, text)
    end

    --- @param patterns integer[] indexes of their names
    --- @return integer[] fragments the indexes of theirs
    function names.pack(patterns)
        local texts = {}
        for i, index in ipairs(patterns) do
            texts[i] = names.texts[index + 1]
        end
        local packed, fragments = fragments_of(texts)
        for i, index in ipairs(patterns) do
            names.texts[index + 1] = packed[i]
        end
        for i, text in ipairs(fragments) do
            fragments[i] = names.add(text)
        end
        return fragments
    end

    --- When all have been added. What is packed may be longer than it was, where much of it stands for itself.
    --- @return string[] chunks of the text, each with a NUL behind it
    --- @return integer[] places of the names in it, with their lengths
    function names.lay_out()
        for _, text in ipairs(names.texts) do
            assert(#text <= CHUNK, ("a name has %d bytes, and %d are the most: %s"):format(#text, CHUNK, text))
        end
        local chunks, places = text_of(names.texts, CHUNK)
        for i, place in ipairs(places) do
            assert(place + #names.texts[i] <= BYTES_MAX, "names: too much text")
            places[i] = place << LENGTH_BITS | #names.texts[i]
        end
        return chunks, places
    end

    return names
end
