--- The local endpoint refuses a conversation where Converse does.
local service = require "spec.support.service"

local CALL = { toolUse = { toolUseId = "t1", name = "clock", input = {} } }
local RESULT = { toolResult = { toolUseId = "t1", content = { { text = "noon" } } } }
local TOOLS = { tools = { { toolSpec = { name = "clock", inputSchema = { json = { type = "object" } } } } } }
local PDF = { document = { format = "pdf", name = "a", source = { bytes = "%PDF" } } }

local function user(...)
    return { role = "user", content = { ... } }
end

local function model(...)
    return { role = "assistant", content = { ... } }
end

local HI = { text = "Hi" }

describe("the endpoint's Converse", function()
    local conn
    service.each_connected(function(new) conn = new end)

    local REFUSED = {
        ["must start with a user message"] = { model(HI), user(HI) },
        ["must alternate between user and assistant roles"] = { user(HI), user(HI) },
        ["must end with a user message"] = { user(HI), model(HI) },
        ["messages.0.content.1 is blank"] = { user(HI, { text = " \n" }) },
        ["messages.1 is empty"] = { user(HI), model(), user(HI) },
        ["A text block must be included when using documents"] = { user(PDF) },
        ["Expected toolResult blocks at messages.2.content for the following Ids: t1"] =
            { user(HI), model(CALL), user(HI) },
        ["toolResult blocks at messages.2.content exceeds"] = { user(HI), model(HI), user(RESULT) },
    }
    for words, messages in pairs(REFUSED) do
        it("refuses: " .. words, function()
            local answer, err = conn:converse { modelId = service.MODEL, messages = messages, toolConfig = TOOLS }
            assert.is_nil(answer)
            assert.equal("ValidationException", err.code)
            assert.truthy(err.message:find(words, 1, true), err.message)
        end)
    end

    it("wants tools beside their calls, and takes the conversation then", function()
        local params = { modelId = service.MODEL, messages = { user(HI), model(CALL), user(RESULT, HI) } }
        local _, err = conn:converse(params)
        assert.matches("toolConfig field must be defined", err.message)
        params.toolConfig = TOOLS
        assert(conn:converse(params))
    end)
end)
