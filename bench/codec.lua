--- The codec against lua-cjson on a 2 kB Converse request and answer, and against base64 alone on an image: CPU time,
--- medians.
--
--     LUA_CPATH="build/codec/5.4/?.so;;" lua5.4 bench/codec.lua
--
-- lua-cjson neither validates nor knows shapes; the goal is at most 0.45 of its time even so. A request with an image
-- is at most twice the base64 of its bytes.
local codec = require "codec_module"
local cjson = require "cjson"
local floor = require "floor"
local inputs = dofile "bench/inputs.lua"

local ROUNDS, CALLS = 41, 2000
local IMAGE_SIZE, IMAGE_CALLS = 1024 * 1024, 20
local CONVERSE = codec.op("bedrock-runtime", "Converse")
local CONVERSE_STREAM = codec.op("bedrock-runtime", "ConverseStream")

local function once(f, calls)
    collectgarbage()
    local start = os.clock()
    for _ = 1, calls do
        f()
    end
    return (os.clock() - start) * 1e6
end

local function median(list)
    table.sort(list)
    return list[math.ceil(#list / 2)]
end

--- Microseconds for each of the `count` things that `calls` calls do. The contestants take turns, and each round has
--- its own ratio, so that both see the same machine.
local function compare(name, ours, peer, theirs, calls, count)
    local a, b, ratios = {}, {}, {}
    for i = 1, ROUNDS do
        a[i], b[i] = once(ours, calls) / count, once(theirs, calls) / count
        ratios[i] = a[i] / b[i]
    end
    print(("  %-18s %7.2f us   %-9s %7.2f us   ratio %.2f"):format(name, median(a), peer, median(b), median(ratios)))
end

local function compare_request(name, input)
    compare(name, function()
        return codec.body(CONVERSE, input)
    end, "lua-cjson", function()
        return cjson.encode(input)
    end, CALLS, CALLS)
end

local function compare_answer()
    compare("answer", function()
        return codec.output(CONVERSE, inputs.ANSWER)
    end, "lua-cjson", function()
        return cjson.decode(inputs.ANSWER)
    end, CALLS, CALLS)
end

--- A question about an image, whose bytes are a string.
local function chat_with_image(bytes)
    return {
        modelId = "anthropic.claude-3-5-sonnet-20241022-v2:0",
        messages = {
            {
                role = "user",
                content = {
                    { text = "What is this?" },
                    { image = { format = "png", source = { bytes = bytes } } },
                },
            },
        },
    }
end

local function random_bytes(n)
    local bytes = {}
    for i = 1, n do
        bytes[i] = string.char(math.random(0, 255))
    end
    return table.concat(bytes)
end

local function compare_image()
    local bytes = random_bytes(IMAGE_SIZE)
    local input = chat_with_image(bytes)
    assert(codec.body(CONVERSE, input):find(codec.base64(bytes), 1, true))
    compare("1 MiB image", function()
        return codec.body(CONVERSE, input)
    end, "base64", function()
        return codec.base64(bytes)
    end, IMAGE_CALLS, IMAGE_CALLS)
end

local ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

--- A stream as the service sends it: a word in each event, and padding of any length up to its alphabet's. A frame
--- has 189 bytes on average.
local function deltas(n)
    local frames, word = {}, "jumps over the lazy dog and so on "
    for i = 1, n do
        local from = i % 20 + 1
        frames[i] = floor.frame("contentBlockDelta", ('{"contentBlockIndex":0,"delta":{"text":"%s"},"p":"%s"}')
            :format(word:sub(from, from + i % 9), ALPHABET:sub(1, i % (#ALPHABET + 1))))
    end
    return table.concat(frames)
end

--- From bytes to a table for each event, given to a Lua function; the floor: a C decoder of frames, and lua-cjson.
local function compare_events(n)
    local bytes, seen = deltas(n), 0
    compare("streamed delta", function()
        codec.each_event(CONVERSE_STREAM, bytes, function(name, event)
            seen = seen + (name and #event.delta.text)
        end)
    end, "lua-cjson", function()
        floor.events(bytes, function(name, payload)
            local event = cjson.decode(payload)
            seen = seen - (name and #event.delta.text)
        end)
    end, 1, n)
    assert(seen == 0)
end

compare_request("request", inputs.chat())
compare_request("request with tool", inputs.chat_with_tool())
compare_answer()
compare_image()
compare_events(10000)
