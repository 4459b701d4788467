--- All names in one text that is shorter than they are: a name that is in another needs no room of its own, and where
--- one ends as another begins, the two overlap.
local CHAIN_MAX = 1000

local function by_length(a, b)
    if #a ~= #b then
        return #a > #b
    end
    return a < b
end

--- Those that no other contains, in the order of the list.
local function outermost(texts)
    local sorted, kept, joined, list = {}, {}, "", {}
    for i, text in ipairs(texts) do
        sorted[i] = text
    end
    table.sort(sorted, by_length)
    for _, text in ipairs(sorted) do
        if not joined:find(text, 1, true) then
            kept[text] = true
            joined = joined .. text .. "\0"
        end
    end
    for _, text in ipairs(texts) do
        if kept[text] then
            list[#list + 1] = text
            kept[text] = nil
        end
    end
    return list
end

--- A chain is a list of names, of which each begins as the one before it ends.
local function chains_of(names)
    local chains = {}
    for i, text in ipairs(names) do
        chains[i] = { text = text }
    end
    return chains
end

--- Joins chains where `n` bytes overlap. What was joined to another is left empty.
local function join(chains, n)
    local beginning = {}
    for _, chain in ipairs(chains) do
        if #chain.text > n then
            local first = chain.text:sub(1, n)
            beginning[first] = beginning[first] or {}
            table.insert(beginning[first], chain)
        end
    end
    for _, chain in ipairs(chains) do
        local found = #chain.text > n and beginning[chain.text:sub(-n)] or {}
        for i, other in ipairs(found) do
            if other ~= chain and other.text ~= "" and #chain.text + #other.text <= CHAIN_MAX then
                chain.text = chain.text .. other.text:sub(n + 1)
                other.text = ""
                table.remove(found, i)
                break
            end
        end
    end
end

local function longest(names)
    local most = 0
    for _, text in ipairs(names) do
        most = math.max(most, #text)
    end
    return most
end

--- @param texts string[] names
--- @param chunk_max integer bytes of a chunk
--- @return string[] chunks of the text, between which there is a NUL
--- @return integer[] places where each name is in it
return function(texts, chunk_max)
    local names = outermost(texts)
    local chains, chunks, places = chains_of(names), { "" }, {}
    for n = longest(names) - 1, 1, -1 do
        join(chains, n)
    end
    for _, chain in ipairs(chains) do
        if #chunks[#chunks] + #chain.text > chunk_max then
            chunks[#chunks + 1] = ""
        end
        chunks[#chunks] = chunks[#chunks] .. chain.text
    end
    local whole = table.concat(chunks, "\0")
    for i, text in ipairs(texts) do
        places[i] = whole:find(text, 1, true) - 1
    end
    return chunks, places
end
