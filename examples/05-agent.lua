--- Asks an agent: `lua5.4 examples/05-agent.lua AGENT-ID ALIAS-ID`. Its answer comes in pieces, with the steps of its
--- reasoning in between.
local bedrock = require "bedrock"

local agent_id, alias_id = assert(arg[1], "which agent?"), assert(arg[2], "which of its aliases?")
local conn = assert(bedrock.open())
local agent = assert(conn:agent_session {
    agent_id = agent_id,
    alias_id = alias_id,
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
