--- Many streams over TLS at once in one process: memory and CPU time of each, and how late other work in
--- the same loop came at worst.
---   LUA bench/streams.lua plain|cqueues|luv|copas COUNT URL CA_FILE
--- The endpoint should drip (stream_interval_ms), so that all streams are open at the same time.
local mode, count, url, ca_file = arg[1], tonumber(arg[2]), arg[3], arg[4]
local bedrock = require "bedrock"
local core = require "bedrock.core"
local host = require "bedrock.host"

local TICK_MS = 10

local conn = assert(bedrock.connect {
    auth = "access_keys",
    access_key_id = "AKIDEXAMPLE0000000001",
    secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    endpoint = url,
    ca_file = ca_file,
})

local open, most, events, worst_ms, busy_ms, over = 0, 0, 0, 0, 0, false

local function resident_kb()
    for line in io.lines "/proc/self/status" do
        local kb = line:match "^VmRSS:%s*(%d+) kB"
        if kb then
            return tonumber(kb)
        end
    end
end

local function read_stream()
    local stream = assert(conn:converse_stream {
        modelId = "amazon.nova-lite-v1:0",
        messages = { { role = "user", content = { { text = "Hello there" } } } },
    })
    open = open + 1
    most = math.max(most, open)
    for _ in stream:events() do
        events = events + 1
    end
    open = open - 1
end

local before_kb, peak_kb, cpu

local function measure()
    read_stream()
    collectgarbage()
    before_kb, peak_kb = resident_kb(), 0
    open, most, events = 0, 0, 0
    cpu = os.clock()
    local list = {}
    for i = 1, count do
        list[i] = read_stream
    end
    local _, errs = bedrock.parallel(list)
    cpu = os.clock() - cpu
    over = true
    for i, err in pairs(errs or {}) do
        error(("stream %d: %s"):format(i, tostring(err)))
    end
end

--- Other work: by how much a pause of TICK_MS was too long, and the CPU time that was used meanwhile, which is what
--- that comes to on a quiet machine; and a look at the memory now and then.
local function tick(pause)
    local ticks = 0
    while not over do
        local start, used = core.now_ms(), os.clock()
        pause()
        worst_ms = math.max(worst_ms, core.now_ms() - start - TICK_MS)
        busy_ms = math.max(busy_ms, (os.clock() - used) * 1000)
        ticks = ticks + 1
        if ticks % 10 == 0 then
            peak_kb = math.max(peak_kb or 0, resident_kb())
        end
    end
end

local runs = {}

function runs.plain()
    bedrock.parallel(measure, function()
        tick(function()
            host.await(assert(core.timer(TICK_MS)))
        end)
    end)
end

function runs.cqueues()
    local cqueues = require "cqueues"
    require("bedrock.host.cqueues").use()
    local controller = cqueues.new()
    controller:wrap(measure)
    controller:wrap(function()
        tick(function()
            cqueues.sleep(TICK_MS / 1000)
        end)
    end)
    assert(controller:loop())
end

function runs.luv()
    local uv = require "luv"
    require("bedrock.host.luv").use()
    bedrock.spawn(measure)
    bedrock.spawn(function()
        local thread, timer = coroutine.running(), uv.new_timer()
        tick(function()
            timer:start(TICK_MS, 0, function()
                assert(coroutine.resume(thread))
            end)
            coroutine.yield()
        end)
        timer:close()
    end)
    uv.run()
end

function runs.copas()
    local copas = require "copas"
    require("bedrock.host.copas").use()
    copas.loop(function()
        copas.addthread(measure)
        tick(function()
            copas.pause(TICK_MS / 1000)
        end)
    end)
end

local start = core.now_ms()
runs[mode]()
assert(over, "it did not come to its end")
print(("%s\t%d\t%.1f\t%.1f\t%.0f\t%.1f\t%.0f\t%.0f"):format(mode, most, (peak_kb - before_kb) / count,
    cpu / events * 1e6, events, (core.now_ms() - start) / 1000, worst_ms, busy_ms))
