--- bedrock call OPERATION
local core = require "bedrock.core"
local input = require "bedrock.terminal.input"
local operation = require "bedrock.terminal.operation"
local output = require "bedrock.terminal.output"

local DEPTH = 8

--- All that can be wrong is looked at before anything is sent.
local function read(self, args)
    local call = { name = operation.needed(self, args.operation) }
    call.index = core.find(call.name)
    call.op = core.describe(call.index, DEPTH)
    if args.query then
        local steps, why = require("bedrock.terminal.query").parse(args.query)
        call.steps = steps or self:usage(why)
    end
    if call.op.two_way then
        self:usage(call.name .. " takes a stream of events, which a command cannot give: use the module")
    elseif args.pages and not core.paginator(call.index) then
        self:usage(call.name .. " has no pages")
    end
    call.params = input(self, call, args.input)
    return call
end

return {
    summary = "Makes any operation of Amazon Bedrock's. The answer is JSON: bytes are base64, times ISO 8601. A stream "
        .. "is one JSON object a line.",
    arguments = function(parser)
        parser:argument("operation", "converse, list_agents, ListAgents, bedrock-agent.list-agents, …")
        parser:argument("input", "JSON, @FILE, or - for standard input. InvokeModel's body may be JSON."):args "?"
        parser:flag("--pages", "All pages of a list, one JSON object a line.")
        parser:option("--query", "What to show of it, as JMESPath writes members, indexes, slices and projections: "
            .. "modelSummaries[*].modelId."):argname "EXPR"
        parser:flag("--dry-run", "Print the request, without secrets, and do not send it.")
    end,
    run = function(self, args)
        local call = read(self, args)
        if args.dry_run then
            return require "bedrock.terminal.request"(self, self:connect():prepare(call.name, call.params))
        elseif args.pages then
            return output.pages(self, call)
        end
        local answer = self:check(self:connect():call(call.op.service, call.op.operation, call.params))
        local put = output.events(call.op) and output.stream or output.whole
        put(self, call, answer)
    end,
}
