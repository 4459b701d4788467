--- Waiting inside nginx. Nothing here blocks its loop: calls run on the engine's own thread, and what
--- comes of them is read from an ordinary cosocket, which belongs to the request. When the request ends,
--- in whatever way, the cosocket is closed, and with it the call is cancelled.
local ngx = require "ngx"
local core = require "bedrock.core"

local nginx = {}

local READ_SIZE = 65536
--- The call has its own timeouts; a cosocket cannot be without one.
local NEVER_MS = 2147483647
local CONNECT_MS = 10000
--- Kept connections to the thread: a bound far above what one worker has running at once.
local KEEP_MS, KEEP_COUNT = 60000, 4096
--- A burst of calls can fill the queue of connections that the thread has not accepted yet.
local CONNECT_TRIES, CONNECT_PAUSE_S = 20, 0.005
--- A semaphore is not waited for without end, but again and again.
local SLEEP_S = 3600
--- How soon a pause notices that it was cancelled.
local SLICE_S = 0.1

local WAITING_PHASES = {
    access = true,
    content = true,
    preread = true,
    rewrite = true,
    server_rewrite = true,
    ssl_cert = true,
    ssl_client_hello = true,
    ssl_session_fetch = true,
    timer = true,
}

local ADVICE = {
    init = "connect here, and call from a request or a timer",
    set = "call in rewrite_by_lua instead",
    balancer = "call in access_by_lua instead",
    header_filter = "call before the answer begins, in access_by_lua or content_by_lua",
    body_filter = "call before the answer begins, in access_by_lua or content_by_lua",
}

local OTHERWISE = "call inside bedrock.spawn(f), which runs f in a timer, and do not wait for it"

--- What is else loaded when it is first used, but for the command's own files.
local LATER = {
    "agent_session", "agents.agent", "agents.harness", "agents.runtime", "base.no_core", "base.problems", "base.uuid",
    "calls.asked", "calls.by_name", "calls.giving", "calls.pages", "calls.pause", "calls.request", "calls.streamed",
    "calls.wait", "certificate", "chat", "chat.caching", "chat.files", "chat.history", "chat.lessons", "chat.objects",
    "chat.reasoning", "chat.saved", "chat.stream", "chat.tool_runs", "connection", "credentials", "errors", "generate",
    "generate.by_chat", "generate.later", "generate.listing", "generate.stream", "heal", "healing.converse",
    "healing.flat", "healing.words", "help", "help.describe", "help.meant", "help.skeleton", "help.topics", "knowledge",
    "load_api", "log", "log.hooks", "log.lines", "log.listen", "log.wire", "models.list", "models.listing",
    "models.profiles", "models.resolve", "prints.answer", "prints.credentials", "prints.families", "prints.generated",
    "prints.harmless", "prints.item", "prints.metadata", "prints.models", "prints.printing", "prints.raw", "regions",
    "schema", "schema_check", "settings", "settings.refused", "streams", "streams.gather", "streams.sse",
    "streams.stream", "tasks.at_once", "tasks.guarded", "tasks.task", "tasks.unjoined", "test", "test.model", "tokens",
}

local tcp = ngx.socket and ngx.socket.tcp

--- The cosockets of calls that go on after they were waited for: streams; and where these were opened.
local sockets = setmetatable({}, { __mode = "k" })
local homes = setmetatable({}, { __mode = "k" })
local fleeting = { __mode = "v" }

local NOT_HERE = "a stream belongs to the request or timer that opened it, and ends with that: open another one here"

--- @return string? message why nothing can be waited for here
function nginx.obstacle()
    local phase = ngx.get_phase()
    if WAITING_PHASES[phase] then
        return nil
    end
    return ("nginx cannot wait in the phase %s: %s"):format(phase, ADVICE[phase] or OTHERWISE)
end

--- The request or timer that this runs in: it lives as long as that. Nil where there is none.
--- @return table?
function nginx.place()
    local ok, context = pcall(function()
        return ngx.ctx
    end)
    return ok and context or nil
end

--- Of the bridge with that number. The table is read by each connect before it waits.
local known, address
local pooling = { pool_size = KEEP_COUNT }

--- @param bridge integer number of the bridge that took the call
local function connect(bridge)
    if bridge ~= known then
        address, pooling.pool = core.bridge()
        known = bridge
    end
    for _ = 1, CONNECT_TRIES do
        local sock = tcp()
        sock:settimeouts(CONNECT_MS, NEVER_MS, NEVER_MS)
        if sock:connect(address, pooling) then
            return sock
        end
        ngx.sleep(CONNECT_PAUSE_S)
    end
end

--- @return table? sock nil: the call has an error instead
local function open(call)
    local message = nginx.obstacle()
    if message then
        return call:refuse(message)
    end
    local id, bridge = call:submit()
    if not id then
        return nil
    end
    local sock = connect(bridge)
    if not sock or not sock:send(id) then
        return call:lost()
    end
    return sock
end

local function done_with(sock, kept)
    if not (kept and sock:setkeepalive(KEEP_MS, KEEP_COUNT)) then
        pcall(sock.close, sock)
    end
end

--- Its cosocket was closed, or is not to be used by this request.
local function lose(call)
    local home, here = homes[call], nginx.place()
    if home and home.place ~= here then
        call:refuse(NOT_HERE)
    else
        call:lost()
    end
