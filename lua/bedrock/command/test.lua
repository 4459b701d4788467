--- bedrock test
return {
    summary = "Checks settings, certificate, credentials and access to Bedrock, step by step.",
    arguments = function(parser)
        parser:option("-m --model", "Also ask this model something."):argname "MODEL"
    end,
    run = function(self, args)
        local found = self:settings()
        local report, err = require("bedrock").test(found.connect, { model = args.model })
        report = report or err.report
        if not report then
            self:fail(err)
        elseif self.json then
            self:put_json(report)
        else
            self:out(require("bedrock.terminal.telling").plain(tostring(report)), "\n")
        end
        return report.ok and 0 or 1
    end,
}
