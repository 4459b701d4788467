--- A turn of a chat without tools after so many messages, and the bare call that it makes: N times, for
--- bench/measure.lua.
---
---     LUA bench/count/chat.lua floor|bedrock MESSAGES URL CA_FILE N
---     LUA bench/count/chat.lua beside MESSAGES URL CA_FILE ROUNDS
---
--- The floor is conn:converse, for which a program keeps the list of messages by hand and looks at nothing. What was
--- said is forgotten each time, so that all turns send the same. What a chat adds is less than two processes differ by,
--- so "beside" lets both take turns in one: it prints the median CPU time of each, and that of their ratios.
local service = dofile "bench/service.lua"
local timed = dofile "bench/count/timed.lua"
local who, messages_before, url, ca_file = arg[1], tonumber(arg[2]), arg[3], arg[4]

local conn = service.connect(url, ca_file)

--- So many messages, the last one the model's.
local function history()
    local messages = {}
    for i = 1, messages_before do
        messages[i] = { role = i % 2 == 1 and "user" or "assistant", content = { { text = "Message " .. i } } }
    end
    return messages
end

local function forget(messages)
    messages[messages_before + 2], messages[messages_before + 1] = nil, nil
end

local function by_hand()
    local messages = history()
    return function()
        messages[messages_before + 1] = { role = "user", content = { { text = service.TEXT } } }
        local answer = assert(conn:converse {
            modelId = service.MODEL,
            messages = messages,
            inferenceConfig = { maxTokens = 100, temperature = 0.5 },
        })
        messages[messages_before + 2] = answer.output.message
        forget(messages)
    end
end

local function by_chat()
    local chat = assert(conn:chat {
        model = service.MODEL, messages = history(), max_tokens = 100, temperature = 0.5,
    })
    return function()
        assert(chat:say(service.TEXT))
        forget(chat.messages)
    end
end

--- How long one goes on before it is the other's turn: the collector's work falls on both, a machine's moods, too.
local BLOCK_US = 10000

local function median(values)
    table.sort(values)
    return values[math.floor(#values / 2) + 1]
end

local function seconds(run, times)
    local start = os.clock()
    for _ = 1, times do
        run()
    end
    return (os.clock() - start) / times
end

--- @param rounds integer
local function beside(rounds)
    local floor, chat = by_hand(), by_chat()
    seconds(floor, 10)
    seconds(chat, 10)
    local times = math.max(1, math.floor(BLOCK_US / (seconds(floor, 10) * 1e6)))
    local floors, chats, ratios = {}, {}, {}
    for i = 1, rounds do
        local before, between, after = seconds(floor, times), seconds(chat, times), seconds(floor, times)
        floors[i], chats[i] = (before + after) / 2, between
        ratios[i] = between / floors[i]
    end
    print(("%.1f\t%.1f\t%.3f"):format(median(floors) * 1e6, median(chats) * 1e6, median(ratios)))
end

local count = tonumber(arg[5])
if who == "beside" then
    beside(count)
else
    timed(count, who == "floor" and by_hand() or by_chat())
end
