--- bedrock api-key
return {
    summary = "A short-term API key for Amazon Bedrock, made from the credentials; on standard output, for a program.",
    arguments = function(parser)
        parser:option("--duration", "12h, 30m, 900s; at most 12h, which is the default."):argname "TIME"
    end,
    run = function(self, args)
        local seconds = require("bedrock.terminal.duration")(args.duration or "12h")
        if not seconds then
            self:usage("--duration: expected a time as 12h, 30m or 900s")
        end
        local key, expiration = self:connect():api_key { duration = seconds }
        self:check(key, expiration)
        if self.json then
            self:put_json { api_key = key, expiration = require("bedrock.terminal.lent").iso(expiration) }
        else
            self:out(key, "\n")
        end
    end,
}
