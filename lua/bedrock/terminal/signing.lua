--- What `sign` and `presign` share: the request that is signed.
local signing = {}

function signing.arguments(parser)
    parser:argument("url", "Path and query percent-encoded.")
    parser:option("-X --method", "The request's method."):argname "METHOD"
    parser:option("-H --header", "NAME: VALUE, as the request has it; more than once."):argname "HEADER":count "*"
    parser:option("--service", "The service's signing name: s3, sts, …; bedrock if not given."):argname "NAME"
end

local function headers(self, given)
    local list
    for _, line in ipairs(given) do
        local name, value = line:match "^([%w_-]+):%s*(.-)%s*$"
        if not name then
            self:usage("--header: expected NAME: VALUE")
        end
        list = list or {}
        list[name] = value
    end
    return list
end

--- @return table request for conn:sign or conn:presign
function signing.request(self, args)
    if not args.url:find "^https?://" then
        self:usage(('expected a URL that begins with https://, got "%s"'):format(args.url))
    end
    return { url = args.url, method = args.method, headers = headers(self, args.header), service = args.service }
end

return signing
