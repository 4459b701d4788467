--- bedrock sign URL
local signing = require "bedrock.terminal.signing"

return {
    summary = "Headers that sign a request, as NAME: VALUE lines: bedrock sign URL | curl -H @- URL",
    arguments = function(parser)
        signing.arguments(parser)
        parser:option("-d --data", "The request's body, @FILE, or - for standard input. The method is then POST, else "
            .. "GET."):argname "BODY"
    end,
    run = function(self, args)
        local request = signing.request(self, args)
        local data = args.data
        if data == "-" or data and data:sub(1, 1) == "@" then
            data = self:read(data == "-" and "-" or data:sub(2))
        end
        request.body, request.method = data, args.method or data and "POST" or "GET"
        local headers = self:check(self:connect():sign(request))
        if self.json then
            return self:put_json(headers)
        end
        local names = {}
        for name in pairs(headers) do
            names[#names + 1] = name
        end
        table.sort(names)
        for _, name in ipairs(names) do
            self:out(name, ": ", headers[name], "\n")
        end
    end,
}