end

--- A cosocket of another request that still runs raises "bad request".
local function read(sock)
    local usable, bytes = pcall(sock.receiveany, sock, READ_SIZE)
    if not usable and not tostring(bytes):find("bad request", 1, true) then
        error(bytes, 0)
    end
    return usable and bytes
end

local function receive(call, sock)
    local ready, kept
    repeat
        local bytes = read(sock)
        if not bytes then
            lose(call)
            ready, kept = true, false
        else
            ready, kept = call:feed(bytes)
        end
    until ready
    if kept ~= nil then
        done_with(sock, kept)
    else
        sockets[call] = sock
        homes[call] = homes[call] or setmetatable({ place = nginx.place() }, fleeting)
    end
end

--- In slices, as nobody can end a sleep of nginx's.
local function pause(timer)
    local till = core.now_ms() / 1000 + timer.pause_s
    local left = timer.pause_s
    while left > 0 and not timer.cancelled do
        ngx.sleep(math.min(left, SLICE_S))
        left = till - core.now_ms() / 1000
    end
end

--- @param call userdata
function nginx.wait(call)
    if call.pause_s then
        pause(call)
    elseif not call:ready() then
        local sock = sockets[call]
        sockets[call] = nil
        sock = sock or open(call)
        if sock then
            receive(call, sock)
        end
    end
end

--- The cosocket is closed at once, where the collector would take its time. One that belongs to another
--- request cannot be; that one's end closes it.
--- @param call userdata
--- @param closed boolean?
function nginx.cancel(call, closed)
    call:cancel(closed)
    local sock = sockets[call]
    sockets[call] = nil
    if sock then
        pcall(sock.close, sock)
    end
end

--- How a light thread can pause, for the scheduler; nil where none can.
--- @return function? sleep
--- @return function? wake
function nginx.pause()
    if nginx.obstacle() then
        return nil
    end
    local semaphore = require("ngx.semaphore").new(0)
    local function sleep()
        repeat
            local woken = semaphore:wait(SLEEP_S)
        until woken
    end
    return sleep, function()
        semaphore:post(1)
    end
end

--- The worker serves others before this goes on.
function nginx.breathe()
    if not nginx.obstacle() then
        ngx.sleep(0)
    end
end

--- @param body function that raises nothing
function nginx.spawn(body)
    ngx.thread.spawn(body)
end

--- Runs in a timer what would have to wait where nothing can.
--- @param body function that raises nothing
--- @return boolean? done false: it is possible here, or timers are not
function nginx.detach(body)
    if not nginx.obstacle() then
        return false
    end
    local allowed, started = pcall(ngx.timer.at, 0, function()
        body()
    end)
    return allowed and started
end

--- A pause is nginx's own.
function core.timer(ms)
    return {
        pause_s = ms / 1000,
        cancel = function(self)
            self.cancelled = true
        end,
    }
end

--- In init_by_lua all is loaded at once: workers share its memory, and may have no right to read the files.
function nginx.preload()
    if ngx.get_phase() == "init" then
        for _, name in ipairs(LATER) do
            require("bedrock." .. name)
        end
        require("bedrock.families").preload()
        require("bedrock.streams").preload()
        pcall(require, "ngx.semaphore")
    end
end

--- Finalizers that run as the worker ends do so in the main coroutine, where ngx.log would look for a request that is
--- no more: standard error is the log, too, and the line begins as nginx's own do.
local function write_line(level, message)
    local pid = ngx.worker.pid()
    io.stderr:write(("%s [%s] %d#%d: [lua] %s\n"):format(os.date "%Y/%m/%d %H:%M:%S",
        level == ngx.ERR and "error" or "notice", pid, pid, message))
end

local function write(level, message)
    local thread, is_main = coroutine.running()
    if thread and not is_main then
        ngx.log(level, message)
    else
        pcall(write_line, level, message)
    end
end

--- Into the error log.
--- @param message string
function nginx.report(message)
    write(ngx.ERR, message)
end

--- Likewise, where it is told that somebody wants to hear it.
--- @param line string
function nginx.note(line)
    write(ngx.NOTICE, line)
end

--- nginx writes "unknown reason" for an error that is no text. Where nothing in nginx's own chunk catches it, it
--- becomes one. In a function's coroutine (a timer, a light thread) somebody may wait for it: there it stays, and the
--- log has it.
--- @param err any
--- @return any
function nginx.raisable(err)
    local level, what = 2, "main"
    local info = debug.getinfo(level, "Sf")
    while info do
        if info.func == pcall or info.func == xpcall then
            return err
        end
        level, what = level + 1, info.what
        info = debug.getinfo(level, "Sf")
    end
    if what == "main" then
        return tostring(err)
    end
    nginx.report(tostring(err))
    return err
end

--- What `assert(bedrock.connect { … })` raises in init_by_lua is not shown by nginx.
--- @param err bedrock.Error
function nginx.refused(err)
    if ngx.get_phase() == "init" then
        nginx.report("bedrock: " .. tostring(err))
    end
end

--- Can this Lua state have cosockets at all?
function nginx.usable()
    return type(ngx.get_phase) == "function" and ngx.socket ~= nil and ngx.socket.tcp ~= nil
end

if nginx.usable() then
    core.bridged()
end

return nginx
