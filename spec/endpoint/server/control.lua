--- The control port: settings, scripts, counters and the record of requests.
-- luacheck: std ngx_lua
local faults = require "server.faults"
local json = require "server.json"
local request_reader = require "server.request"
local state = require "server.state"

local control = {}

local function exported(entry)
    local copy = {}
    for name, value in pairs(entry) do
        copy[name] = value
    end
    copy.body64, copy.body = entry.body and ngx.encode_base64(entry.body), nil
    return copy
end

local handlers = {
    ["POST /reset"] = function(body)
        state.reset(body.credentials)
        return true
    end,
    ["POST /config"] = function(body)
        return state.configure(body)
    end,
    ["POST /script"] = function(body)
        return faults.add(body)
    end,
    ["POST /expire"] = function()
        state.expire_all()
        return true
    end,
    ["GET /config"] = function()
        return state.config
    end,
    ["GET /counters"] = function()
        return state.counters
    end,
    ["GET /requests"] = function()
        local list = {}
        for i, entry in ipairs(state.log) do
            list[i] = exported(entry)
        end
        return json.list(list)
    end,
}

local function say(status, value)
    ngx.status = status
    ngx.header["Content-Type"] = "application/json"
    ngx.print(json.encode(value))
end

function control.handle()
    local request = request_reader.read()
    local handler = handlers[request.method .. " " .. request.path]
    if not handler then
        return say(404, { message = "no such control request" })
    end
    local body = request.body ~= "" and json.decode(request.body) or {}
    if type(body) ~= "table" then
        return say(400, { message = "the body is not JSON" })
    end
    local result, why = handler(body)
    if result == nil then
        return say(400, { message = why })
    end
    say(200, result == true and { ok = true } or result)
end

return control
