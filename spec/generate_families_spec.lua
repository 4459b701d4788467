--- generate: the bodies of each family, as its provider documents them, and what its answers become.
local cjson = require "cjson"
local mime = require "mime"
local service = dofile "spec/support/service.lua"

local PNG, JPEG = "\137PNG\r\n\26\n....", "\255\216\255\224...."
local MP4 = "\0\0\0\24ftypisom...."
local PNG64, JPEG64, MP464 = mime.b64(PNG), mime.b64(JPEG), mime.b64(MP4)

local function chat(more)
    return service.merged({ messages = { { role = "system", content = "Be brief." },
        { role = "user", content = "Hi" } }, max_tokens = 20, temperature = 0.5, top_p = 0.75, stop = { "X" } }, more)
end

local CHAT = { prompt = "Hi", system = "Be brief.", max_tokens = 20, temperature = 0.5, top_p = 0.75, stop = "X" }

local function nova(more)
    return service.merged({ schemaVersion = "messages-v1",
        messages = { { role = "user", content = { { text = "Hi" } } } } }, more)
end

--- model, further parameters, and the body the service must have got.
local BODIES = {
    { "ai21.jamba-1-5-mini-v1:0", CHAT, chat() },
    { "writer.palmyra-x5-v1:0", CHAT, chat() },
    { "deepseek.v3-v1:0", CHAT, chat() },
    { "qwen.qwen3-32b-v1:0", CHAT, chat() },
    {
        "mistral.mistral-large-2407-v1:0",
        { prompt = "Hi", system = "Be brief.", max_tokens = 20, temperature = 0.5, top_p = 0.75 },
        { messages = { { role = "system", content = "Be brief." }, { role = "user", content = "Hi" } },
            max_tokens = 20, temperature = 0.5, top_p = 0.75 },
    },
    {
        "mistral.pixtral-large-2502-v1:0",
        { prompt = "Hi", images = { PNG, JPEG } },
        { messages = { { role = "user", content = {
            { type = "text", text = "Hi" },
            { type = "image_url", image_url = { url = "data:image/png;base64," .. PNG64 } },
            { type = "image_url", image_url = { url = "data:image/jpeg;base64," .. JPEG64 } } } } } },
    },
    {
        "mistral.mixtral-8x7b-instruct-v0:1",
        { prompt = "Hi", max_tokens = 20, temperature = 0.5, top_p = 0.75, top_k = 5, stop = "X" },
        { prompt = "<s>[INST] Hi [/INST]", max_tokens = 20, temperature = 0.5, top_p = 0.75, top_k = 5,
            stop = { "X" } },
    },
    {
        "us.deepseek.r1-v1:0",
        { prompt = "Hi", system = "Be brief.", max_tokens = 20, temperature = 0.5, top_p = 0.75, stop = "X" },
        { prompt = "<｜begin▁of▁sentence｜>Be brief.<｜User｜>Hi<｜Assistant｜><think>\n", max_tokens = 20,
            temperature = 0.5, top_p = 0.75, stop = { "X" } },
    },
    {
        "cohere.command-r-plus-v1:0",
        { prompt = "Hi", system = "Be brief.", max_tokens = 20, temperature = 0.5, top_p = 0.75, top_k = 5, seed = 7,
            stop = "X" },
        { message = "Hi", preamble = "Be brief.", max_tokens = 20, temperature = 0.5, p = 0.75, k = 5, seed = 7,
            stop_sequences = { "X" } },
    },
    {
        "amazon.nova-2-lite-v1:0",
        { prompt = "Hi", reasoning = "low", max_tokens = 20 },
        nova { reasoningConfig = { type = "enabled", maxReasoningEffort = "low" },
            inferenceConfig = { maxTokens = 20 } },
    },
    {
        "amazon.nova-pro-v1:0",
        { prompt = "Hi", images = PNG, video = "s3://films/one.mp4" },
        nova { messages = { { role = "user", content = {
            { image = { format = "png", source = { bytes = PNG64 } } },
            { video = { format = "mp4", source = { s3Location = { uri = "s3://films/one.mp4" } } } },
            { text = "Hi" } } } } },
    },
    {
        "anthropic.claude-sonnet-4-20250514-v1:0",
        { prompt = "Hi", images = JPEG, reasoning = 2000, max_tokens = 100 },
        { anthropic_version = "bedrock-2023-05-31", max_tokens = 2100,
            thinking = { type = "enabled", budget_tokens = 2000 },
            messages = { { role = "user", content = {
                { type = "image", source = { type = "base64", media_type = "image/jpeg", data = JPEG64 } },
                { type = "text", text = "Hi" } } } } },
    },
    {
        "openai.gpt-oss-120b-1:0",
        { prompt = "Hi", reasoning = "high" },
        { messages = { { role = "user", content = "Hi" } }, reasoning_effort = "high" },
    },
    {
        "twelvelabs.pegasus-1-2-v1:0",
        { prompt = "Hi", video = MP4, max_tokens = 20, temperature = 0 },
        { inputPrompt = "Hi", mediaSource = { base64String = MP464 }, maxOutputTokens = 20, temperature = 0 },
    },
    {
        "twelvelabs.pegasus-1-2-v1:0",
        { prompt = "Hi", video = "s3://films/one" },
        { inputPrompt = "Hi", mediaSource = { s3Location = { uri = "s3://films/one" } } },
    },
    {
        "cohere.embed-english-v3",
        { input = { "Hi", "Ho" }, input_type = "search_query" },
        { texts = { "Hi", "Ho" }, input_type = "search_query" },
    },
    {
        "cohere.embed-multilingual-v3",
        { images = PNG },
        { images = { "data:image/png;base64," .. PNG64 }, input_type = "image" },
    },
    {
        "cohere.embed-v4:0",
        { input = "Hi", dimensions = 256 },
        { texts = { "Hi" }, input_type = "search_document", output_dimension = 256, embedding_types = { "float" } },
    },
    {
        "cohere.embed-v4:0",
        { input = "Hi", images = PNG },
        { inputs = { { content = { { type = "text", text = "Hi" },
            { type = "image_url", image_url = "data:image/png;base64," .. PNG64 } } } },
            input_type = "search_document", embedding_types = { "float" } },
    },
    {
        "amazon.nova-2-multimodal-embeddings-v1:0",
        { images = JPEG, dimensions = 384, input_type = "search_query" },
        { schemaVersion = "nova-multimodal-embed-v1", taskType = "SINGLE_EMBEDDING",
            singleEmbeddingParams = { embeddingPurpose = "GENERIC_RETRIEVAL", embeddingDimension = 384,
                image = { format = "jpeg", detailLevel = "STANDARD_IMAGE", source = { bytes = JPEG64 } } } },
    },
    {
        "amazon.titan-embed-image-v1",
        { input = "Hi", images = PNG, dimensions = 384 },
        { inputText = "Hi", inputImage = PNG64, embeddingConfig = { outputEmbeddingLength = 384 } },
    },
    {
        "twelvelabs.marengo-embed-2-7-v1:0",
        { input = "Hi" },
        { inputType = "text", inputText = "Hi" },
    },
    {
        "twelvelabs.marengo-embed-3-0-v1:0",
        { input = "Hi" },
        { inputType = "text", text = { inputText = "Hi" } },
    },
    {
        "twelvelabs.marengo-embed-3-0-v1:0",
        { images = "s3://pictures/one.png" },
        { inputType = "image", image = { mediaSource = { s3Location = { uri = "s3://pictures/one.png" } } } },
    },
    {
        "cohere.rerank-v3-5:0",
        { query = "sea", documents = { "a lake", "the sea" }, top_n = 1 },
        { query = "sea", documents = { "a lake", "the sea" }, top_n = 1, api_version = 2 },
    },
    {
        "amazon.rerank-v1:0",
        { query = "sea", documents = { "a lake", "the sea" } },
        { query = "sea", documents = { "a lake", "the sea" } },
    },
    {
        "stability.stable-image-ultra-v1:1",
        { prompt = "A boat", negative_prompt = "people", aspect_ratio = "16:9", seed = 7 },
        { prompt = "A boat", negative_prompt = "people", aspect_ratio = "16:9", seed = 7 },
    },
    {
        "us.stability.stable-image-inpaint-v1:0",
        { task = "inpainting", prompt = "A boat", images = PNG, mask = JPEG, negative_prompt = "people", seed = 7 },
        { prompt = "A boat", image = PNG64, mask = JPEG64, negative_prompt = "people", seed = 7 },
    },
    {
        "us.stability.stable-image-remove-background-v1:0",
        { images = PNG },
        { image = PNG64 },
    },
    {
        "amazon.nova-canvas-v1:0",
        { task = "variation", images = { PNG, JPEG }, prompt = "A boat", count = 2 },
        { taskType = "IMAGE_VARIATION", imageVariationParams = { text = "A boat", images = { PNG64, JPEG64 } },
            imageGenerationConfig = { numberOfImages = 2 } },
    },
    {
        "amazon.titan-image-generator-v2:0",
        { task = "inpainting", images = PNG, mask = JPEG, prompt = "A boat", negative_prompt = "people" },
        { taskType = "INPAINTING", inPaintingParams = { image = PNG64, maskImage = JPEG64, text = "A boat",
            negativeText = "people" } },
    },
    {
        "amazon.nova-canvas-v1:0",
        { task = "inpainting", images = PNG, mask_prompt = "the sail" },
        { taskType = "INPAINTING", inPaintingParams = { image = PNG64, maskPrompt = "the sail" } },
    },
    {
        "amazon.nova-canvas-v1:0",
        { task = "background_removal", images = PNG },
        { taskType = "BACKGROUND_REMOVAL", backgroundRemovalParams = { image = PNG64 } },
    },
}

