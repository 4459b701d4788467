--- A real nginx on loopback whose Lua code uses the module: started, watched and stopped by specs.
---
---     local gateway = dofile "spec/nginx/gateway.lua"
---     local g = gateway.start {
---         dir = DIR, workers = 2, http = "init_by_lua_block { … }",
---         locations = { ["/x"] = "content_by_lua_block { … }" },
---     }
---
--- Further options: `main` (directives of the main part), `servers` (further server blocks; @port@ is the port),
--- `foreground` (nginx does not go to the background by itself), `code_cache`, `level`.
---     local status, body = g:get "/x"
local http = require "socket.http"
local socket = require "socket"
local patience = dofile "spec/support/patience.lua"

local gateway = {}

local START_ATTEMPTS = 5

local Gateway = {}
Gateway.__index = Gateway

local function quoted(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function output_of(command)
    local pipe = assert(io.popen(command .. " 2>&1", "r"))
    local text = pipe:read "*a"
    pipe:close()
    return text
end

local function read_file(name)
    local file = io.open(name, "rb")
    local text = file and file:read "*a"
    if file then
        file:close()
    end
    return text
end

local function write_file(name, text)
    local file = assert(io.open(name, "wb"))
    file:write(text)
    file:close()
end

local HEAD = [[
@main@
@user@
worker_processes @workers@;
worker_rlimit_nofile 16384;
worker_shutdown_timeout 20s;
pid "@dir@/nginx.pid";
error_log "@dir@/error.log" @level@;
load_module "@modules@/ndk_http_module.so";
load_module "@modules@/ngx_http_lua_module.so";
events {
    worker_connections 4096;
}
http {
    access_log off;
    tcp_nodelay on;
    lua_http10_buffering off;
    client_body_temp_path "@dir@/temp/body";
    proxy_temp_path "@dir@/temp/proxy";
    fastcgi_temp_path "@dir@/temp/fastcgi";
    uwsgi_temp_path "@dir@/temp/uwsgi";
    scgi_temp_path "@dir@/temp/scgi";
    lua_package_path "@lua@/?.lua;@lua@/?/init.lua;;";
    lua_package_cpath "@build@/5.1/?.so;;";
    lua_code_cache @code_cache@;
    @http@
    server {
        listen 127.0.0.1:@port@ backlog=4096;
        location = / {
            return 204;
        }
]]

local function fill(template, values)
    return (template:gsub("@([%a_]+)@", values))
end

local function modules_path()
    return output_of("nginx -V"):match "%-%-modules%-path=(%S+)" or "/usr/lib/nginx/modules"
end

local function free_port()
    local listener = assert(socket.bind("127.0.0.1", 0))
    local _, port = listener:getsockname()
    listener:close()
    return port
end

local function absolute(path)
    return (output_of("cd " .. quoted(path) .. " && pwd -P"):gsub("\n$", ""))
end

--- Where the module that this program itself would load was built; the one for LuaJIT is beside it.
local function build_dir()
    return assert(package.searchpath("bedrock.core", package.cpath)):match "^(.*)/[^/]+/bedrock/core%.so$"
end

local function readable_for_nobody(path)
    local result = os.execute("su -s /bin/sh nobody -c " .. quoted("test -r " .. quoted(path)) .. " 2>/dev/null")
    return result == true or result == 0
end

--- Workers of an nginx that root starts are harmless, unless they could not even read this project.
function gateway.user()
    if not output_of("id -u"):match "^0" then
        return ""
    elseif not readable_for_nobody(absolute "lua" .. "/bedrock/init.lua") then
        return "user root;"
    end
    return "user nobody " .. output_of("id -gn nobody"):match "%S+" .. ";"
end

--- A whole configuration of somebody's, but for where it listens, who runs it, and what it finds.
local function adapted(self, text)
    local build = absolute(build_dir())
    local lua = absolute "lua"
    return (text:gsub("daemon off;", gateway.user())
        :gsub("pid [^;]*;", 'pid "' .. self.dir .. '/nginx.pid";')
        :gsub("error_log [^;]*;", 'error_log "' .. self.dir .. '/error.log" warn;')
        :gsub("127%.0%.0%.1:8080", "127.0.0.1:" .. self.port)
        :gsub("/usr/lib/nginx/modules", modules_path())
        :gsub("worker_processes auto", "worker_processes 1")
        :gsub("lua_package_path [^;]*;", function(line)
            return line .. lua .. "/?.lua;" .. lua .. "/?/init.lua;"
        end)
        :gsub("init_by_lua_block", ('lua_package_cpath "%s/5.1/?.so;;";\n    init_by_lua_block'):format(build)))
end

local function conf(self, options)
    if options.text then
        return adapted(self, options.text)
    end
    local parts = { fill(HEAD, {
        build = absolute(build_dir()),
        code_cache = options.code_cache == false and "off" or "on",
        dir = self.dir,
        http = options.http or "",
        level = options.level or "warn",
        main = options.main or "",
        lua = absolute "lua",
        modules = modules_path(),
        port = tostring(self.port),
        user = gateway.user(),
        workers = tostring(options.workers or 1),
    }) }
    for path, text in pairs(options.locations) do
        parts[#parts + 1] = "        location " .. path .. " {\n" .. text .. "\n        }\n"
    end
    parts[#parts + 1] = "    }\n" .. fill(options.servers or "", { port = tostring(self.port) }) .. "}\n"
    return table.concat(parts)
end

local function nginx(self, prefix, foreground)
    local command = "nginx -p " .. quoted(prefix or self.dir) .. " -e " .. quoted(self.dir .. "/error.log")
        .. " -c " .. quoted(self.dir .. "/nginx.conf")
    local log = quoted(self.dir .. "/start.log")
    local result = os.execute(command .. " >" .. log .. " 2>&1 </dev/null" .. (foreground and " &" or ""))
    return result == true or result == 0
end

--- @return string? pid of the master
function Gateway:master()
    return (read_file(self.dir .. "/nginx.pid") or ""):match "^(%d+)"
end

--- @return string[] pids
function Gateway:workers()
    local list = {}
    local master = tostring(self:master())
    for pid in output_of("ls /proc"):gmatch "%f[^\n%z]%d+%f[\n%z]" do
        if (read_file("/proc/" .. pid .. "/status") or ""):match "PPid:%s*(%d+)" == master then
            list[#list + 1] = pid
        end
    end
    table.sort(list)
    return list
end

gateway.eventually = patience.eventually

local function count(path)
    return tonumber(output_of("ls " .. path .. " | wc -l"))
end

function gateway.fds(pid)
    return count("/proc/" .. pid .. "/fd")
end

function gateway.threads(pid)
    return count("/proc/" .. pid .. "/task")
end

--- @return number kB
function gateway.memory(pid)
    return tonumber(read_file("/proc/" .. pid .. "/status"):match "VmRSS:%s*(%d+)")
end

function gateway.kill(pid, signal)
    os.execute("kill -" .. signal .. " " .. pid)
end

--- A whole answer: status, body, headers.
function Gateway:get(path, address)
    local body, status, headers = http.request(("http://%s:%d%s"):format(address or "127.0.0.1", self.port, path))
    return status, body, headers
end

--- A connection on which that was asked; its answer is the caller's to read.
function Gateway:open(path)
    local connection = assert(socket.connect("127.0.0.1", self.port))
    connection:settimeout(60)
    assert(connection:send("GET " .. path .. " HTTP/1.0\r\nHost: localhost\r\n\r\n"))
    return connection
end

--- All of these at once; list of bodies (the head cut off) in order.
function Gateway:all(paths)
    local open, bodies = {}, {}
    for i, path in ipairs(paths) do
        open[i] = self:open(path)
    end
    for i, connection in ipairs(open) do
        local text, _, part = connection:receive "*a"
        bodies[i] = ((text or part):gsub("^.-\r\n\r\n", "", 1))
        connection:close()
    end
    return bodies
end

local function gone(pid)
    return not (read_file("/proc/" .. pid .. "/cmdline") or ""):find("nginx", 1, true)
end

--- Returns when the old workers are gone.
function Gateway:reload()
    local before = self:workers()
    gateway.kill(self:master(), "HUP")
    for _, pid in ipairs(before) do
        assert(gateway.eventually(function()
            return gone(pid)
        end), "an old worker stays")
    end
end

function Gateway:error_log()
    return read_file(self.dir .. "/error.log") or ""
end

--- QUIT waits for requests that run; TERM does not.
function Gateway:stop(signal)
    local pid = self:master()
    if not pid or gone(pid) then
        return true
    end
    gateway.kill(pid, signal or "TERM")
    return gateway.eventually(function()
        return gone(pid)
    end)
end

--- A worker has to answer, whatever it says; that the port is open is the master's work.
local function answers(port)
    return http.request("http://127.0.0.1:" .. port .. "/") ~= nil
end

function gateway.start(options)
    os.execute("rm -rf " .. quoted(options.dir) .. " && mkdir -p " .. quoted(options.dir .. "/temp"))
    local self = setmetatable({ dir = absolute(options.dir) }, Gateway)
    for _ = 1, START_ATTEMPTS do
        self.port = free_port()
        write_file(self.dir .. "/nginx.conf", conf(self, options))
        local prefix = options.prefix and absolute(options.prefix) .. "/"
        if nginx(self, prefix, options.foreground) and gateway.eventually(function()
            return answers(self.port)
        end) then
            return self
        end
    end
    error("gateway: nginx does not start: " .. tostring(read_file(self.dir .. "/start.log")), 2)
end

--- The example gateway, as its nginx.conf has it, in front of the local endpoint. `dir` is made.
--- @param ep Endpoint
--- @param url string? where the service is; one without TLS counts clients that left as they leave
function gateway.start_example(ep, dir, model, url)
    os.execute(("mkdir -p -m 755 '%s' && cp '%s' '%s/ca.pem' && chmod 644 '%s/ca.pem'"):format(dir, ep.ca_file,
        dir, dir))
    write_file(dir .. "/settings.lua", ([[return { model = %q,
        auth = "access_keys", access_key_id = %q, secret_access_key = %q, endpoint = %q, ca_file = %q,
    }]]):format(model, ep.access_key_id, ep.secret_access_key, url or ep.https,
        absolute(dir) .. "/ca.pem"))
    local text = assert(read_file "examples/nginx/nginx.conf")
    return gateway.start {
        dir = dir .. "/gateway",
        prefix = "examples/nginx",
        text = (text:gsub('os%.getenv "BEDROCK_SETTINGS"', ("%q"):format(absolute(dir) .. "/settings.lua"))),
    }
end

return gateway
