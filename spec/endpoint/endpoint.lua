--- Starts, stops and steers the local endpoint: nginx playing IAM Roles Anywhere and Bedrock on
--- loopback.
---
---     local endpoint = dofile "spec/endpoint/endpoint.lua"
---     local ep = endpoint.start { dir = "build/endpoint", pki = "build/pki" }
---     ep:script { { match = { operation = "Converse" }, action = { status = 503 } } }
---     … requests to ep.https …
---     ep:stop()
---
--- Runs on Lua 5.4 and LuaJIT. What scripts and settings can say is in README.md beside this file.
local cjson = require "cjson"
local http = require "socket.http"
local ltn12 = require "ltn12"
local socket = require "socket"

local START_ATTEMPTS = 5
local READY_TRIES, READY_PAUSE = 3000, 0.01

local endpoint = {}

--- @class Endpoint
--- @field https string URL with a good certificate
--- @field https_expired string
--- @field https_wronghost string
--- @field https_untrusted string
--- @field https_mutual string asks for a client certificate of the authority pki/ca.pem
--- @field http string the same service without TLS
--- @field refused string an URL whose port refuses connections
--- @field control string URL of the control port
--- @field ca_file string PEM file of the TLS root
--- @field pki string directory of the test certificates
--- @field dir string
--- @field access_key_id string
--- @field secret_access_key string
--- @field session table access_key_id, secret_access_key, session_token
--- @field api_key string
--- @field account string
local Endpoint = {}
Endpoint.__index = Endpoint

