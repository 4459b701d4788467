--- Answers from a knowledge base: RetrieveAndGenerate, with and without a stream.
local answers = require "bedrock.agents.answer"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local halves = require "bedrock.base.halves"
local metadata = require "bedrock.metadata"
local options = require "bedrock.agents.options"

--- What is looked for, and how; for each call, or for all of them.
local SEARCH = { results = "whole", filter = "table", search = "text", guardrail = "table", params = "table" }

local GENERATE = {
    model = "text", max_tokens = "whole", temperature = "number", top_p = "number", stop = "text_or_list",
    template = "text", user_id = "text", resolve = "boolean",
}

local knowledge = {
    operation = "knowledge",
    options = options.merged(SEARCH, GENERATE, { id = "text", session_id = "text" }),
    asked = options.merged(SEARCH, GENERATE),
    search = SEARCH,
}

function knowledge.guardrail_of(given)
    return given and { guardrailId = given.id or given.guardrailId,
        guardrailVersion = given.version or given.guardrailVersion } or nil
end

function knowledge.retrieval_of(own)
    local search = {
        numberOfResults = own.results,
        filter = own.filter,
        overrideSearchType = own.search and own.search:upper(),
    }
    return next(search) and { vectorSearchConfiguration = search } or nil
end

function knowledge.user_of(own)
    return own.user_id and { userId = own.user_id } or nil
end

local function generation_of(own)
    local stop = own.stop
    local inference = {
        maxTokens = own.max_tokens, temperature = own.temperature, topP = own.top_p,
        stopSequences = type(stop) == "string" and { stop } or stop,
    }
    local generation = {
        guardrailConfiguration = knowledge.guardrail_of(own.guardrail),
        inferenceConfig = next(inference) and { textInferenceConfig = inference } or nil,
        promptTemplate = own.template and { textPromptTemplate = own.template } or nil,
    }
    return next(generation) and generation or nil
end

local function missing_model()
    return errors.validation(knowledge.operation, { { path = "model", kind = "missing",
        message = "missing: the model that answers, by its ID, ARN or inference profile" } })
end

local function model_of(conn, own, call)
    if not own.model then
        return nil, missing_model()
    elseif own.resolve then
        return conn:resolve(own.model, call)
    end
    return own.model
end

function knowledge.name_of(self)
    return self.id
end

function knowledge.first(turn)
    local session = turn.session
    local own = options.merged(session.given, turn.options)
    local model, err = model_of(session.conn, own, turn.call)
    if not model then
        return nil, err
    end
    turn.texts, turn.half = {}, ""
    return options.merged({
        input = type(turn.input) == "table" and turn.input or { text = turn.input },
        retrieveAndGenerateConfiguration = {
            type = "KNOWLEDGE_BASE",
            knowledgeBaseConfiguration = {
                knowledgeBaseId = session.id,
                modelArn = model,
                retrievalConfiguration = knowledge.retrieval_of(own),
                generationConfiguration = generation_of(own),
            },
        },
        sessionId = session.session_id,
        userContext = knowledge.user_of(own),
    }, turn.params)
end

--- The one answer of a call that does not stream, as a stream of one event.
local One = {}
One.__index = One

function One:next()
    local result = self.result
    self.result = nil
    if result then
        return "result", result
    end
end

function One.close()
    return true
end

function knowledge.open(turn, params)
    local runtime = turn.session.conn.agent_runtime
    if turn.streaming then
        return runtime:retrieve_and_generate_stream(params, turn.call)
    end
    local result, err = runtime:retrieve_and_generate(params, turn.call)
    if not result then
        return nil, err
    end
    return metadata.copy(setmetatable({ result = result, sessionId = result.sessionId }, One), result)
end

--- In whole characters: a service may cut one between the halves of its surrogate pair.
local function say(turn, piece)
    local text
    text, turn.half = halves.join(turn.half, piece)
    table.insert(turn.texts, text)
    turn:say(text)
end

local takers = {}

function takers.result(turn, result)
    local answer = turn.answer_so_far
    answer.citations = result.citations or answer.citations
    answer.guardrail_action = result.guardrailAction
    say(turn, result.output and result.output.text or "")
end

function takers.output(turn, event, kept)
    say(turn, (kept or event).text or "")
end

function takers.citation(turn, event)
    table.insert(turn.answer_so_far.citations, event.citation or {
        generatedResponsePart = event.generatedResponsePart,
        retrievedReferences = event.retrievedReferences,
    })
end

function takers.guardrail(turn, event)
    local answer = turn.answer_so_far
    if answer.guardrail_action ~= "INTERVENED" then
        answer.guardrail_action = event.action
    end
end

--- The session's ID is the service's; it comes with the head of the first answer.
function knowledge.event(turn, name, event)
    local session = turn.session
    session.session_id = turn.stream.sessionId or session.session_id
    turn.answer_so_far.session_id = session.session_id
    local take = takers[name]
    if take then
        take(turn, event, turn.stream._halves)
    else
        answers.other(turn.answer_so_far, name, event)
    end
end

function knowledge.ended(turn)
    local rest = core.join_halves(turn.half)
    table.insert(turn.texts, rest)
    turn:say(rest)
    return nil
end

function knowledge.fill(turn, answer)
    answer.text = table.concat(turn.texts or {})
end

--- There is no call that ends such a session: the next ask begins a new one.
function knowledge.finish(self)
    self.session_id = nil
    return true
end

return knowledge
