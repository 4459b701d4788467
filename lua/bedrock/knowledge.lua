--- Knowledge bases: what they find, and answers from it.
---
---     local kb = assert(conn:knowledge { id = "KB12345678", model = "amazon.nova-lite-v1:0" })
---     print(assert(kb:retrieve "How long is the warranty?"))
---     print(assert(kb:ask "How long is the warranty?"))
local agent_session = require "bedrock.agent_session"
local connection = require "bedrock.connection"
local drop_null = require "bedrock.drop_null"
local errors = require "bedrock.errors"
local metadata = require "bedrock.metadata"
local options = require "bedrock.agents.options"
local passages = require "bedrock.agents.passages"

local knowledge = {}

--- What is looked for, and how; for each call, or for all of them.
local SEARCH = { results = "whole", filter = "table", search = "text", guardrail = "table", params = "table" }

local RETRIEVE = options.merged(SEARCH, { all = "boolean", limit = "whole", next_token = "text", user_id = "text" })

local GENERATE = {
    model = "text", max_tokens = "whole", temperature = "number", top_p = "number", stop = "text_or_list",
    template = "text", user_id = "text",
}

local kind = {
    operation = "knowledge",
    options = options.merged(SEARCH, GENERATE, { id = "text", session_id = "text" }),
    asked = options.merged(SEARCH, GENERATE),
}

local function guardrail_of(given)
    return given and { guardrailId = given.id or given.guardrailId,
        guardrailVersion = given.version or given.guardrailVersion } or nil
end

local function retrieval_of(own)
    local search = {
        numberOfResults = own.results,
        filter = own.filter,
        overrideSearchType = own.search and own.search:upper(),
    }
    return next(search) and { vectorSearchConfiguration = search } or nil
end

local function user_of(own)
    return own.user_id and { userId = own.user_id } or nil
end

local function generation_of(own)
    local stop = own.stop
    local inference = {
        maxTokens = own.max_tokens, temperature = own.temperature, topP = own.top_p,
        stopSequences = type(stop) == "string" and { stop } or stop,
    }
    local generation = {
        guardrailConfiguration = guardrail_of(own.guardrail),
        inferenceConfig = next(inference) and { textInferenceConfig = inference } or nil,
        promptTemplate = own.template and { textPromptTemplate = own.template } or nil,
    }
    return next(generation) and generation or nil
end

local function missing_model()
    return errors.validation(kind.operation, { { path = "model", kind = "missing",
        message = "missing: the model that answers, by its ID, ARN or inference profile" } })
end

function kind.name_of(self)
    return self.id
end

