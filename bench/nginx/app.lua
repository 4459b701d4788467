--- The contestant that uses the module; runs inside nginx.
local app = {}

local bedrock = require "bedrock"
local conn

function app.init(settings)
    conn = assert(bedrock.connect(settings))
end

local function params()
    ngx.req.read_body()
    local input = assert(bedrock.json.decode(ngx.req.get_body_data()))
    input.modelId = "amazon.nova-lite-v1:0"
    return input
end

function app.converse()
    local answer = assert(conn:converse(params()))
    ngx.print(bedrock.json.encode(answer))
end

function app.stream()
    local stream = assert(conn:converse_stream(params()))
    for name, event in stream:events() do
        ngx.print("event: ", name, "\ndata: ", bedrock.json.encode(event), "\n\n")
        ngx.flush(true)
    end
end

return app
