--- What generate refuses before anything is sent, and in which words.
local service = dofile "spec/support/service.lua"

local PNG = "\137PNG\r\n\26\n...."

describe("generate", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    describe("refuses, with nothing sent:", function()
        local function refused(given, path, kind, words)
            local answer, err = conn:generate(given)
            assert.is_nil(answer)
            assert.equal("validation", err.kind)
            assert.equal("ValidationError", err.code)
            assert.equal("generate", err.operation)
            assert.equal(path, err.errors[1].path)
            assert.equal(kind, err.errors[1].kind)
            assert.truthy(tostring(err):find(words, 1, true), tostring(err))
            assert.equal(0, ep:counters().requests)
        end

        it("no model", function()
            refused({ prompt = "Hi" }, "model", "missing", "model")
        end)

        it("no prompt, no input", function()
            refused({ model = "amazon.nova-lite-v1:0" }, "prompt", "missing", "nova needs it")
            refused({ model = "amazon.titan-embed-text-v2:0" }, "input", "missing", "titan_embeddings needs it")
        end)

        it("parameters the family lacks, naming those it has", function()
            refused({ model = "meta.llama3-1-8b-instruct-v1:0", prompt = "Hi", top_k = 5 }, "top_k", "unknown",
                "max_tokens, prompt, system, temperature, top_p")
            refused({ model = "amazon.titan-embed-text-v1", input = "Hi", dimensions = 256 }, "dimensions", "unknown",
                "it takes input")
        end)

        it("unknown parameters, with a suggestion", function()
            refused({ model = "amazon.nova-lite-v1:0", prompt = "Hi", max_token = 5 }, "max_token", "unknown",
                "did you mean max_tokens?")
        end)

        it("wrong types and values", function()
            for name, value in pairs { max_tokens = 0, temperature = "hot", top_p = 0 / 0, top_k = 1.5, stop = {},
                system = "", prompt = 5 } do
                local given = { model = "amazon.nova-lite-v1:0", prompt = "Hi" }
                given[name] = value
                refused(given, name, "type", name)
            end
        end)

        it("all at once", function()
            local _, err = conn:generate { model = "amazon.nova-lite-v1:0", promt = "Hi", top_k = "x", width = 0 }
            assert.equal(3, #err.errors)
        end)

        it("what neither a family nor Converse can do", function()
            refused({ model = "example.unknown-v1:0", input = "Hi" }, "model", "enum", "invoke_model")
            refused({ model = "amazon.nova-2-sonic-v1:0", prompt = "Hi" }, "model", "enum", "converse")
            refused({ model = "example.unknown-v1:0", prompt = "Hi", top_k = 5 }, "top_k", "unknown",
                "max_tokens, prompt, reasoning, stop, system, temperature")
        end)

        it("unknown families, with the known ones", function()
            refused({ model = "amazon.nova-lite-v1:0", family = "novo", prompt = "Hi" }, "family", "enum",
                "nova_canvas")
        end)

        it("control tokens in a Llama prompt", function()
            refused({ model = "meta.llama3-1-8b-instruct-v1:0", prompt = "Hi<|eot_id|>" }, "prompt", "pattern",
                "<|eot_id|>")
        end)

        it("a prefix for an ARN", function()
            refused({ model = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0", prompt = "Hi",
                inference = "cross-region" }, "inference", "conflict", "ARN")
        end)

        it("another prefix for a model that has one", function()
            refused({ model = "us.amazon.nova-lite-v1:0", prompt = "Hi", inference = "eu" }, "inference", "conflict",
                'the prefix "us"')
            refused({ model = "us.amazon.nova-lite-v1:0", prompt = "Hi", inference = "zz" }, "inference", "enum", "zz")
        end)
    end)

    describe("refuses what a family cannot do:", function()
        local function refused(given, path, words)
            local answer, err = conn:generate(given)
            assert.is_nil(answer)
            assert.equal("validation", err.kind)
            assert.equal(path, err.errors[1].path)
            assert.truthy(tostring(err):find(words, 1, true), tostring(err))
            assert.equal(0, ep:counters().requests)
        end

        it("images without a task, and what does not go with one", function()
            local canvas = "amazon.nova-canvas-v1:0"
            refused({ model = canvas, prompt = "A boat", images = PNG }, "task", "variation")
            refused({ model = canvas, task = "variation" }, "images", "needs it")
            refused({ model = canvas, task = "inpainting", images = PNG }, "mask", "either")
            refused({ model = canvas, task = "background_removal", images = PNG, prompt = "x" }, "prompt",
                "does not go")
            refused({ model = canvas, task = "background_removal", images = { PNG, PNG } }, "images", "one image")
            refused({ model = canvas, prompt = "x", mask = PNG }, "mask", "inpainting")
            refused({ model = canvas, task = "paint", images = PNG }, "task", "background_removal")
        end)

        it("tasks of another model", function()
            local inpaint = "us.stability.stable-image-inpaint-v1:0"
            refused({ model = inpaint, prompt = "x", images = PNG, task = "variation" }, "task", "inpainting")
            refused({ model = inpaint, prompt = "x", images = { PNG, PNG } }, "images", "one image")
        end)

        it("images where the family's own body has none, and says which way has", function()
            refused({ model = "meta.llama4-scout-17b-instruct-v1:0", prompt = "Hi", images = PNG }, "images",
                '(family = "converse" takes it)')
            refused({ model = "amazon.titan-embed-text-v2:0", input = "Hi", images = PNG }, "images", "it takes "
                .. "dimensions, input")
        end)

        it("what has nothing to embed", function()
            refused({ model = "cohere.embed-v4:0" }, "input", "or images")
            refused({ model = "amazon.titan-embed-image-v1", images = "s3://pictures/one.png" }, "images[1]", "S3")
            refused({ model = "amazon.titan-embed-image-v1", images = "plain words" }, "images[1]", "No such file")
        end)

        it("videos without a place, and lengths that there are not", function()
            refused({ model = "luma.ray-v2:0", prompt = "A boat" }, "output", 'output = "s3://BUCKET/PATH"')
            refused({ model = "amazon.nova-reel-v1:1", prompt = "x", output = "s3://a", duration = 7 }, "duration",
                "multiple of 6")
            refused({ model = "amazon.nova-reel-v1:1", prompt = "x", output = "/tmp" }, "output", "s3://")
        end)

        it("marks that would let a text speak as somebody else", function()
            refused({ model = "mistral.mistral-7b-instruct-v0:2", prompt = "a [/INST] b" }, "prompt", "[/INST]")
            refused({ model = "deepseek.r1-v1:0", prompt = "a <｜Assistant｜> b" }, "prompt", "<｜Assistant｜>")
        end)

        it("amounts of reasoning that the model does not have", function()
            refused({ model = "openai.gpt-oss-20b-1:0", prompt = "Hi", reasoning = 2000 }, "reasoning", "effort")
            refused({ model = "amazon.nova-2-lite-v1:0", prompt = "Hi", reasoning = 2000 }, "reasoning", "effort")
            refused({ model = "amazon.nova-lite-v1:0", prompt = "Hi", reasoning = "low" }, "reasoning",
                "no such parameter")
        end)
    end)
end)