function kind.first(turn)
    local session = turn.session
    local own = options.merged(session.given, turn.options)
    if not own.model then
        return nil, missing_model()
    end
    turn.texts = {}
    return options.merged({
        input = type(turn.input) == "table" and turn.input or { text = turn.input },
        retrieveAndGenerateConfiguration = {
            type = "KNOWLEDGE_BASE",
            knowledgeBaseConfiguration = {
                knowledgeBaseId = session.id,
                modelArn = own.model,
                retrievalConfiguration = retrieval_of(own),
                generationConfiguration = generation_of(own),
            },
        },
        sessionId = session.session_id,
        userContext = user_of(own),
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

function kind.open(turn, params)
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

local function say(turn, text)
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

function takers.output(turn, event)
    say(turn, event.text or "")
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
function kind.event(turn, name, event)
    local session = turn.session
    session.session_id = turn.stream.sessionId or session.session_id
    turn.answer_so_far.session_id = session.session_id
    local take = takers[name]
    if take then
        take(turn, event)
    else
        require("bedrock.agents.answer").other(turn.answer_so_far, name, event)
    end
end

function kind.ended()
    return nil
end

function kind.fill(turn, answer)
    answer.text = table.concat(turn.texts or {})
end

--- There is no call that ends such a session: the next ask begins a new one.
function kind.finish(self)
    self.session_id = nil
    return true
end

local function params_of(self, query, own)
    local retrieval = retrieval_of(own)
    return options.merged({
        knowledgeBaseId = self.id,
        retrievalQuery = type(query) == "table" and query or { text = query },
        retrievalConfiguration = retrieval,
        guardrailConfiguration = guardrail_of(own.guardrail),
        nextToken = own.next_token,
        userContext = user_of(own),
    }, own.params)
end

local SEARCHED = {}
for name in pairs(SEARCH) do
    SEARCHED[name] = true
end

--- The session's own settings, as far as they are of a search.
local function searched(given)
    local own = {}
    for name, value in pairs(given) do
        own[name] = SEARCHED[name] and name ~= "params" and value or nil
    end
    return own
end

--- @return table? own
--- @return table|bedrock.Error call
local function read_retrieve(self, given)
    local problems = {}
    local own, call = options.split(given, RETRIEVE, problems)
    if problems[1] then
        return nil, errors.validation("retrieve", problems)
    end
    return options.merged(searched(self.given), own), call
end

--- Other pages are followed where `all` or a `limit` wants more than one.
local function follow(self, list, params, own, call)
    repeat
        local page, err = self.conn.agent_runtime:retrieve(params, call)
        if not page then
            return nil, err
        end
        passages.add(list, page, own.limit)
        metadata.copy(list, page)
        local is_stuck = page.nextToken == params.nextToken
        params.nextToken = page.nextToken
        local wants_more = own.all or own.limit and #list < own.limit
    until not wants_more or not page.nextToken or page.nextToken == "" or is_stuck
    return list
end

--- @class bedrock.RetrieveOptions: bedrock.CallOptions
--- @field results? integer how many a page has (numberOfResults)
--- @field limit? integer pages are followed until there are so many
--- @field all? boolean pages are followed to the end
--- @field next_token? string
--- @field filter? table AWS's RetrievalFilter
--- @field search? "hybrid"|"semantic"
--- @field guardrail? { id: string, version: string }
--- @field user_id? string
--- @field params? table other members of Retrieve

--- What fits the text.
--- @param query string|table a table: AWS's retrievalQuery
--- @param given? bedrock.RetrieveOptions
--- @return bedrock.Passages? list
--- @return bedrock.Error? err
local function retrieve(self, query, given)
    if type(self) ~= "table" or rawget(self, "kind") ~= kind then
        error("not a knowledge base: call its methods with a colon, as in kb:retrieve(…)", 2)
    elseif type(query) ~= "string" and type(query) ~= "table" then
        error("retrieve: expected a text, got " .. errors.type_of(query), 2)
    elseif given ~= nil and type(given) ~= "table" then
        error("retrieve: the options must be a table, got " .. errors.type_of(given), 2)
    end
    local own, call = read_retrieve(self, given)
    if not own then
        return nil, call
    end
    return follow(self, passages.new(), params_of(self, query, own), own, call)
end

--- @class bedrock.KnowledgeOptions
--- @field id string
--- @field model? string that answers: its ID, ARN or inference profile
--- @field session_id? string of an earlier one; the service makes it
--- @field results? integer
--- @field filter? table
--- @field search? "hybrid"|"semantic"
--- @field max_tokens? integer
--- @field temperature? number
--- @field top_p? number
--- @field stop? string|string[]
--- @field template? string the prompt's template, with $search_results$
--- @field guardrail? { id: string, version: string }
--- @field user_id? string
--- @field params? table other members of RetrieveAndGenerate

--- @class bedrock.Knowledge: bedrock.AgentSession
--- @field id string
--- @field retrieve fun(self: bedrock.Knowledge, query: any, given: table?): bedrock.Passages?, bedrock.Error?

--- A knowledge base: `retrieve`, `ask`, `stream`.
--- @param given bedrock.KnowledgeOptions
--- @return bedrock.Knowledge? kb
--- @return bedrock.Error? err
function knowledge.open(conn, given)
    connection.client_of(conn, nil, nil, 2)
    if type(given) ~= "table" then
        error("knowledge: expected a table of options, got " .. errors.type_of(given), 2)
    end
    given = drop_null(given)
    local problems = {}
    options.check(given, kind.options, problems)
    if given.id == nil then
        options.add(problems, "id", "missing", "missing: the knowledge base's")
    end
    if problems[1] then
        return nil, errors.validation("knowledge", problems)
    end
    local self = agent_session.make(conn, kind, given)
    self.retrieve = retrieve
    return self
end

return knowledge