local function here()
    return (debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") or ".")
end

local function quoted(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function output_of(command)
    local pipe = assert(io.popen(command .. " 2>&1", "r"))
    local text = pipe:read("*a")
    pipe:close()
    return text
end

local function absolute(path)
    return (output_of("cd " .. quoted(path) .. " && pwd -P"):gsub("\n$", ""))
end

local function read_file(name)
    local file = io.open(name, "rb")
    local text = file and file:read("*a")
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

local nginx_conf = dofile(here() .. "/nginx_conf.lua")
local fixtures = dofile(here() .. "/server/fixtures.lua")

--- Ports free right now, all different because all are held until the last is found.
local function free_ports(names)
    local held, ports = {}, {}
    for _, name in ipairs(names) do
        local listener = assert(socket.bind("127.0.0.1", 0))
        held[#held + 1] = listener
        ports[name] = select(2, listener:getsockname())
    end
    for _, listener in ipairs(held) do
        listener:close()
    end
    return ports
end

local function refuses(port)
    local connection = socket.tcp()
    connection:settimeout(1)
    local connected, why = connection:connect("127.0.0.1", port)
    connection:close()
    return not connected and why == "connection refused"
end

--- A port nobody listens on: below the ephemeral range, so that no process is given it by chance.
local function refused_port(fallback)
    for _, port in ipairs { 1, 9, 47 } do
        if refuses(port) then
            return port
        end
    end
    return fallback
end

local function modules_path()
    return output_of("nginx -V"):match("%-%-modules%-path=(%S+)") or "/usr/lib/nginx/modules"
end

local function succeeded(result)
    return result == true or result == 0
end

local function launch(dir)
    local command = "nginx -p " .. quoted(dir) .. " -e " .. quoted(dir .. "/error.log")
        .. " -c " .. quoted(dir .. "/nginx.conf")
    local log = quoted(dir .. "/start.log")
    return succeeded(os.execute(command .. " >" .. log .. " 2>&1 </dev/null"))
end

local function control_request(url, method, body)
    local parts = {}
    local done, status = http.request {
        url = url,
        method = method,
        headers = body and { ["content-length"] = #body, ["content-type"] = "application/json" },
        source = body and ltn12.source.string(body),
        sink = ltn12.sink.table(parts),
    }
    return done and status, done and table.concat(parts) or status
end

function Endpoint:ask(method, path, value)
    local body = value ~= nil and (next(value) == nil and "{}" or cjson.encode(value)) or nil
    local status, text = control_request(self.control .. path, method, body)
    if status ~= 200 then
        error("endpoint: " .. method .. " " .. path .. " failed: " .. tostring(text), 3)
    end
    return cjson.decode(text)
end

--- Counters, scripts, settings and record back to the start. Credentials already issued stay good
--- unless options.credentials is true.
--- @param options table?
function Endpoint:reset(options)
    self:ask("POST", "/reset", options or {})
end

--- @param settings table
function Endpoint:config(settings)
    self:ask("POST", "/config", settings)
end

--- Appends rules.
--- @param rules table[]
function Endpoint:script(rules)
    self:ask("POST", "/script", rules)
end

--- Every credential set issued so far is expired from now on.
function Endpoint:expire()
    self:ask("POST", "/expire", {})
end

--- @return table<string, number> zero for what never happened
function Endpoint:counters()
    local counters = self:ask("GET", "/counters")
    for name, value in pairs(counters) do
        counters[name] = tonumber(string.format("%d", value))
    end
    return setmetatable(counters, { __index = function() return 0 end })
end

--- @return table[] the last 200 requests, oldest first
function Endpoint:requests()
    return self:ask("GET", "/requests")
end

local function process_of(dir)
    local pid = (read_file(dir .. "/nginx.pid") or ""):match("^(%d+)")
    local command = pid and read_file("/proc/" .. pid .. "/cmdline")
    return command and command:find(dir .. "/nginx.conf", 1, true) and pid
end

local function stop(dir)
    local pid = process_of(dir)
    if not pid then
        return
    end
    os.execute("kill -TERM " .. pid)
    for _ = 1, READY_TRIES do
        if not process_of(dir) then
            return
        end
        socket.sleep(READY_PAUSE)
    end
    os.execute("kill -KILL " .. pid)
end

--- Settings of a connection by certificate, whose files are those of the test certificates in `dir`.
--- @param dir string? self.pki
--- @return table
function Endpoint:identity(dir)
    dir = dir or self.pki
    return {
        profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/one",
        role_arn = "arn:aws:iam::123456789012:role/one",
        trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/one",
        session_name = "specs",
        certificate = dir .. "/p256.crt.pem",
        private_key = dir .. "/p256.key.pkcs8.pem",
        certificate_chain = dir .. "/intermediate.pem",
        endpoint = self.https,
        ca_file = dir .. "/tls-ca.pem",
        cache = "memory",
    }
end

--- Ends the endpoint's own process; does nothing when it is not running.
function Endpoint:stop()
    stop(self.dir)
end

local function await(self)
    for _ = 1, READY_TRIES do
        if control_request(self.control .. "/counters", "GET") == 200 then
            return true
        end
        socket.sleep(READY_PAUSE)
    end
end

local function describe(settings)
    local facts = {
        dir = settings.dir,
        pki = settings.pki,
        ca_file = settings.pki .. "/tls-ca.pem",
        control = "http://127.0.0.1:" .. settings.ports.control,
        refused = "http://127.0.0.1:" .. refused_port(settings.ports.refused),
    }
    for _, name in ipairs(nginx_conf.listeners) do
        facts[name] = name:match("^https?") .. "://127.0.0.1:" .. settings.ports[name]
    end
    for name, value in pairs(fixtures) do
        facts[name] = value
    end
    return facts
end

local function try_start(settings)
    local names = { "control", "refused" }
    for _, name in ipairs(nginx_conf.listeners) do
        names[#names + 1] = name
    end
    settings.ports = free_ports(names)
    write_file(settings.dir .. "/nginx.conf", nginx_conf.text(settings))
    if not launch(settings.dir) then
        return nil, read_file(settings.dir .. "/start.log")
    end
    local self = setmetatable(describe(settings), Endpoint)
    if not await(self) then
        stop(settings.dir)
        return nil, "it does not answer; see " .. settings.dir .. "/error.log"
    end
    write_file(settings.dir .. "/endpoint.json", cjson.encode(self))
    return self
end

--- Starts the endpoint and waits until it answers. One already running in dir is stopped first.
--- @param options table {dir=, pki=, keepalive_timeout=?, http2=?}
--- @return Endpoint
function endpoint.start(options)
    os.execute("mkdir -p " .. quoted(options.dir .. "/temp"))
    local settings = {
        dir = absolute(options.dir),
        pki = absolute(options.pki),
        code = absolute(here()),
        modules = modules_path(),
        root = output_of("id -u"):match("^0") ~= nil,
        keepalive_timeout = options.keepalive_timeout,
        http2 = options.http2,
    }
    stop(settings.dir)
    local why
    for _ = 1, START_ATTEMPTS do
        local self
        self, why = try_start(settings)
        if self then
            return self
        end
    end
    error("endpoint: nginx does not start: " .. tostring(why), 2)
end

--- One started before, perhaps by another process.
--- @param dir string
--- @return Endpoint
function endpoint.attach(dir)
    local text = read_file(dir .. "/endpoint.json")
    if not text then
        error("endpoint: no endpoint was started in " .. dir, 2)
    end
    return setmetatable(cjson.decode(text), Endpoint)
end

return endpoint
