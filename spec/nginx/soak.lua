--- What must not grow, in a real nginx: reloads under load, workers that are killed in the middle of streams, and many
--- clients that go away, all counted. Takes minutes. The last line counts.
---
---     lua5.4 spec/nginx/soak.lua ENDPOINTDIR
local socket = require "socket"
local endpoint = dofile "spec/endpoint/endpoint.lua"
local site = dofile "spec/nginx/site.lua"
local gateway = site.gateway

local RELOADS, KILLS = 20, 5
local CLIENTS = 30
--- The first are not counted: heaps find their size.
local WARM_UP, ABORTED, AT_ONCE = 4000, 10000, 100
--- Between words. Streams that are to be aborted are not to be over before.
local STREAM_MS, LONG_STREAM_MS = 5, 20
local READ_MAX = 40
local PATIENCE_S = 60
--- 1 MB of 10,000 streams is 100 bytes of each; a leaked call, connection or string is more. Heaps grow with how many
--- streams happened to be open at once, too, but not each time: what leaks grows in every round.
local WORKER_GROWTH_KB, MASTER_GROWTH_KB = 1024, 512
local ROUNDS = 3
local SEED = 20261122

local passed, failed = 0, 0

local function check(what, ok, detail)
    passed, failed = passed + (ok and 1 or 0), failed + (ok and 0 or 1)
    print(("%s - %s%s"):format(ok and "ok" or "not ok", what, detail and ": " .. tostring(detail) or ""))
    io.stdout:flush()
end

local function same(what, before, after)
    check(what, before == after, ("%s before, %s after"):format(before, after))
end

local function grew_less(what, before, after, limit)
    check(what, after - before <= limit, ("%d before, %d after, may grow by %d"):format(before, after, limit))
end

local ep = endpoint.attach(assert(arg[1], "the endpoint's directory is needed"))
local here = site.new(ep)

--- Lua's own heap is not to be taken for what leaks.
local COLLECTOR = [[
    init_worker_by_lua_block {
        assert(ngx.timer.every(1, function()
            collectgarbage()
            collectgarbage()
        end))
    }
]]

local function set_up(workers)
    here:reset()
    ep:config { stream_interval_ms = STREAM_MS }
    here.settings.certificate = {
        profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/one",
        role_arn = "arn:aws:iam::123456789012:role/one",
        trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/one",
        session_name = "soak",
        endpoint = ep.https,
        ca_file = here.ca_file,
        cache_dir = here.dir .. "/cache/of-worker",
        certificate = ep.pki .. "/p256.crt.pem",
        private_key = ep.pki .. "/p256.key.pkcs8.pem",
        certificate_chain = ep.pki .. "/intermediate.pem",
    }
    return here:start { workers = workers, http = here:init() .. "lua_check_client_abort on;" .. COLLECTOR }
end

--- Names of all files that the module could leave.
local function files()
    local pipe = assert(io.popen(("ls -A '%s/cache/of-worker' 2>/dev/null; "):format(here.dir)
        .. "ls -d /tmp/lua-bedrock-* /dev/shm/lua-bedrock-* 2>/dev/null"))
    local names = {}
    for name in pipe:lines() do
        names[name] = true
    end
    pipe:close()
    return names
end

local function soon(f)
    local late = socket.gettime() + PATIENCE_S
    while socket.gettime() < late do
        if f() then
            return true
        end
        socket.sleep(0.02)
    end
    return false
end

--- Others on this machine use the same directory for sockets, for moments: what is new has to stay.
local function same_files(before)
    local new
    check("files of cache and sockets: none is new", soon(function()
        new = nil
        for name in pairs(files()) do
            new = new or (not before[name] and name)
        end
        return not new
    end), new)
end

-- Clients that are always there, and want all of every stream.

local crowd = { open = {}, good = 0, broken = 0 }

local CONNECTIONS = { "keys", "plain", "certificate" }

