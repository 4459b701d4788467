--- A signature from Lua: 2 KB of body, six headers, a session token. The floor is raw OpenSSL with a
--- kept key, called from Lua.
local bedrock = require "bedrock"
local floor = require "floor"
local race = dofile "bench/race.lua"

local HOST = "bedrock-runtime.us-east-1.amazonaws.com"
local PATH = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse"
local body = ("word "):rep(410)
local token = ("T"):rep(800)
local canonical_path = PATH:gsub("%%", "%%25")

local request = {
    method = "POST",
    url = "https://" .. HOST .. PATH,
    headers = {
        accept = "application/json",
        ["content-type"] = "application/json",
        ["x-amzn-bedrock-trace"] = "DISABLED",
    },
    body = body,
    region = "us-east-1",
    service = "bedrock",
    access_key_id = "AKIDEXAMPLE",
    secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    session_token = token,
    time = 1795348800,
}

local ours = assert(bedrock.sign(request))
local theirs = floor.sign("POST", canonical_path, HOST, ours["x-amz-date"], token, body)
assert(ours.authorization == theirs, "the floor signs something else:\n" .. theirs .. "\n" .. ours.authorization)

race.run(15, 20000, {
    { "sign: floor", function() return floor.sign("POST", canonical_path, HOST, "20261122T120000Z", token, body) end },
    { "sign: bedrock.sign", function() return bedrock.sign(request) end },
})
