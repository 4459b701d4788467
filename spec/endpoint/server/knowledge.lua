--- Knowledge bases: Retrieve in pages, RetrieveAndGenerate with and without a stream.
-- luacheck: std ngx_lua
local eventstream = require "server.eventstream"
local json = require "server.json"
local prose = require "server.prose"
local refusal = require "server.refusal"

local FOUND, PAGE = 5, 2

local knowledge = { operations = {} }

local function body_of(request)
    local body = json.decode(request.body)
    if type(body) ~= "table" then
        refusal.raise(400, "SerializationException", "The body is not a JSON object.")
    end
    return body
end

local function passage(number, text)
    return {
        content = { type = "TEXT", text = ("Passage %d about %s"):format(number, text) },
        location = { type = "S3", s3Location = { uri = ("s3://papers/%d.txt"):format(number) } },
        score = 1 - number / 10,
        metadata = { page = number },
        documentId = "doc-" .. number,
    }
end

local function page_size(body)
    local search = body.retrievalConfiguration and body.retrievalConfiguration.vectorSearchConfiguration
    return search and search.numberOfResults or PAGE
end

knowledge.operations["bedrock-agent-runtime.Retrieve"] = function(request, _, labels)
    local body = body_of(request)
    if labels[1]:find("NONEXIST") then
        refusal.raise(404, "ResourceNotFoundException", "Knowledge base does not exist.")
    end
    local from = tonumber(body.nextToken and body.nextToken:match "^page%-(%d+)$" or 1)
    local list, to = {}, from + page_size(body) - 1
    for number = from, math.min(to, FOUND) do
        list[#list + 1] = passage(number, body.retrievalQuery.text)
    end
    return { body = json.encode {
        retrievalResults = json.list(list),
        nextToken = to < FOUND and "page-" .. to + 1 or nil,
    } }
end

local function session_of(body)
    local settings = body.retrieveAndGenerateConfiguration
    if not settings or settings.type ~= "KNOWLEDGE_BASE" or not settings.knowledgeBaseConfiguration.modelArn then
        refusal.validation("retrieveAndGenerateConfiguration is missing.")
    end
    return body.sessionId or ("session-" .. ngx.md5(ngx.now() .. ngx.var.connection):sub(1, 12))
end

local function citation(text)
    return {
        generatedResponsePart = { textResponsePart = { text = text, span = { start = 0, ["end"] = #text - 1 } } },
        retrievedReferences = { { content = { text = "The source.", type = "TEXT" },
            location = { type = "S3", s3Location = { uri = "s3://papers/1.txt" } } } },
    }
end

knowledge.operations["bedrock-agent-runtime.RetrieveAndGenerate"] = function(request)
    local body = body_of(request)
    local text = prose.reply(body.input.text)
    return { body = json.encode {
        sessionId = session_of(body),
        output = { text = text },
        citations = { citation(text) },
        guardrailAction = "NONE",
    } }
end

knowledge.operations["bedrock-agent-runtime.RetrieveAndGenerateStream"] = function(request)
    local body = body_of(request)
    local text = prose.reply(body.input.text)
    return {
        headers = { ["Content-Type"] = "application/vnd.amazon.eventstream",
            ["x-amzn-bedrock-knowledge-base-session-id"] = session_of(body) },
        stream = function(write)
            for _, word in ipairs(prose.words(text)) do
                write(eventstream.event("output", { text = word }))
            end
            local cited = citation(text)
            write(eventstream.event("citation", cited))
            write(eventstream.event("guardrail", { action = "NONE" }))
        end,
    }
end

return knowledge
