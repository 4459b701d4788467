--- What the patterns of the API have in common is written once: in their texts a byte from 128 on stands for a
--- fragment. 255 comes before a byte that is itself one of these. br_model_pattern puts them together again.
local FRAGMENTS_MAX = 127
local FIRST, LITERAL = 128, 255
local RUN_MAX = 16 -- tokens in a fragment
local COST = 8 -- bytes of a fragment besides its text
local TOKEN = "[^:/{}|()%]%[-]*[:/{}|()%]%[-]?"

local function escaped(byte)
    return string.char(LITERAL) .. byte
end

local function tokens_of(pattern)
    local tokens = {}
    for token in pattern:gmatch(TOKEN) do
        if token ~= "" then
            tokens[#tokens + 1] = token:gsub("[\128-\255]", escaped)
        end
    end
    return tokens
end

local function is_packed(token)
    return token:find "[\128-\255]" ~= nil
end

--- How often each run of tokens is in the patterns.
local function count_runs(patterns)
    local counts = {}
    for _, tokens in ipairs(patterns) do
        for i = 1, #tokens do
            local run = ""
            for k = i, math.min(i + RUN_MAX - 1, #tokens) do
                if is_packed(tokens[k]) then
                    break
                end
                run = run .. tokens[k]
                counts[run] = (counts[run] or 0) + 1
            end
        end
    end
    return counts
end

--- The run that saves most; nil: none does.
local function best_run(patterns)
    local best, most = nil, 0
    for run, count in pairs(count_runs(patterns)) do
        local saved = (#run - 1) * count - #run - COST
        if saved > most or (best and saved == most and run < best) then
            best, most = run, saved
        end
    end
    return best
end

--- How many tokens from there on are the run; nil if they are not.
local function length_at(tokens, i, run)
    local text = ""
    for k = i, #tokens do
        text = text .. tokens[k]
        if text == run then
            return k - i + 1
        elseif run:sub(1, #text) ~= text then
            return nil
        end
    end
end

local function replace(tokens, run, code)
    local replaced, i = {}, 1
    while i <= #tokens do
        local n = length_at(tokens, i, run)
        replaced[#replaced + 1] = n and code or tokens[i]
        i = i + (n or 1)
    end
    return replaced
end

--- @param texts string[] patterns
--- @return string[] packed the same, packed
--- @return string[] fragments
return function(texts)
    local patterns, fragments = {}, {}
    for i, text in ipairs(texts) do
        patterns[i] = tokens_of(text)
    end
    while #fragments < FRAGMENTS_MAX do
        local run = best_run(patterns)
        if not run then
            break
        end
        fragments[#fragments + 1] = run
        local code = string.char(FIRST - 1 + #fragments)
        for i, tokens in ipairs(patterns) do
            patterns[i] = replace(tokens, run, code)
        end
    end
    local packed = {}
    for i, tokens in ipairs(patterns) do
        packed[i] = table.concat(tokens)
    end
    return packed, fragments
end
