--- Connects with the options of its argument, a JSON object, and prints what a request would be sent to and
--- signed with, for ways.py to compare with botocore's.
local bedrock = require "bedrock"
local cjson = require "cjson"

local CALL = { modelId = "m", messages = { { role = "user", content = { { text = "Hi" } } } } }

local function resolve(options)
    local conn, err = bedrock.connect(options)
    local request
    if conn then
        request, err = conn:prepare("converse", CALL)
    end
    if not request then
        return { error = tostring(err) }
    end
    return { url = request.url, authorization = request.headers.authorization }
end

print(cjson.encode(resolve(cjson.decode((...)))))
