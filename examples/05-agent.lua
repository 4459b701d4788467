--- Invokes an agent. Its answer is a stream of pieces, with the steps of its reasoning in between.
local bedrock = require "bedrock"
local settings = dofile "examples/settings.lua"

local conn = assert(bedrock.connect(settings.connection))
local stream = assert(conn:invoke_agent {
    agentId = settings.agent.id,
    agentAliasId = settings.agent.alias,
    sessionId = "example-" .. os.time(),
    inputText = "What do I need for a trip to the Baltic Sea?",
    enableTrace = true,
})

-- next() is the way without exceptions: name and event, nil at the end, or nil and an error.
local steps = 0
local name, event = stream:next()
while name do
    if name == "chunk" then
        io.write(event.bytes)
        io.flush()
    elseif name == "trace" then
        steps = steps + 1
    end
    name, event = stream:next()
end
print(("\n(%d steps of reasoning, in the trace events)"):format(steps))

stream:close()
conn:close()
if event then
    io.stderr:write("The agent's answer broke off: ", tostring(event), "\n")
    os.exit(1)
end
