--- bedrock describe OPERATION
local operation = require "bedrock.terminal.operation"

return {
    summary = "What an operation takes and returns.",
    arguments = function(parser)
        parser:argument("operation", "converse, ListAgents, bedrock-agent.list-agents, …")
        parser:option("--depth", "Levels of members, 1 to 8; 3 if not given."):argname "N"
    end,
    run = function(self, args)
        local depth = tonumber(args.depth or 3)
        if not depth or depth < 1 or depth > 8 or depth % 1 ~= 0 then
            self:usage("--depth is 1 to 8")
        end
        local op = self:check(require("bedrock").describe(operation.needed(self, args.operation), depth))
        if self.json then
            self:put_json(op)
        else
            self:out(tostring(op), "\n")
        end
    end,
}
