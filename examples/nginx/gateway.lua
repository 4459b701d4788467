--- What the routes share: the connection, requests in, errors out.
local bedrock = require "bedrock"

local gateway = {}

--- In init_by_lua: workers inherit the connection.
--- @param path string? of a settings file, as examples/settings.example.lua
function gateway.init(path)
    if not path then
        error("set BEDROCK_SETTINGS to a settings file; examples/settings.example.lua shows how", 0)
    end
    local connection, err, own = bedrock.open { settings = path }
    if not connection then
        error(tostring(err), 0)
    end
    gateway.connection, gateway.model = connection, own.model
end

--- Into the error log. Callers' mistakes are warnings.
function gateway.tell(err)
    ngx.log(gateway.status_of(err) < 500 and ngx.WARN or ngx.ERR, tostring(err))
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

--- Errors in a stream have no status of their own. Those that are the caller's:
local STATUS_IN_STREAM = { ModelStreamErrorException = 424, ThrottlingException = 429, ValidationException = 400 }

--- What Bedrock refuses to the gateway itself is not about the caller's input.
local OURS = { [401] = true, [403] = true }

local function status_of_service(err)
    return err.status or STATUS_IN_STREAM[err.code] or 500
end

--- The status of what went wrong with the caller's input is the caller's, all else is ours.
function gateway.status_of(err)
    if err.kind == "validation" then
        return 400
    elseif err.kind == "service" then
        local status = status_of_service(err)
        return status >= 400 and status < 500 and not OURS[status] and status or 502
    end
    return err.kind == "timeout" and 504 or 502
end

local function problems_of(err)
    local list = {}
    for i, problem in ipairs(err.errors or {}) do
        list[i] = ("%s: %s"):format(problem.path, problem.message)
    end
    return list[1] and table.concat(list, "; ") or err.message
end

--- What the caller is told. Errors that are not about the caller's input may name files, hosts and roles of ours: those
--- stand in the error log alone.
function gateway.words_for(err)
    if err.kind == "validation" then
        return problems_of(err)
    elseif gateway.status_of(err) < 500 then
        return err.message
    elseif err.kind == "timeout" then
        return "the model did not answer in time"
    elseif err.kind == "stream" or err.kind == "service" and not OURS[err.status] then
        return ("Bedrock failed to answer (%s); try again later"):format(err.code)
    end
    return "the gateway cannot use Bedrock just now; its error log says why"
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

--- How long a worker's last test speaks for the present.
local FRESH_S = 60
local tested = { at = -math.huge, ok = false, running = false }

local function test()
    tested.running, tested.at = true, ngx.now()
    local report, err = gateway.connection:test()
    tested.running, tested.ok = false, report ~= nil
    if not report then
        gateway.tell(err)
    end
end

--- Is Bedrock there? However often it is asked, each worker tests once a minute. Why it failed is nobody's business
--- but the error log's.
function gateway.health()
    if not tested.running and ngx.now() - tested.at >= FRESH_S then
        test()
    end
    ngx.status = tested.ok and 200 or 503
    ngx.header["Content-Type"] = "text/plain; charset=utf-8"
    ngx.say(tested.ok and "Bedrock answers." or "Bedrock does not answer; the error log says why.")
end

return gateway
