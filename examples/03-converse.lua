--- Asks a model, keeping the conversation so that the second question can build on the first.
--- Parameters and results are named exactly as AWS names them.
local bedrock = require "bedrock"

local conn, why, own = bedrock.open()
assert(conn, why)
local messages = {}

local function ask(question)
    messages[#messages + 1] = { role = "user", content = { { text = question } } }
    local answer, err = conn:converse {
        modelId = own.model,
        system = { { text = "Answer in at most two sentences." } },
        messages = messages,
        inferenceConfig = { maxTokens = 200, temperature = 0.5 },
    }
    if not answer then
        io.stderr:write("The question could not be answered: ", tostring(err), "\n")
        os.exit(1)
    end
    messages[#messages + 1] = answer.output.message
    print("you:   " .. question)
    print("model: " .. answer.output.message.content[1].text)
    print(("       %d tokens in, %d out, request %s"):format(answer.usage.inputTokens,
        answer.usage.outputTokens, bedrock.metadata(answer).request_id))
end

ask "Why is the sky blue?"
ask "And why is it red in the evening?"

-- The short way, for one question: the same for every model family, also for images and embeddings.
local short = assert(conn:generate { model = own.model, prompt = "Name three seas.", max_tokens = 100 })
print("short: " .. short.text)

conn:close()
