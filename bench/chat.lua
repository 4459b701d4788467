--- What a chat costs beside the bare call that it makes, without tools: with one message, and with a long history. The
--- floor is conn:converse, for which a program keeps the list of messages by hand and looks at nothing.
---   LUA bench/chat.lua URL CA_FILE
local service = dofile "bench/service.lua"
local race = dofile "bench/race.lua"

local url, ca_file = arg[1], arg[2]
local MODEL, TEXT = service.MODEL, service.TEXT

local conn = service.connect(url, ca_file)

--- So many messages, the last one the model's.
local function history(count)
    local messages = {}
    for i = 1, count do
        messages[i] = { role = i % 2 == 1 and "user" or "assistant", content = { { text = "Message " .. i } } }
    end
    return messages
end

--- The chat forgets what was said each time, so that both send the same.
local function contestants(count, times)
    local name = count == 0 and "a turn" or ("a turn after %d messages"):format(count)
    local messages = history(count)
    local function by_hand()
        messages[count + 1] = { role = "user", content = { { text = TEXT } } }
        local answer = assert(conn:converse {
            modelId = MODEL,
            messages = messages,
            inferenceConfig = { maxTokens = 100, temperature = 0.5 },
        })
        messages[count + 2] = answer.output.message
        messages[count + 1], messages[count + 2] = nil, nil
        return answer.output.message.content[1].text
    end
    local chat = assert(conn:chat { model = MODEL, messages = history(count), max_tokens = 100, temperature = 0.5 })
    race.run(61, times, {
        { name .. ": conn:converse", by_hand },
        { name .. ": chat:say", function()
            local answer = assert(chat:say(TEXT))
            chat.messages[count + 1], chat.messages[count + 2] = nil, nil
            return answer.text
        end },
    })
end

contestants(0, 50)
contestants(1000, 5)
