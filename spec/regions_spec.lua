--- Models of another region or geography than the connection: refusals say so, and strict refuses before sending.
local service = dofile "spec/support/service.lua"

local FAR = "arn:aws:bedrock:us-west-2:123456789012:inference-profile/us.amazon.nova-lite-v1:0"
local SAID = 'modelId is an ARN of region us-west-2, but this connection is in us-east-1: '
    .. 'connect with region = "us-west-2"'

describe("a model of another region", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end, { max_attempts = 1 })

    local function refuse(operation, how)
        ep:script { { match = { operation = operation }, action = { status = how and how.status or 400, json = {
            __type = how and how.code or "ValidationException",
            message = how and how.message or "The provided model identifier is invalid." } } } }
    end

    local function says(words, answer, err)
        assert.is_nil(answer)
        assert.equal("service", err.kind)
        assert.truthy(err.message:find(words, 1, true), err.message)
        return err
    end

    it("is told in the refusal, whatever asks", function()
        refuse "Converse"
        local err = says(SAID, conn:converse(service.ask("Hi", { modelId = FAR })))
        assert.truthy(err.message:find("The provided model identifier is invalid. modelId", 1, true), err.message)
        assert.equal("ValidationException", err.code)
        refuse "ConverseStream"
        says(SAID, conn.runtime:converse_stream(service.ask("Hi", { modelId = FAR })))
        refuse "Converse"
        says(SAID, conn:call("runtime", "Converse", service.ask("Hi", { modelId = FAR })))
        refuse "InvokeModel"
        says(SAID, conn:generate { model = FAR, family = "nova", prompt = "Hi" })
        refuse("CountTokens", { status = 404, code = "ResourceNotFoundException", message = "no such model" })
        says("no such model. " .. SAID, conn:count_tokens { modelId = FAR,
            input = { invokeModel = { body = "{}" } } })
    end)

    it("is found deeper, and beside the body", function()
        refuse "Converse"
        says("guardrailConfig.guardrailIdentifier is an ARN of region eu-west-1", conn:converse(service.ask("Hi", {
            guardrailConfig = { guardrailVersion = "1",
                guardrailIdentifier = "arn:aws:bedrock:eu-west-1:123456789012:guardrail/abc" } })))
        refuse "RetrieveAndGenerate"
        says("retrieveAndGenerateConfiguration.knowledgeBaseConfiguration.modelArn is an ARN of region us-west-2",
            conn:retrieve_and_generate { input = { text = FAR }, retrieveAndGenerateConfiguration = {
                type = "KNOWLEDGE_BASE",
                knowledgeBaseConfiguration = { knowledgeBaseId = "KB12345678", modelArn = FAR } } })
        refuse("InvokeAgentRuntime", { status = 403, code = "AccessDeniedException", message = "no" })
        says("agentRuntimeArn is an ARN of region eu-west-1", conn:invoke_agent_runtime { payload = "{}",
            agentRuntimeArn = "arn:aws:bedrock-agentcore:eu-west-1:123456789012:runtime/x-abcdefghij" })
    end)

    it("is told for raw requests, whose path is percent-encoded", function()
        refuse "Converse"
        says("path is an ARN of region us-west-2", conn:request { body = {},
            path = "/model/" .. FAR:gsub("[:/]", function(c)
                return ("%%%02X"):format(c:byte())
            end) .. "/converse" })
    end)

    it("is no remark where regions agree, nor about texts, nor about other failures", function()
        local near = FAR:gsub("us%-west%-2", "us-east-1")
        for _, given in ipairs { service.ask("Hi", { modelId = near }), service.ask(FAR) } do
            refuse "Converse"
            local _, err = conn:converse(given)
            assert.equal("The provided model identifier is invalid.", err.message)
        end
        refuse("Converse", { status = 500, code = "InternalServerException", message = "oh" })
        local _, err = conn:converse(service.ask("Hi", { modelId = FAR }))
        assert.equal("oh", err.message)
        refuse("CreateModelCopyJob", { message = "no" })
        _, err = conn:create_model_copy_job { targetModelName = "x",
            sourceModelArn = "arn:aws:bedrock:us-west-2:123456789012:custom-model/x.y/abcdefghijkl" }
        assert.equal("no", err.message)
    end)

    it("is told of a prefix that belongs elsewhere, too", function()
        refuse "Converse"
        says('the prefix "eu." are those of another geography than that of us-east-1',
            conn:converse(service.ask("Hi", { modelId = "eu.amazon.nova-lite-v1:0" })))
        for _, model in ipairs { "us.amazon.nova-liet-v1:0", "global.amazon.nova-lite-v1:0",
            "amazon.nova-liet-v1:0" } do
            refuse "Converse"
            local _, err = conn:converse(service.ask("Hi", { modelId = model }))
            assert.equal("The provided model identifier is invalid.", err.message)
        end
    end)

    it("is refused before anything is sent with strict", function()
        local strict = { strict = true }
        local cases = {
            { "modelId", conn:converse(service.ask("Hi", { modelId = FAR }), strict) },
            { "modelId", conn:start_async_invoke({ modelId = FAR, modelInput = {},
                outputDataConfig = { s3OutputDataConfig = { s3Uri = "s3://bucket/key" } } }, strict) },
        }
        for _, case in ipairs(cases) do
            assert.is_nil(case[2])
            local err, found = case[3], false
            assert.equal("validation", err.kind)
            for _, problem in ipairs(err.errors) do
                found = found or problem.path == case[1] and problem.kind == "pattern"
                    and problem.message:find("is an ARN of region us-west-2, but this connection is in", 1, true)
            end
            assert.truthy(found, tostring(err))
        end
        assert.equal(0, ep:counters().requests)
        assert(conn:converse(service.ask("Hi", { modelId = FAR:gsub("us%-west%-2", "us-east-1") }), strict))
        assert(conn:prepare("create_model_copy_job", { targetModelName = "x",
            sourceModelArn = "arn:aws:bedrock:us-west-2:123456789012:custom-model/x.y/abcdefghijkl" }, strict))
        assert(conn:converse(service.ask("Hi", { modelId = FAR })))
    end)
end)
