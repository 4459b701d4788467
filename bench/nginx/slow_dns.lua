--- A name server that takes its time: there is no such name, which it says after so many milliseconds. (What there is
--- would be looked up once and then kept.)
---
---     lua5.4 bench/nginx/slow_dns.lua ADDRESS MS PARENT
---
--- Ends when the process PARENT does.
local socket = require "socket"

local address, delay, parent = arg[1], arg[2] / 1000, arg[3]

local server = assert(socket.udp())
assert(server:setsockname(address, 53))
server:settimeout(0.01)

local function answer(query)
    local _, question_end = query:find("^[^%z]*%z....", 13)
    return query:sub(1, 2) .. "\129\131\0\1\0\0\0\0\0\0" .. query:sub(13, question_end)
end

local function alive()
    local file = io.open("/proc/" .. parent .. "/stat")
    return file and file:close()
end

local waiting = {}
while alive() do
    local query, from, port = server:receivefrom()
    if query and #query > 12 then
        waiting[#waiting + 1] = { at = socket.gettime() + delay, text = answer(query), from = from, port = port }
    end
    while waiting[1] and waiting[1].at <= socket.gettime() do
        local one = table.remove(waiting, 1)
        server:sendto(one.text, one.from, one.port)
    end
end
