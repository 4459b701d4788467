--- A Converse over TLS so many times, for counting: LUA bench/count/call.lua floor|bedrock IN_FLIGHT URL CA_FILE COUNT
--- The floor is bare libcurl called from Lua with a finished request of the same size, one at a time.
local bedrock = require "bedrock"
local service = dofile "bench/service.lua"
local what, in_flight, url, ca_file, count = arg[1], tonumber(arg[2]), arg[3], arg[4], tonumber(arg[5])

local conn = service.connect(url, ca_file)

local request = service.request()

local function bare()
    local prepared, headers = service.prepared(conn, "converse", request)
    local floor = require "floor"
    return function()
        return floor.post(prepared.url, ca_file, headers, prepared.body)
    end
end

local function converse()
    return assert(conn:converse(request))
end

local once = what == "floor" and bare() or converse
if in_flight == 1 then
    for _ = 1, count do
        once()
    end
else
    local list = {}
    for i = 1, count do
        list[i] = once
    end
    local _, errs = bedrock.parallel(list, { limit = in_flight })
    assert(not errs, errs and tostring(select(2, next(errs))))
end
