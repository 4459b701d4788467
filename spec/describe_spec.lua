--- What operations take and return, for people.
local bedrock = require "bedrock"
local core = require "bedrock.core"

local function by_name(members)
    local result = {}
    for _, member in ipairs(members) do
        result[member.name] = member
    end
    return result
end

local function loaded(source)
    return assert((loadstring or load)("return " .. source))()
end

describe("describe", function()
    it("tells members, types, limits, enumerations and marks, nested", function()
        local op = assert(bedrock.describe("converse", 4))
        local input = by_name(op.input.members)
        assert.equal("string", input.modelId.type)
        assert.equal(2048, input.modelId.max)
        assert.is_string(input.modelId.pattern)
        assert.is_nil(input.messages.required)
        local message = by_name(input.messages.element.members)
        assert.same({ "assistant", "system", "user" }, message.role.enum)
        assert.equal("union", message.content.element.type)
        local image = by_name(message.content.element.members).image
        assert.equal("structure", image.type)
        assert.is_true(by_name(image.members).source.required)
        assert.is_true(input.requestMetadata.sensitive)
        assert.equal(256, input.requestMetadata.value.max)
    end)

    it("stops at the depth, and says that there is more", function()
        local op = assert(bedrock.describe("converse", 1))
        local input = by_name(op.input.members)
        assert.is_nil(input.inferenceConfig.members)
        assert.is_true(input.inferenceConfig.more)
        assert.matches("\n  inferenceConfig: structure …\n", tostring(op), 1, true)
        for _, bad in ipairs { 0, 9, 1.5, "2" } do
            local ok, message = pcall(bedrock.describe, "converse", bad)
            assert.is_false(ok)
            assert.matches("depth must be an integer from 1 to 8", message)
        end
    end)

    it("prints like documentation", function()
        local text = tostring(assert(bedrock.describe "converse"))
        assert.matches("^converse  bedrock%-runtime Converse  POST /model/{modelId}/converse\ntakes\n", text)
        assert.matches("\n  modelId: string (required, in uri, 1 to 2048)\n", text, 1, true)
        assert.matches("\n    temperature: float (0 to 1)\n", text, 1, true)
        assert.matches("\nreturns\n", text, 1, true)
        assert.matches("\nerrors\n  AccessDeniedException, ", text, 1, true)
        for line in text:gmatch "[^\n]+" do
            assert.is_true(#line <= 104, line)
        end
    end)

    it("tells the events of a stream, and which are exceptions", function()
        local op = assert(bedrock.describe "converse_stream")
        assert.equal("stream", op.stream)
        local events = by_name(by_name(op.output.members).stream.members)
        assert.is_true(events.throttlingException.error)
        assert.is_nil(events.messageStop.error)
        local text = tostring(op)
        assert.matches("\nstreams the events\n", text, 1, true)
        assert.matches("\n  messageStop\n    additionalModelResponseFields: document\n", text, 1, true)
        assert.matches("\n  throttlingException (an exception, ends the stream)\n    message: string\n", text, 1, true)
        assert.matches("\ntakes the events\n  chunk\n",
            tostring(assert(bedrock.describe "invoke_model_with_bidirectional_stream")), 1, true)
    end)

    it("tells how an operation pages and who waits with it", function()
        local op = assert(bedrock.describe "list_agents")
        assert.same({ input = "nextToken", output = "nextToken", limit = "maxResults", result = "agentSummaries" },
            op.paginator)
        assert.matches('pages: conn:items("list_agents") gives what is in agentSummaries; maxResults bounds one page',
            tostring(op), 1, true)
        op = assert(bedrock.describe "get_policy")
        assert.same({ "policy_active", "policy_deleted" }, op.waiters)
        assert.matches('waiter: conn:wait("policy_deleted", { … }) repeats it', tostring(op), 1, true)
        assert.is_nil(bedrock.describe("converse").paginator)
    end)

    it("names an ambiguous operation with its namespace", function()
        assert.matches("^agent%.tag_resource  bedrock%-agent TagResource",
            tostring(bedrock.describe "agent.tag_resource"))
        local _, err = bedrock.describe "tag_resource"
        assert.matches("say which: ", err.message, 1, true)
    end)

    it("describes every operation", function()
        for _, name in ipairs(bedrock.operations()) do
            local text = tostring(assert(bedrock.describe(name, 2)))
            assert.equal(name .. "  ", text:sub(1, #name + 2))
        end
    end)
end)

describe("skeleton", function()
    it("has a placeholder of its type for each required member", function()
        local params = assert(bedrock.skeleton "apply_guardrail")
        assert.equal("", params.guardrailIdentifier)
        assert.equal("INPUT", params.source)
        assert.same({ text = { text = "" } }, params.content[1])
        assert.is_nil(params.outputScope)
    end)

    it("prints as Lua source, which makes the same table", function()
        local params = assert(bedrock.skeleton "converse")
        local text = tostring(params)
        assert.same({ modelId = "", messages = { { role = "user", content = { { text = "" } } } } }, loaded(text))
        assert.matches('modelId = "",  -- string, required, in uri, 1 to 2048\n', text, 1, true)
        assert.matches('    messages = {  -- list of structure\n', text, 1, true)
        assert.matches('            role = "user",  -- string, required, assistant | system | user\n', text, 1, true)
        assert.matches("    -- system = {", text, 1, true)
        assert.matches("    -- inferenceConfig = {  -- structure\n    --     -- maxTokens = 1,  -- integer",
            text, 1, true)
    end)

    it("has what asks, also where the model calls it optional", function()
        for name, member in pairs { converse_stream = "messages", invoke_model = "body", invoke_agent = "inputText",
            invoke_inline_agent = "inputText", invoke_model_with_response_stream = "body" } do
            assert.is_not_nil(assert(bedrock.skeleton(name))[member], name)
        end
    end)

    it("is good source even with all outer comments taken away, and names that are keywords", function()
        for _, name in ipairs(bedrock.operations()) do
            local text = tostring(assert(bedrock.skeleton(name)))
            assert.is_table(loaded(text), name)
            assert.is_table(loaded((text:gsub("\n    %-%- ", "\n    "))), name)
        end
    end)

    --- Placeholders may be too short or no ARN; but nothing is missing, unknown or of a wrong type.
    it("passes validation but for limits", function()
        local conn = assert(bedrock.connect { auth = "access_keys", access_key_id = "a", secret_access_key = "b" })
        local LIMITS = { ["min-length"] = true, ["min-value"] = true, ["empty-label"] = true }
        for _, name in ipairs(bedrock.operations()) do
            local index, kind = core.find(name)
            if kind ~= "two_way" then
                local call, err = conn._client:call(index, bedrock.skeleton(name), nil, true)
                for _, problem in ipairs(not call and err.errors or {}) do
                    assert.is_true(LIMITS[problem.kind], name .. ": " .. problem.path .. ": " .. problem.kind)
                end
                if call then
                    call:cancel()
                end
            end
        end
        conn:close()
    end)

    it("refuses unknown names", function()
        local params, err = bedrock.skeleton "convers"
        assert.is_nil(params)
        assert.matches('did you mean "converse"', err.message)
    end)
end)
