--- The body that all text models of Amazon Nova share.
local blocks = require "bedrock.families.blocks"
local core = require "bedrock.core"
local media = require "bedrock.base.media"

local nova_messages = {}

nova_messages.takes = { "prompt", "system", "images", "video" }

nova_messages.fields = {
    max_tokens = "inferenceConfig.maxTokens",
    temperature = "inferenceConfig.temperature",
    top_p = "inferenceConfig.topP",
    top_k = "inferenceConfig.topK",
    stop = "inferenceConfig.stopSequences",
}

local function source(found)
    if found.uri then
        return { s3Location = media.location(found) }
    end
    return { bytes = core.base64_encode(found.bytes) }
end

--- @param given table
--- @param address fun(found: bedrock.Media): table
--- @return table[] content blocks
function nova_messages.content(given, address)
    local list = {}
    for i, found in ipairs(given.images or {}) do
        list[i] = { image = { format = found.format, source = address(found) } }
    end
    if given.video then
        list[#list + 1] = { video = { format = given.video.format, source = address(given.video) } }
    end
    list[#list + 1] = { text = given.prompt }
    return list
end

function nova_messages.body(given)
    return {
        schemaVersion = "messages-v1",
        messages = { { role = "user", content = nova_messages.content(given, source) } },
        system = given.system and { { text = given.system } },
    }
end

function nova_messages.usage(read, usage)
    if type(usage) == "table" then
        read.input_tokens, read.output_tokens = usage.inputTokens, usage.outputTokens
        read.total_tokens = usage.totalTokens
        read.cache_read_tokens = usage.cacheReadInputTokens or usage.cacheReadInputTokenCount
        read.cache_write_tokens = usage.cacheWriteInputTokens or usage.cacheWriteInputTokenCount
    end
    return read
end

function nova_messages.read(answer)
    local text, reasoning = blocks.text(answer.output.message.content)
    return nova_messages.usage({ text = text, reasoning = reasoning, stop_reason = answer.stopReason }, answer.usage)
end

local function member(value, name)
    return type(value) == "table" and value[name] or nil
end

function nova_messages.piece(chunk)
    local delta = member(chunk.contentBlockDelta, "delta")
    local thought = member(delta, "reasoningContent")
    return nova_messages.usage({
        text = member(delta, "text"),
        reasoning = member(thought, "text") or member(member(thought, "reasoningText"), "text"),
        stop_reason = member(chunk.messageStop, "stopReason"),
    }, member(chunk.metadata, "usage"))
end

return nova_messages
