--- Latency of a trivial location while the same worker waits, connects, looks names up, sends much, and renews its
--- credentials. A request is due every millisecond and timed from when it was due, so that a loop which stands still
--- shows in all requests that it holds up. Each load is also put on a second nginx ("elsewhere"): what that does to the
--- first one is the machine's noise. "loop" is the CPU that nginx's thread used from one answer to the next: a piece of
--- work that nothing can interrupt shows there at its full length. Where it may be, nginx's thread and the probe run at
--- real-time priority, so that what else runs on the machine, the engine's thread included, does not count. They take
--- turns; medians of rounds.
---
---     lua5.4 bench/nginx/quiet.lua ENDPOINTDIR [SLOW_DNS_ADDRESS]
---
--- The address is where a name server of our own may listen that this process is sent to; see quiet.sh.
local socket = require "socket"
local client = dofile "bench/nginx/client.lua"
local endpoint = dofile "spec/endpoint/endpoint.lua"
local place = dofile "bench/nginx/place.lua"

local ROUNDS = 3
local PROBES, INTERVAL_S = 2000, 0.001
local LEAD_S = 1.2
local SLOW_MS = 1000
local LATE_MS = 2000
--- What is scripted is answered at once, whatever was sent.
local AT_ONCE = { status = 200, after_verify = false, json = {
    output = { message = { role = "assistant", content = { { text = "seen" } } } },
    stopReason = "end_turn",
    usage = { inputTokens = 1, outputTokens = 1, totalTokens = 2 },
} }

local LOADS = {
    { title = "100 clients wait on a model that takes 1 s", clients = 100, pause_ms = 100, path = "/ask?conn=keys",
      action = { delay_ms = SLOW_MS } },
    { title = "25 new TLS connections a second", clients = 5, pause_ms = 200, path = "/ask?conn=brief" },
    { title = "10 DNS lookups that take 2 s", clients = 10, pause_ms = 0, path = "/look_up", dns = true },
    { title = "two bodies of 20 MB a second", clients = 1, pause_ms = 450, path = "/big", action = AT_ONCE },
    { title = "renewals that take 2 s, 10 clients", clients = 10, pause_ms = 0, path = "/renew",
      config = { exchange_delay_ms = LATE_MS, verify = true } },
}

local here = place.open(assert(arg[1], "the endpoint's directory is needed"))
--- Its connections are not kept.
local brief = endpoint.start { dir = here.dir .. "/brief", pki = here.ep.pki, keepalive_timeout = "0s" }
brief:config { verify = false }
here.connections.brief = here:keys(brief.https)
--- A name that only a name server can know; it does not.
here.connections.nowhere = here:keys "https://bedrock.invalid"
here.connections.nowhere.max_attempts = 1
here.connections.certificate = here:certificate()
local server, elsewhere = here:start "gateway", here:start "elsewhere"
local worker = server:workers()[1]
local myself = assert(io.open "/proc/self/stat"):read "n"

local function start_dns(address)
    assert(os.execute(("lua5.4 bench/nginx/slow_dns.lua %s %d %d &"):format(address, LATE_MS, myself)))
end

--- CPU that nginx's thread used so far, in ms.
local schedstat = ("/proc/%s/schedstat"):format(worker)

local function loop_ms()
    local file = assert(io.open(schedstat))
    local ns = file:read "n"
    file:close()
    return ns / 1e6
end

--- Latencies of the trivial location, and the loop's CPU between two of its answers, in ms.
local function probe()
    local connection = client.connect(server)
    place.real_time(myself, true)
    local text = "GET /trivial HTTP/1.1\r\nHost: localhost\r\n\r\n"
    local start, times, loops, before = socket.gettime(), {}, {}, loop_ms()
    for i = 1, PROBES do
        local due = start + i * INTERVAL_S
        local early = due - socket.gettime()
        if early > 0 then
            socket.sleep(early)
        end
        connection:send(text)
        client.receive(connection)
        times[i] = (socket.gettime() - due) * 1000
        local now = loop_ms()
        loops[i], before = now - before, now
    end
    connection:close()
    place.real_time(myself, false)
    return {
        p50 = client.quantile(times, 0.5),
        p99 = client.quantile(times, 0.99),
        max = client.quantile(times, 1),
        loop_p99 = client.quantile(loops, 0.99),
        loop_max = client.quantile(loops, 1),
    }
end

local function prepare(load)
    here.ep:reset()
    here.ep:config { verify = false }
    if load.config then
        here.ep:config(load.config)
    end
    if load.action then
        here.ep:script { { match = { operation = "Converse" }, times = -1, action = load.action } }
    end
end

--- Measures while that load is on that nginx.
local function under(load, busy)
    prepare(load)
    local pipe = assert(io.popen(("exec lua5.4 bench/nginx/load.lua %d %d %d %g '%s'"):format(busy.port, load.clients,
        load.pause_ms, LEAD_S + PROBES * INTERVAL_S + 0.3, load.path)))
    socket.sleep(LEAD_S)
    local result = probe()
    local good, bad = pipe:read("n", "n")
    pipe:close()
    assert(good > 0 and bad == 0, ("%s: %d answers were good and %d bad"):format(load.title, good, bad))
    load.answers = (load.answers or 0) + good
    return result
end

local function median(results, name)
    local list = {}
    for i, result in ipairs(results) do
        list[i] = result[name]
    end
    return client.quantile(list)
end

--- @param other table? results to compare with
local function ratio(results, other)
    return other and ("%.2f"):format(median(results, "p99") / median(other, "p99")) or ""
end

local function report(title, results, idle, other, answers)
    print(("  %-44s %7.2f %7.2f %7.2f %8.2f %8.2f %8s %8s %8s"):format(title, median(results, "p50"),
        median(results, "p99"), median(results, "max"), median(results, "loop_p99"), median(results, "loop_max"),
        ratio(results, idle), ratio(results, other), answers or ""))
end

local function measure()
    local idle = {}
    server:get "/ask?conn=keys"
    local alone = place.real_time(worker, true)
    for _, load in ipairs(LOADS) do
        load.here, load.elsewhere = {}, {}
    end
    for round = 1, ROUNDS do
        idle[round] = probe()
        for _, load in ipairs(LOADS) do
            if not load.dns or arg[2] then
                load.elsewhere[round] = under(load, elsewhere)
                load.here[round] = under(load, server)
            end
        end
    end
    print("Latency of a trivial location in the same worker, ms" .. (alone and " (at real-time priority)" or ""))
    print(("  %-44s %7s %7s %7s %8s %8s %8s %8s %8s"):format("", "p50", "p99", "max", "loop p99", "loop max",
        "p99/idle", "p99/else", "answers"))
    report("idle", idle)
    for _, load in ipairs(LOADS) do
        if #load.here == 0 then
            print(("  %-44s %s"):format(load.title, "left out: a name server of our own needs root"))
        else
            report(load.title, load.here, idle, load.elsewhere, load.answers)
            report("    the same in another nginx", load.elsewhere, idle)
        end
    end
end

local ok, why = pcall(function()
    if arg[2] then
        start_dns(arg[2])
    end
    measure()
end)
brief:stop()
here:finish(ok, why)
