--- Runs a command with the example gateway in front of the endpoint; $GATEWAY is its URL.
---
---     lua5.4 spec/interop/with_gateway.lua ENDPOINTDIR DIR COMMAND
local endpoint = dofile "spec/endpoint/endpoint.lua"
local gateway = dofile "spec/nginx/gateway.lua"

local server = gateway.start_example(endpoint.attach(arg[1]), arg[2], "amazon.nova-lite-v1:0")
local ok = os.execute(("GATEWAY=http://127.0.0.1:%d %s"):format(server.port, arg[3]))
server:stop()
os.exit(ok and 0 or 1)
