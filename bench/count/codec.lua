--- One job of the codec, of its floor or of a peer, N times, for bench/instructions.sh.
--
--     lua5.4 bench/count/codec.lua WHO JOB N
--
-- WHO: bedrock, floor (yyjson, called from Lua) or cjson (lua-cjson), of which neither validates nor knows shapes.
local codec = require "codec_module"
local cjson = require "cjson"
local floor = require "floor_json"
local inputs = dofile "bench/inputs.lua"

local CONVERSE = codec.op("bedrock-runtime", "Converse")

--- What each of the three writes a request with, reads an answer of Converse with, and any other JSON.
local function write_request(input)
    return codec.body(CONVERSE, input)
end

local function read_answer(text)
    return codec.output(CONVERSE, text)
end

local contestants = {
    bedrock = { write = write_request, answer = read_answer, read = codec.read },
    floor = { write = floor.write, answer = floor.read, read = floor.read },
    cjson = { write = cjson.encode, answer = cjson.decode, read = cjson.decode },
}

--- The same table as our own decoder would give it.
local function decoded(input)
    return codec.read(cjson.encode(input))
end

--- What is done, and with what.
local jobs = {
    ["request"] = { "write", inputs.chat },
    ["request-tool"] = { "write", inputs.chat_with_tool },
    ["request-tool-decoded"] = { "write", function() return decoded(inputs.chat_with_tool()) end },
    ["answer"] = { "answer", function() return inputs.ANSWER end },
    ["embedding"] = { "read", function() return inputs.embedding(1024) end },
}

local job = assert(jobs[arg[2]], "no such job")
local run, input = contestants[arg[1]][job[1]], job[2]()
for _ = 1, tonumber(arg[3]) do
    run(input)
end
