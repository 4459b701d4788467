--- Names of operations as people write them: converse, list_agents, ListAgents, list-agents, bedrock-agent.ListAgents.
local core = require "bedrock.core"

local operation = {}

local function plain(name)
    return (name:lower():gsub("[_-]", ""))
end

--- The name as the module has it, if there is one that differs in its spelling alone.
local function respelled(name, service)
    local wanted = plain(name)
    for _, known in ipairs(core.operations(service) or {}) do
        if plain(known:match "[^.]+$") == wanted then
            return known
        end
    end
end

--- @param text string
--- @return string? name as conn:prepare takes it
--- @return string? why
function operation.name(text)
    if core.find(text) then
        return text
    end
    local service, name = text:match "^(.-)%.([^.]+)$"
    local found = respelled(name or text, service)
    if found then
        return service and not found:find(".", 1, true) and service .. "." .. found or found
    end
    local _, why = core.find((text:gsub("(%l)(%u)", "%1_%2"):gsub("%-", "_"):lower()))
    return nil, why
end

--- The same, or the end of the subcommand.
function operation.needed(self, text)
    local name, why = operation.name(text)
    return name or self:usage(require("bedrock.terminal.telling").plain(why))
end

return operation
