--- A signature from Lua: 2 KB of body, six headers, a session token. The floor is the least C that
--- makes the same headers of the same request: raw OpenSSL, a kept key, nothing checked. The last line
--- is what is left of it when every text is there beforehand, in one form, in six arguments.
local bedrock = require "bedrock"
local floor = require "floor"
local race = dofile "bench/race.lua"
local request = dofile "bench/signing.lua"

local HOST, path = request.url:match "^https://([^/]+)(.*)$"
local canonical_path = path:gsub("%%", "%%25")
local body, token = request.body, request.session_token

local ours, theirs = assert(bedrock.sign(request)), floor.sign_request(request)
for name, value in pairs(ours) do
    assert(theirs[name] == value, "the floor signs something else: " .. name)
end
local date = ours["x-amz-date"]
assert(floor.sign("POST", canonical_path, HOST, date, token, body) == ours.authorization)

race.run(15, 20000, {
    { "sign: floor", function() return floor.sign_request(request) end },
    { "sign: bedrock.sign", function() return bedrock.sign(request) end },
    { "sign: fixed texts", function() return floor.sign("POST", canonical_path, HOST, date, token, body) end },
})
