--- Reads parameters of generate, one JSON object a line (`images64`: images as base64), calls it at the endpoint DIR,
--- and prints the body that reached that, or the error.
---
---     lua5.4 spec/interop/generated.lua DIR <JOBS
local bedrock = require "bedrock"
local cjson = require "cjson"
local mime = require "mime"
local endpoint = dofile "spec/endpoint/endpoint.lua"

local ep = endpoint.attach(arg[1])
local conn = assert(bedrock.connect {
    auth = "access_keys",
    access_key_id = ep.access_key_id,
    secret_access_key = ep.secret_access_key,
    endpoint = ep.https,
    ca_file = ep.ca_file,
})

local function decoded(list)
    local images = list and {}
    for i, text in ipairs(list or {}) do
        images[i] = mime.unb64(text)
    end
    return images
end

for line in io.lines() do
    local given = bedrock.json.decode(line)
    given.images, given.images64 = decoded(given.images64), nil
    local mask = decoded(given.mask64)
    given.mask, given.mask64 = mask and mask[1], nil
    local answer, err = conn:generate(given)
    local requests = ep:requests()
    print(answer and ('{"body":%s}'):format((mime.unb64(requests[#requests].body64)))
        or cjson.encode { error = tostring(err) })
end
conn:close()
