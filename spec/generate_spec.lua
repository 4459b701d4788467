--- generate: the bodies that reach the endpoint, and the one form its answers come back in.
local cjson = require "cjson"
local mime = require "mime"
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"

local PNG_START = "\137PNG\r\n\26\n"

--- model, further parameters, and the body the service must have got.
local BODIES = {
    {
        "amazon.nova-lite-v1:0",
        { prompt = "Hi", system = "Be brief.", max_tokens = 20, temperature = 0.5, top_p = 0.75, top_k = 40,
            stop = "END" },
        { schemaVersion = "messages-v1",
            messages = { { role = "user", content = { { text = "Hi" } } } },
            system = { { text = "Be brief." } },
            inferenceConfig = { maxTokens = 20, temperature = 0.5, topP = 0.75, topK = 40,
                stopSequences = { "END" } } },
    },
    {
        "amazon.titan-text-express-v1",
        { prompt = "Hi", max_tokens = 20, temperature = 0, top_p = 0.5, stop = { "A", "B" } },
        { inputText = "Hi", textGenerationConfig = { maxTokenCount = 20, temperature = 0, topP = 0.5,
            stopSequences = { "A", "B" } } },
    },
    {
        "anthropic.claude-3-haiku-20240307-v1:0",
        { prompt = "Hi", system = "Be brief.", temperature = 0.25, top_k = 5, stop = { "X" } },
        { anthropic_version = "bedrock-2023-05-31", max_tokens = 4096, system = "Be brief.",
            messages = { { role = "user", content = { { type = "text", text = "Hi" } } } },
            temperature = 0.25, top_k = 5, stop_sequences = { "X" } },
    },
    {
        "meta.llama3-1-8b-instruct-v1:0",
        { prompt = "Hi", system = "Be brief.", max_tokens = 20, temperature = 0.5, top_p = 0.75 },
        { prompt = "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
            .. "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
            .. "<|start_header_id|>assistant<|end_header_id|>\n\n",
            max_gen_len = 20, temperature = 0.5, top_p = 0.75 },
    },
    {
        "meta.llama4-scout-17b-instruct-v1:0",
        { prompt = "Hi" },
        { prompt = "<|begin_of_text|><|header_start|>user<|header_end|>\n\nHi<|eot|>"
            .. "<|header_start|>assistant<|header_end|>\n\n" },
    },
    {
        "openai.gpt-oss-20b-1:0",
        { prompt = "Hi", system = "Be brief.", max_tokens = 20, temperature = 0.5, top_p = 0.75, stop = "X" },
        { messages = { { role = "system", content = "Be brief." }, { role = "user", content = "Hi" } },
            max_completion_tokens = 20, temperature = 0.5, top_p = 0.75, stop = { "X" } },
    },
    {
        "amazon.nova-canvas-v1:0",
        { prompt = "A boat", negative_prompt = "people", width = 512, height = 768, count = 2, seed = 0 },
        { taskType = "TEXT_IMAGE", textToImageParams = { text = "A boat", negativeText = "people" },
            imageGenerationConfig = { width = 512, height = 768, numberOfImages = 2, seed = 0 } },
    },
    {
        "amazon.titan-image-generator-v2:0",
        { prompt = "A boat" },
        { taskType = "TEXT_IMAGE", textToImageParams = { text = "A boat" } },
    },
    {
        "amazon.titan-embed-text-v2:0",
        { input = "Hi", dimensions = 256 },
        { inputText = "Hi", dimensions = 256 },
    },
    {
        "amazon.titan-embed-image-v1",
        { input = "Hi", dimensions = 384 },
        { inputText = "Hi", embeddingConfig = { outputEmbeddingLength = 384 } },
    },
}

