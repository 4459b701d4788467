--- The connection that calls are measured on, and what they ask.
local bedrock = require "bedrock"

local service = { MODEL = "anthropic.claude-3-haiku-20240307-v1:0", TEXT = ("word "):rep(400) }

--- @param url string of the local endpoint
--- @param ca_file string
--- @return bedrock.Connection
function service.connect(url, ca_file)
    return assert(bedrock.connect {
        auth = "access_keys",
        access_key_id = "ASIAEXAMPLE000000002",
        secret_access_key = "Zk9vQ2xhc3MvU2VjcmV0K0V4YW1wbGUvS2V5MDAx",
        session_token = ("T"):rep(800),
        endpoint = url,
        ca_file = ca_file,
        allow_http = true,
    })
end

--- @return table parameters of Converse
function service.request()
    return {
        modelId = service.MODEL,
        messages = { { role = "user", content = { { text = service.TEXT } } } },
        inferenceConfig = { maxTokens = 100, temperature = 0.5 },
    }
end

--- A finished request for bare libcurl.
--- @param conn bedrock.Connection
--- @param operation string
--- @param request table
--- @param without table<string, boolean>? headers that it makes itself, besides host
--- @return table prepared
--- @return string[] headers its header lines
function service.prepared(conn, operation, request, without)
    local prepared = assert(conn:prepare(operation, request))
    local headers = { "Expect:", "Accept:" }
    for name, value in pairs(prepared.headers) do
        if name ~= "host" and not (without and without[name]) then
            headers[#headers + 1] = name .. ": " .. value
        end
    end
    return prepared, headers
end

return service
