--- The surface is the same wherever calls run. BEDROCK_TEST_HOST names one host; without it all are tried.
local bedrock = require "bedrock"
local hosts = dofile "spec/support/hosts.lua"
local endpoint = dofile "spec/endpoint/endpoint.lua"
local cases = dofile "spec/support/surface_cases.lua"

local chosen = os.getenv "BEDROCK_TEST_HOST"

local function names()
    if chosen then
        return { chosen }
    end
    local list = {}
    for name in pairs(hosts) do
        list[#list + 1] = name
    end
    table.sort(list)
    return list
end

local function run_cases(run_in)
    local ep

    setup(function()
        ep = endpoint.attach(assert(os.getenv "BEDROCK_TEST_ENDPOINT"))
    end)

    for _, case in ipairs(cases) do
        it(case.name, function()
            ep:reset()
            ep:config(case.config or {})
            ep:script(case.rules or {})
            run_in(function()
                case.run(bedrock, {
                    auth = "access_keys",
                    access_key_id = ep.access_key_id,
                    secret_access_key = ep.secret_access_key,
                    endpoint = ep.https,
                    ca_file = ep.ca_file,
                }, ep:identity())
            end)
        end)
    end
end

for _, name in ipairs(names()) do
    describe("the surface, host " .. name .. ":", function()
        run_cases(assert(hosts[name], "no such host: " .. name))
    end)
end
