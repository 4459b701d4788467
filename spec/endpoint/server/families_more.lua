--- Bodies of further providers, in the form of server.families. What a body may not lack is what its provider's public
--- page says is required.
-- luacheck: std ngx_lua
local json = require "server.json"
local prose = require "server.prose"

local more = {}

--- @param prompt string
--- @param limit number?
--- @return table {words, cut, text, read, written}
function more.said(prompt, limit)
    local words, cut = prose.limited(prose.reply(prompt), limit)
    return {
        words = words,
        cut = cut,
        text = table.concat(words),
        read = prose.count(prompt),
        written = #words,
    }
end
local said = more.said

--- Bedrock's own last word in a stream.
function more.metrics(reply)
    return { inputTokenCount = reply.read, outputTokenCount = reply.written, invocationLatency = 42,
        firstByteLatency = 7 }
end
local metrics = more.metrics

local function words_of(text)
    local words = {}
    for word in text:lower():gmatch "%w+" do
        words[#words + 1] = word
    end
    return words[1] and words or { text }
end

--- @return number[] the same for the same text, alike for texts that share words
function more.vector(text, dimensions)
    local numbers, words = {}, words_of(text)
    for i = 1, dimensions do
        local sum = 0
        for _, word in ipairs(words) do
            sum = sum + ngx.crc32_long(i .. word) % 20001 - 10000
        end
        numbers[i] = sum / #words / 10000
    end
    return numbers
end
local vector = more.vector

local function ending(reply, finished, cut)
    return reply.cut and cut or finished
end

more.mistral = {
    required = { "prompt" },
    reply = function(input)
        local turn = input.prompt:gsub("^<s>", "")
        return said(assert(turn:match "^%[INST%] (.*) %[/INST%]$"), input.max_tokens)
    end,
    whole = function(reply)
        return { outputs = { { text = reply.text, stop_reason = ending(reply, "stop", "length") } } }
    end,
    chunks = function(reply)
        local list = {}
        for i, word in ipairs(reply.words) do
            list[i] = { outputs = { { text = word, stop_reason = json.null } } }
        end
        list[#list + 1] = { outputs = { { text = "", stop_reason = ending(reply, "stop", "length") } },
            ["amazon-bedrock-invocationMetrics"] = metrics(reply) }
        return list
    end,
}

--- It thinks before it answers, as the prompt's last tag makes it.
more.deepseek_r1 = {
    required = { "prompt" },
    reply = function(input)
        local prompt = assert(input.prompt:match "^<｜begin▁of▁sentence｜>.*<｜User｜>(.*)<｜Assistant｜><think>\n$")
        local words, cut = prose.limited("I think of " .. prompt .. ".\n</think>\n\n" .. prose.reply(prompt),
            input.max_tokens)
        return { words = words, cut = cut, text = table.concat(words), read = prose.count(prompt), written = #words }
    end,
    whole = function(reply)
        return { choices = { { text = reply.text, stop_reason = ending(reply, "stop", "length") } } }
    end,
    chunks = function(reply)
        local list = {}
        for i, word in ipairs(reply.words) do
            list[i] = { choices = { { text = word, stop_reason = json.null } } }
        end
        list[#list + 1] = { choices = { { text = "", stop_reason = ending(reply, "stop", "length") } },
            ["amazon-bedrock-invocationMetrics"] = metrics(reply) }
        return list
    end,
}

more.command_r = {
    required = { "message" },
    reply = function(input)
        return said(input.message, input.max_tokens)
    end,
    whole = function(reply)
        return {
            response_id = "a1b2c3d4-0000-4000-8000-000000000002",
            generation_id = "a1b2c3d4-0000-4000-8000-000000000003",
            text = reply.text,
            finish_reason = ending(reply, "COMPLETE", "MAX_TOKENS"),
            chat_history = json.list {},
        }
    end,
    chunks = function(reply)
        local list = {}
        for i, word in ipairs(reply.words) do
            list[i] = { is_finished = false, event_type = "text-generation", text = word }
        end
        local reason = ending(reply, "COMPLETE", "MAX_TOKENS")
        list[#list + 1] = { is_finished = true, event_type = "stream-end", finish_reason = reason, text = reply.text,
            response = { text = reply.text, finish_reason = reason },
            ["amazon-bedrock-invocationMetrics"] = metrics(reply) }
        return list
    end,
}

local function is_data_uri(text)
    return text:find "^data:image/%l+;base64,[%w+/]+=*$" ~= nil
end

--- Texts, images, or inputs of several parts: exactly one of them.
local function cohere_inputs(input)
    local list = input.texts or input.images or {}
    assert((input.texts and 1 or 0) + (input.images and 1 or 0) + (input.inputs and 1 or 0) == 1)
    for _, image in ipairs(input.images or {}) do
        assert(is_data_uri(image))
    end
    for i, one in ipairs(input.inputs or {}) do
        list[i] = json.encode(one)
    end
    assert(#list > 0 and #list <= 96)
    return list
end

more.cohere_embed = {
    required = { "input_type" },
    reply = function(input)
        local vectors, read = {}, 0
        for i, text in ipairs(cohere_inputs(input)) do
            vectors[i] = vector(text, input.output_dimension or 1024)
            read = read + prose.count(text)
        end
        return { vectors = vectors, read = read, types = input.embedding_types }
    end,
    whole = function(reply)
        return {
            id = "a1b2c3d4-0000-4000-8000-000000000004",
            response_type = reply.types and "embeddings_by_type" or "embeddings_floats",
            embeddings = reply.types and { float = reply.vectors } or reply.vectors,
        }
    end,
}

--- The more words of the question a document has, the better.
local function rank(input)
    local results = {}
    for i, document in ipairs(input.documents) do
        local score, words = 0, 0
        for word in input.query:lower():gmatch "%a+" do
            words = words + 1
            score = score + (document:lower():find(word, 1, true) and 1 or 0)
        end
        results[i] = { index = i - 1, relevance_score = words > 0 and score / words or 0 }
    end
    table.sort(results, function(a, b)
        if a.relevance_score ~= b.relevance_score then
            return a.relevance_score > b.relevance_score
        end
        return a.index < b.index
    end)
    for i = #results, (input.top_n or #results) + 1, -1 do
        results[i] = nil
    end
    return { results = results }
end

local function same(reply)
    return reply
end

more.cohere_rerank = { required = { "query", "documents", "api_version" }, reply = rank, whole = same }
more.amazon_rerank = { required = { "query", "documents" }, reply = rank, whole = same }

local function has_media(source)
    return (type(source.base64String) == "string") ~= (type(source.s3Location) == "table")
end

more.marengo = {
    required = { "inputType" },
    reply = function(input)
        local seed
        if input.inputType == "text" then
            seed = assert(input.inputText or input.text.inputText)
        else
            local source = input.mediaSource or input.image.mediaSource
            assert(input.inputType == "image" and has_media(source))
            seed = json.encode(source)
        end
        return { data = { { embedding = vector(seed, input.inputText and 1024 or 512) } } }
    end,
    whole = same,
}

more.pegasus = {
    required = { "inputPrompt", "mediaSource" },
    reply = function(input)
        assert(has_media(input.mediaSource))
        return said(input.inputPrompt, input.maxOutputTokens)
    end,
    whole = function(reply)
        return { message = reply.text, finishReason = ending(reply, "stop", "length") }
    end,
    chunks = function(reply)
        local list = {}
        for i, word in ipairs(reply.words) do
            list[i] = { message = word, stopReason = "" }
        end
        list[#list + 1] = { message = "", stopReason = ending(reply, "stop", "length"),
            ["amazon-bedrock-invocationMetrics"] = metrics(reply) }
        return list
    end,
}

return more
