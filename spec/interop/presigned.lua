--- Reads jobs of presigning.py, one JSON object a line, and prints each with the URL or the API key made for it. A
--- key is made now, and says when.
local bedrock = require "bedrock"
local cjson = require "cjson"

local function api_key(job)
    local conn = assert(bedrock.connect {
        auth = "access_keys",
        access_key_id = job.access_key_id,
        secret_access_key = job.secret_access_key,
        session_token = job.session_token,
        custom_region = job.region,
    })
    local key, expiration = conn:api_key { duration = job.duration }
    conn:close()
    if not key then
        return nil, expiration
    end
    return key, nil, os.date("!%Y%m%dT%H%M%SZ", expiration - job.duration)
end

for line in io.lines() do
    local job = bedrock.json.decode(line)
    local made, err, stamp = (job.url and bedrock.presign or api_key)(job)
    print(('{"job":%s,"made":%s,"stamp":%s}'):format(line, cjson.encode(made or { error = tostring(err) }),
        cjson.encode(stamp or cjson.null)))
end
