--- bedrock presign URL
local signing = require "bedrock.terminal.signing"

return {
    summary = "A URL that is good without credentials until it expires.",
    arguments = function(parser)
        signing.arguments(parser)
        parser:option("--expires", "1h, 15m, 900; at most 7d. 1h if not given."):argname "TIME"
    end,
    run = function(self, args)
        local request = signing.request(self, args)
        request.expires = require("bedrock.terminal.duration")(args.expires or "1h")
        if not request.expires then
            self:usage("--expires: expected a time as 1h, 15m or 900")
        end
        local url = self:check(self:connect():presign(request))
        if self.json then
            self:put_json { url = url }
        else
            self:out(url, "\n")
        end
    end,
}
