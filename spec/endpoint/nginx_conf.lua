--- Writes the endpoint's nginx configuration.
local nginx_conf = {}

local HEAD = [[
daemon on;
worker_processes 1;
worker_rlimit_nofile 16384;
@user@
pid "@dir@/nginx.pid";
error_log "@dir@/error.log" warn;
load_module "@modules@/ndk_http_module.so";
load_module "@modules@/ngx_http_lua_module.so";
events {
    worker_connections 8192;
}
http {
    access_log off;
    server_tokens off;
    tcp_nodelay on;
    keepalive_timeout @keepalive@;
    keepalive_requests 10000000;
    client_max_body_size 128m;
    client_body_buffer_size 1m;
    client_body_timeout 3600s;
    large_client_header_buffers 16 256k;
    send_timeout 3600s;
    underscores_in_headers on;
    ignore_invalid_headers off;
    merge_slashes off;
    client_body_temp_path "@dir@/temp/body";
    proxy_temp_path "@dir@/temp/proxy";
    fastcgi_temp_path "@dir@/temp/fastcgi";
    uwsgi_temp_path "@dir@/temp/uwsgi";
    scgi_temp_path "@dir@/temp/scgi";
    lua_package_path "@code@/?.lua;;";
    lua_check_client_abort on;
    lua_socket_log_errors off;
    lua_regex_cache_max_entries 0;
    ssl_protocols TLSv1.2 TLSv1.3;
    init_by_lua_block {
        require("server.main").init {
            operations = "@code@/server/operations.txt",
            trust_anchor = "@pki@/ca.pem",
        }
    }
    server {
        listen 127.0.0.1:@control@;
        set $listener control;
        location / {
            content_by_lua_block { require("server.control").handle() }
        }
    }
]]

local SERVER = [[
    server {
        listen 127.0.0.1:@port@@options@;
        set $listener @name@;
@tls@        location / {
            content_by_lua_block { require("server.main").handle() }
        }
    }
]]

local TLS = [[
        ssl_certificate "@pki@/@certificate@.pem";
        ssl_certificate_key "@pki@/@certificate@.key";
        ssl_certificate_by_lua_block { require("server.main").handshake() }
]]

local CLIENTS = [[
        ssl_client_certificate "@pki@/ca.pem";
        ssl_verify_client on;
        ssl_verify_depth 3;
]]

local CERTIFICATES = {
    https_mutual = "tls-good",
    https = "tls-good",
    https_expired = "tls-expired",
    https_wronghost = "tls-wronghost",
    https_untrusted = "tls-untrusted",
}

nginx_conf.listeners = { "https", "https_expired", "https_wronghost", "https_untrusted", "https_mutual", "http" }

local function fill(template, values)
    return (template:gsub("@(%w+)@", values))
end

local function server(name, settings)
    local certificate = CERTIFICATES[name]
    local tls = certificate and fill(TLS .. (name == "https_mutual" and CLIENTS or ""),
        { pki = settings.pki, certificate = certificate }) or ""
    local options = certificate and (settings.http2 and " ssl http2" or " ssl") or ""
    return fill(SERVER, { port = settings.ports[name], options = options, name = name, tls = tls })
end

--- @param settings table {dir, pki, code, modules, root, ports, keepalive_timeout, http2}
--- @return string
function nginx_conf.text(settings)
    local parts = { fill(HEAD, {
        dir = settings.dir,
        pki = settings.pki,
        code = settings.code,
        modules = settings.modules,
        control = settings.ports.control,
        keepalive = settings.keepalive_timeout or "75s",
        user = settings.root and "user root;" or "",
    }) }
    for _, name in ipairs(nginx_conf.listeners) do
        parts[#parts + 1] = server(name, settings)
    end
    parts[#parts + 1] = "}\n"
    return table.concat(parts)
end

return nginx_conf