describe("generate", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    local function with(model, parameters)
        local given = { model = model }
        for name, value in pairs(parameters) do
            given[name] = value
        end
        return given
    end

    local function body_of(request)
        return (mime.unb64(request.body64))
    end

    local function bodies_seen()
        local seen = {}
        for _, request in ipairs(ep:requests()) do
            if request.operation == "InvokeModel" then
                assert.is_true(request.verified)
                seen[#seen + 1] = { uri = request.uri,
                    body = cjson.decode(body_of(request)), headers = request.headers }
            end
        end
        return seen
    end

    for _, case in ipairs(BODIES) do
        it("builds the body of " .. case[1], function()
            assert(conn:generate(with(case[1], case[2])))
            local seen = bodies_seen()
            assert.equal(1, #seen)
            assert.same(case[3], seen[1].body)
        end)
    end

    it("sends whole numbers as integers", function()
        assert(conn:generate { model = "amazon.nova-lite-v1:0", prompt = "Hi", max_tokens = 20 })
        local sent = body_of(ep:requests()[1])
        assert.truthy(sent:find('"maxTokens":20}', 1, true), sent)
    end)

    for _, model in ipairs {
        "amazon.nova-lite-v1:0", "amazon.titan-text-express-v1", "anthropic.claude-3-haiku-20240307-v1:0",
        "meta.llama3-1-8b-instruct-v1:0", "openai.gpt-oss-20b-1:0",
    } do
        it("brings text to one form: " .. model, function()
            local answer = assert(conn:generate { model = model, prompt = "Tell me of the sea", max_tokens = 400 })
            assert.is_string(answer.text)
            assert.truthy(#answer.text > 20)
            assert.equal("end_turn", answer.stop_reason)
            assert.truthy(answer.usage.input_tokens > 0)
            assert.truthy(answer.usage.output_tokens > 0)
            assert.is_table(answer.raw)
            assert.is_nil(answer.images)
            assert.is_nil(answer.embeddings)
            assert.equal(200, bedrock.metadata(answer).status)
        end)

        it("says that the limit cut it: " .. model, function()
            local answer = assert(conn:generate { model = model, prompt = "Tell me of the sea", max_tokens = 3 })
            assert.equal("max_tokens", answer.stop_reason)
            assert.equal(3, answer.usage.output_tokens)
        end)
    end

    it("gives images as bytes", function()
        local answer = assert(conn:generate { model = "amazon.nova-canvas-v1:0", prompt = "A boat", count = 3 })
        assert.equal(3, #answer.images)
        assert.equal(PNG_START, answer.images[1]:sub(1, 8))
        assert.is_nil(answer.text)
    end)

    it("says why images are missing", function()
        ep:script { { match = { operation = "InvokeModel" },
            action = { json = { images = cjson.null, error = "held back by the content filter" } } } }
        local answer = assert(conn:generate { model = "amazon.titan-image-generator-v2:0", prompt = "A boat" })
        assert.same({}, answer.images)
        assert.equal("held back by the content filter", answer.stop_reason)
    end)

    it("gives one embedding for one input, and one each for several", function()
        local one = assert(conn:generate { model = "amazon.titan-embed-text-v2:0", input = "Hi", dimensions = 256 })
        assert.equal(1, #one.embeddings)
        assert.equal(256, #one.embeddings[1])
        assert.is_number(one.embeddings[1][1])
        local two = assert(conn:generate { model = "amazon.titan-embed-text-v2:0", input = { "Hi", "Ho ho" },
            dimensions = 256 })
        assert.equal(2, #two.embeddings)
        assert.same(one.embeddings[1], two.embeddings[1])
        assert.not_same(two.embeddings[1], two.embeddings[2])
        assert.equal(3, ep:counters().InvokeModel)
        assert.truthy(two.usage.input_tokens > one.usage.input_tokens)
        assert.equal(2, #two.raw)
    end)

    it("keeps the embeddings before an input that fails, and tells which one did", function()
        local fine = { json = { embedding = { 0.5, 0.25 }, inputTextTokenCount = 2 } }
        ep:script { { match = { operation = "InvokeModel" }, action = fine },
            { match = { operation = "InvokeModel" }, action = fine },
            { match = { operation = "InvokeModel" }, action = { status = 400,
                json = { __type = "ValidationException", message = "too long" } } } }
        local answer, err = conn:generate { model = "amazon.titan-embed-text-v2:0", input = { "a", "b", "c", "d" } }
        assert.is_nil(answer)
        assert.equal("ValidationException", err.code)
        assert.equal(3, err.input)
        assert.equal(2, #err.partial.embeddings)
        assert.is_number(err.partial.usage.input_tokens)
    end)

    it("speaks Nova's embeddings", function()
        ep:script { { match = { operation = "InvokeModel" }, action = { json = {
            embeddings = { { embeddingType = "TEXT", embedding = { 0.5, -0.25 } } } } } } }
        local answer = assert(conn:generate { model = "amazon.nova-2-multimodal-embeddings-v1:0", input = "Hi",
            dimensions = 256 })
        assert.same({ { 0.5, -0.25 } }, answer.embeddings)
        assert.same({ schemaVersion = "nova-multimodal-embed-v1", taskType = "SINGLE_EMBEDDING",
            singleEmbeddingParams = { embeddingPurpose = "GENERIC_INDEX", embeddingDimension = 256,
                text = { truncationMode = "NONE", value = "Hi" } } }, bodies_seen()[1].body)
    end)

    it("leaves reasoning out of the text", function()
        ep:script {
            { match = { operation = "InvokeModel" }, action = { json = { choices = { {
                message = { content = "<reasoning>Hm.\nSo.</reasoning>It is blue." }, finish_reason = "stop" } } } } },
            { match = { operation = "InvokeModel" }, action = { json = { content = {
                { type = "thinking", thinking = "Hm." }, { type = "text", text = "It is " },
                { type = "text", text = "blue." } }, stop_reason = "end_turn" } } },
        }
        assert.equal("It is blue.", assert(conn:generate { model = "openai.gpt-oss-20b-1:0", prompt = "?" }).text)
        local claude = assert(conn:generate { model = "anthropic.claude-3-haiku-20240307-v1:0", prompt = "?" })
        assert.equal("It is blue.", claude.text)
        assert.same({}, claude.usage)
    end)

    it("leaves all reasoning out of the text, also what was cut off, and no more", function()
        for _, case in ipairs {
            { "<reasoning>a</reasoning>\n<reasoning>b</reasoning>It is.", "stop", "It is." },
            { "<reasoning>a</reasoning>It is <reasoning>b\nc</reasoning> so.", "stop", "It is so." },
            { "<reasoning>We need to", "length", "" },
            { " <reasoning>We need to", "stop", "" },
            { "<reasoning>a</reasoning><reasoning>b", "length", "" },
            { "<reasoning>a</reasoning>It is\n\n<reasoning>b", "length", "It is" },
            { "<reasoning>a</reasoning>Write <reasoning> first.", "stop", "Write <reasoning> first." },
            { "plain </reasoning>", "stop", "plain </reasoning>" },
        } do
            ep:script { { match = { operation = "InvokeModel" }, action = { json = { choices = { {
                message = { content = case[1] }, finish_reason = case[2] } } } } } }
            local result = assert(conn:generate { model = "openai.gpt-oss-20b-1:0", prompt = "Why?" })
            assert.equal(case[3], result.text, case[1])
            assert.equal(case[1], result.raw.choices[1].message.content)
        end
    end)

    describe("models by other names", function()
        local function uri_of(given)
            given.prompt = "Hi"
            assert(conn:generate(given))
            return bodies_seen()[1].uri
        end

        it("profiles, with every geographic prefix", function()
            for i, prefix in ipairs { "us", "eu", "apac", "jp", "au", "ca", "global", "us-gov", "mx", "amer",
                "eusc", "us-dod" } do
                assert(conn:generate { model = prefix .. ".anthropic.claude-sonnet-4-5-20250929-v1:0", prompt = "Hi" })
                assert.equal("bedrock-2023-05-31", bodies_seen()[i].body.anthropic_version)
            end
        end)

        it("ARNs of models and profiles", function()
            assert.equal("/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A%3Afoundation-model%2F"
                .. "amazon.nova-lite-v1%3A0/invoke",
                uri_of { model = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0" })
            assert(conn:generate { prompt = "Hi",
                model = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.meta.llama3-3-70b-instruct-v1:0" })
            assert.is_string(bodies_seen()[2].body.prompt)
        end)

        it("an ARN that tells no family, by Converse or with family", function()
            local arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3d4e5f6"
            assert.equal("You asked: Hi", assert(conn:generate { model = arn, prompt = "Hi" }).text:match "^[^\n]*")
            assert.equal(1, ep:counters().Converse)
            local answer, err = conn:generate { model = arn, input = "Hi" }
            assert.is_nil(answer)
            assert.equal("validation", err.kind)
            assert.truthy(err.message:find("family", 1, true))
            ep:script { { match = { operation = "InvokeModel" }, action = { json = { generation = "Ho",
                stop_reason = "stop", prompt_token_count = 1, generation_token_count = 1 } } } }
            assert.equal("Ho", assert(conn:generate { model = arn, family = "llama", prompt = "Hi" }).text)
        end)

        it("a prefix by name", function()
            assert.equal("/model/global.anthropic.claude-sonnet-4-20250514-v1%3A0/invoke",
                uri_of { model = "anthropic.claude-sonnet-4-20250514-v1:0", inference = "global" })
        end)

        it("a prefix that is newer than this version", function()
            assert.equal("/model/mx.anthropic.claude-sonnet-4-20250514-v1%3A0/invoke",
                uri_of { model = "anthropic.claude-sonnet-4-20250514-v1:0", inference = "mx" })
        end)

        it("one that has a prefix keeps it", function()
            assert.equal("/model/eu.amazon.nova-lite-v1%3A0/invoke",
                uri_of { model = "eu.amazon.nova-lite-v1:0", inference = "cross-region" })
        end)
    end)

    it("takes null for a parameter that is not given", function()
        local given = { model = "amazon.nova-lite-v1:0", prompt = "Hi", max_tokens = 20 }
        for _, name in ipairs { "family", "inference", "system", "temperature", "top_p", "top_k", "stop", "input",
            "dimensions", "width", "height", "count", "seed", "negative_prompt" } do
            given[name] = bedrock.null
        end
        assert(conn:generate(given))
        assert.same({ maxTokens = 20 }, bodies_seen()[1].body.inferenceConfig)
        local _, err = conn:generate { model = bedrock.null, prompt = "Hi" }
        assert.equal("missing", err.errors[1].kind)
    end)

    it("raises for what is no table", function()
        assert.has_error(function()
            conn:generate "Hi"
        end)
    end)

    it("hands on what the service says", function()
        ep:script { { match = { operation = "InvokeModel" }, action = { status = 400,
            json = { __type = "ValidationException", message = "Malformed input request" } } } }
        local answer, err = conn:generate { model = "amazon.nova-lite-v1:0", prompt = "Hi" }
        assert.is_nil(answer)
        assert.equal("service", err.kind)
        assert.equal("ValidationException", err.code)
    end)

    it("refuses answers that are not the family's", function()
        for _, action in ipairs { { body = "<html>" }, { json = { other = 1 } }, { json = { 1, 2 } },
            { body = '"text"' } } do
            ep:script { { match = { operation = "InvokeModel" }, action = action } }
            local answer, err = conn:generate { model = "openai.gpt-oss-20b-1:0", prompt = "Hi" }
            assert.is_nil(answer)
            assert.equal("transport", err.kind)
            assert.equal("BadResponse", err.code)
        end
        ep:script { { match = { operation = "InvokeModel" }, action = { json = { images = { "not base64!" } } } } }
        local answer, err = conn:generate { model = "amazon.nova-canvas-v1:0", prompt = "Hi" }
        assert.is_nil(answer)
        assert.equal("BadResponse", err.code)
    end)

    it("refuses answers whose members are missing or of another type", function()
        local bodies = { "{}", "[]", '{"output":{"message":{"content":5}},"results":[{"outputText":5}],"content":5,'
            .. '"generation":{"a":1},"choices":[{"message":5}],"embedding":["x"],"images":[5]}',
            '{"output":{},"results":[5],"generation":null,"choices":[5],"embedding":[],"images":5}' }
        for _, case in ipairs(BODIES) do
            for _, body in ipairs(bodies) do
                ep:reset()
                ep:script { { times = -1, match = { operation = "InvokeModel" }, action = { body = body } } }
                local params = { model = case[1] }
                for name, value in pairs(case[2]) do
                    params[name] = value
                end
                local answer, err = conn:generate(params)
                assert.is_nil(answer, case[1] .. " " .. body)
                assert.equal("BadResponse", err.code)
            end
        end
    end)

    it("refuses lists with holes, with nothing sent", function()
        local _, err = conn:generate { model = "amazon.titan-embed-text-v2:0", input = { "a", nil, "c" } }
        assert.equal("input", err.errors[1].path)
        assert.equal("type", err.errors[1].kind)
        assert.equal(0, ep:counters().requests)
    end)
end)
