--- bedrock operations [SERVICE] [--like NAME]
local function found(args)
    if args.like then
        return require("bedrock.terminal.operation").like(args.like, args.service)
    end
    local names, err = require("bedrock").operations(args.service)
    return names, err and err.message
end

return {
    summary = "The names of all operations, or of a service's.",
    arguments = function(parser)
        parser:argument("service", "bedrock-runtime, bedrock, bedrock-agent, …"):args "?"
        parser:option("--like", "Those that begin so, and spelt so: list_ag, list-ag, ListAg."):argname "NAME"
    end,
    run = function(self, args)
        local names, why = found(args)
        if not names then
            self:usage(why)
        elseif self.json then
            self:put_json(require("bedrock.core").array(names))
        elseif names[1] then
            self:out(table.concat(names, "\n"), "\n")
        end
    end,
}
