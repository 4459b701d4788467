--- What docs/getting-started.md says that one gets without a permission: how to ask for it, and how AWS refuses.
local service = require "spec.support.service"

local MODEL = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
local HERE = "arn:aws:bedrock:us-east-1:123456789012:"

local function converse(conn)
    return conn:converse(service.ask "Hello")
end

local function with_runtime(conn)
    local agent = assert(conn:agent_session {
        runtime_arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/mine" })
    return agent:ask "Hello"
end

--- By headlines: the operation that is refused, the action, its resource, and who asks.
return {
    Models = { "Converse", "bedrock:InvokeModel", MODEL, converse },
    ["Inference profiles"] = { "Converse", "bedrock:InvokeModel", MODEL:gsub("east%-1", "west-2"), converse },
    ["Names and lists of models"] = { "ListFoundationModels", "bedrock:ListFoundationModels", nil, function(conn)
        return conn:list_foundation_models()
    end },
    ["The test, and tokens"] = { "CountTokens", "bedrock:CountTokens", MODEL, function(conn)
        return conn:count_tokens { modelId = service.MODEL, input = { converse = { messages = {
            { role = "user", content = { { text = "Hello" } } } } } } }
    end },
    Agents = { "InvokeAgent", "bedrock:InvokeAgent", HERE .. "agent-alias/AGENT12345/ALIAS12345", function(conn)
        return conn:agent_session({ agent_id = "AGENT12345", alias_id = "ALIAS12345" }):ask "Hello"
    end },
    AgentCore = { "InvokeAgentRuntime", "bedrock-agentcore:InvokeAgentRuntime",
        "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/mine", with_runtime },
    ["Knowledge bases"] = { "Retrieve", "bedrock:Retrieve", HERE .. "knowledge-base/KB12345678", function(conn)
        return conn:knowledge({ id = "KB12345678" }):retrieve "Hello"
    end },
    ["Flows and prompts"] = { "InvokeFlow", "bedrock:InvokeFlow", HERE .. "flow/FLOW123456/alias/ALIAS12345",
        function(conn)
            return conn:invoke_flow { flowIdentifier = "FLOW123456", flowAliasIdentifier = "ALIAS12345",
                inputs = { { nodeName = "Input", content = { document = "Hello" } } } }
        end },
    Guardrails = { "ApplyGuardrail", "bedrock:ApplyGuardrail", HERE .. "guardrail/GUARD12345", function(conn)
        return conn:apply_guardrail { guardrailIdentifier = "GUARD12345", guardrailVersion = "1", source = "INPUT",
            content = { { text = { text = "Hello" } } } }
    end },
    Videos = { "StartAsyncInvoke", "bedrock:InvokeModel", HERE .. "async-invoke/any", function(conn)
        return conn:generate { model = "amazon.nova-reel-v1:1", prompt = "Waves", output = "s3://my-bucket/new" }
    end },
    ["Batch jobs"] = { "CreateModelInvocationJob", "iam:PassRole", "arn:aws:iam::123456789012:role/bedrock-batch",
        function(conn)
            return conn:create_model_invocation_job { jobName = "batch", modelId = service.MODEL,
                roleArn = "arn:aws:iam::123456789012:role/bedrock-batch",
                inputDataConfig = { s3InputDataConfig = { s3Uri = "s3://my-bucket/in.jsonl" } },
                outputDataConfig = { s3OutputDataConfig = { s3Uri = "s3://my-bucket/out/" } } }
        end },
    ["API keys and OpenAI's routes"] = { "Converse", "bedrock:CallWithBearerToken", nil, converse },
}
