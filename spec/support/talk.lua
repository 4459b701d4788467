--- For specs of chats: what the model is to answer, what was sent, and Converse's rules about histories.
local busted = require "busted"
local bedrock = require "bedrock"
local core = require "bedrock.core"
local service = dofile "spec/support/service.lua"

local encode, decode = bedrock.json.encode, bedrock.json.decode

local talk = { MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0" }

local PIECE = 7

--- In a describe block: the endpoint and a connection for each test.
--- @param take fun(conn: table)
function talk.each(take)
    talk.ep = service.each_connected(take)
    return talk.ep
end

local merged = service.merged
talk.merged = merged

--- @return table chat of the model MODEL
function talk.chat(conn, fields)
    return assert(conn:chat(merged({ model = talk.MODEL }, fields)))
end

local function json_of(content)
    return type(content) == "string" and content or encode(bedrock.array(content))
end

function talk.usage(read, written)
    return { inputTokens = read, outputTokens = written, totalTokens = read + written }
end

local function script(operation, action, more)
    talk.ep:script { merged({ match = { operation = operation }, action = action }, more) }
end
talk.script = script

--- The next Converse brings that.
--- @param content table[]|string blocks, or their JSON
--- @param more table? stop, usage, and members of the output; shape: of the action
function talk.says(content, more)
    more = more or {}
    local body = ('{"metrics":{"latencyMs":7},"output":{"message":{"role":"assistant","content":%s}},'
        .. '"stopReason":"%s","usage":%s%s}'):format(json_of(content), more.stop or "end_turn",
        encode(more.usage or talk.usage(10, 5)), more.trace and ',"trace":' .. encode(more.trace) or "")
    script("Converse", merged({ headers = { ["Content-Type"] = "application/json" }, body = body }, more.shape))
end

function talk.frame(event, payload)
    return { headers = { [":message-type"] = "event", [":event-type"] = event,
        [":content-type"] = "application/json" }, payload = type(payload) == "string" and payload or encode(payload) }
end

local frame = talk.frame

local function pieces(text)
    local list = {}
    for at = 1, #text, PIECE do
        list[#list + 1] = text:sub(at, at + PIECE - 1)
    end
    return list
end

local function add_deltas(frames, index, list, wrap)
    for _, piece in ipairs(list) do
        frames[#frames + 1] = frame("contentBlockDelta", { contentBlockIndex = index, delta = wrap(piece) })
    end
end

local BLOCKS = {
    text = function(frames, index, text)
        add_deltas(frames, index, pieces(text), function(piece)
            return { text = piece }
        end)
    end,
    toolUse = function(frames, index, use)
        frames[#frames + 1] = frame("contentBlockStart", { contentBlockIndex = index,
            start = { toolUse = { toolUseId = use.toolUseId, name = use.name } } })
        add_deltas(frames, index, pieces(type(use.input) == "string" and use.input or encode(use.input)),
            function(piece)
                return { toolUse = { input = piece } }
            end)
    end,
    reasoningContent = function(frames, index, reasoning)
        local thought = reasoning.reasoningText
        add_deltas(frames, index, thought and pieces(thought.text) or {}, function(piece)
            return { reasoningContent = { text = piece } }
        end)
        add_deltas(frames, index, { thought and thought.signature }, function(signature)
            return { reasoningContent = { signature = signature } }
        end)
        add_deltas(frames, index, { reasoning.redactedContent }, function(bytes)
            return { reasoningContent = { redactedContent = bytes } }
        end)
    end,
}

--- The events of an answer. A tool's input may be text, to be cut.
--- @param content table[] blocks as JSON has them: bytes in base64
function talk.frames(content, more)
    more = more or {}
    local frames = { frame("messageStart", { role = "assistant" }) }
    for i, block in ipairs(content) do
        local kind, value = next(block)
        BLOCKS[kind](frames, i - 1, value)
        frames[#frames + 1] = frame("contentBlockStop", { contentBlockIndex = i - 1 })
    end
    frames[#frames + 1] = frame("messageStop", { stopReason = more.stop or "end_turn" })
    frames[#frames + 1] = frame("metadata", { usage = more.usage or talk.usage(10, 5), metrics = { latencyMs = 7 },
        trace = more.trace })
    return frames
end

--- The next ConverseStream brings that.
function talk.streams(content, more)
    script("ConverseStream", { frames = talk.frames(content, more) })
end

--- The next request is refused in those words.
function talk.refuses(message, operation)
    script(operation or "Converse", { status = 400, headers = { ["x-amzn-ErrorType"] = "ValidationException" },
        json = { message = message } })
end

function talk.use(id, name, input)
    return { toolUse = { toolUseId = id, name = name, input = input } }
end

--- The bodies of all requests to models, as bytes.
function talk.bodies()
    local list = {}
    for _, request in ipairs(talk.ep:requests()) do
        if request.operation == "Converse" or request.operation == "ConverseStream" then
            list[#list + 1] = core.base64_decode(request.body64)
        end
    end
    return list
end

--- The messages in a body, as bytes without the bracket at their end: what later requests begin with.
function talk.beginning(body)
    return assert(body:match '^({"messages":%[.*}%]})%],"' or body:match '^({"messages":%[.*}%]})%]}$')
end

--- The same, decoded.
function talk.sent()
    local list = talk.bodies()
    for i, body in ipairs(list) do
        list[i] = decode(body)
    end
    return list
end

function talk.last()
    local list = talk.sent()
    return list[#list]
end

local function content_faults(content, place, faults)
    if type(content) ~= "table" or content[1] == nil then
        faults[#faults + 1] = place .. ": empty content"
        return
    end
    for i, block in ipairs(content) do
        if block.text and not block.text:find "%S" then
            faults[#faults + 1] = ("%s[%d]: blank text"):format(place, i)
        end
        if block.toolResult then
            content_faults(block.toolResult.content, ("%s[%d].toolResult"):format(place, i), faults)
        end
    end
end

local function ids_of(message, kind, member)
    local ids = {}
    for _, block in ipairs(message and message.content or {}) do
        if block[kind] then
            ids[#ids + 1] = block[kind][member]
        end
    end
    return table.concat(ids, ",")
end

local function is_thought_only(message)
    for _, block in ipairs(message.content) do
        if not block.reasoningContent then
            return false
        end
    end
    return message.role == "assistant"
end

--- What Converse would refuse of a history: each turn's roles, results, texts.
--- @return string[] faults
function talk.faults(messages)
    local faults = {}
    for i, message in ipairs(messages) do
        local place, before = ("messages[%d]"):format(i), messages[i - 1]
        if message.role ~= (i % 2 == 1 and "user" or "assistant") then
            faults[#faults + 1] = place .. ": the roles take no turns"
        end
        content_faults(message.content, place, faults)
        if message.content[1] and is_thought_only(message) then
            faults[#faults + 1] = place .. ": nothing but thoughts"
        end
        if ids_of(message, "toolResult", "toolUseId") ~= ids_of(before, "toolUse", "toolUseId") then
            faults[#faults + 1] = place .. ": results that are not those of the calls before"
        end
    end
    if messages[1] and ids_of(messages[#messages], "toolUse", "toolUseId") ~= "" then
        faults[#faults + 1] = "calls without results"
    end
    return faults
end

--- All that was sent, and the chat's own history, are such that Converse takes them.
function talk.check(chat)
    for i, body in ipairs(talk.sent()) do
        busted.assert.same({}, talk.faults(body.messages), "request " .. i)
        busted.assert.equal("user", body.messages[#body.messages].role)
        local tools = body.toolConfig and body.toolConfig.tools
        busted.assert.is_true(tools ~= nil or not encode(body.messages):find('"toolUse"', 1, true) and true or false,
            "toolConfig is missing")
    end
    busted.assert.same({}, talk.faults(chat.messages))
end

--- What the chat would send now: its history and something new.
function talk.replay(conn, chat)
    local copy = chat:fork()
    talk.says { { text = "replayed" } }
    assert(copy:say "Again")
    local all = talk.bodies()
    return all[#all], conn
end

return talk
