--- InvokeAgent, with return of control. As in life its event stream comes under the Content-Type application/json.
---
--- What the prompt says decides: "use tools" hands control back twice, first for two functions, then for an API;
--- "weather" for one function; "confirm" wants one function confirmed; "collaborator" hands back a collaborator's
--- function; "make a file" and "cite" add a file and a citation.
-- luacheck: std ngx_lua
local eventstream = require "server.eventstream"
local json = require "server.json"
local prose = require "server.prose"
local refusal = require "server.refusal"
local state = require "server.state"

local WORDS_PER_CHUNK = 6

local agents = { operations = {} }

--- What each session waits for: {id, prompt, step, told}.
local sessions = {}

local function trace(labels, input)
    return {
        agentId = labels[1],
        agentAliasId = labels[2],
        sessionId = labels[3],
        agentVersion = "1",
        eventTime = "2025-03-01T12:00:00.250Z",
        trace = { orchestrationTrace = { rationale = {
            traceId = "a1b2c3d4-0000-4000-8000-000000000001-0",
            text = "The user wants an answer to: " .. input,
        } } },
    }
end

local function usage_trace(labels, words)
    local part = trace(labels, "")
    part.trace.orchestrationTrace = { modelInvocationOutput = {
        traceId = "a1b2c3d4-0000-4000-8000-000000000001-0",
        metadata = { usage = { inputTokens = 10, outputTokens = words } },
    } }
    return part
end

local function parameter(name, kind, value)
    return { name = name, type = kind, value = value }
end

local function wants(name, more, ...)
    local input = { actionGroup = "WeatherAPIs", ["function"] = name, parameters = json.list { ... },
        actionInvocationType = "RESULT" }
    for key, value in pairs(more or {}) do
        input[key] = value
    end
    return { functionInvocationInput = input }
end

local TRIPS = { apiInvocationInput = {
    actionGroup = "TravelAPIs", httpMethod = "post", apiPath = "/trips/{city}", actionInvocationType = "RESULT",
    parameters = { parameter("city", "string", "oslo") },
    requestBody = { content = { ["application/json"] = { properties = { parameter("seats", "integer", "2") } } } },
} }

local OSLO = parameter("location", "string", "oslo")

--- What is handed back at each step of a prompt.
local STEPS = {
    ["use tools"] = {
        { wants("getWeather", nil, OSLO, parameter("days", "integer", "3"), parameter("metric", "boolean", "true"),
            parameter("hours", "array", "[6, 12]"), parameter("limit", "number", "1.5")), wants "getAlerts" },
        { TRIPS },
    },
    ["weather"] = { { wants("getWeather", nil, OSLO, parameter("days", "integer", "3")) } },
    ["confirm"] = { { wants("bookTrip", { actionInvocationType = "USER_CONFIRMATION_AND_RESULT" }, OSLO) } },
    ["collaborator"] = { { wants("getWeather", { agentId = "HELPER1234", collaboratorName = "WeatherAgent" }, OSLO) } },
}

local function steps_of(prompt)
    for words, steps in pairs(STEPS) do
        if prompt:find(words, 1, true) then
            return steps
        end
    end
end

local function told(results)
    local texts = {}
    for i, result in ipairs(results) do
        local one = result.functionResult or result.apiResult
        local _, body = next(one.responseBody or {})
        texts[i] = (one.confirmationState or "") .. (one.responseState and one.responseState .. ": " or "")
            .. (body and body.body or "")
        if one.responseState == "FAILURE" then
            refusal.raise(424, "DependencyFailedException", "The action failed: " .. (body and body.body or ""))
        end
    end
    return table.concat(texts, "; ")
end

--- Where a session goes on from what was handed back.
local function resume(id, given)
    local waiting = sessions[id]
    if not waiting or waiting.id ~= given.invocationId then
        refusal.validation("The invocationId is not valid for this session.")
    end
    if #given.returnControlInvocationResults ~= #waiting.inputs then
        refusal.validation("The results do not match the invocation inputs.")
    end
    local text = told(given.returnControlInvocationResults)
    waiting.told = waiting.told and waiting.told .. "; " .. text or text
    waiting.step = waiting.step + 1
    return waiting
end

local function hand_back(write, id, waiting, inputs)
    waiting.inputs = inputs
    waiting.id = ngx.md5(id .. waiting.step .. ngx.now()):sub(1, 16)
    sessions[id] = waiting
    write(eventstream.event("returnControl", { invocationId = waiting.id, invocationInputs = inputs }))
end

local CITATION = {
    generatedResponsePart = { textResponsePart = { text = "You asked", span = { start = 0, ["end"] = 8 } } },
    retrievedReferences = { { content = { text = "The source.", type = "TEXT" },
        location = { type = "S3", s3Location = { uri = "s3://papers/source.txt" } },
        metadata = { page = 7 } } },
}

local function speak(write, labels, body, waiting)
    local reply = waiting.told and "I was told: " .. waiting.told or prose.reply(waiting.prompt)
    local words = prose.words(reply)
    for from = 1, #words, WORDS_PER_CHUNK do
        local piece = table.concat(words, "", from, math.min(from + WORDS_PER_CHUNK - 1, #words))
        local cites = from == 1 and waiting.prompt:find("cite", 1, true)
        write(eventstream.event("chunk", { bytes = ngx.encode_base64(piece),
            attribution = cites and { citations = { CITATION } } or nil }))
        if from == 1 and body.enableTrace then
            write(eventstream.event("trace", trace(labels, waiting.prompt)))
        end
        if state.config.stream_interval_ms > 0 then
            ngx.sleep(state.config.stream_interval_ms / 1000)
        end
    end
    if body.enableTrace then
        write(eventstream.event("trace", usage_trace(labels, #words)))
    end
    if waiting.prompt:find("make a file", 1, true) then
        write(eventstream.event("files", { files = { { name = "table.csv", type = "text/csv",
            bytes = ngx.encode_base64 "a,b\n1,2\n" } } }))
    end
end

local function stream(write, labels, body, waiting)
    local steps = steps_of(waiting.prompt)
    local inputs = steps and steps[waiting.step]
    if inputs then
        return hand_back(write, labels[3], waiting, inputs)
    end
    sessions[labels[3]] = nil
    speak(write, labels, body, waiting)
end

local function read(request)
    local body = json.decode(request.body)
    local given = type(body) == "table" and body.sessionState
    local results = given and given.returnControlInvocationResults
    if type(body) ~= "table" or not results and not body.endSession and type(body.inputText) ~= "string" then
        refusal.validation("inputText is missing.")
    end
    return body, results and given
end

agents.operations["bedrock-agent-runtime.InvokeAgent"] = function(request, _, labels)
    local body, given = read(request)
    if labels[1]:find("NONEXIST") then
        refusal.raise(404, "ResourceNotFoundException", "Failed to retrieve resource because it "
            .. "doesn't exist. Retry your request with a different resource identifier.")
    end
    local waiting = given and resume(labels[3], given) or { prompt = body.inputText or "", step = 1 }
    return {
        headers = {
            ["Content-Type"] = "application/json",
            ["x-amzn-bedrock-agent-content-type"] = "application/json",
            ["x-amz-bedrock-agent-session-id"] = labels[3],
            ["x-amz-bedrock-agent-memory-id"] = body.memoryId,
        },
        stream = function(write)
            stream(write, labels, body, waiting)
        end,
    }
end

return agents
