--- A Converse over TLS so many times, for counting: LUA bench/count/call.lua floor|bedrock IN_FLIGHT URL CA_FILE COUNT
--- The floor is bare libcurl called from Lua with a finished request of the same size, one at a time.
local bedrock = require "bedrock"
local what, in_flight, url, ca_file, count = arg[1], tonumber(arg[2]), arg[3], arg[4], tonumber(arg[5])

local conn = assert(bedrock.connect {
    auth = "access_keys",
    access_key_id = "ASIAEXAMPLE000000002",
    secret_access_key = "Zk9vQ2xhc3MvU2VjcmV0K0V4YW1wbGUvS2V5MDAx",
    session_token = ("T"):rep(800),
    endpoint = url,
    ca_file = ca_file,
})

local request = {
    modelId = "anthropic.claude-3-haiku-20240307-v1:0",
    messages = { { role = "user", content = { { text = ("word "):rep(400) } } } },
    inferenceConfig = { maxTokens = 100, temperature = 0.5 },
}

local function bare()
    local prepared = assert(conn:prepare("converse", request))
    local headers = { "Expect:", "Accept:" }
    for name, value in pairs(prepared.headers) do
        if name ~= "host" then
            headers[#headers + 1] = name .. ": " .. value
        end
    end
    local floor = require "floor"
    return function()
        return floor.post(prepared.url, ca_file, headers, prepared.body)
    end
end

local function converse()
    return assert(conn:converse(request))
end

local once = what == "floor" and bare() or converse
if in_flight == 1 then
    for _ = 1, count do
        once()
    end
else
    local list = {}
    for i = 1, count do
        list[i] = once
    end
    local _, errs = bedrock.parallel(list, { limit = in_flight })
    assert(not errs, errs and tostring(select(2, next(errs))))
end
