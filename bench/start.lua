--- One process from start to its first answer, for bench/run.sh to time from outside.
---   LUA bench/start.lua ours|floor URL CA_FILE
--- floor: the least that does the job: a signature by raw OpenSSL, bare libcurl, lua-cjson.
local mode, url, ca_file = arg[1], arg[2], arg[3]

local request = {
    modelId = "anthropic.claude-3-haiku-20240307-v1:0",
    messages = { { role = "user", content = { { text = ("word "):rep(400) } } } },
    inferenceConfig = { maxTokens = 100 },
}

local function ours()
    local bedrock = require "bedrock"
    local conn = assert(bedrock.connect {
        auth = "access_keys",
        access_key_id = "AKIDEXAMPLE0000000001",
        secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        endpoint = url,
        ca_file = ca_file,
        allow_http = url:find "^http:" ~= nil,
    })
    return assert(conn:converse(request))
end

local function floor()
    local cjson = require "cjson"
    local lib = require "floor"
    local path = "/model/anthropic.claude-3-haiku-20240307-v1%3A0/converse"
    request.modelId = nil
    local body = cjson.encode(request)
    local date = os.date "!%Y%m%dT%H%M%SZ"
    local authorization = lib.sign("POST", path:gsub("%%", "%%25"), url:match "//(.*)", date, "", body)
    local status, answer = lib.post(url .. path, ca_file, {
        "Content-Type: application/json",
        "X-Amz-Date: " .. date,
        "Authorization: " .. authorization,
        "Expect:",
    }, body)
    return status and cjson.decode(answer)
end

local answer = (mode == "ours" and ours or floor)()
assert(answer.output or mode == "floor")
