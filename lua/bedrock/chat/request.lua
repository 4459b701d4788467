--- The parameters of Converse for a chat: what goes into a request, and what is left out of it.
local answer = require "bedrock.chat.answer"
local core = require "bedrock.core"
local look = require "bedrock.chat.look"
local model_id = require "bedrock.models.id"

local request = {}

local function has_blank(content)
    for _, block in ipairs(content) do
        if look.is_blank(block) then
            return true
        end
    end
    return false
end

--- An answer that was cut while the model thought: Claude refuses a message that ends in thoughts, for ever.
--- Source: tailcallhq/forgecode#3071, NousResearch/hermes-agent#105780.
local function has_only_thoughts(message)
    if message.role ~= "assistant" then
        return false
    end
    for _, block in ipairs(message.content) do
        if not (block.reasoningContent or look.is_blank(block)) then
            return false
        end
    end
    return true
end

--- Is there nothing in it that may be sent?
local function is_empty(message)
    if message.role ~= "user" and (message.content == nil or message.content == core.null) then
        return true
    end
    return type(message.content) == "table" and (message.content[1] == nil or has_only_thoughts(message))
end

--- A message with other content. Members that this version does not know go back with it.
local function rebuilt(message, content)
    local copy, more = {}, false
    for name, value in pairs(message) do
        copy[name] = value
        more = more or name ~= "role" and name ~= "content"
    end
    copy.content = content
    return more and core.came(copy) or copy
end
request.rebuilt = rebuilt