--- Likewise, of models that take minutes.
local LATER = {
    {
        "luma.ray-v2:0",
        { prompt = "A boat", aspect_ratio = "16:9", duration = 5, resolution = "720p", images = JPEG },
        { prompt = "A boat", aspect_ratio = "16:9", duration = "5s", resolution = "720p", keyframes = { frame0 = {
            type = "image", source = { type = "base64", media_type = "image/jpeg", data = JPEG64 } } } },
    },
    {
        "amazon.nova-reel-v1:1",
        { prompt = "A boat", images = PNG, seed = 7 },
        { taskType = "TEXT_VIDEO", textToVideoParams = { text = "A boat", images = { { format = "png",
            source = { bytes = PNG64 } } } },
            videoGenerationConfig = { durationSeconds = 6, fps = 24, dimension = "1280x720", seed = 7 } },
    },
    {
        "amazon.nova-reel-v1:1",
        { prompt = "A boat", duration = 12 },
        { taskType = "MULTI_SHOT_AUTOMATED", multiShotAutomatedParams = { text = "A boat" },
            videoGenerationConfig = { durationSeconds = 12, fps = 24, dimension = "1280x720" } },
    },
}

describe("families of generate", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    local function with(model, parameters)
        return service.merged({ model = model }, parameters)
    end

    local function bodies(operation)
        local seen = {}
        for _, request in ipairs(ep:requests()) do
            if request.operation == operation then
                assert.is_true(request.verified)
                seen[#seen + 1] = cjson.decode((mime.unb64(request.body64)))
            end
        end
        return seen
    end

    for i, case in ipairs(BODIES) do
        it(("send what is documented: %s (%d)"):format(case[1], i), function()
            assert(conn:generate(with(case[1], case[2])))
            assert.same({ case[3] }, bodies "InvokeModel")
        end)
    end

    for i, case in ipairs(LATER) do
        it(("are waited for: %s (%d)"):format(case[1], i), function()
            local answer = assert(conn:generate(with(case[1], service.merged(case[2], { output = "s3://films/new" }))))
            local sent = bodies "StartAsyncInvoke"
            assert.same(case[3], sent[1].modelInput)
            assert.same({ s3OutputDataConfig = { s3Uri = "s3://films/new" } }, sent[1].outputDataConfig)
            assert.truthy(answer.uri:find "^s3://films/new/task%d+$")
            assert.equal(answer.uri, tostring(answer))
            assert.equal("Completed", answer.raw.status)
            assert.equal(2, ep:counters().GetAsyncInvoke)
        end)
    end

    it("say why a task failed", function()
        local answer, err = conn:generate { model = "luma.ray-v2:0", prompt = "fail", output = "s3://films" }
        assert.is_nil(answer)
        assert.equal("WaiterFailure", err.code)
        assert.truthy(err.message:find("held back", 1, true))
        assert.equal("Failed", err.output.status)
    end)

    it("name the task that cannot be looked at", function()
        ep:script { { match = { operation = "GetAsyncInvoke" }, action = { status = 403,
            json = { __type = "AccessDeniedException", message = "No." } } } }
        local answer, err = conn:generate { model = "luma.ray-v2:0", prompt = "Hi", output = "s3://films" }
        assert.is_nil(answer)
        assert.equal("AccessDeniedException", err.code)
        assert.truthy(err.output.invocationArn:find("async-invoke/", 1, true))
    end)

    it("refuse answers whose members are missing or of another type", function()
        local answers = { "{}", "[]", '{"choices":[{"message":5,"text":5}],"outputs":[5],"text":5,"content":5,'
            .. '"output":5,"message":5,"embeddings":5,"data":5,"embedding":["x"],"results":[5],"images":5}',
            '{"choices":[5],"outputs":null,"embeddings":[[]],"data":[{"embedding":5}],"results":[{"index":"x"}],'
            .. '"images":[5],"output":{"message":5}}' }
        for _, case in ipairs(BODIES) do
            for _, said in ipairs(answers) do
                ep:reset()
                ep:script { { match = { operation = "InvokeModel" }, action = { body = said } } }
                local answer, err = conn:generate(with(case[1], case[2]))
                assert.is_nil(answer, case[1] .. " " .. said)
                assert.equal("BadResponse", err.code)
            end
        end
    end)

    it("wait for no longer than they may", function()
        local answer, err = conn:generate({ model = "luma.ray-v2:0", prompt = "Hi", output = "s3://films" },
            { max_wait = 0.5 })
        assert.is_nil(answer)
        assert.equal("TotalTimeout", err.code)
        assert.truthy(err.message:find(err.output.invocationArn, 1, true))
        answer, err = conn:generate({ model = "luma.ray-v2:0", prompt = "Hi", output = "s3://films" },
            { max_wait = "long" })
        assert.is_nil(answer)
        assert.equal("max_wait", err.errors[1].path)
    end)

    for _, model in ipairs { "ai21.jamba-1-5-mini-v1:0", "writer.palmyra-x4-v1:0", "deepseek.v3-v1:0",
        "us.deepseek.r1-v1:0", "qwen.qwen3-32b-v1:0", "mistral.mistral-7b-instruct-v0:2",
        "mistral.pixtral-large-2502-v1:0", "cohere.command-r-v1:0", "amazon.nova-2-lite-v1:0",
        "google.gemma-3-4b-it" } do
        it("bring text to one form: " .. model, function()
            local answer = assert(conn:generate { model = model, prompt = "the sea", max_tokens = 400 })
            assert.equal("You asked: the sea", answer.text:match "^[^\n]*")
            assert.equal(answer.text, tostring(answer))
            assert.equal("end_turn", answer.stop_reason)
            local usage = answer.usage
            assert.truthy(usage.input_tokens > 0 and usage.output_tokens > 0)
            assert.equal(usage.input_tokens + usage.output_tokens, usage.total_tokens)
        end)

        it("say that the limit cut it: " .. model, function()
            local answer = assert(conn:generate { model = model, prompt = "the sea", max_tokens = 3 })
            assert.equal("max_tokens", answer.stop_reason)
        end)
    end

    it("keep reasoning apart", function()
        local answer = assert(conn:generate { model = "us.deepseek.r1-v1:0", prompt = "tides" })
        assert.equal("I think of tides.", answer.reasoning)
        answer = assert(conn:generate { model = "us.deepseek.r1-v1:0", prompt = "tides", max_tokens = 3 })
        assert.equal("", answer.text)
        assert.equal("I think of", answer.reasoning)
    end)

    it("gather embeddings of many requests in their order", function()
        local texts = {}
        for i = 1, 200 do
            texts[i] = "text " .. i
        end
        local answer = assert(conn:generate { model = "cohere.embed-v4:0", input = texts, images = PNG,
            dimensions = 256 })
        assert.equal(201, #answer.embeddings)
        assert.equal(4, ep:counters().InvokeModel)
        assert.truthy(tostring(answer):find("embedding 3: 256", 1, true), tostring(answer))
        assert.truthy(tostring(answer):find("201 embeddings in all", 1, true))
        local one = assert(conn:generate { model = "cohere.embed-v4:0", input = "text 150", dimensions = 256 })
        assert.same(one.embeddings[1], answer.embeddings[150])
    end)

    it("rank documents", function()
        local documents = { "a lake", "the sea", "the deep blue sea" }
        local answer = assert(conn:generate { model = "amazon.rerank-v1:0", query = "blue sea",
            documents = documents, top_n = 2 })
        assert.same({ { index = 3, score = 1, document = documents[3] },
            { index = 2, score = 0.5, document = documents[2] } }, answer.results)
        assert.equal("3  1.000  the deep blue sea\n2  0.500  the sea", tostring(answer))
    end)

    it("give Stability's images, and why there is none", function()
        local answer = assert(conn:generate { model = "stability.sd3-5-large-v1:0", prompt = "A boat" })
        assert.equal(PNG:sub(1, 8), answer.images[1]:sub(1, 8))
        assert.is_nil(answer.stop_reason)
        assert.truthy(tostring(answer):find("image 1: ", 1, true), tostring(answer))
        ep:script { { match = { operation = "InvokeModel" },
            action = { json = { finish_reasons = { "Filter reason: prompt" } } } } }
        answer = assert(conn:generate { model = "stability.sd3-5-large-v1:0", prompt = "A boat" })
        assert.same({}, answer.images)
        assert.equal("Filter reason: prompt", answer.stop_reason)
        ep:script { { match = { operation = "InvokeModel" },
            action = { json = { finish_reasons = { "Filter reason: prompt" }, images = cjson.null } } } }
        answer = assert(conn:generate { model = "stability.sd3-5-large-v1:0", prompt = "A boat" })
        assert.same({}, answer.images)
        assert.equal("Filter reason: prompt", answer.stop_reason)
    end)

    it("tell what could not go together", function()
        local answer = assert(conn:generate { model = "anthropic.claude-sonnet-4-20250514-v1:0", prompt = "Hi",
            reasoning = true, temperature = 0.5 })
        assert.same({ "temperature was left out, as Claude takes none while it reasons" }, answer.healed)
        assert.is_nil(bodies "InvokeModel"[1].temperature)
        answer = assert(conn:generate { model = "amazon.nova-2-lite-v1:0", prompt = "Hi", reasoning = "high",
            max_tokens = 20 })
        assert.equal(1, #answer.healed)
        assert.same(nova { reasoningConfig = { type = "enabled", maxReasoningEffort = "high" } },
            bodies "InvokeModel"[2])
    end)

    it("read files", function()
        local path = os.tmpname()
        local file = assert(io.open(path, "wb"))
        file:write(PNG)
        file:close()
        assert(conn:generate { model = "amazon.titan-embed-image-v1", images = path })
        os.remove(path)
        assert.same({ { inputImage = PNG64 } }, bodies "InvokeModel")
        local _, err = conn:generate { model = "amazon.titan-embed-image-v1", images = path }
        assert.equal("images[1]", err.errors[1].path)
        assert.equal("file", err.errors[1].kind)
    end)
end)
