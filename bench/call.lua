--- A whole Converse over TLS, the connection kept alive. The floor is bare libcurl called from Lua with
--- a finished request of the same size; nothing is encoded, signed or decoded there.
---   LUA bench/call.lua URL CA_FILE
local bedrock = require "bedrock"
local floor = require "floor"
local race = dofile "bench/race.lua"

local url, ca_file = arg[1], arg[2]
local MODEL = "anthropic.claude-3-haiku-20240307-v1:0"

local conn = assert(bedrock.connect {
    auth = "access_keys",
    access_key_id = "ASIAEXAMPLE000000002",
    secret_access_key = "Zk9vQ2xhc3MvU2VjcmV0K0V4YW1wbGUvS2V5MDAx",
    session_token = ("T"):rep(800),
    endpoint = url,
    ca_file = ca_file,
})

local request = {
    modelId = MODEL,
    messages = { { role = "user", content = { { text = ("word "):rep(400) } } } },
    inferenceConfig = { maxTokens = 100, temperature = 0.5 },
}

local prepared = assert(conn:prepare("converse", request))
local headers = { "Expect:", "Accept:" }
for name, value in pairs(prepared.headers) do
    if name ~= "host" then
        headers[#headers + 1] = name .. ": " .. value
    end
end

race.run(15, 200, {
    { "call: bare libcurl", function() return floor.post(prepared.url, ca_file, headers, prepared.body) end },
    { "call: conn:converse", function() return assert(conn:converse(request)) end },
})
