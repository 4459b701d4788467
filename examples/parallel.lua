--- Fifty questions, ten at a time, with progress; the answers come back in the order of the questions.
local bedrock = require "bedrock"

local WORDS = { "tide", "delta", "estuary", "fjord", "lagoon", "reef", "strait", "cape", "atoll", "isthmus" }
local FORMS = { "Define %s.", "Name a famous %s.", "What lives in or near a %s?", "Rhyme with %s.", "Translate %s." }

local questions = {}
for _, form in ipairs(FORMS) do
    for _, word in ipairs(WORDS) do
        questions[#questions + 1] = form:format(word)
    end
end

local conn, why, own = bedrock.open()
assert(conn, why)
local done, tokens = 0, 0

local function show_progress()
    if done % 10 == 0 then
        io.stderr:write(("%d of %d answered, %d tokens\n"):format(done, #questions, tokens))
    end
end

--- What is run: it returns its value, or nil and an error, as calls do. While it waits, others go on.
local function asking(question)
    return function()
        local answer, err = conn:generate { model = own.model, prompt = question, max_tokens = 60 }
        done = done + 1
        tokens = tokens + (answer and answer.usage.output_tokens or 0)
        show_progress()
        return answer and answer.text, err
    end
end

local functions = {}
for i, question in ipairs(questions) do
    functions[i] = asking(question)
end

local answers, errs = bedrock.parallel(functions, { limit = 10 })
conn:close()

for i, question in ipairs(questions) do
    print(question, answers[i] and answers[i]:match "^[^\n]*" or "failed: " .. tostring(errs[i]))
end
os.exit(errs and 1 or 0)
