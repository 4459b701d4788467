--- Objects, and reasoning of models that no family knows: one turn of a chat, as Converse has them for all models.
local answer = require "bedrock.generate.answer"
local errors = require "bedrock.errors"
local metadata = require "bedrock.metadata"
local raised = require "bedrock.tasks.raised"

local by_chat = {}

local OPTIONS = { "system", "max_tokens", "temperature", "top_p", "stop", "reasoning", "schema", "heal" }

local function source(found)
    return { bytes = found.bytes, s3 = found.uri, owner = found.owner, format = found.format }
end

local function input_of(given)
    local input = { text = given.prompt, video = given.video and source(given.video), images = given.images and {} }
    for i, found in ipairs(given.images or {}) do
        input.images[i] = source(found)
    end
    return input
end

local function chat_of(conn, plan)
    local fields = { model = plan.model }
    for _, name in ipairs(OPTIONS) do
        fields[name] = plan.given[name]
    end
    return conn:chat(fields)
end

--- What the chat answered, in the form of generate.
local function generated(said, plan)
    plan.healed = said.healed
    return metadata.copy(answer.new({
        text = said.text,
        object = said.object,
        reasoning = said.reasoning,
        stop_reason = said.stop_reason,
        usage = said.usage,
        raw = { output = { message = said.message }, stopReason = said.stop_reason, metrics = said.metrics },
    }, plan), said)
end

--- @param conn bedrock.Connection
--- @param plan bedrock.GeneratePlan
--- @param options? bedrock.CallOptions
--- @return bedrock.Generated? result
--- @return bedrock.Error? err
function by_chat.whole(conn, plan, options)
    local chat, err = chat_of(conn, plan)
    if not chat then
        return nil, err
    end
    local said
    said, err = chat:say(input_of(plan.given), options)
    if not said then
        return nil, err
    end
    return generated(said, plan)
end

--- The pieces of a chat's stream, taken like events.
local Source = {}
Source.__index = Source

function Source:next()
    local ok, piece = pcall(self.pieces)
    if not ok and (raised.is_for_the_caller(piece) or not errors.is(piece)) then
        error(piece, 0)
    elseif not ok then
        return nil, piece
    end
    return piece and "piece", piece
end

function Source:close()
    self.pieces:close()
end

function Source:result(plan)
    return generated(self.pieces.answer, plan)
end

--- @return table? source {next, close, result}
--- @return bedrock.Error? err
function by_chat.source(conn, plan, options)
    local chat, err = chat_of(conn, plan)
    if not chat then
        return nil, err
    end
    local pieces
    pieces, err = chat:stream(input_of(plan.given), options)
    if err then
        return nil, err
    end
    return setmetatable({ pieces = pieces }, Source)
end

return by_chat
