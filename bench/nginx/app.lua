--- The contestants that run inside nginx, and what the loads ask of the module.
local app = {}

local bedrock = require "bedrock"
local cjson = require "cjson"

local MODEL = "amazon.nova-lite-v1:0"
local KEEP_MS, KEEP_COUNT = 60000, 256
local TIMEOUT_MS = 60000

local connections, target, host, port = {}, nil, nil, nil

--- The value, or an error that nginx's log can show.
local function must(value, err)
    return value or error(tostring(err), 2)
end

--- In init_by_lua.
--- @param settings table<string, table> name of a connection -> its settings
function app.init(settings)
    for name, one in pairs(settings) do
        connections[name] = must(bedrock.connect(one))
    end
    local there, http = pcall(require, "resty.http")
    app.peer = there and http
    target = settings.keys
    host, port = target.endpoint:match "^https://([^:]+):(%d+)$"
end

local ours = bedrock.json

--- @param json table? lua-cjson instead of our codec
local function params(json)
    ngx.req.read_body()
    return assert((json or ours).decode(ngx.req.get_body_data()))
end

local function forward(name, event, json)
    ngx.print("event: ", name, "\ndata: ", (json or ours).encode(event), "\n\n")
    ngx.flush(true)
end

function app.converse()
    local input = params()
    input.modelId = MODEL
    local answer = must(connections.keys:converse(input))
    ngx.print(ours.encode(answer))
end

--- What a location has to do besides the call: the same question read, the same answer written.
local known_answer
function app.nothing()
    local input = params()
    input.modelId = MODEL
    known_answer = known_answer or must(connections.keys:converse(input))
    ngx.print(ours.encode(known_answer))
end

function app.stream()
    local input = params()
    input.modelId = MODEL
    local stream = must(connections.keys:converse_stream(input))
    for name, event in stream:events() do
        forward(name, event)
    end
end

--- Is lua-resty-http there to be measured?
function app.has_peer()
    ngx.print(app.peer and "lua-resty-http " .. tostring(app.peer._VERSION) or "")
end

local function signed(url, body)
    return assert(bedrock.sign {
        method = "POST",
        url = url,
        headers = { ["content-type"] = "application/json" },
        body = body,
        region = "us-east-1",
        access_key_id = target.access_key_id,
        secret_access_key = target.secret_access_key,
    })
end

--- A request of lua-resty-http with our signature.
local function peer_request(operation)
    local client = app.peer.new()
    local path = "/model/" .. MODEL:gsub(":", "%%3A") .. "/" .. operation
    local body = cjson.encode(params(cjson))
    local headers = signed(target.endpoint .. path, body)
    headers["content-type"] = "application/json"
    client:set_timeouts(TIMEOUT_MS, TIMEOUT_MS, TIMEOUT_MS)
    assert(client:connect(host, tonumber(port)))
    if client:get_reused_times() == 0 then
        assert(client:ssl_handshake(nil, "localhost", true))
    end
    local answer = assert(client:request { method = "POST", path = path, headers = headers, body = body })
    assert(answer.status == 200)
    return client, answer
end

function app.peer_converse()
    local client, answer = peer_request "converse"
    local body = assert(answer:read_body())
    assert(client:set_keepalive(KEEP_MS, KEEP_COUNT))
    ngx.print(cjson.encode(cjson.decode(body)))
end

local function number(text, at)
    local a, b, c, d = text:byte(at, at + 3)
    return ((a * 256 + b) * 256 + c) * 256 + d
end

--- The least that cuts frames out of the bytes: no check sums, one header.
--- @return string? rest
--- @return string name
--- @return string payload
local function cut(bytes)
    local total = #bytes >= 12 and number(bytes, 1)
    if not total or #bytes < total then
        return nil
    end
    local payload_at = 13 + number(bytes, 5)
    local _, name_at = bytes:find(":event-type\7", 13, true)
    local length = bytes:byte(name_at + 1) * 256 + bytes:byte(name_at + 2)
    return bytes:sub(total + 1), bytes:sub(name_at + 3, name_at + 2 + length), bytes:sub(payload_at, total - 4)
end

function app.peer_stream()
    local client, answer = peer_request "converse-stream"
    local bytes = ""
    for chunk in answer.body_reader do
        bytes = bytes .. chunk
        local rest, name, payload = cut(bytes)
        while rest do
            bytes = rest
            forward(name, cjson.decode(payload), cjson)
            rest, name, payload = cut(bytes)
        end
    end
    assert(client:set_keepalive(KEEP_MS, KEEP_COUNT))
end

-- What the loads ask.

local function question(block)
    return { modelId = MODEL, messages = { { role = "user", content = { block } } } }
end

--- ?conn=NAME
function app.ask()
    local answer = must(connections[ngx.var.arg_conn]:converse(question { text = "hello there" }))
    ngx.print(answer.stopReason)
end

--- A host whose name is looked up, for a long time and in vain.
function app.look_up()
    local answer, err = connections.nowhere:converse(question { text = "hello there" })
    if answer or err.code ~= "DnsFailed" then
        error(tostring(answer or err))
    end
    ngx.print(err.code)
end

--- 20 MB on the wire.
local document = ("x"):rep(15 * 1024 * 1024)

function app.big()
    local answer = must(connections.keys:converse(question {
        document = { format = "pdf", name = "document", source = { bytes = document } },
    }))
    ngx.print(answer.stopReason)
end

function app.renew()
    must(connections.certificate:refresh())
    ngx.print "renewed"
end

return app