--- What is left is the message's own, so it goes back as it came.
local function without_blanks(message)
    local content = {}
    for _, block in ipairs(message.content) do
        if not look.is_blank(block) then
            content[#content + 1] = block
        end
    end
    return rebuilt(message, content)
end

--- One message of two of the same role.
function request.joined(first, second)
    local content = {}
    for _, message in ipairs { first, second } do
        for _, block in ipairs(message.content) do
            content[#content + 1] = block
        end
    end
    return rebuilt(first, content)
end

--- The messages as they are sent. Where one is empty and left out, its neighbours are joined: the roles take turns.
--- @param messages table[]
--- @param first integer? the first that may have something to leave out
--- @return table[] list the same, if nothing is left out
function request.messages(messages, first)
    if not first then
        return messages
    end
    local list, gap = answer.copy(messages, first - 1), false
    for place = first, #messages do
        local message = messages[place]
        local content = message.content
        local sent = type(content) == "table" and has_blank(content) and without_blanks(message) or message
        if is_empty(sent) then
            gap = true
        elseif gap and list[#list] and list[#list].role == sent.role then
            list[#list], gap = request.joined(list[#list], sent), false
        else
            list[#list + 1], gap = sent, false
        end
    end
    return list
end

local function inference(o)
    local tokens, temperature, top_p, stop = o.max_tokens, o.temperature, o.top_p, o.stop
    if tokens or temperature or top_p or stop then
        return {
            maxTokens = tokens,
            temperature = temperature,
            topP = top_p,
            stopSequences = type(stop) == "string" and { stop } or stop,
        }
    end
end

--- Where a family has its top_k, which Converse lacks.
--- Source: "Model parameters" of the Amazon Bedrock user guide.
local function top_k(model, value)
    local provider = model_id.provider(model)
    value = math.floor(value)
    if provider == "Amazon" then
        return { inferenceConfig = { topK = value } }
    elseif provider == "Cohere" then
        return { k = value }
    end
    return { top_k = value }
end

--- Two tables of the model's fields in one; where both have a value, the first counts.
local function both(first, second)
    local all = {}
    for name, value in pairs(second) do
        all[name] = value
    end
    for name, value in pairs(first) do
        local other = all[name]
        local are_objects = type(value) == "table" and type(other) == "table" and value[1] == nil
        all[name] = are_objects and both(value, other) or value
    end
    return all
end

--- Fields of the model's own: the user's, and others where he has none.
local function add_fields(params, fields)
    params.additionalModelRequestFields = both(params.additionalModelRequestFields or {}, fields)
end

local function guardrail(given, streaming)
    local trace = given.trace
    if type(trace) == "boolean" then
        trace = trace and "enabled" or "disabled"
    end
    return {
        guardrailIdentifier = given.id,
        guardrailVersion = given.version,
        trace = trace,
        streamProcessingMode = streaming and given.mode or nil,
    }
end

local function variables(given)
    local all
    for name, value in pairs(given) do
        all = all or {}
        all[name] = type(value) == "table" and value or { text = tostring(value) }
    end
    return all
end

local function tool_config(specs, choice)
    local how
    if choice == "any" or choice == "auto" then
        how = { [choice] = {} }
    elseif choice then
        how = { tool = { name = choice } }
    end
    return { tools = specs, toolChoice = how }
end

local function copy_of(fields)
    local copy = {}
    for name, value in pairs(fields) do
        copy[name] = value
    end
    return copy
end

--- @class bedrock.ChatRequest what one request of a turn is made of: members of the turn itself
--- @field options table
--- @field model string
--- @field messages table[]
--- @field specs table[] of tools
--- @field choice? string of a tool
--- @field output_config? table of an object
--- @field memory table what is known of the model: {no_cache = {tools, system, messages, ttl, all}, reasoning}
--- @field streaming? boolean
--- @field doubt? integer the first message that may have something to leave out

--- What few requests have.
local function add_rest(params, r)
    local o = r.options
    if o.guardrail then
        params.guardrailConfig = guardrail(o.guardrail, r.streaming)
    end
    if o.service_tier then
        params.serviceTier = { type = o.service_tier }
    end
    if o.performance then
        params.performanceConfig = { latency = o.performance }
    end
    if o.request_metadata then
        params.requestMetadata = o.request_metadata
    end
    if o.variables then
        params.promptVariables = variables(o.variables)
    end
    if r.specs[1] then
        params.toolConfig = tool_config(r.specs, r.choice)
    end
    if r.output_config then
        params.outputConfig = r.output_config
    end
end

--- Fields of the model's own.
local function add_extra(params, r, notes)
    local o = r.options
    if o.extra then
        params.additionalModelRequestFields = copy_of(o.extra)
    end
    if o.top_k then
        add_fields(params, top_k(r.model, o.top_k))
    end
    if o.reasoning then
        add_fields(params, require("bedrock.chat.reasoning").fields(r, params, notes))
    end
end

--- @param r bedrock.ChatRequest
--- @return table params of Converse
--- @return string[]? notes what was changed of what the user asked for
function request.build(r)
    local o, system = r.options, r.options.system
    local notes = (o.cache or o.reasoning) and {} or nil
    local params = {
        modelId = r.model,
        messages = request.messages(r.messages, r.doubt),
        system = type(system) == "string" and { { text = system } } or system,
        inferenceConfig = inference(o),
    }
    add_rest(params, r)
    add_extra(params, r, notes)
    if o.cache then
        require("bedrock.chat.caching").add(params, r, notes)
    end
    return params, notes
end

--- Options of which something may be refused or looked up, or that depend on more than themselves.
local NOT_PLAIN = { "cache", "extra", "guardrail", "heal", "performance", "reasoning", "request_metadata", "resolve",
    "schema", "service_tier", "tool_choice", "top_k", "variables" }

--- What all requests of a chat have, if its options are plain ones.
--- @param o bedrock.ChatOptions
--- @param specs table[] of tools
--- @return table? plan params of Converse without messages
function request.plan(o, specs)
    for _, name in ipairs(NOT_PLAIN) do
        if o[name] then
            return nil
        end
    end
    local plan = request.build { options = o, model = o.model, messages = {}, specs = specs, memory = {} }
    plan.messages = nil
    return plan
end

--- The same as request.build makes of it.
--- @return table params of Converse
function request.planned(plan, messages, doubt)
    local params = {
        modelId = plan.modelId,
        messages = request.messages(messages, doubt),
        system = plan.system,
        inferenceConfig = plan.inferenceConfig,
    }
    if plan.toolConfig then
        params.toolConfig = plan.toolConfig
    end
    return params
end

return request
