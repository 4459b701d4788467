--- Heads and bodies for the log. The core has hidden what the call was made with; here go the values of members whose
--- names say that they are secrets.
local log = require "bedrock.log"
local secret = require "bedrock.base.secret"

local wire_lines = {}

local MASK = "***"
local NAME_MAX = 64

--- Parts of such names, in lower case and without anything but letters.
local SECRETS = {
    "accesskey", "apikey", "authorization", "authtoken", "bearer", "clientsecret", "cookie", "credential", "idtoken",
    "passphrase", "password", "privatekey", "secret", "token",
}

local function is_secret(name)
    if secret.is(name) then
        return true
    end
    local plain = name:lower():gsub("[^%l]", "")
    for _, part in ipairs(SECRETS) do
        if plain:find(part, 1, true) then
            return true
        end
    end
    return false
end

--- Where a JSON string ends whose quotes have so many backslashes before them: the place of these, and what follows.
local function end_of_string(text, from, depth)
    while true do
        local first, last, slashes = text:find('(\\*)"', from)
        if not first then
            return #text + 1, #text + 1
        elseif #slashes <= depth or depth == 0 and #slashes % 2 == 0 then
            return last - depth, last + 1
        end
        from = last + 1
    end
end

--- Where an object of strings ends: the place of its brace.
local function end_of_map(text, from, depth)
    while true do
        local at = text:find('["}]', from)
        if not at then
            return #text + 1
        elseif text:sub(at, at) == "}" then
            return at
        end
        local _, behind = end_of_string(text, at + 1, depth)
        from = behind
    end
end

--- Where a value ends that is not shown; nil: it is.
local function end_of_hidden(text, from, depth, name)
    if text:sub(from - 1, from - 1) == "{" then
        return secret.is_map(name) and end_of_map(text, from, depth) or nil
    end
    return is_secret(name) and end_of_string(text, from, depth) or nil
end

--- JSON, also inside strings of JSON.
local function without_members(text)
    local out, from = {}, 1
    while true do
        local _, start, slashes, name = text:find('(\\*)"([%w_%-%.]+)%1"%s*:%s*\\*["{]', from)
        if not start then
            out[#out + 1] = text:sub(from)
            return table.concat(out)
        end
        out[#out + 1] = text:sub(from, start)
        from = start + 1
        local stop = end_of_hidden(text, from, #slashes, name)
        if stop then
            out[#out + 1] = MASK
            from = stop
        end
    end
end

--- XML.
local function without_elements(text)
    return (text:gsub("(<([%w_:]+)>)([^<]+)", function(tag, name, _)
        return is_secret(name) and tag .. MASK or nil
    end))
end

--- Forms, whose names are short.
local function without_fields(text)
    local out, from = {}, 1
    while true do
        local at = text:find("=", from, true)
        if not at then
            out[#out + 1] = text:sub(from)
            return table.concat(out)
        end
        local name = text:sub(math.max(from, at - NAME_MAX), at - 1):match "[%w_%-%.]*$"
        local stop = text:match('^[^&%s"<]+()', at + 1)
        local hidden = stop and is_secret(name)
        out[#out + 1] = text:sub(from, at) .. (hidden and MASK or "")
        from = hidden and stop or at + 1
    end
end

--- @param text string
function wire_lines.masked(text)
    return without_fields(without_elements(without_members(text)))
end

local function is_text(body)
    return not body:gsub("[\t\r\n]", ""):find "%c"
end

--- Names of AWS's own headers, whose values are shown else, tell of tokens, too; of those that count some, no.
local HEADER_ENDS = { "token$", "secret$", "password$", "key$", "authorization$" }

local function masked_head(head)
    return (head:gsub("\n([^\n:]+): [^\n]*", function(name)
        for _, its_end in ipairs(HEADER_ENDS) do
            if name:find(its_end) then
                return "\n" .. name .. ": " .. MASK
            end
        end
    end))
end

local ARROWS = { request = ">", answer = "<", piece = "<" }

local function write(prefix, text)
    for line in text:gmatch "[^\r\n]+" do
        log.write("wire", prefix .. line)
    end
end

--- @param where string which call
--- @param raw table an event with `head` or `body`
function wire_lines.write(where, raw)
    local prefix = ("%s %s "):format(where, ARROWS[raw.event])
    if raw.head then
        return write(prefix, masked_head(raw.head))
    end
    local body = is_text(raw.body) and wire_lines.masked(raw.body) or "(not text)"
    if raw.bytes > #raw.body or body == "(not text)" then
        body = ("%s … %d bytes in all"):format(body, raw.bytes)
    end
    write(prefix .. (raw.name and raw.name .. " " or ""), body)
end

return wire_lines
