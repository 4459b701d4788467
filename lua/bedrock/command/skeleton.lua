--- bedrock skeleton OPERATION
local by_shape = require "bedrock.terminal.by_shape"
local core = require "bedrock.core"
local operation = require "bedrock.terminal.operation"

return {
    summary = "An input of an operation to fill in: JSON, as `bedrock call` takes it by @FILE.",
    arguments = function(parser)
        parser:argument("operation", "converse, ListAgents, bedrock-agent.list-agents, …")
        parser:flag("--lua", "Lua, with what is optional in comments.")
    end,
    run = function(self, args)
        local name = operation.needed(self, args.operation)
        local params = self:check(require("bedrock").skeleton(name))
        if args.lua then
            self:out(tostring(params), "\n")
        else
            local shape = core.describe((core.find(name)), 8).input
            local text = self:check(core.encode(by_shape.json(params, shape)))
            self:out(require("bedrock.terminal.indented")(text), "\n")
        end
    end,
}
