--- Names on a connection: operations flat and in namespaces, suggestions, what is written by hand.
local bedrock = require "bedrock"
local core = require "bedrock.core"
local connection = require "bedrock.connection"
local service = dofile "spec/support/service.lua"

local ask = service.ask

describe("bedrock", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    describe("names", function()
        it("finds operations flat, in namespaces, and as one function", function()
            assert.equal(conn.converse, conn.runtime.converse)
            assert.is_function(conn.agent.tag_resource)
            assert.not_equal(conn.agent.tag_resource, conn.agent_runtime.tag_resource)
            assert.equal("bedrock.namespace (bedrock-agent)", tostring(conn.agent):match "^[^\n]*")
        end)

        it("raises for an unknown one, with a suggestion", function()
            assert.error_matches(function()
                return conn.convers
            end, 'no operation "convers" %(did you mean "converse"%?%)')
            local _, message = pcall(function()
                return conn.convers
            end)
            assert.matches("^spec/names_spec.lua:%d+: ", message)
            assert.error_matches(function()
                return conn.refrsh
            end, 'did you mean "refresh"')
            assert.error_matches(function()
                return conn.runtime.close
            end, 'no operation "close"')
        end)

        it("raises for one of another service, and names that", function()
            local function said(namespace, name)
                return (select(2, pcall(function()
                    return conn[namespace][name]
                end)):gsub("^.-: ", "", 1))
            end
            assert.equal('bedrock.connection: no operation "list_agents" in bedrock-runtime '
                .. '(did you mean conn.agent:list_agents?)', said("runtime", "list_agents"))
            assert.matches('did you mean conn.runtime:converse?', said("agent", "converse"), 1, true)
            assert.matches('(did you mean "converse_stream"?)', said("runtime", "converse_strem"), 1, true)
            local tags = said("runtime", "tag_resource")
            assert.matches("conn.agent:tag_resource, conn.", tags, 1, true)
            assert.matches("conn.agentcore_control:tag_resource", tags, 1, true)
            for _, err in ipairs {
                select(2, conn:prepare "runtime.list_agents"), (select(2, conn:call("runtime", "ListAgents"))),
            } do
                assert.equal("ConfigError", err.code)
                assert.matches('did you mean "agent.list_agents"?', err.message, 1, true)
            end
        end)

        it("raises for an ambiguous one, with the choices", function()
            assert.error_matches(function()
                return conn.tag_resource
            end, "several services.*conn%.agent:tag_resource.*conn%.agentcore_control:tag_resource")
        end)

        it("keeps the kind of a document's numbers", function()
            local text = bedrock.json.encode { 1.5, 1e300, 12 }
            assert.equal("[1.5,1e300,12]", text)
            if rawget(_G, "jit") then
                local boxed = loadstring "return { 9223372036854775807LL, 5ULL, 1.0 }"()
                assert.equal("[9223372036854775807,5,1]", bedrock.json.encode(boxed))
            else
                assert.equal("[1.0,-0.0,1000.0,1]", bedrock.json.encode(bedrock.json.decode "[1.0,-0.0,1e3,1]"))
            end
        end)

        it("keeps a flat name with the service that had it first", function()
            assert.equal(conn.agentcore_control.create_registry, conn.create_registry)
            assert.not_equal(conn.agent_registry_control.create_registry, conn.create_registry)
            local listed = {}
            for _, name in ipairs(bedrock.operations "agent_registry_control") do
                listed[name] = true
            end
            assert.is_true(listed["agent_registry_control.create_registry"])
            assert.is_nil(listed.create_registry)
        end)

        it("writes and reads a member by the name it has on the wire", function()
            local request = assert(conn:prepare("agentcore_control.update_gateway", {
                gatewayIdentifier = "gateway-1234567890",
                name = "tools",
                roleArn = "arn:aws:iam::123456789012:role/tools",
                authorizerType = "NONE",
                domainOverride = { defaultDomain = "tools.example.com" },
            }))
            assert.truthy(request.body:find('"domainOverride":{"default":"tools.example.com"}', 1, true))
            ep:script { {
                match = { path = "^/gateways/" },
                action = { status = 200, json = { domainOverride = { default = "tools.example.com" } } },
            } }
            local gateway = assert(conn:get_gateway { gatewayIdentifier = "gateway-1234567890" })
            assert.same({ defaultDomain = "tools.example.com" }, gateway.domainOverride)
        end)

        it("gives nil for other keys", function()
            assert.is_nil(conn[1])
            assert.is_nil(conn._secret)
            assert.is_nil(conn[true])
            assert.is_nil(conn.runtime._x)
        end)

        it("has no hand-written name that is an operation or a namespace", function()
            for _, name in ipairs(connection.handwritten) do
                assert.is_nil((core.find(name)), name)
                assert.is_nil((core.service(name)), name)
            end
        end)

        it("lists every hand-written method", function()
            local listed = {}
            for _, name in ipairs(connection.handwritten) do
                listed[name] = true
            end
            for _, name in ipairs { "call", "close", "credentials", "generate", "models", "prepare", "refresh",
                "request", "test" } do
                assert.is_true(listed[name], name)
                assert.is_function(conn[name])
            end
        end)

        it("says what is wrong when a dot is used for a colon", function()
            assert.error_matches(function()
                conn.converse(ask "Hi")
            end, "with a colon")
            assert.error_matches(function()
                conn.converse()
            end, "with a colon")
        end)
    end)
end)
