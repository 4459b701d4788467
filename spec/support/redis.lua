--- A Redis server of a spec's own, on a port of loopback and in a directory of its own. It ends with stop, or with the
--- run that it belongs to (tools/leash.c). Sanitizers do not watch it.
local socket = require "socket"
local eventually = require("spec.support.patience").eventually

local Redis = {}
Redis.__index = Redis

local function output_of(command)
    local pipe = assert(io.popen(command))
    local text = pipe:read "*a"
    pipe:close()
    return (text:gsub("\n$", ""))
end

local function free_port()
    local held = assert(socket.bind("127.0.0.1", 0))
    local _, port = held:getsockname()
    held:close()
    return tonumber(port)
end

--- What redis-cli says to a command, its words as the shell reads them.
function Redis:ask(command)
    return output_of(("env -u LD_PRELOAD redis-cli -s %s/socket --no-auth-warning %s %s 2>&1"):format(self.dir,
        self.login, command))
end

function Redis:signal(name)
    os.execute(("kill -%s %s 2>/dev/null"):format(name, self.pid))
end

--- The keys in a database, in order.
function Redis:keys(db)
    return output_of(("env -u LD_PRELOAD redis-cli -s %s/socket --no-auth-warning %s -n %d --scan | sort"):format(
        self.dir, self.login, db or 0))
end

function Redis:url(before, after, scheme)
    return ("%s://%s127.0.0.1:%d%s"):format(scheme or "redis", before or "", self.port, after or "")
end

--- Gone, or only to be waited for.
local function has_ended(pid)
    local file = io.open("/proc/" .. pid .. "/stat", "rb")
    local state = file and (file:read "*a" or ""):match "%) (%a)"
    if file then
        file:close()
    end
    return state == nil or state == "Z"
end

function Redis:stop()
    self:signal "KILL"
    assert(eventually(function()
        return has_ended(self.pid)
    end), "redis-server did not end")
    os.execute("rm -rf " .. self.dir)
end

local redis = {}

--- @param options string? more of redis-server's options
--- @param login string? redis-cli's options to log in
function redis.start(options, login)
    local self = setmetatable({ dir = output_of "mktemp -d", port = free_port(), login = login or "" }, Redis)
    options = (options or ""):gsub("@(%a+)@", { port = self.port, dir = self.dir })
    local port = options:find("--tls-port", 1, true) and 0 or self.port
    self.pid = output_of(("env -u LD_PRELOAD redis-server --port %d --bind 127.0.0.1 --dir %s --unixsocket %s/socket "
        .. "--save '' --appendonly no %s >%s/log 2>&1 & echo $!"):format(port, self.dir, self.dir, options, self.dir))
    assert(eventually(function()
        return self:ask("ping"):find "PONG"
    end), "redis-server did not start: " .. output_of("cat " .. self.dir .. "/log"))
    return self
end

return redis
