--- Knowledge bases, against the local endpoint.
local bedrock = require "bedrock"
local mime = require "mime"
local service = dofile "spec/support/service.lua"

local MODEL = service.MODEL

describe("a knowledge base", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    local function base(more)
        return assert(conn:knowledge(service.merged({ id = "KB12345678", model = MODEL }, more)))
    end

    local function sent(number)
        local all = ep:requests()
        return bedrock.json.decode((mime.unb64(all[number or #all].body64)))
    end

    it("finds passages, with text, score, location and metadata, which print", function()
        local list = assert(base():retrieve "the warranty")
        assert.equal(2, #list)
        local first = list[1]
        assert.equal("Passage 1 about the warranty", first.text)
        assert.equal(0.9, first.score)
        assert.equal("s3://papers/1.txt", tostring(first.location))
        assert.equal("s3://papers/1.txt", first.location.s3Location.uri)
        assert.equal(1, first.metadata.page)
        assert.equal("doc-1", first.document_id)
        assert.equal("0.900  s3://papers/1.txt\n       Passage 1 about the warranty", tostring(first))
        assert.equal(tostring(first) .. "\n" .. tostring(list[2]), tostring(list))
        assert.is_string(list.next_token)
        assert.equal(200, bedrock.metadata(list).status)
        assert.same({ retrievalQuery = { text = "the warranty" } }, sent())
    end)

    it("follows pages where that is asked for", function()
        assert.equal(5, #assert(base():retrieve("x", { all = true })))
        assert.equal(3, ep:counters().Retrieve)
        assert.equal(3, #assert(base():retrieve("x", { limit = 3 })))
        assert.equal(5, ep:counters().Retrieve)
        local first = assert(base():retrieve "x")
        assert.equal("Passage 3 about x", assert(base():retrieve("x", { next_token = first.next_token }))[1].text)
        ep:script { { match = { operation = "Retrieve" }, times = -1,
            action = { json = { retrievalResults = { { content = { text = "a" } } }, nextToken = "same" } } } }
        assert.equal(2, #assert(base():retrieve("x", { all = true })))
    end)

    it("reads rows, audio and video, and says that there is nothing", function()
        ep:script { { match = { operation = "Retrieve" }, action = { json = { retrievalResults = {
            { content = { type = "ROW", row = { { columnName = "a", columnValue = "1" },
                { columnName = "b", columnValue = "2" } } } },
            { content = { type = "AUDIO", audio = { s3Uri = "s3://a", transcription = "heard" } } },
            { content = { type = "VIDEO", video = { s3Uri = "s3://v", summary = "seen" } },
                location = { type = "WEB", webLocation = { url = "https://example.com" } } },
            { location = { type = "NEW" } },
        } } } }, { match = { operation = "Retrieve" }, action = { body = '{"retrievalResults":[]}' } } }
        local list = assert(base():retrieve "x")
        assert.equal("a: 1, b: 2", list[1].text)
        assert.equal("heard", list[2].text)
        assert.equal("seen", list[3].text)
        assert.equal("https://example.com", tostring(list[3].location))
        assert.is_nil(list[4].text)
        assert.equal("-      NEW\n       (no text)", tostring(list[4]))
        assert.equal("(nothing was found)", tostring(assert(base():retrieve "x")))
    end)

    it("answers, in one session that the service names", function()
        local kb = base()
        local answer = assert(kb:ask "How long?")
        assert.matches("^You asked: How long?", answer.text)
        assert.equal(answer.text, tostring(answer))
        assert.equal("s3://papers/1.txt", answer.citations[1].retrievedReferences[1].location.s3Location.uri)
        assert.equal("NONE", answer.guardrail_action)
        assert.equal(kb.session_id, answer.session_id)
        assert.same({ knowledgeBaseId = "KB12345678", modelArn = MODEL },
            sent().retrieveAndGenerateConfiguration.knowledgeBaseConfiguration)
        assert.is_nil(sent().sessionId)
        assert(kb:ask "And then?")
        assert.equal(kb.session_id, sent().sessionId)
        assert.is_true(kb:finish())
        assert(kb:ask "Anew")
        assert.is_nil(sent().sessionId)
    end)

    it("streams, then has the answer and its citations", function()
        local kb, pieces = base(), {}
        for piece in kb:stream "How long?" do
            pieces[#pieces + 1] = piece
        end
        assert.truthy(#pieces > 5)
        assert.equal(table.concat(pieces), kb.answer.text)
        assert.equal(1, #kb.answer.citations)
        assert.is_string(kb.session_id)
        assert.equal("RetrieveAndGenerateStream", service.last_request(ep).operation)
        assert(kb:ask "And?")
        assert.equal(kb.session_id, sent().sessionId)
    end)

    it("gives whole characters", function()
        local function streamed(...)
            local frames = {}
            for i, text in ipairs { ... } do
                frames[i] = { event = "output", payload = '{"text":"' .. text .. '"}' }
            end
            ep:script { { match = { operation = "RetrieveAndGenerateStream" }, action = { frames = frames } } }
            local kb, pieces = base(), {}
            for piece in kb:stream "x" do
                pieces[#pieces + 1] = piece
            end
            assert.equal(table.concat(pieces), kb.answer.text)
            return pieces
        end
        assert.same({ "hi ", "\240\159\152\128!" }, streamed("hi \\ud83d", "\\ude00!"))
        assert.same({ "hi ", "\239\191\189" }, streamed "hi \\ud83d")
    end)

    it("keeps events that it does not know, and gives errors of both ways", function()
        ep:script { { match = { operation = "RetrieveAndGenerateStream" }, action = { frames = {
            { event = "output", json = { text = "a" } }, { event = "surprise", json = { x = 1 } },
        } } }, { match = { operation = "RetrieveAndGenerate" }, action = { status = 400,
            json = { __type = "ValidationException", message = "no" } } } }
        local kb = base()
        for _ in kb:stream "x" do end
        assert.same({ { name = "surprise", event = { x = 1 } } }, kb.answer.others)
        assert.equal("ValidationException", select(2, kb:ask "x").code)
        assert.equal("bedrock.knowledge (KB12345678)", tostring(base()))
        assert.equal("bedrock.knowledge (KB12345678, session mine)", tostring(base { session_id = "mine" }))
    end)

    it("cuts long texts where it prints, between characters", function()
        ep:script { { match = { operation = "Retrieve" }, action = { json = { retrievalResults = {
            { content = { text = ("ä"):rep(200) } } } } } } }
        local list = assert(base():retrieve "x")
        assert.equal("-      -\n       " .. ("ä"):rep(71) .. "…", tostring(list))
    end)

    it("takes settings for all calls, and others for one", function()
        local kb = base { results = 3, filter = { equals = { key = "year", value = 2024 } }, search = "hybrid" }
        assert.equal(3, #assert(kb:retrieve "x"))
        assert.same({ numberOfResults = 3, overrideSearchType = "HYBRID",
            filter = { equals = { key = "year", value = 2024 } } },
            sent().retrievalConfiguration.vectorSearchConfiguration)
        assert(kb:ask("x", { results = 4, max_tokens = 100, temperature = 0.5, stop = "END", model = "other.model-v1:0",
            template = "Answer: $search_results$", guardrail = { id = "abc", version = "1" }, user_id = "u" }))
        local body = sent()
        local settings = body.retrieveAndGenerateConfiguration.knowledgeBaseConfiguration
        assert.equal(4, settings.retrievalConfiguration.vectorSearchConfiguration.numberOfResults)
        assert.equal("HYBRID", settings.retrievalConfiguration.vectorSearchConfiguration.overrideSearchType)
        assert.equal("other.model-v1:0", settings.modelArn)
        assert.same({
            inferenceConfig = { textInferenceConfig = {
                maxTokens = 100, temperature = 0.5, stopSequences = { "END" },
            } },
            promptTemplate = { textPromptTemplate = "Answer: $search_results$" },
            guardrailConfiguration = { guardrailId = "abc", guardrailVersion = "1" },
        }, settings.generationConfiguration)
        assert.same({ userId = "u" }, body.userContext)
    end)

    it("finds its model by a part of the name, where it is asked to", function()
        local id = assert(conn:resolve "nova lite")
        assert(base({ model = "nova lite", resolve = true }):ask "x")
        assert.equal(id, sent().retrieveAndGenerateConfiguration.knowledgeBaseConfiguration.modelArn)
        assert.equal("resolve", select(2, base({ model = "no such model", resolve = true }):ask "x").operation)
    end)

    it("gives errors as values, all problems of options at once", function()
        local _, err = base({ id = "NONEXIST12" }):retrieve "x"
        assert.equal("ResourceNotFoundException", err.code)
        _, err = conn:knowledge { modle = "m" }
        assert.same({ "id", "modle" }, { err.errors[1].path, err.errors[2].path })
        _, err = assert(conn:knowledge { id = "KB12345678" }):ask "x"
        assert.equal("model", err.errors[1].path)
        _, err = base():retrieve("x", { result = 1 })
        assert.matches("did you mean results?", tostring(err), 1, true)
        _, err = conn:knowledge { knowledgeBaseId = "KB12345678", modelArn = "m" }
        assert.matches("knowledgeBaseId: unknown option (did you mean id?)", tostring(err), 1, true)
        assert.matches("modelArn: unknown option (did you mean model?)", tostring(err), 1, true)
        _, err = base():ask("x", { tools = {} })
        assert.equal("tools", err.errors[1].path)
        local here = "^spec/knowledge_spec.lua:%d+: "
        for message, misuse in pairs {
            ["not a knowledge base"] = function() base().retrieve "x" end,
            ["retrieve: expected a text"] = function() base():retrieve() end,
            ["knowledge: expected a table"] = function() conn:knowledge(1) end,
            ["retrieve: the options must be a table"] = function() base():retrieve("x", 1) end,
        } do
            assert.matches(here .. message, select(2, pcall(misuse)))
        end
    end)
end)
