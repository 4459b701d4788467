--- What the specs of nginx share: a gateway whose Lua code is spec/nginx/app.lua, in front of the endpoint, and what
--- must hold when it has ended.
---
---     local here = site.each()              -- in a describe block: as new before each test
---     here:start { workers = 2 }            -- options of gateway.start, those missing filled in
---     here:stop()                           -- nothing may have been complained of
local busted = require "busted"
local endpoint = dofile "spec/endpoint/endpoint.lua"
local gateway = dofile "spec/nginx/gateway.lua"

local HANDLERS = {
    "asked", "asked_at_once", "bytes", "case", "close_under", "converse", "leave", "parallel", "printing", "stream",
    "threads",
}

local site = { gateway = gateway }

local Site = {}
Site.__index = Site

local function shell(command)
    local pipe = assert(io.popen(command))
    local text = pipe:read "*a"
    pipe:close()
    return text
end

--- Sockets that a bridge left with a name.
local function named_sockets()
    return shell "ls -d /tmp/lua-bedrock-?????? /dev/shm/lua-bedrock-?????? 2>/dev/null"
end

local function literal(value)
    if type(value) ~= "table" then
        return ("%q"):format(value)
    end
    local parts = {}
    for name, one in pairs(value) do
        parts[#parts + 1] = ("[%q] = %s"):format(name, literal(one))
    end
    return "{ " .. table.concat(parts, ", ") .. " }"
end

local function locations()
    local list = {}
    for _, name in ipairs(HANDLERS) do
        list["/" .. name] = ('content_by_lua_block { require("app").%s() }'):format(name)
    end
    return list
end

--- The http part: connections are made in init_by_lua.
--- @param more string? Lua that runs after it
function Site:init(more)
    return ([[
        lua_shared_dict seen 1m;
        init_by_lua_block {
            package.path = %q .. "/?.lua;" .. package.path
            require("app").init(%s, %q)
            %s
        }
    ]]):format("spec/nginx", literal(self.settings), "spec/support/surface_cases.lua", more or "")
end

--- @param more table? options of gateway.start
--- @return Gateway
function Site:start(more)
    local options = { dir = self.dir .. "/gateway", http = self:init(), locations = locations() }
    for name, value in pairs(more or {}) do
        options[name] = value
    end
    self.server = gateway.start(options)
    return self.server
end

--- The first complaint in its log, or a socket that it left.
--- @param levels string[]? of the log
--- @return string?
function Site:complaint(levels)
    for _, level in ipairs(levels or { "error", "crit", "alert", "emerg" }) do
        local line = self.server:error_log():match("[^\n]*%[" .. level .. "%][^\n]*")
        if line then
            return line
        end
    end
    local left = named_sockets()
    return left ~= self.on_disk and left or nil
end

--- Ends it; raises what was wrong.
function Site:stop(signal)
    assert(self.server:stop(signal), "nginx does not end")
    local complaint = self:complaint()
    if complaint then
        error(complaint, 2)
    end
end

--- Connections as they were at first.
function Site:reset()
    local ep = self.ep
    ep:reset()
    local function keys(url, ca)
        return {
            auth = "access_keys",
            access_key_id = ep.access_key_id,
            secret_access_key = ep.secret_access_key,
            endpoint = url,
            ca_file = ca,
        }
    end
    self.settings = {
        keys = keys(ep.https, self.ca_file),
        plain = keys(ep.http),
        identity = ep:identity(self.dir),
    }
end

function Site:clear()
    if self.server then
        self.server:stop()
        self.server = nil
    end
end

function Site:remove()
    os.execute("rm -rf " .. self.dir)
end

--- @param ep Endpoint
function site.new(ep)
    local dir = os.tmpname()
    os.remove(dir)
    os.execute(("mkdir -m 755 %s && mkdir -m 777 %s/cache"):format(dir, dir))
    for _, name in ipairs { "tls-ca", "p256.crt", "p256.key.pkcs8", "intermediate" } do
        os.execute(("install -m 644 %s/%s.pem %s"):format(ep.pki, name, dir))
    end
    return setmetatable({ ep = ep, dir = dir, ca_file = dir .. "/tls-ca.pem", on_disk = named_sockets() }, Site)
end

--- In a describe block: a site for all its tests, with the endpoint as `ep`.
--- @param ready fun()? before each test
function site.each(ready)
    local here = site.new(endpoint.attach(assert(os.getenv "BEDROCK_TEST_ENDPOINT")))
    busted.before_each(function()
        here:reset()
        if ready then
            ready()
        end
    end)
    busted.after_each(function()
        here:clear()
    end)
    busted.teardown(function()
        here:remove()
    end)
    return here
end

function site.soon(f)
    assert(gateway.eventually(f), "it does not come to that")
end

return site
