--- The body of OpenAI's Chat Completions, which several providers took over.
local media = require "bedrock.base.media"

local openai_chat = {}

openai_chat.required = { "prompt" }
openai_chat.takes = { "prompt", "system" }

openai_chat.fields = {
    max_tokens = "max_tokens",
    temperature = "temperature",
    top_p = "top_p",
    stop = "stop",
}

--- A text alone stays a text; beside images it is a part.
local function content(given)
    if not given.images then
        return given.prompt
    end
    local parts = { { type = "text", text = given.prompt } }
    for _, found in ipairs(given.images) do
        parts[#parts + 1] = { type = "image_url", image_url = { url = media.data_uri(found) } }
    end
    return parts
end

function openai_chat.body(given)
    local messages = { { role = "user", content = content(given) } }
    if given.system then
        table.insert(messages, 1, { role = "system", content = given.system })
    end
    return { messages = messages }
end

local function usage_of(read, usage)
    if type(usage) == "table" then
        read.input_tokens, read.output_tokens = usage.prompt_tokens, usage.completion_tokens
        read.total_tokens = usage.total_tokens
        local details = usage.prompt_tokens_details
        read.cache_read_tokens = type(details) == "table" and details.cached_tokens or nil
    end
    return read
end

local function text_of(value)
    return type(value) == "string" and value or nil
end

--- Mistral says stop_reason where others say finish_reason.
local function ending_of(choice)
    return text_of(choice.finish_reason) or text_of(choice.stop_reason)
end

local function reasoning_of(message)
    return text_of(message.reasoning_content) or text_of(message.reasoning)
end

function openai_chat.read(answer)
    local choice = answer.choices[1]
    local message = choice.message
    return usage_of({
        text = text_of(message.content) or "",
        reasoning = reasoning_of(message),
        stop_reason = ending_of(choice),
    }, answer.usage)
end

--- Some say `message` in a chunk, too.
function openai_chat.piece(chunk)
    local choice = type(chunk.choices) == "table" and chunk.choices[1] or {}
    local delta = type(choice.delta) == "table" and choice.delta
        or type(choice.message) == "table" and choice.message or {}
    return usage_of({
        text = text_of(delta.content),
        reasoning = reasoning_of(delta),
        stop_reason = ending_of(choice),
    }, chunk.usage)
end

return openai_chat
