--- Uses the module from the tree given, as an installation would be used.
---     LUA spec/smoke.lua TREE URL CA_FILE
local tree, url, ca_file = arg[1], arg[2], arg[3]
local bedrock = require "bedrock"

local from = package.searchpath("bedrock", package.path)
assert(from:sub(1, #tree) == tree, "bedrock was loaded from " .. from)

local conn = assert(bedrock.connect {
    auth = "access_keys",
    access_key_id = "AKIDEXAMPLE0000000001",
    secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    endpoint = url,
    ca_file = ca_file,
    cache = "memory",
})
local answer = assert(conn:converse {
    modelId = "amazon.nova-lite-v1:0",
    messages = { { role = "user", content = { { text = "Hello" } } } },
})
assert(#answer.output.message.content[1].text > 0)
assert(#assert(conn:models { kind = "on_demand" }) > 0)
assert(assert(conn:generate { model = "amazon.nova-lite-v1:0", prompt = "Hello" }).text ~= "")
conn:close()
