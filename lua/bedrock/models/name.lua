--- Names of models as people say them ("claude sonnet 4.5"), and which of the service's names they fit.
---
--- A name is words, runs of numbers (a version: "4.5", "4-5" and "3" are runs), a date, and a revision ("v2:0").
local model_name = {}

--- 20250929, or 2407 for July 2024.
local function date_of(digits)
    if #digits == 8 and digits:find "^20" then
        return tonumber(digits)
    end
    local year, month = digits:match "^(%d%d)(%d%d)$"
    if year and tonumber(year) >= 20 and tonumber(year) < 50 and tonumber(month) >= 1 and tonumber(month) <= 12 then
        return (2000 + tonumber(year)) * 10000 + tonumber(month) * 100
    end
end

--- "-v1:0", "-1:0" and "-v1" at the end of IDs, "v2" of names.
local function take_revision(text)
    local rest, major, minor = text:match "^(.-)%-?v?(%d+):(%d+)$"
    if not rest then
        rest, major = text:match "^(.-)[%s%-]v(%d+)$"
    end
    if not rest then
        return text
    end
    return rest, tonumber(major), tonumber(minor or 0)
end

local function add_number(parts, digits, adjacent)
    local date = date_of(digits)
    if date then
        parts.date = date
    elseif adjacent then
        table.insert(parts.runs[#parts.runs], tonumber(digits))
    else
        table.insert(parts.runs, { tonumber(digits) })
    end
    return not date
end

--- @class bedrock.NameParts
--- @field words string[]
--- @field runs integer[][]
--- @field date? integer
--- @field major? integer of the revision
--- @field minor? integer

--- @param text string
--- @return bedrock.NameParts
function model_name.parts(text)
    local parts = { words = {}, runs = {} }
    text, parts.major, parts.minor = take_revision(text:lower():gsub("%+", " plus "))
    local in_run = false
    for token in text:gmatch "%w+" do
        local word, digits = token:match "^(%a*)(%d*)$"
        if not word then
            word, digits = token, ""
        end
        if word ~= "" then
            table.insert(parts.words, word)
            in_run = false
        end
        if digits ~= "" then
            in_run = add_number(parts, digits, in_run)
        end
    end
    return parts
end

--- Does it say nothing, so that it would fit every model?
--- @param parts bedrock.NameParts
--- @return boolean
function model_name.is_blank(parts)
    return not (parts.words[1] or parts.runs[1] or parts.date or parts.major)
end

local function has_word(parts, wanted)
    for _, word in ipairs(parts.words) do
        if word:sub(1, #wanted) == wanted then
            return true
        end
    end
    return false
end

--- "ray 2" is Ray v2: a name without a version has its revision.
local function is_revision(parts, wanted)
    return #parts.runs == 0 and #wanted == 1 and parts.major == wanted[1]
end

--- @return integer? tier 0: the run is there; 1: it begins one that is there, or is the revision
local function fit_of_run(parts, wanted)
    local tier = is_revision(parts, wanted) and 1 or nil
    for _, run in ipairs(parts.runs) do
        local same = #run >= #wanted
        for i, number in ipairs(wanted) do
            same = same and run[i] == number
        end
        if same and #run == #wanted then
            return 0
        end
        tier = tier or same and 1 or nil
    end
    return tier
end

--- "v3" behind a name is a revision, or a version as in DeepSeek V3.1.
local function fits_revision(parts, major)
    if not major or major == parts.major then
        return true
    end
    for _, word in ipairs(parts.words) do
        if word == "v" then
            return fit_of_run(parts, { major }) ~= nil
        end
    end
    return false
end

--- @param wanted bedrock.NameParts
--- @param parts bedrock.NameParts
--- @return integer? tier the less, the better it fits; nil: it does not
function model_name.fit(wanted, parts)
    for _, word in ipairs(wanted.words) do
        if not has_word(parts, word) then
            return nil
        end
    end
    local tier = 0
    for _, run in ipairs(wanted.runs) do
        local fit = fit_of_run(parts, run)
        if not fit then
            return nil
        end
        tier = math.max(tier, fit)
    end
    local good = (not wanted.date or wanted.date == parts.date) and fits_revision(parts, wanted.major)
    return good and tier or nil
end

--- Has the name nothing but what is wanted, as far as words go?
--- @param wanted bedrock.NameParts that fits
--- @param parts bedrock.NameParts
--- @return boolean
function model_name.is_whole(wanted, parts)
    return #wanted.words == #parts.words
end

--- How many of the wanted words and runs are there.
--- @param wanted bedrock.NameParts
--- @param parts bedrock.NameParts
--- @param near fun(word: string, words: string[]): string? a word that is written almost like it
--- @return number
function model_name.likeness(wanted, parts, near)
    local sum = 0
    for _, word in ipairs(wanted.words) do
        sum = sum + (has_word(parts, word) and 1 or near(word, parts.words) and 0.75 or 0)
    end
    for _, run in ipairs(wanted.runs) do
        sum = sum + (fit_of_run(parts, run) and 0.5 or 0)
    end
    return sum
end

local function compare_runs(a, b)
    for i = 1, math.max(#a, #b) do
        local order = (a[i] or 0) - (b[i] or 0)
        if order ~= 0 then
            return order
        end
    end
    return 0
end

--- By version, date, then revision, all as numbers; what a name does not have is 0.
--- @param a bedrock.NameParts of an ID
--- @param b bedrock.NameParts
--- @return integer above 0: a is newer; 0: the names do not tell
function model_name.newer(a, b)
    local order = compare_runs(a.runs[1] or {}, b.runs[1] or {})
    for _, what in ipairs { "date", "major", "minor" } do
        order = order ~= 0 and order or (a[what] or 0) - (b[what] or 0)
    end
    return order
end

return model_name
