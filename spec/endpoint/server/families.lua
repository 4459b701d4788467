--- The model families' native bodies. A family has reply(input): what is said; whole(reply): the
--- answer in one piece; chunks(reply): the same as a stream; required: the members no request may
--- lack.
-- luacheck: std ngx_lua
local json = require "server.json"
local more = require "server.families_more"
local prose = require "server.prose"

local PNG = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAa0lEQVR42g3JQQEAMAgDMcQgBjP1cBYwUzE1"
    .. "w5ZvqoouplCxhYsUV1Q13UyjZhs3aa5/DD3MoGEHDxlufogWIyRWWEScfiy9zKJlFy9Zbn+YNmNk1tjEnH+EDhMU"
    .. "NjgkXH4cfcyhYw8fOe54G4BfkSabVjIAAAAASUVORK5CYII="

local families = {}
local invocation_metrics, said, vector = more.metrics, more.said, more.vector

local function last_text(messages)
    local content = messages[#messages].content
    if type(content) == "string" then
        return content
    end
    for _, block in ipairs(content) do
        if block.text then
            return block.text
        end
    end
    return ""
end

families.nova = {
    required = { "messages" },
    reply = function(input)
        return said(last_text(input.messages),
            input.inferenceConfig and input.inferenceConfig.maxTokens)
    end,
    whole = function(reply)
        return {
            output = { message = { role = "assistant", content = { { text = reply.text } } } },
            stopReason = reply.cut and "max_tokens" or "end_turn",
            usage = { inputTokens = reply.read, outputTokens = reply.written,
                totalTokens = reply.read + reply.written },
        }
    end,
    chunks = function(reply)
        local list = { { messageStart = { role = "assistant" } } }
        for _, word in ipairs(reply.words) do
            list[#list + 1] = { contentBlockDelta = { delta = { text = word },
                contentBlockIndex = 0 } }
        end
        list[#list + 1] = { contentBlockStop = { contentBlockIndex = 0 } }
        list[#list + 1] = { messageStop = {
            stopReason = reply.cut and "max_tokens" or "end_turn",
        } }
        list[#list + 1] = {
            metadata = { usage = { inputTokens = reply.read, outputTokens = reply.written } },
            ["amazon-bedrock-invocationMetrics"] = invocation_metrics(reply),
        }
        return list
    end,
}

families.titan_text = {
    required = { "inputText" },
    reply = function(input)
        return said(input.inputText,
            input.textGenerationConfig and input.textGenerationConfig.maxTokenCount)
    end,
    whole = function(reply)
        return {
            inputTextTokenCount = reply.read,
            results = { {
                tokenCount = reply.written,
                outputText = reply.text,
                completionReason = reply.cut and "LENGTH" or "FINISH",
            } },
        }
    end,
    chunks = function(reply)
        local list = {}
        for i, word in ipairs(reply.words) do
            local last = i == #reply.words
            list[i] = {
                outputText = word,
                index = 0,
                inputTextTokenCount = i == 1 and reply.read or json.null,
                totalOutputTextTokenCount = last and reply.written or json.null,
                completionReason = last and (reply.cut and "LENGTH" or "FINISH") or json.null,
                ["amazon-bedrock-invocationMetrics"] = last and invocation_metrics(reply) or nil,
            }
        end
        return list
    end,
}

families.titan_embedding = {
    reply = function(input)
        local config = input.embeddingConfig
        return {
            vector = vector(input.inputText or "image", input.dimensions
                or (config and config.outputEmbeddingLength) or 1024),
            read = prose.count(input.inputText or ""),
            types = input.embeddingTypes,
        }
    end,
    whole = function(reply)
        return {
            embedding = reply.vector,
            embeddingsByType = { float = reply.vector },
            inputTextTokenCount = reply.read,
        }
    end,
}

families.nova_embedding = {
    required = { "singleEmbeddingParams" },
    reply = function(input)
        local params = input.singleEmbeddingParams
        assert((params.text ~= nil) ~= (params.image ~= nil) and params.embeddingPurpose)
        return { vector = vector(params.text and params.text.value or "image", params.embeddingDimension or 3072),
            kind = params.text and "TEXT" or "IMAGE" }
    end,
    whole = function(reply)
        return { embeddings = { { embeddingType = reply.kind, embedding = reply.vector } } }
    end,
}

--- What a task's members are in.
local TASKS = {
    TEXT_IMAGE = "textToImageParams",
    IMAGE_VARIATION = "imageVariationParams",
    INPAINTING = "inPaintingParams",
    BACKGROUND_REMOVAL = "backgroundRemovalParams",
}

families.image = {
    required = { "taskType" },
    reply = function(input)
        local config = input.imageGenerationConfig or {}
        assert(type(input[TASKS[input.taskType]]) == "table")
        return { count = config.numberOfImages or 1 }
    end,
    whole = function(reply)
        local images = {}
        for i = 1, reply.count do
            images[i] = PNG
        end
        return { images = images }
    end,
}

families.stability = {
    required = { "prompt" },
    reply = function(input)
        return { seed = input.seed or 42 }
    end,
    whole = function(reply)
        return { seeds = { reply.seed }, finish_reasons = { json.null }, images = { PNG } }
    end,
}

families.stability_edit = {
    required = { "image" },
    reply = families.stability.reply,
    whole = families.stability.whole,
}

