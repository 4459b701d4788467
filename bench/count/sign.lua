--- A signature, or the least C that makes the same headers, N times, for bench/measure.lua: raw OpenSSL, a kept key,
--- nothing checked.
--
--     lua5.4 bench/count/sign.lua floor|bedrock N
local bedrock = require "bedrock"
local floor = require "floor"
local request = dofile "bench/signing.lua"
local timed = dofile "bench/count/timed.lua"

local ours, theirs = assert(bedrock.sign(request)), floor.sign_request(request)
for name, value in pairs(ours) do
    assert(theirs[name] == value, "the floor signs something else: " .. name)
end

local sign = assert(({ floor = floor.sign_request, bedrock = bedrock.sign })[arg[1]], "no such signer")
timed(tonumber(arg[2]), function()
    return sign(request)
end)
