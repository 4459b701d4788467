--- InvokeModelWithResponseStream: chunks of the model's own.
local core = require "bedrock.core"
local collect = require "bedrock.streams.collect"
local model_chunks = require "bedrock.streams.model_chunks"

--- Where the families put a piece of text; the first that is there counts.
local PIECES = {
    { "delta", "text" },
    { "contentBlockDelta", "delta", "text" },
    { "choices", 1, "delta", "content" },
    { "choices", 1, "text" },
    { "outputs", 1, "text" },
    { "completion" },
    { "generation" },
    { "outputText" },
    { "text" },
    { "message" },
}

local function at(json, path)
    for _, key in ipairs(path) do
        if type(json) ~= "table" then
            return nil
        end
        json = json[key]
    end
    return json
end

local function piece_of(json)
    for _, path in ipairs(PIECES) do
        local piece = at(json, path)
        if type(piece) == "string" then
            return piece
        end
    end
end

--- Half a pair is U+FFFD in the event; at the edge of a piece its other half may come with the next one.
local function kept_piece(event)
    local piece = piece_of(event.json)
    if piece and piece:find("\239\191\189", 1, true) then
        return piece_of((core.decode_halves(event.bytes))), true
    end
    return piece, false
end

return {
    gathered = { invoke_model_with_response_stream = "bedrock.GatheredModel" },
    ending = model_chunks.ending,
    json_chunks = true,
    new = function()
        return { text = {}, parts = {} }
    end,
    events = {
        chunk = function(state, event)
            collect.append(state.parts, event.json or event.bytes)
            local piece, halves = kept_piece(event)
            state.halves = state.halves or halves
            collect.append(state.text, piece)
        end,
    },
    piece = function(_, event)
        return (kept_piece(event))
    end,
    piece_of = piece_of,
    result = function(state)
        return { text = collect.text(state, state.text), parts = state.parts }
    end,
}
