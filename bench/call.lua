--- A whole Converse over TLS, the connection kept alive. The floor is bare libcurl called from Lua with
--- a finished request of the same size; nothing is encoded, signed or decoded there.
---   LUA bench/call.lua URL CA_FILE
local service = dofile "bench/service.lua"
local floor = require "floor"
local race = dofile "bench/race.lua"

local url, ca_file = arg[1], arg[2]

local conn = service.connect(url, ca_file)

local request = service.request()

local prepared, headers = service.prepared(conn, "converse", request)

race.run(15, 200, {
    { "call: bare libcurl", function() return floor.post(prepared.url, ca_file, headers, prepared.body) end },
    { "call: conn:converse", function() return assert(conn:converse(request)) end },
})
