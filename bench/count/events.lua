--- Events of a ConverseStream from their bytes to tables, N of them, for bench/instructions.sh; without what a stream's
--- own Lua does for each.
--
--     lua5.4 bench/count/events.lua floor|bedrock N
local codec = require "codec_module"
local floor = require "floor"
local floor_json = require "floor_json"

local PER_PIECE = 80
local PAYLOAD = '{"contentBlockIndex":0,"delta":{"text":" word123"},"p":"abcdefghijklmnopqrstuvwxyz"}'

local piece = floor.frame("contentBlockDelta", PAYLOAD):rep(PER_PIECE)
local operation = codec.op("bedrock-runtime", "ConverseStream")

local readers = {
    floor = function() floor.events(piece, function(_, payload) return floor_json.read(payload) end) end,
    bedrock = function() codec.each_event(operation, piece, function(_, event) return event end) end,
}

local read = assert(readers[arg[1]], "no such reader")
for _ = 1, tonumber(arg[2]) / PER_PIECE do
    read()
end
