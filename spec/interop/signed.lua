--- Reads jobs of signing.py, one JSON object a line, signs each and prints both.
local bedrock = require "bedrock"
local cjson = require "cjson"

for line in io.lines() do
    local added, err = bedrock.sign(bedrock.json.decode(line))
    print(('{"job":%s,"added":%s}'):format(line, cjson.encode(added or { error = tostring(err) })))
end
