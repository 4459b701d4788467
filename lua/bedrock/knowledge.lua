--- Knowledge bases: what they find, and answers from it.
---
---     local kb = assert(conn:knowledge { id = "KB12345678", model = "amazon.nova-lite-v1:0" })
---     print(assert(kb:retrieve "How long is the warranty?"))
---     print(assert(kb:ask "How long is the warranty?"))
local agent_session = require "bedrock.agent_session"
local connection = require "bedrock.connection"
local drop_null = require "bedrock.base.drop_null"
local errors = require "bedrock.errors"
local kind = require "bedrock.agents.knowledge"
local metadata = require "bedrock.metadata"
local options = require "bedrock.agents.options"
local passages = require "bedrock.agents.passages"

local knowledge = {}

--- What is looked for, and how; for each call, or for all of them.
local RETRIEVE = options.merged(kind.search,
    { all = "boolean", limit = "whole", next_token = "text", user_id = "text" })

local function params_of(self, query, own)
    return options.merged({
        knowledgeBaseId = self.id,
        retrievalQuery = type(query) == "table" and query or { text = query },
        retrievalConfiguration = kind.retrieval_of(own),
        guardrailConfiguration = kind.guardrail_of(own.guardrail),
        nextToken = own.next_token,
        userContext = kind.user_of(own),
    }, own.params)
end

--- The session's own settings, as far as they are of a search.
local function searched(given)
    local own = {}
    for name, value in pairs(given) do
        own[name] = kind.search[name] and name ~= "params" and value or nil
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

--- Which knowledge base, and which model answers.
--- @class bedrock.KnowledgeOptions
--- @field id string of the knowledge base
--- @field model? string that answers: its ID, ARN or inference profile
--- @field resolve? boolean the model's name may be a part of it: conn:resolve finds it
--- @field session_id? string of an earlier one; the service makes it
--- @field results? integer how many passages
--- @field filter? table AWS's RetrievalFilter
--- @field search? "hybrid"|"semantic" how it is searched
--- @field max_tokens? integer of the answer
--- @field temperature? number of the answer
--- @field top_p? number of the answer
--- @field stop? string|string[] texts that end the answer
--- @field template? string the prompt's template, with $search_results$
--- @field guardrail? { id: string, version: string } that watches the answer
--- @field user_id? string whose documents may be read
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
