--- Events of a ConverseStream from their bytes to tables, N of them, for bench/measure.lua; without what a stream's
--- own Lua does for each.
--
--     lua5.4 bench/count/events.lua floor|cjson|bedrock N
local codec = require "codec_module"
local cjson = require "cjson"
local floor = require "floor"
local floor_json = require "floor_json"
local timed = dofile "bench/count/timed.lua"

local PER_PIECE = 80
local ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

--- As the service sends them: a word in each event, and padding of any length up to its alphabet's. A frame has 189
--- bytes on average.
local function deltas()
    local frames, word = {}, "jumps over the lazy dog and so on "
    for i = 1, PER_PIECE do
        local from = i % 20 + 1
        frames[i] = floor.frame("contentBlockDelta", ('{"contentBlockIndex":0,"delta":{"text":"%s"},"p":"%s"}')
            :format(word:sub(from, from + i % 9), ALPHABET:sub(1, i % (#ALPHABET + 1))))
    end
    return table.concat(frames)
end

local piece = deltas()
local operation = codec.op("bedrock-runtime", "ConverseStream")

local readers = {
    floor = function() floor.events(piece, function(_, payload) return floor_json.read(payload) end) end,
    cjson = function() floor.events(piece, function(_, payload) return cjson.decode(payload) end) end,
    bedrock = function() codec.each_event(operation, piece, function(_, event) return event end) end,
}

local read = assert(readers[arg[1]], "no such reader")
timed(tonumber(arg[2]) / PER_PIECE, read)
