--- One ConverseStream over TLS with so many events, after a short one, for bench/measure.lua:
---   LUA bench/count/stream.lua floor|bedrock URL CA_FILE COUNT [MS]
--- MS: events come so far apart, as a model sends them; none: the endpoint sends them as fast as it can.
--- The floor is bare libcurl called from Lua with a finished request, and events read as in bench/count/events.lua.
local service = dofile "bench/service.lua"
local what, url, ca_file, count, apart_ms = arg[1], arg[2], arg[3], tonumber(arg[4]), tonumber(arg[5])

local conn = service.connect(url, ca_file)

--- The endpoint repeats what it is asked, an event for each word.
local function request_of(words)
    return {
        modelId = service.MODEL,
        messages = { { role = "user", content = { { text = ("a "):rep(words) } } } },
    }
end

local seen = 0

local readers = {}

function readers.floor(request)
    local floor, floor_json = require "floor", require "floor_json"
    local prepared, headers = service.prepared(conn, "converse_stream", request)
    local status = floor.stream(prepared.url, ca_file, headers, prepared.body, function(_, payload)
        local event = floor_json.read(payload)
        seen = seen + (event.delta and 1 or 0)
    end)
    assert(status == 200, status)
end

function readers.bedrock(request)
    for _, event in assert(conn:converse_stream(request)):events() do
        seen = seen + (event.delta and 1 or 0)
    end
end

local function drip(ms)
    assert(os.execute(("lua5.4 spec/endpoint/cli.lua config %s '{\"stream_interval_ms\":%d}' >/dev/null")
        :format(os.getenv "BENCH_ENDPOINT", ms)))
end

local read = assert(readers[what], "no such reader")
read(request_of(10))
if apart_ms then
    drip(apart_ms)
end
local request, start = request_of(count), os.clock()
read(request)
print(("%.0f"):format((os.clock() - start) * 1e9))
assert(seen > count, "not all of it came")
if apart_ms then
    drip(0)
end
