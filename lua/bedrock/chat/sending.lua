--- Sends a request of a turn. What the service refuses in its own words is done in its second way: structured output by
--- a tool, a weaker tool choice, no cache points, another shape of reasoning. That is remembered for the model.
local answer = require "bedrock.chat.answer"
local log = require "bedrock.log"
local look = require "bedrock.chat.look"
local request = require "bedrock.chat.request"

local sending = {}

--- What one request may learn in all; more than there is.
local LESSONS_MAX = 12

--- A note goes into answer.healed, once.
local function note(turn, text)
    turn.healed = turn.healed or {}
    for _, known in ipairs(turn.healed) do
        if known == text then
            return
        end
    end
    turn.healed[#turn.healed + 1] = text
    log.write("info", "chat: " .. text)
end

local function heal()
    return require "bedrock.heal"
end

local NONE = {}

--- Sets the turn's model, and what is known of it where something of the turn can be refused.
--- @return boolean? ok
--- @return bedrock.Error? err
local function find_model(turn)
    local o, conn = turn.options, turn.chat._conn
    local model = o.model
    if o.resolve then
        local err
        model, err = conn:resolve(model)
        if not model then
            return nil, err
        end
    end
    local may_learn = turn.object or o.tool_choice or o.cache or o.reasoning or o.heal
    turn.model, turn.memory = model, may_learn and heal().memory(conn, model) or NONE
    return true
end

--- By the tool: the model has no structured output, or refuses this schema in it.
local function by_tool(turn)
    return turn.object and (turn.memory.object == "tool" or turn.schema_refused)
end

--- Forced choices hold for the first request of a turn: otherwise the model could never answer.
--- @return string? choice "none": the member is left out, as the model refuses each
local function choice_of(turn)
    local wanted = turn.rounds == 0 and turn.options.tool_choice or nil
    if by_tool(turn) then
        wanted = turn.tools.specs[1] and "any" or turn.object.name
    end
    if not wanted then
        return nil
    end
    local choice, why = require("bedrock.chat.lessons").choice(turn, wanted)
    if why then
        note(turn, why)
    end
    return choice
end

--- Converse refuses a history with calls, for ever, if a request has no tools: those that it calls stand for them.
local function specs_of_history(messages)
    local specs, seen = {}, {}
    for i = 1, #messages do
        local content = messages[i].content
        for _, block in ipairs(type(content) == "table" and content or {}) do
            local use = type(block) == "table" and block.toolUse
            if type(use) == "table" and type(use.name) == "string" and not seen[use.name] then
                seen[use.name] = true
                specs[#specs + 1] = { toolSpec = { name = use.name, inputSchema = { json = { type = "object" } } } }
            end
        end
    end
    return specs
end

local function specs_of(turn)
    local specs = turn.tools.specs
    if by_tool(turn) then
        specs = answer.copy(specs)
        specs[#specs + 1] = require("bedrock.chat.objects").tool(turn.object)
    end
    return specs[1] and specs or turn.calls and specs_of_history(turn.messages) or NONE
end

--- What of this request the service may refuse.
local function sent_of(turn, params)
    local cache, uncached = turn.options.cache, turn.memory.no_cache or NONE
    return {
        ttl = (cache == "5m" or cache == "1h") and not uncached.ttl,
        object = params.outputConfig,
        choice = turn.choice,
        reasoning = turn.options.reasoning
            and require("bedrock.chat.reasoning").shape(turn.model, turn.memory),
    }
end

--- The parameters of the turn's next request.
local function build(turn)
    turn.choice, turn.specs = choice_of(turn), specs_of(turn)
    turn.output_config = turn.object and not by_tool(turn)
        and require("bedrock.chat.objects").output_config(turn.object) or nil
    local params, notes = request.build(turn)
    for _, text in ipairs(notes or NONE) do
        note(turn, text)
    end
    if turn.memory ~= NONE then
        turn.sent = sent_of(turn, params)
    end
    return params
end

local function learned(turn, err)
    return err.kind == "service" and turn.memory ~= NONE and require("bedrock.chat.lessons").learn(turn, err)
end

--- Sends the parameters once; with `heal`, as often as the service's words name a cure.
--- @return table? output of Converse, or a stream
--- @return bedrock.Error? err
--- @return boolean streaming it is a stream
local function once(turn, params)
    local conn, call, streaming = turn.chat._conn, turn.call, turn.streaming or false
    local send = streaming and conn.converse_stream or conn.converse
    if not turn.options.heal then
        local output, err = send(conn, params, call)
        return output, err, streaming
    end
    local function whole(given)
        streaming = false
        return conn:converse(given, call)
    end
    local output, err, healed = heal().call(conn, params, function(given)
        return send(conn, given, call)
    end, { heal = true, whole = whole })
    for _, text in ipairs(healed or NONE) do
        note(turn, text)
    end
    return output, err, streaming
end

--- The plan of the turn's requests, unless they need more than that.
local function plan_of(turn)
    local plan = not turn.fields and turn.chat._plan
    return plan and (plan.toolConfig or not turn.calls) and plan
end

--- @param turn table
--- @return table? output of Converse, or a stream
--- @return bedrock.Error|nil err
--- @return boolean? streaming it is a stream
function sending.send(turn)
    look.on(turn, turn.messages)
    local plan = plan_of(turn)
    if plan then
        return once(turn, request.planned(plan, turn.messages, turn.doubt))
    end
    local ok, why = find_model(turn)
    if not ok then
        return nil, why
    end
    local output, err, streaming
    for _ = 1, LESSONS_MAX do
        output, err, streaming = once(turn, build(turn))
        if output or not learned(turn, err) then
            break
        end
    end
    return output, err, streaming
end

--- The request of a turn, signed and not sent.
--- @param operation "converse"|"converse_stream"
--- @return bedrock.Prepared? request
--- @return bedrock.Error? err
function sending.prepared(turn, operation)
    look.on(turn, turn.messages)
    local ok, why = find_model(turn)
    if not ok then
        return nil, why
    end
    return turn.chat._conn:prepare(operation, build(turn), turn.call)
end

return sending