function crowd:add(server, number)
    local path = ("/stream?p=number+%d&conn=%s"):format(number, CONNECTIONS[number % #CONNECTIONS + 1])
    local connection = server:open(path)
    connection:settimeout(0)
    self.open[#self.open + 1] = connection
    self[connection] = { server = server, number = number, text = "" }
end

function crowd:leave(i)
    local connection = table.remove(self.open, i)
    local client = self[connection]
    local whole = client.text:find(("You asked: number %d\n"):format(client.number), 1, true)
        and client.text:sub(-4) == " END"
    self.good, self.broken = self.good + (whole and 1 or 0), self.broken + (whole and 0 or 1)
    self[connection] = nil
    connection:close()
    return client
end

--- Serves them until f gives something; with `again`, who has it all asks again.
function crowd:pump(again, f)
    local late = socket.gettime() + PATIENCE_S
    while not f() do
        assert(socket.gettime() < late, "the crowd waits without end")
        socket.select(self.open, nil, 0.01)
        for i = #self.open, 1, -1 do
            local client = self[self.open[i]]
            local text, why, part = self.open[i]:receive "*a"
            client.text = client.text .. (text or part)
            if text or why == "closed" then
                self:leave(i)
                if again then
                    self:add(client.server, client.number)
                end
            end
        end
    end
end

function crowd:come(server)
    for i = 1, CLIENTS do
        self:add(server, i)
    end
    self.good, self.broken = 0, 0
end

function crowd:go()
    self:pump(false, function()
        return #self.open == 0
    end)
end

local function for_seconds(seconds)
    local finish = socket.gettime() + seconds
    return function()
        return socket.gettime() >= finish
    end
end

local function gone(pids)
    return function()
        for _, pid in ipairs(pids) do
            local file = io.open("/proc/" .. pid .. "/cmdline")
            local command = file and file:read "*a" or ""
            if file then
                file:close()
            end
            if command:find("nginx", 1, true) then
                return false
            end
        end
        return true
    end
end

local function complaints(server, expected)
    local others, met = {}, 0
    for line in server:error_log():gmatch "[^\n]+" do
        if expected and line:find(expected) then
            met = met + 1
        elseif line:find "%[error%]" or line:find "%[crit%]" or line:find "%[alert%]" or line:find "%[emerg%]" then
            others[#others + 1] = line
        end
    end
    check("nothing is complained of in the log", #others == 0, others[1])
    return met
end

--- A worker that has done nothing.
local function fresh_worker(server)
    local list
    server:reload()
    assert(soon(function()
        list = server:workers()
        return #list == 2
    end), "old workers stay")
    return list[1]
end

local function reloads()
    local server = set_up(2)
    server:get "/converse?conn=certificate"
    local master, worker = server:master(), fresh_worker(server)
    local fds, master_fds, on_disk = gateway.fds(worker), gateway.fds(master), files()
    local memory
    crowd:come(server)
    for n = 1, RELOADS do
        local old = server:workers()
        crowd:pump(true, for_seconds(0.3))
        gateway.kill(master, "HUP")
        crowd:pump(true, gone(old))
        if n == RELOADS // 4 then
            memory = gateway.memory(master)
        end
    end
    crowd:go()
    check(("%d reloads under load: every stream came whole"):format(RELOADS), crowd.broken == 0 and crowd.good > 0,
        ("%d whole, %d broken"):format(crowd.good, crowd.broken))
    same("descriptors of a worker that has done nothing", fds, gateway.fds(fresh_worker(server)))
    same("descriptors of the master", master_fds, gateway.fds(master))
    same("threads of the master", 1, gateway.threads(master))
    grew_less("memory of the master, kB, from the fifth reload to the last", memory, gateway.memory(master),
        MASTER_GROWTH_KB)
    same_files(on_disk)
    same("exchanges for credentials", 1, ep:counters().CreateSession)
    check("nginx ends", server:stop "QUIT")
    complaints(server)
end

local function kills()
    local server = set_up(2)
    server:get "/converse?conn=certificate"
    local on_disk, killed = files(), 0
    crowd:come(server)
    for _ = 1, KILLS do
        crowd:pump(true, for_seconds(0.3))
        local old = server:workers()
        for _, pid in ipairs(old) do
            gateway.kill(pid, "KILL")
        end
        killed = killed + #old
        crowd:pump(true, gone(old))
    end
    crowd:pump(true, for_seconds(1))
    local broken = crowd.broken
    crowd:pump(true, for_seconds(1))
    crowd:go()
    local since = crowd.broken - broken
    check(("%d workers killed in the middle of streams: others serve"):format(killed), since == 0 and broken > 0,
        ("%d streams whole, %d broken, %d of these since"):format(crowd.good, crowd.broken, since))
    same_files(on_disk)
    check("nginx ends", server:stop "QUIT")
    same("lines of nginx's about them", killed, complaints(server, "%[alert%].*exited on signal 9$"))
end

--- Clients that go: at once, after some of the answer, with a reset, or by closing their half first.
local function abort(server, count)
    for first = 1, count, AT_ONCE do
        local open = {}
        for i = 1, math.min(AT_ONCE, count - first + 1) do
            local name = CONNECTIONS[math.random(#CONNECTIONS)]
            open[i] = server:open("/stream?conn=" .. name)
        end
        for _, connection in ipairs(open) do
            local how = math.random(4)
            if how > 1 then
                connection:settimeout(0.05)
                connection:receive(math.random(READ_MAX))
            end
            if how == 3 then
                connection:setoption("linger", { on = true, timeout = 0 })
            elseif how == 4 then
                connection:shutdown "send"
            end
            connection:close()
        end
    end
end

--- When nothing runs any more, and garbage was collected: what the worker holds.
local function at_rest(server, worker)
    assert(server:get "/converse" == 200)
    local fds
    soon(function()
        local before = fds
        fds = gateway.fds(worker)
        socket.sleep(1.5)
        return fds == before
    end)
    return fds, gateway.threads(worker), gateway.memory(worker)
end

local function aborts()
    math.randomseed(SEED)
    local server = set_up(1)
    local worker = server:workers()[1]
    ep:config { stream_interval_ms = LONG_STREAM_MS }
    abort(server, WARM_UP)
    local fds, threads, memory = at_rest(server, worker)
    local on_disk, aborted = files(), ep:counters().aborted
    local fds_after, threads_after, before, memory_after
    local rounds = 0
    repeat
        before = memory_after or memory
        abort(server, ABORTED)
        fds_after, threads_after, memory_after = at_rest(server, worker)
        rounds = rounds + 1
    until memory_after - before <= WORKER_GROWTH_KB or rounds == ROUNDS
    same(("%d aborted streams: the worker is the same"):format(rounds * ABORTED), worker, server:workers()[1])
    local seen = ep:counters().aborted - aborted
    check("calls were cancelled at the peer (TLS apart)", seen > ABORTED / 10, seen)
    same("descriptors", fds, fds_after)
    same("threads", threads, threads_after)
    grew_less("memory, kB, in the last round", before, memory_after, WORKER_GROWTH_KB)
    same_files(on_disk)
    check("nginx ends", server:stop "QUIT")
    complaints(server)
end

local ok, why = xpcall(function()
    reloads()
    kills()
    aborts()
end, debug.traceback)
here:clear()
here:remove()
ep:reset()
if not ok then
    check("the soak came to its end", false, why)
end
print(("%d passed, %d failed"):format(passed, failed))
os.exit(failed == 0 and passed > 0)
