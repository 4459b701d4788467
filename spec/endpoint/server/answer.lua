--- Sends an answer, whole or in the ways a test asks for.
---
--- An answer is {status, headers, body} or {status, headers, stream = function(write)}. A shape
--- says how it goes out: headers, delay_ms, body_delay_ms, truncate, chunked, drip = {bytes, ms},
--- close, hang, abort, unasked.
-- luacheck: std ngx_lua
local json = require "server.json"
local state = require "server.state"

local answer = {}

local function pause(milliseconds)
    if milliseconds and milliseconds > 0 then
        ngx.sleep(milliseconds / 1000)
    end
end

local function abort()
    state.count("cut")
    ngx.flush(true)
    return ngx.exit(ngx.ERROR)
end

local function hang()
    while true do
        ngx.sleep(1)
    end
end

--- The client has gone. Told by nginx, or, of clients with TLS, seen when they take nothing more.
function answer.leave()
    if not ngx.ctx.left then
        ngx.ctx.left = true
        state.count("aborted")
    end
    return ngx.exit(499)
end

--- A function that sends bytes at once and cuts the connection when `limit` bytes are out.
local function writer(limit)
    local sent = 0
    return function(bytes)
        if limit and sent + #bytes > limit then
            ngx.print(bytes:sub(1, limit - sent))
            abort()
        end
        sent = sent + #bytes
        if not (ngx.print(bytes) and ngx.flush(true)) then
            answer.leave()
        end
    end
end

local function send_body(body, shape, write)
    local drip = shape.drip
    if not drip then
        return body ~= "" and write(body)
    end
    local step = drip.bytes or 1
    for at = 1, #body, step do
        write(body:sub(at, at + step - 1))
        pause(drip.ms)
    end
end

local function request_id()
    local id = ngx.md5(ngx.var.connection .. "/" .. ngx.var.connection_requests .. ngx.now())
    return table.concat({ id:sub(1, 8), id:sub(9, 12), id:sub(13, 16), id:sub(17, 20), id:sub(21) },
        "-")
end

local function set_headers(given, shape)
    ngx.header["Date"] = ngx.http_time(state.now())
    ngx.header["Content-Type"] = "application/json"
    ngx.header["x-amzn-RequestId"] = request_id()
    for name, value in pairs(given.headers or {}) do
        ngx.header[name] = value
    end
    for name, value in pairs(shape.headers or {}) do
        ngx.header[name] = value ~= json.null and value or nil
    end
    if given.body and not shape.chunked then
        ngx.header["Content-Length"] = #given.body
    end
end

--- The answer, and more than that, in one write; the connection then waits for its client to close it.
local function send_with_more(given, more)
    local socket = assert(ngx.req.socket(true))
    assert(socket:send {
        ("HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"):format(
            given.status or 200, #given.body),
        given.body, more,
    })
    state.count("unasked")
    socket:settimeout(60000)
    socket:receive "*a"
    return ngx.exit(444)
end

--- @param given table the answer
--- @param shape table? how it is to go out
function answer.send(given, shape)
    shape = shape or {}
    pause(shape.delay_ms)
    if shape.hang then
        hang()
    end
    if shape.close then
        return ngx.exit(444)
    end
    if shape.unasked then
        return send_with_more(given, shape.unasked)
    end
    ngx.status = given.status or 200
    set_headers(given, shape)
    ngx.send_headers()
    if shape.body_delay_ms then
        ngx.flush(true)
        pause(shape.body_delay_ms)
    end
    local write = writer(shape.truncate)
    if given.stream then
        given.stream(write)
    else
        send_body(given.body or "", shape, write)
    end
    if shape.abort or (shape.truncate and given.body and shape.truncate == #given.body) then
        abort()
    end
end

--- The answer a refusal becomes. AWS adds a URL after the code, which clients must cut off.
function answer.refused(why)
    return {
        status = why.status,
        headers = { ["x-amzn-ErrorType"] = why.code
            .. ":http://internal.amazon.com/coral/com.amazon.bedrock/" },
        body = json.encode { message = why.message },
    }
end

return answer
