--- Inside nginx: CPU of the worker for a call, and for an event of a stream, and the time to the first byte, beside
--- proxy_pass to the same service, and beside lua-resty-http with lua-cjson and our signature where it is found (on
--- nginx's lua_package_path, or in the directory RESTY_HTTP). Contestants take turns; medians of rounds. "loop" is the
--- part spent on nginx's own thread; "the call" what of it is left without a location that does the same but call.
---
---     lua5.4 bench/nginx/run.lua ENDPOINTDIR
local socket = require "socket"
local unpack = table.unpack or unpack
local client = dofile "bench/nginx/client.lua"
local place = dofile "bench/nginx/place.lua"

local ROUNDS = 9
local CALLS, CONNECTIONS = 3000, 32
local STREAMS, INTERVAL_MS = 50, 20
local FIRST_BYTES, FIRST_BYTE_INTERVAL_MS = 40, 2

local BODY = '{"messages":[{"role":"user","content":[{"text":"' .. ("word "):rep(180) .. '"}]}]}'
local STREAM_BODY = '{"messages":[{"role":"user","content":[{"text":"' .. ("word "):rep(40) .. '"}]}]}'
local SHORT_BODY = '{"messages":[{"role":"user","content":[{"text":"word"}]}]}'

local here = place.open(assert(arg[1], "the endpoint's directory is needed"))
local server = here:start "gateway"
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

--- All connections always have a request on its way.
local function calls(path)
    local text, open = client.request(path, BODY), {}
    for i = 1, CONNECTIONS do
        open[i] = client.connect(server)
        open[i]:send(text)
    end
    local left = CALLS - CONNECTIONS
    while #open > 0 do
        for _, connection in ipairs((socket.select(open))) do
            client.receive(connection)
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

--- How many there are in a stream; proxy_pass does not tell.
local events_in_stream

local function streams(path)
    local open = {}
    for i = 1, STREAMS do
        open[i] = client.connect(server)
        open[i]:send(client.request(path, STREAM_BODY, true))
    end
    for _, connection in ipairs(open) do
        local text = assert(connection:receive "*a")
        assert(text:find " 200 ", text:sub(1, 200))
        local _, events = text:gsub("event: ", "")
        events_in_stream = events_in_stream or (events > 0 and events)
        connection:close()
    end
    return STREAMS * (events_in_stream or 1)
end

local CONTESTANTS = { { "/proxy", "proxy_pass" }, { "/bedrock", "bedrock" } }
local _, peer = server:get "/has_peer"
if peer ~= "" then
    CONTESTANTS[3] = { "/peer", peer .. ", cjson, our signature" }
end

local function report_missing()
    if not CONTESTANTS[3] then
        print(("  %-44s not to be had here (RESTY_HTTP=DIR names it)"):format "lua-resty-http, our signature")
    end
end

local function measure(job, path)
    local all, loop = used()
    local count = job(path)
    local all_after, loop_after = used()
    return (loop_after - loop) / count, (all_after - all) / count
end

local function medians(contestants, job, path)
    local loops, alls = {}, {}
    for i = #contestants, 1, -1 do
        loops[i], alls[i] = {}, {}
        job(contestants[i][1] .. path)
    end
    for round = 1, ROUNDS do
        for i, contestant in ipairs(contestants) do
            loops[i][round], alls[i][round] = measure(job, contestant[1] .. path)
        end
    end
    for i = 1, #contestants do
        loops[i], alls[i] = client.quantile(loops[i]) / 1000, client.quantile(alls[i]) / 1000
    end
    return loops, alls
end

--- @param nothing string? a location to be taken off the others' loops
local function race(title, job, path, nothing)
    local contestants = { unpack(CONTESTANTS) }
    contestants[#contestants + 1] = nothing and { nothing, "no call" }
    local loops, alls = medians(contestants, job, path)
    print(title)
    for i, contestant in ipairs(contestants) do
        local call = nothing and ("    the call %8.1f us"):format(loops[i] - loops[#loops]) or ""
        print(("  %-44s loop %8.1f us %6.2f    all threads %8.1f us%s"):format(contestant[2], loops[i],
            loops[i] / loops[1], alls[i], call))
    end
    report_missing()
end

--- Seconds from the question to the first byte of the answer's body.
local function first_byte(path)
    local connection = client.connect(server)
    local start = socket.gettime()
    connection:send(client.request(path, SHORT_BODY, true))
    client.receive_head(connection)
    assert(connection:receive(1))
    local took = socket.gettime() - start
    connection:receive "*a"
    connection:close()
    return took
end

local function first_bytes()
    local times = {}
    for i = 1, #CONTESTANTS do
        times[i] = {}
    end
    for _ = 1, FIRST_BYTES * ROUNDS do
        for i, contestant in ipairs(CONTESTANTS) do
            table.insert(times[i], first_byte(contestant[1] .. "/converse-stream"))
        end
    end
    print "First byte of a streamed answer, one stream at a time, median; nginx at real-time priority where it may"
    local floor = client.quantile(times[1])
    for i, contestant in ipairs(CONTESTANTS) do
        local median = client.quantile(times[i])
        print(("  %-44s %8.2f ms, added %6.2f ms"):format(contestant[2], median * 1e3, (median - floor) * 1e3))
    end
    report_missing()
end

here:finish(pcall(function()
    server:get "/ask?conn=keys"
    race("A Converse over kept TLS connections, CPU of nginx's worker", calls, "/converse", "/nothing")
    here.ep:config { stream_interval_ms = INTERVAL_MS }
    race(("An event of %d streams, CPU of nginx's worker"):format(STREAMS), streams, "/converse-stream")
    here.ep:config { stream_interval_ms = FIRST_BYTE_INTERVAL_MS }
    place.real_time(worker, true)
    first_bytes()
end))
