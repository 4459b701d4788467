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

--- A name of an operation in the spelling of what was begun: ListAg, list-ag, or list_ag.
local function written_as(part, name, full)
    if part:find "^%u" then
        return require("bedrock").describe(full).operation
    end
    return part:find("-", 1, true) and name:gsub("_", "-") or name
end

--- The names that begin so, however that is spelt, each in that spelling.
--- @param text string "ListAg", "list-ag", "bedrock-agent.list_"
--- @param service? string
--- @return string[]? names
--- @return string? why there is no such service
function operation.like(text, service)
    local space, part = text:match "^(.-)%.([^.]*)$"
    if space and service and space ~= service then
        return {}
    end
    local all, why = core.operations(service or space)
    local wanted, found = plain(part or text), {}
    for _, known in ipairs(all or {}) do
        local before, name = known:match "^(.-%.?)([^.]+)$"
        before = space and space .. "." or before
        if plain(space and name or known):sub(1, #wanted) == wanted then
            found[#found + 1] = before .. written_as(part or text, name, space and before .. name or known)
        end
    end
    return all and found, why
end

--- The same, or the end of the subcommand.
function operation.needed(self, text)
    local name, why = operation.name(text)
    return name or self:usage(require("bedrock.terminal.telling").plain(why))
end

return operation
