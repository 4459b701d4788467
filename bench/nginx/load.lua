--- Clients that keep a gateway busy for a while; each asks again some time after it has its answer, at random, so that
--- they do not come to act all in the same moment. Prints how many answers came, and how many were not what they
--- should be.
---
---     lua5.4 bench/nginx/load.lua PORT CLIENTS MEAN_PAUSE_MS SECONDS PATH
local socket = require "socket"

local port, clients, pause, seconds, path = tonumber(arg[1]), tonumber(arg[2]), arg[3] / 1000, tonumber(arg[4]), arg[5]
local finish = socket.gettime() + seconds
local asleep, open, texts = {}, {}, {}
local good, bad = 0, 0

local function ask()
    local connection = assert(socket.connect("127.0.0.1", port))
    connection:settimeout(0)
    connection:send("GET " .. path .. " HTTP/1.0\r\nHost: localhost\r\n\r\n")
    open[#open + 1] = connection
    texts[connection] = ""
end

local function forget(connection)
    for i, one in ipairs(open) do
        if one == connection then
            table.remove(open, i)
        end
    end
    texts[connection] = nil
    connection:close()
    asleep[#asleep + 1] = socket.gettime() + 2 * math.random() * pause
end

local function read(connection)
    local text, why, part = connection:receive "*a"
    texts[connection] = texts[connection] .. (text or part)
    if text or why == "closed" then
        local ok = texts[connection]:find("^HTTP/1.1 200 ")
        good, bad = good + (ok and 1 or 0), bad + (ok and 0 or 1)
        forget(connection)
    end
end

local function wake(now)
    for i = #asleep, 1, -1 do
        if asleep[i] <= now then
            table.remove(asleep, i)
            ask()
        end
    end
end

--- They come one after the other, so that not all are served in the same moment.
for i = 1, clients do
    asleep[i] = socket.gettime() + (i - 1) / clients
end
while socket.gettime() < finish do
    wake(socket.gettime())
    for _, connection in ipairs((socket.select(open, nil, 0.005))) do
        read(connection)
    end
end
print(good, bad)
