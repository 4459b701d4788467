--- Asks an agent. Its answer comes in pieces, with the steps of its reasoning in between.
local bedrock = require "bedrock"
local settings = dofile "examples/settings.lua"

local conn = assert(bedrock.connect(settings.connection))
local agent = assert(conn:agent_session {
    agent_id = settings.agent.id,
    alias_id = settings.agent.alias,
    trace = true,
})

-- An error is raised inside the loop, so half an answer never passes for a whole one.
for piece in agent:stream "What do I need for a trip to the Baltic Sea?" do
    io.write(piece)
    io.flush()
end
print(("\n(%d steps of reasoning, in agent.answer.trace)"):format(#agent.answer.trace))

assert(agent:finish())
conn:close()
