--- Prints how many exchanges an endpoint has counted; with "reset", counts from zero.
---     lua5.4 tools/exchanges.lua DIR [reset]
local endpoint = dofile("spec/endpoint/endpoint.lua").attach(arg[1])
if arg[2] == "reset" then
    endpoint:reset()
else
    print(("%d"):format(endpoint:counters().CreateSession))
end
