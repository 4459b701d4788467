--- A request as it came over the wire: nothing decoded, no header merged; only their names are made
--- lower case.
-- luacheck: std ngx_lua
local request = {}

local methods = {}
methods.__index = methods

--- All values of a header, in order, joined as a signature wants them.
--- @return string|nil
function methods:header(name)
    local values = {}
    for _, field in ipairs(self.headers) do
        if field[1] == name then
            values[#values + 1] = field[2]
        end
    end
    return values[1] and table.concat(values, ",")
end

local function read_body()
    ngx.req.read_body()
    local body = ngx.req.get_body_data()
    if body then
        return body
    end
    local name = ngx.req.get_body_file()
    if not name then
        return ""
    end
    local file = assert(io.open(name, "rb"))
    body = file:read("*a")
    file:close()
    return body
end

local function wire_headers()
    local list = {}
    for line in ngx.req.raw_header(true):gmatch("([^\r\n]+)\r?\n") do
        local name, value = line:match("^([^:]+):[ \t]*(.-)[ \t]*$")
        if name then
            list[#list + 1] = { name:lower(), value }
        end
    end
    return list
end

local function merged_headers()
    local list = {}
    for name, value in pairs(ngx.req.get_headers(0)) do
        for _, one in ipairs(type(value) == "table" and value or { value }) do
            list[#list + 1] = { name, one }
        end
    end
    return list
end

--- Reads the whole current request.
function request.read()
    local self = setmetatable({}, methods)
    self.method = ngx.req.get_method()
    self.uri = ngx.var.request_uri
    self.path, self.query = self.uri:match("^([^?]*)%??(.*)$")
    self.headers = ngx.req.http_version() < 2 and wire_headers() or merged_headers()
    self.body = read_body()
    self.port = tonumber(ngx.var.server_port)
    self.listener = ngx.var.listener
    return self
end

--- The decoded query: name to value, the last one winning.
function request.arguments(query)
    return ngx.decode_args(query, 0)
end

return request
