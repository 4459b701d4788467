--- InvokeModel and InvokeModelWithResponseStream: each family's own request and answer bodies.
-- luacheck: std ngx_lua
local eventstream = require "server.eventstream"
local families = require "server.families"
local json = require "server.json"
local refusal = require "server.refusal"
local state = require "server.state"

local models = { operations = {} }

local function parse(request, model)
    if model:find("nonexistent") then
        refusal.validation("The provided model identifier is invalid.")
    end
    local family = families.of(model)
    local input = json.decode(request.body)
    if type(input) ~= "table" and family.name ~= "echo" then
        refusal.validation("Malformed input request, please reformat your input and try again.")
    end
    return family, input
end

local function reply_of(family, input)
    for _, name in ipairs(family.required or {}) do
        if input[name] == nil then
            refusal.validation("Malformed input request: #: required key [" .. name
                .. "] not found, please reformat your input and try again.")
        end
    end
    local good, reply = pcall(family.reply, input)
    if not good then
        refusal.validation("Malformed input request, please reformat your input and try again.")
    end
    return reply
end

local function count_headers(reply)
    return {
        ["X-Amzn-Bedrock-Invocation-Latency"] = "42",
        ["X-Amzn-Bedrock-Input-Token-Count"] = tostring(reply.read or 0),
        ["X-Amzn-Bedrock-Output-Token-Count"] = tostring(reply.written or 0),
    }
end

models.operations["bedrock-runtime.InvokeModel"] = function(request, _, labels)
    local family, input = parse(request, labels[1])
    if family.name == "echo" then
        return {
            headers = { ["Content-Type"] = request:header("content-type") },
            body = request.body,
        }
    end
    local reply = reply_of(family, input)
    return { headers = count_headers(reply), body = json.encode(family.whole(reply)) }
end

local function send_chunk(write, value)
    local text = type(value) == "string" and value or json.encode(value)
    write(eventstream.event("chunk", { bytes = ngx.encode_base64(text) }))
    if state.config.stream_interval_ms > 0 then
        ngx.sleep(state.config.stream_interval_ms / 1000)
    end
end

models.operations["bedrock-runtime.InvokeModelWithResponseStream"] = function(request, _, labels)
    local family, input = parse(request, labels[1])
    local chunks
    if family.name == "echo" then
        chunks = { request.body }
    elseif not family.chunks then
        refusal.validation("The model is unsupported for streaming.")
    else
        chunks = family.chunks(reply_of(family, input))
    end
    return {
        headers = {
            ["Content-Type"] = "application/vnd.amazon.eventstream",
            ["X-Amzn-Bedrock-Content-Type"] = "application/json",
        },
        stream = function(write)
            for _, value in ipairs(chunks) do
                send_chunk(write, value)
            end
        end,
    }
end

return models
