--- Prints the body of one request, whose tables are filled in an order that the seed chooses: for the specs that
--- compare processes.
---
---     lua5.4 spec/support/ordered_request.lua SEED
local bedrock = require "bedrock"

local shuffled = dofile("spec/support/shuffled.lua")(tonumber(arg[1]))

local conn = assert(bedrock.connect {
    auth = "access_keys", access_key_id = "AKIAIOSFODNN7EXAMPLE", secret_access_key = "not-a-real-one", cache = false,
})

local schema = bedrock.json.decode [[{
    "type": "object", "required": ["city"], "properties": {
        "zone": {"type": "string", "description": "of time"}, "city": {"type": "string"},
        "days": {"type": "integer", "minimum": 1, "maximum": 14}
    }
}]]
schema.additionalProperties = false
schema["$schema"] = "later"

local many = {}
for i = 1, 40 do
    many["k" .. i] = shuffled { b = i, a = shuffled { y = true, x = false } }
end

print(assert(conn:prepare("converse", shuffled {
    modelId = "anthropic.claude-3-5-sonnet-20241022-v2:0",
    system = { { text = "Be brief." }, { cachePoint = { type = "default" } } },
    messages = { shuffled { role = "user", content = { { text = "Hello" }, { cachePoint = { type = "default" } } } } },
    inferenceConfig = shuffled { maxTokens = 100, temperature = 0.5, topP = 0.9, stopSequences = { "x" } },
    requestMetadata = shuffled { zebra = "1", alpha = "2", ["Über"] = "3", ["10"] = "4", ["9"] = "5", mid = "6",
        more = "7", most = "8", last = "9", first = "10" },
    additionalModelRequestFields = shuffled(many),
    toolConfig = shuffled {
        tools = {
            { toolSpec = shuffled { name = "weather", description = "tells it", inputSchema = { json = schema } } },
            { cachePoint = { type = "default" } },
        },
        toolChoice = { auto = {} },
    },
    brandNew = shuffled { q = 1, p = 2 }, another = "x", ["later on"] = true,
}, { unknown = "pass" })).body)

local request = assert(conn:prepare("create_agent", shuffled {
    agentName = "a", description = "d", instruction = ("i"):rep(50), foundationModel = "m",
    tags = shuffled { b = "1", a = "2" }, idleSessionTTLInSeconds = 60,
}))
print((request.body:gsub('("clientToken":")[^"]*', "%1…")))
