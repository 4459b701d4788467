--- One job of the codec or of a peer, N times, for bench/instructions.sh.
--
--     lua5.4 bench/count/codec.lua JOB N
local codec = require "codec_module"
local cjson = require "cjson"
local inputs = dofile "bench/inputs.lua"

local CONVERSE = codec.op("bedrock-runtime", "Converse")

--- Each gives a function to be called N times.
local jobs = {}

local function request(input)
    return function() return codec.body(CONVERSE, input) end
end

local function cjson_request(input)
    return function() return cjson.encode(input) end
end

jobs["request"] = function() return request(inputs.chat()) end
jobs["request-tool"] = function() return request(inputs.chat_with_tool()) end
jobs["cjson-request"] = function() return cjson_request(inputs.chat()) end
jobs["cjson-request-tool"] = function() return cjson_request(inputs.chat_with_tool()) end

local job, count = assert(jobs[arg[1]], "no such job")(), tonumber(arg[2])
for _ = 1, count do
    job()
end
