--- Answers of Converse and ConverseStream for the endpoint's scripts, in the form that AWS documents.
local cjson = require "cjson"

local model_says = {}

local function usage(more)
    local all = { inputTokens = 30, outputTokens = 12, totalTokens = 42 }
    for name, value in pairs(more or {}) do
        all[name] = value
    end
    return all
end

local function stop_of(content)
    for _, block in ipairs(content) do
        if block.toolUse then
            return "tool_use"
        end
    end
    return "end_turn"
end

--- @param content table[]|string blocks, or one text
--- @param more? table other members of the answer; usage is merged
--- @return table rule of a script
function model_says.whole(content, more)
    content = type(content) == "string" and { { text = content } } or content
    local json = {
        output = { message = { role = "assistant", content = content } },
        stopReason = stop_of(content),
        metrics = { latencyMs = 42 },
    }
    for name, value in pairs(more or {}) do
        json[name] = value
    end
    json.usage = usage(more and more.usage)
    return { match = { operation = "Converse" }, action = { json = json } }
end

--- @param uses table[] {id, name, input}
function model_says.calls(uses, more)
    local content = {}
    for i, use in ipairs(uses) do
        content[i] = { toolUse = { toolUseId = use[1], name = use[2], input = use[3] } }
    end
    return model_says.whole(content, more)
end

local function pieces(text, make)
    local list = {}
    for piece in text:gmatch "%s*%S+%s*" do
        list[#list + 1] = make(piece)
    end
    return list
end

--- @return table[] deltas
--- @return table? start
local function deltas_of(block)
    if block.text then
        return pieces(block.text, function(piece) return { text = piece } end)
    elseif block.toolUse then
        local use = block.toolUse
        local json = next(use.input) == nil and "{}" or cjson.encode(use.input)
        return pieces(json, function(piece) return { toolUse = { input = piece } } end),
            { toolUse = { toolUseId = use.toolUseId, name = use.name } }
    end
    local thought = block.reasoningContent.reasoningText
    local list = pieces(thought.text, function(piece) return { reasoningContent = { text = piece } } end)
    list[#list + 1] = { reasoningContent = { signature = thought.signature } }
    return list
end

--- The same as a stream, of texts, reasoning and calls.
--- @param content table[]|string
--- @return table rule
function model_says.streamed(content)
    content = type(content) == "string" and { { text = content } } or content
    local frames = { { event = "messageStart", json = { role = "assistant" } } }
    local function add(event, json)
        frames[#frames + 1] = { event = event, json = json }
    end
    for i, block in ipairs(content) do
        local deltas, start = deltas_of(block)
        if start then
            add("contentBlockStart", { contentBlockIndex = i - 1, start = start })
        end
        for _, delta in ipairs(deltas) do
            add("contentBlockDelta", { contentBlockIndex = i - 1, delta = delta })
        end
        add("contentBlockStop", { contentBlockIndex = i - 1 })
    end
    add("messageStop", { stopReason = stop_of(content) })
    add("metadata", { usage = usage(), metrics = { latencyMs = 42 } })
    return { match = { operation = "ConverseStream" }, action = { frames = frames } }
end

return model_says
