--- What the service's refusals say, in its own words. Nothing here knows a model by name.
---
--- Each wording was seen in public; beside it stands where ("repo#N" is an issue or pull request there).
local words = {}

--- Refusals of a model are of this code. That of cache points is known with the other, too.
local CODES = { ValidationException = true, AccessDeniedException = "cache" }

--- Lower case, plain apostrophes, no quotation marks.
local function plain(text)
    text = text:lower():gsub("\226\128\153", "'"):gsub("\\?[`\"]", "")
    return (text:gsub("^'", ""):gsub("(%W)'", "%1"):gsub("'(%W)", "%1"))
end

--- @param err any
--- @param subject? string
--- @return string? text of a refusal, made plain; nil: it is none
function words.of(err, subject)
    if type(err) ~= "table" or err.kind ~= "service" or type(err.message) ~= "string" then
        return nil
    end
    local good = CODES[err.code]
    return (good == true or good and good == subject) and plain(err.message) or nil
end

--- That something is not to be had, as Converse, Claude, Nova and OpenAI's models say it.
local UNSUPPORTED = {
    "doesn't support", "does not support", "don't support", "do not support", "not supported", "isn't supported",
    "unsupported", "not permitted", "not allowed", "did not allow", "not available for", "is deprecated for",
    "may not be enabled", "does not match any of the expected tags",
}

local function has(text, list)
    for _, piece in ipairs(list) do
        if text:find(piece, 1, true) then
            return true
        end
    end
    return false
end

--- What a refusal of each subject mentions; `never`: those words say that it is about something else.
local SUBJECTS = {
    --- litellm#27846, hindsight#3300: "output_config.format: Extra inputs are not permitted"
    output_config = { "outputconfig", "output_config", "textformat", "output_format", "structured output",
        "json_schema", "response_format", never = { "output_config.effort" } },
    --- What a schema says, not structured output: "output_config.format.schema: For 'string' type, property 'minLength'
    --- is not supported". Others say what it must be.
    schema = { "format.schema:", "jsonschema.schema:", alone = true },
    --- strands-agents/harness-sdk#1241: "This model doesn't support the toolConfig.toolChoice.any field. Remove …";
    --- pydantic-ai#3092: "Thinking may not be enabled when tool_choice forces tool use."
    tool_choice = { "toolchoice", "tool_choice", "tool choice" },
    --- strands-agents/harness-sdk#1807, litellm#39210: "You invoked an unsupported model or your request did not allow
    --- prompt caching"; earendil-works/pi#2053: "extraneous key [cachePoint] is not permitted"
    cache = { "prompt caching", "cachepoint", "cache_control", "cache point" },
    --- earendil-works/pi#7081: "thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" …;
    --- strands-agents/harness-sdk#1856: "thinking: Input tag 'adaptive' found using 'type' does not match any of …"
    reasoning = { "thinking", "reasoning", "budget_tokens", "output_config.effort",
        never = { "tool_choice", "toolchoice", "reasoningcontent", "when thinking is enabled" } },
    --- A history with reasoning goes to a model that has none.
    reasoning_content = { "reasoningcontent", "reasoning content" },
    --- earendil-works/pi#3739, brave-browser#52955: "This model doesn't support tool use in streaming mode.";
    --- amazon-bedrock-client-for-mac#112: "The model is unsupported for streaming."
    streaming_tools = { "tool use in streaming", "unsupported for streaming", "tools in streaming" },
    --- 567-labs/instructor#1753: "This model doesn't support system messages. Try again without a system message …"
    system = { "system message", "system prompt", "system role" },
    --- langchain-aws#447: "This model doesn't support tool use."
    tools = { "tool use", "toolconfig", never = { "toolchoice", "tool_choice", "streaming" } },
    --- langchain-aws#1019, aioboto3#352: "Invocation of model ID … with on-demand throughput isn't supported. Retry
    --- your request with the ID or ARN of an inference profile that contains this model."; modelbench#1654: "The
    --- provided model doesn't support on-demand throughput."
    throughput = { "on-demand throughput" },
}

--- Is the text a refusal of that subject?
--- @param text string as words.of gives it
--- @param subject string
--- @return boolean
function words.refuse(text, subject)
    local pieces = SUBJECTS[subject]
    if not pieces then
        error("refused: unknown subject " .. tostring(subject), 3)
    end
    local refuses = pieces.alone or has(text, UNSUPPORTED)
    return refuses and has(text, pieces) and not (pieces.never and has(text, pieces.never))
end

local NAME = "([%w_.]+)"

--- How parameters are named that are not to be had.
local NAMING = {
    --- dify-official-plugins#1767 (stopSequences), aws-samples/sample-kolya-br-proxy#104 (temperature)
    "support the " .. NAME .. " field",
    --- cline#10572, opensearch-build#6330: "`temperature` is deprecated for this model."
    NAME .. " is deprecated for this model",
    --- litellm#13825: "guardrails: Extra inputs are not permitted"
    NAME .. ": extra inputs are not permitted",
    --- promptfoo#914: "#: extraneous key [logit_bias] is not permitted"
    "extraneous key %[([%w_.-]+)%] is not permitted",
    --- home-assistant/core#140549: "Unsupported parameter: 'temperature' is not supported with this model."
    "unsupported parameter: " .. NAME,
    NAME .. " is not supported %a+ this model",
    --- llmcomp#69: "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) …"
    "unsupported value: " .. NAME .. " does not support",
}

--- Aider#3720: "`temperature` may only be set to 1 when thinking is enabled."; n8n#14288: "top_p must be unset when
--- thinking is enabled"; also "must be greater than or equal to 0.95 or unset when thinking is enabled".
local NAMING_IN_THOUGHT = {
    NAME .. " may only be set to 1 when thinking is enabled",
    NAME .. " must be unset when thinking is enabled",
    NAME .. " must be [%w%s.,]- or unset when thinking is enabled",
}

local function collect(text, patterns, found, in_thought)
    for _, pattern in ipairs(patterns) do
        for name in text:gmatch(pattern) do
            if not found[name] then
                found[name] = true
                found[#found + 1] = { name = name, in_thought = in_thought }
            end
        end
    end
end

--- @param text string
--- @return {name: string, in_thought: boolean}[] parameters that it names, in lower case; in_thought: these cannot be
---   had while the model thinks
function words.named(text)
    local found = {}
    collect(text, NAMING, found, false)
    collect(text, NAMING_IN_THOUGHT, found, true)
    return found
end

--- open-webui#17922, bedrock-access-gateway#191: "`temperature` and `top_p` cannot both be specified for this model."
--- @param text string
--- @return boolean
function words.are_rivals(text)
    return text:find "temperature and top_?p cannot both be specified" ~= nil
end

return words
