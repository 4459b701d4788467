--- Inside nginx: CPU of the worker for a call, and for an event of a stream, beside proxy_pass to the same
--- service. Contestants take turns; medians of rounds. "loop" is the part spent on nginx's own thread.
---
---     lua5.4 bench/nginx/run.lua ENDPOINTDIR
local socket = require "socket"
local endpoint = dofile "spec/endpoint/endpoint.lua"
local gateway = dofile "spec/nginx/gateway.lua"

local ROUNDS = 7
local CALLS, CONNECTIONS = 1500, 16
local STREAMS, INTERVAL_MS = 50, 20

local DIR = os.tmpname()
os.remove(DIR)
assert(os.execute("mkdir " .. DIR))

local ep = endpoint.attach(assert(arg[1], "the endpoint's directory is needed"))
ep:reset()
ep:config { verify = false, stream_interval_ms = INTERVAL_MS }
os.execute(("cp '%s' '%s/ca.pem' && chmod 755 '%s' && chmod 644 '%s/ca.pem'"):format(ep.ca_file, DIR, DIR, DIR))

local PROXY = [[
    proxy_pass https://backend/model/amazon.nova-lite-v1%3A0/;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host 127.0.0.1;
    proxy_buffering off;
]]

local server = gateway.start {
    dir = DIR .. "/gateway",
    http = ([[
        keepalive_requests 10000000;
        client_body_buffer_size 1m;
        upstream backend { server %s; keepalive 256; keepalive_requests 10000000; }
        init_by_lua_block {
            package.path = "bench/nginx/?.lua;" .. package.path
            require("app").init {
                auth = "access_keys", access_key_id = %q, secret_access_key = %q, endpoint = %q, ca_file = %q,
            }
        }
    ]]):format(ep.https:match "//(.*)$", ep.access_key_id, ep.secret_access_key, ep.https, DIR .. "/ca.pem"),
    locations = {
        ["/proxy/"] = PROXY,
        ["/bedrock/converse"] = [[ content_by_lua_block { require("app").converse() } ]],
        ["/bedrock/converse-stream"] = [[ content_by_lua_block { require("app").stream() } ]],
    },
}
local worker = server:workers()[1]

local function nanoseconds(path)
    local file = assert(io.open(path))
    local ns = file:read "n"
    file:close()
    return ns
end

--- @return number all nanoseconds of CPU that the worker used so far
--- @return number loop those of nginx's thread
local function used()
    local all = 0
    local pipe = assert(io.popen("ls /proc/" .. worker .. "/task"))
    for task in pipe:lines() do
        all = all + nanoseconds(("/proc/%s/task/%s/schedstat"):format(worker, task))
    end
    pipe:close()
    return all, nanoseconds(("/proc/%s/task/%s/schedstat"):format(worker, worker))
end

local BODY = '{"messages":[{"role":"user","content":[{"text":"' .. ("word "):rep(180) .. '"}]}]}'
local STREAM_BODY = '{"messages":[{"role":"user","content":[{"text":"' .. ("word "):rep(40) .. '"}]}]}'

local function request(path, body, close)
    return ("POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n%s")
        :format(path, close and "Connection: close\r\n" or "", #body, body)
end

local function connect()
    local connection = assert(socket.connect("127.0.0.1", server.port))
    connection:setoption("tcp-nodelay", true)
    connection:settimeout(60)
    return connection
end

local function receive_body(connection, head)
    if head:find("transfer-encoding: chunked", 1, true) then
        repeat
            local size = tonumber(assert(connection:receive "*l"), 16)
            assert(connection:receive(size + 2))
        until size == 0
    else
        assert(connection:receive(tonumber(head:match "content%-length: (%d+)")))
    end
end

local function receive(connection)
    local lines = {}
    repeat
        lines[#lines + 1] = assert(connection:receive "*l"):lower()
    until lines[#lines] == ""
    assert(lines[1]:find(" 200 ", 1, true), lines[1])
    receive_body(connection, table.concat(lines, "\n"))
end

--- All connections always have a request on its way.
local function calls(path)
    local text, open = request(path, BODY), {}
    for i = 1, CONNECTIONS do
        open[i] = connect()
        open[i]:send(text)
    end
    local left = CALLS - CONNECTIONS
    while #open > 0 do
        for _, connection in ipairs((socket.select(open))) do
            receive(connection)
            if left > 0 then
                left = left - 1
                connection:send(text)
            else
                connection:close()
                for i, one in ipairs(open) do
                    if one == connection then
                        table.remove(open, i)
                    end
                end
            end
        end
    end
    return CALLS
end

local EVENTS

local function streams(path)
    local open = {}
    for i = 1, STREAMS do
        open[i] = connect()
        open[i]:send(request(path, STREAM_BODY, true))
    end
    for _, connection in ipairs(open) do
        local text = assert(connection:receive "*a")
        assert(text:find " 200 ", text:sub(1, 200))
        local _, events = text:gsub("event: ", "")
        EVENTS = EVENTS or (events > 0 and events)
        connection:close()
    end
    return STREAMS * (EVENTS or 1)
end

local function measure(job, path)
    local all, loop = used()
    local count = job(path)
    local all_after, loop_after = used()
    return (loop_after - loop) / count, (all_after - all) / count
end

local function median(list)
    table.sort(list)
    return list[(#list + 1) // 2]
end

local CONTESTANTS = { "proxy", "bedrock" }
local NAMES = { proxy = "proxy_pass", bedrock = "bedrock" }

local function race(title, job, path)
    local loops, alls = { proxy = {}, bedrock = {} }, { proxy = {}, bedrock = {} }
    job("/bedrock" .. path)
    job("/proxy" .. path)
    for round = 1, ROUNDS do
        for _, name in ipairs(CONTESTANTS) do
            loops[name][round], alls[name][round] = measure(job, "/" .. name .. path)
        end
    end
    local floor = median(loops.proxy)
    print(title)
    for _, name in ipairs(CONTESTANTS) do
        local loop = median(loops[name])
        print(("  %-20s loop %8.1f us %6.2f    all threads %8.1f us"):format(NAMES[name], loop / 1000,
            loop / floor, median(alls[name]) / 1000))
    end
end

local ok, why = pcall(function()
    race("A Converse over kept TLS connections, CPU of nginx's worker", calls, "/converse")
    race(("An event of %d streams, CPU of nginx's worker"):format(STREAMS), streams, "/converse-stream")
end)
server:stop()
os.execute("rm -rf '" .. DIR .. "'")
ep:reset()
if not ok then
    io.stderr:write(tostring(why), "\n", server:error_log():sub(-2000))
    os.exit(1)
end
