--- InvokeAgent. As in life its event stream comes under the Content-Type application/json.
-- luacheck: std ngx_lua
local eventstream = require "server.eventstream"
local json = require "server.json"
local prose = require "server.prose"
local refusal = require "server.refusal"
local state = require "server.state"

local WORDS_PER_CHUNK = 6

local agents = { operations = {} }

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

local function chunk(words, from)
    local piece = table.concat(words, "", from, math.min(from + WORDS_PER_CHUNK - 1, #words))
    return { bytes = ngx.encode_base64(piece) }
end

local function stream(write, labels, body)
    local words = prose.words(prose.reply(body.inputText))
    for from = 1, #words, WORDS_PER_CHUNK do
        write(eventstream.event("chunk", chunk(words, from)))
        if from == 1 and body.enableTrace then
            write(eventstream.event("trace", trace(labels, body.inputText)))
        end
        if state.config.stream_interval_ms > 0 then
            ngx.sleep(state.config.stream_interval_ms / 1000)
        end
    end
end

agents.operations["bedrock-agent-runtime.InvokeAgent"] = function(request, _, labels)
    local body = json.decode(request.body)
    if type(body) ~= "table" or type(body.inputText) ~= "string" then
        refusal.validation("inputText is missing.")
    end
    if labels[1]:find("NONEXIST") then
        refusal.raise(404, "ResourceNotFoundException", "Failed to retrieve resource because it "
            .. "doesn't exist. Retry your request with a different resource identifier.")
    end
    return {
        headers = {
            ["Content-Type"] = "application/json",
            ["x-amzn-bedrock-agent-content-type"] = "application/json",
            ["x-amz-bedrock-agent-session-id"] = labels[3],
            ["x-amz-bedrock-agent-memory-id"] = body.memoryId,
        },
        stream = function(write)
            stream(write, labels, body)
        end,
    }
end

return agents