families.anthropic = {
    required = { "anthropic_version" },
    reply = function(input)
        return said(last_text(input.messages), input.max_tokens)
    end,
    whole = function(reply)
        return {
            id = "msg_bdrk_01EXAMPLE",
            type = "message",
            role = "assistant",
            model = "claude",
            content = { { type = "text", text = reply.text } },
            stop_reason = reply.cut and "max_tokens" or "end_turn",
            stop_sequence = json.null,
            usage = { input_tokens = reply.read, output_tokens = reply.written },
        }
    end,
    chunks = function(reply)
        local list = {
            { type = "message_start", message = {
                id = "msg_bdrk_01EXAMPLE", type = "message", role = "assistant", model = "claude",
                content = json.list {}, stop_reason = json.null, stop_sequence = json.null,
                usage = { input_tokens = reply.read, output_tokens = 1 },
            } },
            { type = "content_block_start", index = 0,
                content_block = { type = "text", text = "" } },
        }
        for _, word in ipairs(reply.words) do
            list[#list + 1] = { type = "content_block_delta", index = 0,
                delta = { type = "text_delta", text = word } }
        end
        list[#list + 1] = { type = "content_block_stop", index = 0 }
        list[#list + 1] = { type = "message_delta",
            delta = { stop_reason = reply.cut and "max_tokens" or "end_turn",
                stop_sequence = json.null },
            usage = { output_tokens = reply.written } }
        list[#list + 1] = { type = "message_stop",
            ["amazon-bedrock-invocationMetrics"] = invocation_metrics(reply) }
        return list
    end,
}

families.llama = {
    required = { "prompt" },
    reply = function(input)
        return said(input.prompt, input.max_gen_len)
    end,
    whole = function(reply)
        return {
            generation = reply.text,
            prompt_token_count = reply.read,
            generation_token_count = reply.written,
            stop_reason = reply.cut and "length" or "stop",
        }
    end,
    chunks = function(reply)
        local list = {}
        for i, word in ipairs(reply.words) do
            local last = i == #reply.words
            list[i] = {
                generation = word,
                prompt_token_count = i == 1 and reply.read or json.null,
                generation_token_count = i,
                stop_reason = last and (reply.cut and "length" or "stop") or json.null,
                ["amazon-bedrock-invocationMetrics"] = last and invocation_metrics(reply) or nil,
            }
        end
        return list
    end,
}

local function completion(kind, choice)
    choice.index = 0
    return {
        id = "chatcmpl-EXAMPLE",
        object = kind,
        created = 1740830400,
        model = "openai.gpt-oss-20b-1:0",
        choices = { choice },
    }
end

families.openai = {
    required = { "messages" },
    reply = function(input)
        return said(last_text(input.messages), input.max_completion_tokens or input.max_tokens)
    end,
    whole = function(reply)
        local answer = completion("chat.completion", {
            message = { role = "assistant", content = reply.text },
            finish_reason = reply.cut and "length" or "stop",
        })
        answer.usage = {
            prompt_tokens = reply.read,
            completion_tokens = reply.written,
            total_tokens = reply.read + reply.written,
        }
        return answer
    end,
    chunks = function(reply)
        local kind, list = "chat.completion.chunk", {}
        for i, word in ipairs(reply.words) do
            list[i] = completion(kind, {
                delta = { role = i == 1 and "assistant" or nil, content = word },
                finish_reason = json.null,
            })
        end
        local last = completion(kind, {
            delta = {}, finish_reason = reply.cut and "length" or "stop",
        })
        last["amazon-bedrock-invocationMetrics"] = invocation_metrics(reply)
        list[#list + 1] = last
        return list
    end,
}

families.echo = { name = "echo" }

local BY_ID = {
    { "nova%-canvas", families.image },
    { "titan%-image", families.image },
    { "titan%-embed", families.titan_embedding },
    { "nova%-2%-multimodal", families.nova_embedding },
    { "amazon%.rerank", more.amazon_rerank },
    { "amazon%.titan", families.titan_text },
    { "amazon%.nova", families.nova },
    { "anthropic%.", families.anthropic },
    { "meta%.llama", families.llama },
    { "openai%.", families.openai },
    { "cohere%.command%-r", more.command_r },
    { "cohere%.embed", more.cohere_embed },
    { "cohere%.rerank", more.cohere_rerank },
    { "mistral%.mistral%-7b", more.mistral },
    { "mistral%.mixtral", more.mistral },
    { "mistral%.mistral%-%l+%-2402", more.mistral },
    { "mistral%.", families.openai },
    { "ai21%.jamba", families.openai },
    { "deepseek%.r1", more.deepseek_r1 },
    { "deepseek%.", families.openai },
    { "qwen%.", families.openai },
    { "writer%.palmyra", families.openai },
    { "twelvelabs%.marengo", more.marengo },
    { "twelvelabs%.pegasus", more.pegasus },
    { "stability%.stable%-image%-inpaint", families.stability_edit },
    { "stability%.stable%-image%-remove", families.stability_edit },
    { "stability%.", families.stability },
}

--- The family of a model ID, profile ID or ARN; unknown ones echo.
function families.of(model)
    for _, pair in ipairs(BY_ID) do
        if model:find(pair[1]) then
            return pair[2]
        end
    end
    return families.echo
end

return families
