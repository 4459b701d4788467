--- Tables that are filled in an order that a seed chooses, for programs whose requests are compared.

--- @param seed integer
--- @return fun(pairs_of: table): table shuffled a table with these pairs; some keys come and go before
return function(seed)
    local random = seed * 7919 + 1
    local function below(n)
        random = (random * 1103515245 + 12345) % 2147483648
        return math.floor(random / 65536) % n + 1
    end

    --- A table with these pairs, put in one by one in some order; some keys come and go before.
    local function shuffled(pairs_of)
        local names, t = {}, {}
        for name in pairs(pairs_of) do
            names[#names + 1] = name
        end
        table.sort(names)
        for i = #names, 2, -1 do
            local j = below(i)
            names[i], names[j] = names[j], names[i]
        end
        for i = 1, below(20) do
            t["gone" .. i] = true
        end
        for i = 1, 20 do
            t["gone" .. i] = nil
        end
        for _, name in ipairs(names) do
            t[name] = pairs_of[name]
        end
        return t
    end
    return shuffled
end
