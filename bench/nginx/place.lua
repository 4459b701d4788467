--- Where the measurements inside nginx take place: the endpoint, and gateways in front of it.
local endpoint = dofile "spec/endpoint/endpoint.lua"
local gateway = dofile "spec/nginx/gateway.lua"

local place = {}

local PROXY = [[
    proxy_pass https://backend/model/amazon.nova-lite-v1%3A0/;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host 127.0.0.1;
    proxy_buffering off;
]]

local HTTP = [[
    keepalive_requests 10000000;
    client_body_buffer_size 1m;
    lua_ssl_trusted_certificate "@dir@/ca.pem";
    lua_ssl_verify_depth 3;
    upstream backend { server @backend@; keepalive 256; keepalive_requests 10000000; }
    init_by_lua_block {
        package.path = "bench/nginx/?.lua;" .. package.path .. @peer@
        require("app").init(@connections@)
    }
]]

local function handler(name)
    return ('content_by_lua_block { require("app").%s() }'):format(name)
end

local LOCATIONS = {
    ["/proxy/"] = PROXY,
    ["/bedrock/converse"] = handler "converse",
    ["/bedrock/converse-stream"] = handler "stream",
    ["/nothing/converse"] = handler "nothing",
    ["/peer/converse"] = handler "peer_converse",
    ["/peer/converse-stream"] = handler "peer_stream",
    ["/has_peer"] = handler "has_peer",
    ["/ask"] = handler "ask",
    ["/look_up"] = handler "look_up",
    ["/big"] = handler "big",
    ["/renew"] = handler "renew",
    ["/trivial"] = 'return 200 "ok";',
}

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

--- @param dir string endpoint's
--- @return table place ep, dir, settings; start(name) -> gateway, finish()
function place.open(dir)
    local self = setmetatable({ dir = os.tmpname(), gateways = {} }, { __index = place })
    local ep = endpoint.attach(dir)
    os.remove(self.dir)
    ep:reset()
    ep:config { verify = false }
    assert(os.execute(([[mkdir -m 755 '%s' && mkdir -m 777 '%s/cache' && cp '%s' '%s/ca.pem' && chmod 644 '%s/ca.pem'
        ]]):format(self.dir, self.dir, ep.ca_file, self.dir, self.dir)))
    self.ep = ep
    self.connections = { keys = self:keys(ep.https) }
    return self
end

--- Settings of a connection with access keys.
function place:keys(url)
    return {
        auth = "access_keys",
        access_key_id = self.ep.access_key_id,
        secret_access_key = self.ep.secret_access_key,
        endpoint = url,
        ca_file = self.dir .. "/ca.pem",
    }
end

--- Settings of a connection with a certificate.
function place:certificate()
    return {
        profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/one",
        role_arn = "arn:aws:iam::123456789012:role/one",
        trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/one",
        session_name = "bench",
        endpoint = self.ep.https,
        ca_file = self.dir .. "/ca.pem",
        cache_dir = self.dir .. "/cache/of-worker",
        certificate = self.ep.pki .. "/rsa2048.crt.pem",
        private_key = self.ep.pki .. "/rsa2048.key.pkcs8.pem",
        certificate_chain = self.ep.pki .. "/intermediate.pem",
    }
end

--- A gateway with one worker.
--- @return table gateway
function place:start(name)
    local peer = os.getenv "RESTY_HTTP"
    local values = {
        dir = self.dir,
        backend = self.ep.https:match "//(.*)$",
        connections = literal(self.connections),
        peer = ("%q"):format(peer and ";" .. peer .. "/?.lua" or ""),
    }
    local server = gateway.start {
        dir = self.dir .. "/" .. name,
        http = (HTTP:gsub("@(%w+)@", values)),
        locations = LOCATIONS,
    }
    self.gateways[#self.gateways + 1] = server
    return server
end

--- A thread at real-time priority, so that what else runs on the machine does not push it out of its caches; not
--- everywhere allowed. What it starts inherits it.
--- @return boolean?
function place.real_time(thread, wanted)
    local policy, priority = wanted and "-f" or "-o", wanted and 10 or 0
    return os.execute(("chrt %s -p %d %s >/dev/null 2>&1"):format(policy, priority, thread))
end

--- Stops what was started; on a failure, tells it and exits.
function place:finish(ok, why)
    local log = ""
    for _, server in ipairs(self.gateways) do
        server:stop()
        log = log .. server:error_log():sub(-2000)
    end
    os.execute("rm -rf '" .. self.dir .. "'")
    -- As bench/with_endpoint.sh gave it.
    self.ep:reset()
    self.ep:config { verify = false }
    if not ok then
        io.stderr:write(tostring(why), "\n", log)
        os.exit(1)
    end
end

return place
