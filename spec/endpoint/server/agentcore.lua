--- AgentCore: harnesses and runtimes.
---
--- A harness calls the first tool of the request, or its own called "lookup", where the prompt says "use tool" or
--- "order", and runs a tool itself where it says "use shell". A runtime answers {"result": text}; server-sent events of
--- texts where the prompt says "stream", Strands' events where it says "strands", an event that tells an error where it
--- says "break".
-- luacheck: std ngx_lua
local eventstream = require "server.eventstream"
local json = require "server.json"
local prose = require "server.prose"
local refusal = require "server.refusal"
local request_reader = require "server.request"
local state = require "server.state"

local SESSION_ID_MIN, PIECE = 33, 8

local agentcore = { operations = {} }

local function check_session(request)
    local id = request:header "x-amzn-bedrock-agentcore-runtime-session-id"
    if not id or #id < SESSION_ID_MIN then
        refusal.validation("The runtimeSessionId must have at least 33 characters.")
    end
    return id
end

local function rest()
    if state.config.stream_interval_ms > 0 then
        ngx.sleep(state.config.stream_interval_ms / 1000)
    end
end

local function text_of(content)
    local texts, result = {}, nil
    for _, block in ipairs(content) do
        texts[#texts + 1] = block.text
        result = block.toolResult or result
    end
    return table.concat(texts, " "), result
end

local EXAMPLES = { number = 1.5, integer = 42, boolean = true, string = "example" }

local function example_of(tool)
    local schema = tool and tool.config.inlineFunction.inputSchema or {}
    local input = {}
    for name, property in pairs(schema.properties or { city = { type = "string" } }) do
        input[name] = EXAMPLES[property.type]
    end
    return input
end

local function say(send, index, text)
    for _, word in ipairs(prose.words(text)) do
        send("contentBlockDelta", { contentBlockIndex = index, delta = { text = word } })
        rest()
    end
    send("contentBlockStop", { contentBlockIndex = index })
end

local function call(send, index, use, input)
    send("contentBlockStart", { contentBlockIndex = index, start = { toolUse = use } })
    local text = json.encode(input)
    for at = 1, #text, PIECE do
        send("contentBlockDelta", { contentBlockIndex = index,
            delta = { toolUse = { input = text:sub(at, at + PIECE - 1) } } })
    end
    send("contentBlockStop", { contentBlockIndex = index })
end

local function finish(send, reason)
    send("messageStop", { stopReason = reason })
end

local function hand_back(send, tool, prompt)
    send("messageStart", { role = "assistant" })
    say(send, 0, "Let me look that up.")
    call(send, 1, { toolUseId = "tooluse_" .. ngx.md5(prompt):sub(1, 16), name = tool and tool.name or "lookup",
        type = "tool_use" }, example_of(tool))
    finish(send, "tool_use")
end

local function run_shell(send)
    send("messageStart", { role = "assistant" })
    call(send, 0, { toolUseId = "tooluse_shell", name = "shell", type = "server_tool_use" }, { command = "date" })
    finish(send, "tool_use")
    send("messageStart", { role = "user" })
    send("contentBlockStart", { contentBlockIndex = 0,
        start = { toolResult = { toolUseId = "tooluse_shell", status = "success" } } })
    send("contentBlockDelta", { contentBlockIndex = 0, delta = { toolResult = { { text = "Saturday" } } } })
    send("contentBlockStop", { contentBlockIndex = 0 })
    finish(send, "tool_result")
end

local function answer(send, text)
    send("messageStart", { role = "assistant" })
    say(send, 0, text)
    finish(send, "end_turn")
end

local function told(result)
    local texts = {}
    for i, block in ipairs(result.content) do
        texts[i] = block.text
    end
    return ("The tool said (%s): %s"):format(result.status, table.concat(texts, " "))
end

local function respond(send, input)
    local last = input.messages[#input.messages]
    local prompt, result = text_of(last.content)
    if result then
        answer(send, told(result))
    elseif prompt:find("use tool", 1, true) or prompt:find("order", 1, true) then
        hand_back(send, input.tools and input.tools[1], prompt)
    else
        if prompt:find("use shell", 1, true) then
            run_shell(send)
        end
        answer(send, prose.reply(prompt))
    end
    send("metadata", { usage = { inputTokens = 10, outputTokens = 5, totalTokens = 15 }, metrics = { latencyMs = 42 } })
end

agentcore.operations["bedrock-agentcore.InvokeHarness"] = function(request)
    check_session(request)
    if not request_reader.arguments(request.query).harnessArn then
        refusal.validation("harnessArn is missing.")
    end
    local input = json.decode(request.body)
    if type(input) ~= "table" or type(input.messages) ~= "table" or not input.messages[1] then
        refusal.validation("messages is missing.")
    end
    return {
        headers = { ["Content-Type"] = "application/vnd.amazon.eventstream" },
        stream = function(write)
            respond(function(name, members)
                write(eventstream.event(name, members))
            end, input)
        end,
    }
end

local function sent_events(prompt)
    local is_strands = prompt:find("strands", 1, true)
    return function(write)
        for _, word in ipairs(prose.words(prose.reply(prompt))) do
            local value = is_strands
                and { event = { contentBlockDelta = { contentBlockIndex = 0, delta = { text = word } } } } or word
            write("data: " .. json.encode(value) .. "\n\n")
            if is_strands then
                write("data: " .. json.encode { data = word } .. "\n\n")
            end
            rest()
        end
        if prompt:find("break", 1, true) then
            write("data: " .. json.encode { error = "it broke", error_type = "ValueError",
                message = "An error occurred during streaming" } .. "\n\n")
        end
    end
end

agentcore.operations["bedrock-agentcore.InvokeAgentRuntime"] = function(request)
    local headers = { ["x-amzn-bedrock-agentcore-runtime-session-id"] = check_session(request) }
    local input = json.decode(request.body)
    local prompt = type(input) == "table" and input.prompt
    if type(prompt) ~= "string" then
        refusal.raise(424, "RuntimeClientError", "Received error (500) from runtime.")
    end
    for _, word in ipairs { "stream", "strands", "break" } do
        if prompt:find(word, 1, true) then
            headers["Content-Type"] = "text/event-stream"
            return { headers = headers, stream = sent_events(prompt) }
        end
    end
    headers["Content-Type"] = "application/json"
    return { headers = headers, body = json.encode { result = prose.reply(prompt) } }
end

agentcore.operations["bedrock-agentcore.StopRuntimeSession"] = function(request)
    return { headers = { ["x-amzn-bedrock-agentcore-runtime-session-id"] = check_session(request) }, body = "{}" }
end

return agentcore
