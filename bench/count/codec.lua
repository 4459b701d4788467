--- One job of the codec, of its floor or of a peer, N times, for bench/measure.lua.
--
--     lua5.4 bench/count/codec.lua WHO JOB N [SIZE]
--
-- WHO: bedrock, floor (yyjson, called from Lua) or cjson (lua-cjson), of which neither validates nor knows shapes; or
-- bytes: what must be done with the bytes of a blob or a text at least, which is base64, or one copy. SIZE: of those.
local codec = require "codec_module"
local cjson = require "cjson"
local floor = require "floor_json"
local inputs = dofile "bench/inputs.lua"
local timed = dofile "bench/count/timed.lua"

local CONVERSE = codec.op("bedrock-runtime", "Converse")
local size = tonumber(arg[4])

--- What each of them writes a request with, reads an answer of Converse with, and any other JSON.
local function write_request(input)
    return codec.body(CONVERSE, input)
end

local function read_answer(text)
    return codec.output(CONVERSE, text)
end

--- A string of Lua's that was not there: all of the text but a byte.
local function copy(text)
    return text:sub(2)
end

local function encode_image(input)
    return codec.base64(input.messages[1].content[2].image.source.bytes)
end

local contestants = {
    bedrock = { write = write_request, answer = read_answer, read = codec.read },
    floor = { write = floor.write, answer = floor.read, read = floor.read },
    cjson = { write = cjson.encode, answer = cjson.decode, read = cjson.decode },
    bytes = { write = encode_image, answer = copy },
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
    ["request-image"] = { "write", function() return inputs.chat_with_image(size) end },
    ["answer"] = { "answer", function() return inputs.ANSWER end },
    ["answer-text"] = { "answer", function() return inputs.answer_of(size) end },
    ["answer-lines"] = { "answer", function() return inputs.answer_of(size, "\n") end },
    ["embedding"] = { "read", function() return inputs.embedding(1024) end },
}

local job = assert(jobs[arg[2]], "no such job")
local run, input = contestants[arg[1]][job[1]], job[2]()
timed(tonumber(arg[3]), function()
    return run(input)
end)
