--- A signature, or the least C that makes it, N times, for bench/instructions.sh.
--
--     lua5.4 bench/count/sign.lua floor|bedrock N
local bedrock = require "bedrock"
local floor = require "floor"
local request = dofile "bench/signing.lua"

local sign = assert(({ floor = floor.sign_request, bedrock = bedrock.sign })[arg[1]], "no such signer")
for _ = 1, tonumber(arg[2]) do
    sign(request)
end
