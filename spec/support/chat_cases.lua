--- Chats, the same wherever calls run: cases as in surface_cases.lua, which adds these to its own.
local MODEL = "amazon.nova-lite-v1:0"

local cases = {}

local function case(name, rules, run)
    cases[#cases + 1] = { name = name, rules = rules, run = function(bedrock, settings)
        local conn = assert(bedrock.connect(settings))
        run(conn, bedrock)
        conn:close()
    end }
end

local function equal(expected, got, what)
    if expected ~= got then
        error(("%s: expected %s, got %s"):format(what or "a value", tostring(expected), tostring(got)), 2)
    end
end

local function pause(conn, ms)
    assert(require("bedrock.connection").pause(conn, ms))
end

local function says(content, stop)
    return { match = { operation = "Converse" }, action = { headers = { ["Content-Type"] = "application/json" },
        body = ('{"output":{"message":{"role":"assistant","content":%s}},"stopReason":"%s","usage":{"inputTokens":1,'
            .. '"outputTokens":1,"totalTokens":2},"metrics":{"latencyMs":1}}'):format(content, stop) } }
end

local function frame(event, payload)
    return { headers = { [":message-type"] = "event", [":event-type"] = event,
        [":content-type"] = "application/json" }, payload = payload }
end

local function streams(...)
    return { match = { operation = "ConverseStream" }, action = { frames = { frame("messageStart",
        '{"role":"assistant"}'), ... } } }
end

local THREE = '[{"reasoningContent":{"reasoningText":{"text":"Hm","signature":"c2ln"}}},{"toolUse":{"toolUseId":"t1",'
    .. '"name":"slow","input":{"z":1,"a":2}}},{"toolUse":{"toolUseId":"t2","name":"failing","input":{}}},'
    .. '{"toolUse":{"toolUseId":"t3","name":"strict","input":{"days":"two"}}}]'

local function three_tools(conn)
    local order = {}
    local chat = assert(conn:chat { model = MODEL, tools = {
        { name = "slow", input = { a = "integer", z = "integer" }, run = function(input)
            pause(conn, 20)
            order[#order + 1] = "slow"
            return { sum = input.z + input.a }
        end },
        { name = "failing", run = function()
            pause(conn, 1)
            order[#order + 1] = "failing"
            error("no such city", 0)
        end },
        { name = "strict", input = { days = "integer" }, run = function()
            order[#order + 1] = "strict"
        end },
    } })
    return chat, order
end

local function results_of(chat)
    local list = {}
    for i, block in ipairs(chat.messages[3].content) do
        list[i] = block.toolResult.toolUseId .. " " .. (block.toolResult.status or "fine")
    end
    return table.concat(list, ", ")
end

local function ran(conn, chat, order)
    equal("failing slow", table.concat(order, " "), "the tools' ends")
    equal("t1 fine, t2 error, t3 error", results_of(chat), "the results")
    equal(4, #chat.messages, "the messages")
    local request = assert(conn:prepare("converse", { modelId = MODEL, messages = chat.messages }))
    equal(true, request.body:find('{"role":"assistant","content":' .. THREE .. "}", 1, true) ~= nil, "the replay")
end

case("a chat's tools run at the same time, and their results keep the order",
    { says(THREE, "tool_use"), says('[{"text":"Done."}]', "end_turn") },
    function(conn)
        local chat, order = three_tools(conn)
        equal("Done.", tostring(assert(chat:say "Go")))
        ran(conn, chat, order)
    end)

case("a chat streams, and its tools run between the pieces", {
    streams(frame("contentBlockDelta", '{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm"}}}'),
        frame("contentBlockDelta", '{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"c2ln"}}}'),
        frame("contentBlockStart",
            '{"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"t1","name":"slow"}}}'),
        frame("contentBlockDelta", '{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\\"z\\":1,"}}}'),
        frame("contentBlockDelta", '{"contentBlockIndex":1,"delta":{"toolUse":{"input":"\\"a\\":2}"}}}'),
        frame("contentBlockStart",
            '{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t2","name":"failing"}}}'),
        frame("contentBlockStart",
            '{"contentBlockIndex":3,"start":{"toolUse":{"toolUseId":"t3","name":"strict"}}}'),
        frame("contentBlockDelta",
            '{"contentBlockIndex":3,"delta":{"toolUse":{"input":"{\\"days\\":\\"two\\"}"}}}'),
        frame("messageStop", '{"stopReason":"tool_use"}')),
    streams(frame("contentBlockDelta", '{"contentBlockIndex":0,"delta":{"text":"Do"}}'),
        frame("contentBlockDelta", '{"contentBlockIndex":0,"delta":{"text":"ne."}}'),
        frame("messageStop", '{"stopReason":"end_turn"}')),
}, function(conn)
    local chat, order = three_tools(conn)
    local pieces = {}
    for piece in chat:stream "Go" do
        pieces[#pieces + 1] = piece
    end
    equal("Do|ne.", table.concat(pieces, "|"), "the pieces")
    equal("Done.", tostring(chat.answer))
    ran(conn, chat, order)
end)

case("a chat is cancelled in the middle of its tools, and is as it was",
    { says('[{"text":"Hello."}]', "end_turn"), says(THREE, "tool_use"), says('[{"text":"Fine."}]', "end_turn") },
    function(conn, bedrock)
        local entered, left = 0, 0
        local function wait()
            entered = entered + 1
            local ok, why = pcall(pause, conn, 60000)
            left = left + 1
            error(ok and "it waited" or why, 0)
        end
        local chat = assert(conn:chat { model = MODEL, tools = {
            { name = "slow", input = { a = "integer", z = "integer" }, run = wait },
            { name = "failing", run = wait } } })
        assert(chat:say "Hi")
        local err
        local task = bedrock.spawn(function()
            local ok, why = pcall(chat.say, chat, "Go")
            err = not ok and why or nil
        end)
        while entered < 2 do
            pause(conn, 1)
        end
        task:cancel()
        task:join()
        while left < 2 do
            pause(conn, 1)
        end
        equal("cancelled", err and err.kind, "the error")
        equal(2, #chat.messages, "the messages")
        equal("Fine.", tostring(assert(chat:say "And now?")))
        equal(4, #chat.messages, "the messages")
    end)

case("a chat's stream that breaks leaves it as it was, and the error goes on",
    { streams(frame("contentBlockDelta", '{"contentBlockIndex":0,"delta":{"text":"Half"}}')),
        says('[{"text":"Whole."}]', "end_turn") },
    function(conn)
        local chat = assert(conn:chat { model = MODEL })
        local got = {}
        local ok, err = pcall(function()
            for piece in chat:stream "Go" do
                got[#got + 1] = piece
            end
        end)
        equal(false, ok)
        equal("Half", table.concat(got))
        equal("Truncated", err.code)
        equal(0, #chat.messages)
        equal("Whole.", tostring(assert(chat:resume(err))))
        equal(2, #chat.messages)
    end)

case("a chat is busy while one says something", nil, function(conn, bedrock)
    local chat = assert(conn:chat { model = MODEL })
    local results, errs = bedrock.parallel(function()
        return chat:say "First"
    end, function()
        return chat:say "Second"
    end)
    equal("Busy", errs and errs[2] and errs[2].code)
    equal(true, tostring(results[1]):find("You asked: First", 1, true) ~= nil)
    equal(2, #chat.messages)
end)

return cases
