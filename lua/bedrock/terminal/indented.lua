--- JSON for people: one member a line.

local OPENING, CLOSING = { ["{"] = "}", ["["] = "]" }, { ["}"] = true, ["]"] = true }

local function string_end(text, at)
    repeat
        at = text:find('["\\]', at + 1)
        if text:sub(at, at) == "\\" then
            at = at + 1
        else
            return at
        end
    until false
end

--- @param text string JSON without white space between its parts
--- @return string
return function(text)
    local parts, depth, at = {}, 0, 1
    local function line()
        parts[#parts + 1] = "\n" .. ("  "):rep(depth)
    end
    while at <= #text do
        local char = text:sub(at, at)
        local to = at
        if char == '"' then
            to = string_end(text, at)
        elseif OPENING[char] and text:sub(at + 1, at + 1) == OPENING[char] then
            to = at + 1
        elseif not text:find("^[%[%]{},:]", at) then
            to = (text:find('[%[%]{},:"]', at) or #text + 1) - 1
        end
        if CLOSING[char] then
            depth = depth - 1
            line()
        end
        parts[#parts + 1] = text:sub(at, to) .. (char == ":" and " " or "")
        if OPENING[char] and to == at then
            depth = depth + 1
            line()
        elseif char == "," then
            line()
        end
        at = to + 1
    end
    return table.concat(parts)
end
