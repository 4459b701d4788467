--- What the routes share: the connection, requests in, errors out.
local bedrock = require "bedrock"

local gateway = {}

--- In init_by_lua: workers inherit the connection.
function gateway.init(settings)
    gateway.connection = assert(bedrock.connect(settings.connection))
    gateway.model = settings.model
end

--- The request's body, JSON; nil, err.
function gateway.input()
    ngx.req.read_body()
    local text = ngx.req.get_body_data()
    if not text then
        local name = ngx.req.get_body_file()
        local file = name and io.open(name, "rb")
        text = file and file:read "*a" or ""
        if file then
            file:close()
        end
    end
    return bedrock.json.decode(text)
end

--- The status of what went wrong with the caller's input is the caller's, all else is ours.
function gateway.status_of(err)
    if err.kind == "validation" or err.kind == "service" and err.status and err.status < 500 then
        return err.kind == "service" and err.status or 400
    end
    return err.kind == "timeout" and 504 or 502
end

--- One server-sent event, on its way before this returns. false: the reader has gone.
function gateway.send(data)
    ngx.print("data: ", data, "\n\n")
    return ngx.flush(true)
end

--- Nothing on the way may hold events back.
function gateway.begin_events()
    ngx.header["Content-Type"] = "text/event-stream; charset=utf-8"
    ngx.header["Cache-Control"] = "no-store"
    ngx.header["X-Accel-Buffering"] = "no"
end

--- Makes a fresh exchange of credentials and one request.
function gateway.health()
    local report, err = gateway.connection:test()
    ngx.status = report and 200 or 503
    ngx.header["Content-Type"] = "text/plain; charset=utf-8"
    ngx.say(tostring(report or err.report or err))
end

return gateway
