--- What the models of docs/cookbook.md say, by headlines; ", 2" is the second block under one.
local mime = require "mime"
local says = require "spec.support.model_says"

local function agent(...)
    return { match = { operation = "InvokeAgent" }, action = { frames = { ... } } }
end

local function chunk(text)
    return { event = "chunk", json = { bytes = mime.b64(text) } }
end

local function generated(text)
    return { match = { operation = "InvokeModel" }, action = { json = {
        output = { message = { role = "assistant", content = { { text = text } } } },
        stopReason = "end_turn", usage = { inputTokens = 12, outputTokens = 1 },
    } } }
end

local REASONED = {
    { reasoningContent = { reasoningText = {
        text = "If the ball is x, then x + x + 100 = 110.", signature = "RXVDa0JJRT0=",
    } } },
    { text = "5 cents." },
}

local CITED = { { citationsContent = {
    content = { { text = "It is two years." } },
    citations = { {
        title = "manual",
        sourceContent = { { text = "The warranty ends after two years." } },
        location = { documentPage = { documentIndex = 0, start = 3, ["end"] = 3 } },
    } },
} } }

--- Source: GuardrailTraceAssessment of the Amazon Bedrock API reference.
local STOPPED = {
    stopReason = "guardrail_intervened",
    trace = { guardrail = { inputAssessment = { gr1234567890 = {
        topicPolicy = { topics = { { name = "Investments", type = "DENY", action = "BLOCKED" } } },
    } } } },
}

local BILL = '{"from":"Hansen Ltd.","date":"2026-03-03","total":219.5,'
    .. '"items":[{"what":"lamp","count":2},{"what":"table","count":1}]}'

local FOUND = { {
    content = { type = "TEXT", text = "The warranty ends after two years." },
    location = { type = "S3", s3Location = { uri = "s3://papers/manual.pdf" } },
    score = 0.9,
} }

return {
    ["Tools"] = {
        says.calls {
            { "tooluse_1", "weather", { city = "Rome" } },
            { "tooluse_2", "weather", { city = "Oslo" } },
        },
        says.whole "In Rome: 31 °C, against 14 °C in Oslo.",
    },
    ["Tools that ask first"] = {
        says.calls { { "tooluse_1", "delete_file", { path = "/etc/hosts" } } },
        says.whole "I may only delete files in /tmp.",
    },
    ["Images"] = { says.whole "A red boat in a harbour.", says.whole "It rains." },
    ["Documents"] = { says.whole(CITED) },
    ["Structured output"] = { says.whole(BILL) },
    ["Prompt caching"] = {
        says.whole("At noon.", { usage = { cacheWriteInputTokens = 1850, cacheReadInputTokens = 0 } }),
        says.whole("Behind the house.", { usage = { cacheWriteInputTokens = 40, cacheReadInputTokens = 1850 } }),
    },
    ["Reasoning"] = { says.whole(REASONED) },
    ["Guardrails"] = { says.whole("Please ask me about something else.", STOPPED) },
    ["Agents"] = {
        agent { event = "returnControl", json = { invocationId = "i-1", invocationInputs = { {
            functionInvocationInput = { actionGroup = "orders", ["function"] = "status", parameters = {
                { name = "number", type = "integer", value = "4711" },
            } },
        } } } },
        agent(chunk "It is on its way."),
        agent(chunk "You are ", chunk "welcome."),
    },
    ["Knowledge bases"] = {
        { match = { operation = "Retrieve" }, action = { json = { retrievalResults = FOUND } } },
        { match = { operation = "RetrieveAndGenerate" }, action = { json = {
            sessionId = "session-1", output = { text = "It is two years." },
        } } },
    },
    ["Which model"] = { says.whole "The North Sea, the Baltic, the Red Sea." },
    ["Many prompts at once"] = { generated "yes", generated "yes", generated "yes" },
    ["Saving and resuming"] = { says.whole "Nice to meet you, Ada.", says.whole "Ada." },
    ["Start or go on"] = { says.whole "Nice to meet you, Ada." },
    ["Errors in the middle"] = {
        says.calls { { "tooluse_1", "book", { people = 4 } } },
        { match = { operation = "Converse" }, times = 3,
            action = { status = 503, json = { message = "Try again." },
                headers = { ["x-amzn-errortype"] = "ServiceUnavailableException" } } },
        says.whole "You have a table.",
    },
    ["Questions about a folder of files"] = {
        says.calls { { "tooluse_1", "list_files", {} } },
        says.calls { { "tooluse_2", "read_file", { name = "ferry.txt" } } },
        says.whole '{"answer":"At nine.","sources":["ferry.txt"]}',
    },
}
