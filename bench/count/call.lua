--- A Converse so many times, on kept connections, for bench/measure.lua:
---
---     LUA bench/count/call.lua WHO IN_FLIGHT URL CA_FILE COUNT [image|echo SIZE]
---
--- WHO: bedrock; floor, which is bare libcurl called from Lua with a finished request of the same size: nothing is
--- encoded, signed or decoded; libcurl, which signs by itself, with lua-cjson for the rest. The last two make one call
--- at a time. image: the request has one of so many bytes. echo: so many bytes go there and come back, by InvokeModel.
local service = dofile "bench/service.lua"
local inputs = dofile "bench/inputs.lua"
local timed = dofile "bench/count/timed.lua"
local who, in_flight, url, ca_file, count = arg[1], tonumber(arg[2]), arg[3], arg[4], tonumber(arg[5])
local what, size = arg[6], tonumber(arg[7])

local conn = service.connect(url, ca_file)

local operation, request = "converse", service.request()
if what == "image" then
    request = inputs.chat_with_image(size)
elseif what == "echo" then
    operation = "invoke_model"
    request = { modelId = "example.echo", body = ("x"):rep(size) }
end

local makers = {}

function makers.bedrock()
    local method = conn[operation]
    return function()
        return assert(method(conn, request))
    end
end

function makers.floor()
    local floor = require "floor"
    local prepared, lines = service.prepared(conn, operation, request)
    return function()
        return floor.post(prepared.url, ca_file, lines, prepared.body)
    end
end

function makers.libcurl()
    local floor, cjson = require "floor", require "cjson"
    local prepared, lines = service.prepared(conn, operation, request, { authorization = true, ["x-amz-date"] = true })
    request.modelId = nil
    return function()
        local status, answer = floor.post(prepared.url, ca_file, lines, cjson.encode(request), "AKIDEXAMPLE", "secret")
        if not status then
            print "missing: libcurl signs nothing here"
            os.exit(0)
        end
        assert(status == 200, answer)
        return cjson.decode(answer)
    end
end

timed(count, makers[who](), in_flight > 1 and in_flight or nil)
