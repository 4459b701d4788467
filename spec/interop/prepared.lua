--- Reads cases, one JSON object a line, prepares the request of every valid one through the public
--- surface and prints both, for prepared_check.py to compare with what botocore would send.
local bedrock = require "bedrock"
local cases = require "spec.support.cases"
local json = require "spec.support.plain_json"
local cjson = require "cjson"
local mime = require "mime"

local KEYS = {
    auth = "access_keys",
    access_key_id = "AKIDEXAMPLE0000000001",
    secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    session_token = "FwoGZXIvYXdzEXAMPLE//token+for/tests==",
    region = "eu-central-1",
}

local function describe(request)
    local host, target = request.url:match "^https://([^/]+)(.*)$"
    local path, query = target:match "^([^?]*)%??(.*)$"
    return {
        method = request.method,
        host = host,
        path = path,
        query = query,
        headers = request.headers,
        body = request.body and (mime.b64(request.body) or "") or cjson.null,
    }
end

local conn = assert(bedrock.connect(KEYS))
for line in io.lines() do
    local case = json.decode(line)
    if case.kind == "valid" and not cases.is_refused_path(case) then
        local name = case.service .. "." .. case.method
        local request, err = conn:prepare(name, cases.input(case.input, bedrock))
        print(('{"case":%s,"ours":%s}'):format(line,
            cjson.encode(request and describe(request) or { error = tostring(err) })))
    end
end
