--- Encodes messages of AWS's event-stream format.
-- luacheck: std ngx_lua
local bit = require "bit"
local json = require "server.json"

local PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

local eventstream = {}

local function unsigned(value, width)
    local bytes = {}
    for i = width, 1, -1 do
        bytes[i] = string.char(value % 256)
        value = math.floor(value / 256)
    end
    return table.concat(bytes)
end

local function sized(text)
    return unsigned(#text, 2) .. text
end

local VALUES = {
    ["true"] = function() return "\0" end,
    ["false"] = function() return "\1" end,
    byte = function(v) return "\2" .. unsigned(v, 1) end,
    short = function(v) return "\3" .. unsigned(v, 2) end,
    integer = function(v) return "\4" .. unsigned(v, 4) end,
    long = function(v) return "\5" .. unsigned(v, 8) end,
    bytes = function(v) return "\6" .. sized(ngx.decode_base64(v)) end,
    string = function(v) return "\7" .. sized(v) end,
    timestamp = function(v) return "\8" .. unsigned(v, 8) end,
    uuid = function(v) return "\9" .. ngx.decode_base64(v) end,
}

local function header(name, value)
    if type(value) ~= "table" then
        value = { type = "string", value = tostring(value) }
    end
    return string.char(#name) .. name .. VALUES[value.type](value.value)
end

local function crc(bytes)
    return unsigned(ngx.crc32_long(bytes), 4)
end

local function flip_last(bytes)
    return bytes:sub(1, -2) .. string.char(bit.bxor(bytes:byte(-1), 1))
end

--- @param headers table list of {name, value}; value a string or {type=, value=}
--- @param payload string
--- @param corrupt string? "prelude_crc", "message_crc", "length", "header_length", "payload", "cut"
function eventstream.message(headers, payload, corrupt)
    local parts = {}
    for i, pair in ipairs(headers) do
        parts[i] = header(pair[1], pair[2])
    end
    local block = table.concat(parts)
    local total = 16 + #block + #payload
    local declared = corrupt == "length" and total + 7 or total
    local block_length = corrupt == "header_length" and total or #block
    local prelude = unsigned(declared, 4) .. unsigned(block_length, 4)
    local prelude_crc = crc(prelude)
    if corrupt == "prelude_crc" then
        prelude_crc = flip_last(prelude_crc)
    end
    local message = prelude .. prelude_crc .. block .. payload
    local message_crc = crc(message)
    if corrupt == "message_crc" then
        message_crc = flip_last(message_crc)
    elseif corrupt == "payload" then
        message = flip_last(message)
    end
    message = message .. message_crc
    return corrupt == "cut" and message:sub(1, math.floor(#message / 2)) or message
end

local function json_headers(kind, name_header, name)
    return {
        { name_header, name },
        { ":content-type", "application/json" },
        { ":message-type", kind },
    }
end

--- One event, with the padding member Bedrock adds against traffic analysis.
function eventstream.event(name, members)
    members.p = PADDING:sub(1, 1 + (ngx.crc32_long(name) + #json.encode(members)) % #PADDING)
    return eventstream.message(json_headers("event", ":event-type", name), json.encode(members))
end

local function sorted_pairs(map)
    local list = {}
    for name, value in pairs(map) do
        list[#list + 1] = { name, value }
    end
    table.sort(list, function(a, b) return a[1] < b[1] end)
    return list
end

--- A message from its description in a script:
--- {event=NAME | exception=NAME | error={code, message} | headers={…},
--- json= | payload= | payload64=, corrupt=}.
function eventstream.described(frame)
    local payload = frame.payload or (frame.payload64 and ngx.decode_base64(frame.payload64))
        or (frame.json and json.encode(frame.json)) or ""
    local headers
    if frame.event then
        headers = json_headers("event", ":event-type", frame.event)
    elseif frame.exception then
        headers = json_headers("exception", ":exception-type", frame.exception)
    elseif frame.error then
        headers = {
            { ":error-code", frame.error[1] }, { ":error-message", frame.error[2] },
            { ":message-type", "error" },
        }
    else
        headers = sorted_pairs(frame.headers or {})
    end
    return eventstream.message(headers, payload, frame.corrupt)
end

return eventstream
