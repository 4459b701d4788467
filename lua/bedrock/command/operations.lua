--- bedrock operations [SERVICE]
return {
    summary = "The names of all operations, or of a service's.",
    arguments = function(parser)
        parser:argument("service", "bedrock-runtime, bedrock, bedrock-agent, …"):args "?"
    end,
    run = function(self, args)
        local names, err = require("bedrock").operations(args.service)
        if not names then
            self:usage(err.message)
        elseif self.json then
            self:put_json(require("bedrock.core").array(names))
        else
            self:out(tostring(names), "\n")
        end
    end,
}
