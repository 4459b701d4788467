--- Runs a command with the example gateway in front of the endpoint; $GATEWAY is its URL.
---
---     lua5.4 spec/interop/with_gateway.lua ENDPOINTDIR DIR COMMAND [https|http]
local endpoint = dofile "spec/endpoint/endpoint.lua"
local gateway = dofile "spec/nginx/gateway.lua"

local ep = endpoint.attach(arg[1])
local server = gateway.start_example(ep, arg[2], "amazon.nova-lite-v1:0", ep[arg[4] or "https"])
local ok = os.execute(("GATEWAY=http://127.0.0.1:%d %s"):format(server.port, arg[3]))
server:stop()
os.exit(ok and 0 or 1)
