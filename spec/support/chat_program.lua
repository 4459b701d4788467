--- One conversation, with tools, a schema, cache points, reasoning and a saved file; its tables are filled in an order
--- that the seed chooses. For the spec that compares what processes send.
---
---     lua5.4 spec/support/chat_program.lua SEED
local service = dofile "spec/support/service.lua"

local shuffled = dofile("spec/support/shuffled.lua")(tonumber(arg[1]))

local conn = service.connect(service.endpoint())
local chat = assert(conn:chat(shuffled {
    model = "anthropic.claude-sonnet-4-5-20250929-v1:0", system = "Be brief.", max_tokens = 100, cache = true,
    reasoning = "low", request_metadata = shuffled { team = "a", part = "b", more = "c", zone = "d" },
    extra = shuffled { zeta = 1, alpha = shuffled { y = 1, x = 2, w = 3 }, mid = true },
    tools = { shuffled {
        name = "look", description = "Looks.",
        input = shuffled { city = "string: the city", days = "integer?", unit = { "C", "F" }, ["zone?"] = "string",
            place = shuffled { lat = "number", lon = "number", name = "string?" } },
    } },
}))
local function run(input)
    return shuffled { city = input.city, list = { 1, 2 }, deep = shuffled { b = 1, a = 2, c = 3 }, other = "x" }
end
-- The endpoint calls the first tool, with an example for each member.
local tools = { shuffled { name = "see", input = shuffled { a = "string", b = "integer?", c = "number?" }, run = run } }
assert(chat:say "Hello")
assert(chat:say("Please use tool", { tools = tools }))
local path = os.tmpname()
assert(chat:save(path))
local loaded = assert(conn:chat(shuffled { messages = path, tools = tools, cache = true }))
os.remove(path)
assert(loaded:say("And now?", shuffled { temperature = 0.5, top_p = 0.25 }))
assert(loaded:say("An object", {
    schema = shuffled { city = "string", days = "integer?", alpha = "boolean", beta = "number" },
}))
