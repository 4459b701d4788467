--- What --dry-run shows of a request: all but its secrets.
local core = require "bedrock.core"

--- @param self bedrock.command.Context
--- @param request bedrock.Request? nil: it cannot be made
--- @param err bedrock.Error?
return function(self, request, err)
    self:check(request, err)
    if not self.json then
        return self:out(tostring(request), "\n")
    end
    local headers = {}
    for name, value in pairs(request.headers) do
        headers[name] = core.is_public_header(name) and value or "(hidden)"
    end
    self:put_json { method = request.method, url = request.url, headers = headers, body = request.body }
end
