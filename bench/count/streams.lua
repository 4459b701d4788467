--- N ConverseStreams over TLS, so many of them open at once, on kept connections, for bench/measure.lua:
---
---     LUA bench/count/streams.lua OPEN URL CA_FILE N
---
--- The endpoint should drip (stream_interval_ms), so that they are open at the same time.
local service = dofile "bench/service.lua"
local timed = dofile "bench/count/timed.lua"
local open, count = tonumber(arg[1]), tonumber(arg[4])

local conn = service.connect(arg[2], arg[3])

local function read_stream()
    local stream = assert(conn:converse_stream {
        modelId = "amazon.nova-lite-v1:0",
        messages = { { role = "user", content = { { text = "Hello there" } } } },
    })
    for _ in stream:events() do
    end
end

timed(count, read_stream, open)
