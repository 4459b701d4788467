--- Sends a request of a turn. What the service refuses in its own words is done in its second way: structured output by
--- a tool, a weaker tool choice, no cache points, another shape of reasoning. That is remembered for the model.
local answer = require "bedrock.chat.answer"
local log = require "bedrock.log"
local look = require "bedrock.chat.look"
local objects = require "bedrock.chat.objects"
local request = require "bedrock.chat.request"

local sending = {}

--- What one request may learn in all; more than there is.
local LESSONS_MAX = 12

--- A note goes into answer.healed, once.
local function note(turn, text)
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

local function needs_memory(turn)
    local o = turn.options
    return turn.object or o.tool_choice or o.cache or o.reasoning or o.heal
end

--- @return string? model
--- @return bedrock.Error? err
local function model_of(turn)
    local o = turn.options
    if not o.resolve then
        return o.model
    end
    return turn.conn:resolve(o.model)
end

--- By the tool: the model has no structured output, or refuses this schema in it.
local function by_tool(turn, memory)
    return turn.object and (memory.object == "tool" or turn.schema_refused)
end

--- A model that forces no tools while it reasons may do so otherwise.
local function choice_key(turn)
    local o = turn.options
    return (o.reasoning or o.extra and o.extra.thinking) and "choice_in_thought" or "choice"
end

local RANK = { any = 1, auto = 2, none = 3 }

local function rank(choice)
    return RANK[choice] or 0
end

--- Forced choices hold for the first request of a turn: otherwise the model could never answer.
--- @return string? choice "none": the member is left out, as the model refuses each
local function choice_of(turn, memory)
    local wanted = turn.rounds == 0 and turn.options.tool_choice or nil
    if by_tool(turn, memory) then
        wanted = turn.tools.specs[1] and "any" or turn.object.name
    end
    local known = memory[choice_key(turn)]
    if not wanted or rank(known) <= rank(wanted) then
        return wanted
    end
    note(turn, known == "none" and "toolChoice was left out, as the model takes none"
        or ("toolChoice became %s, as the model refuses a stronger one"):format(known))
    return known
end

--- Converse refuses a history with calls, for ever, if a request has no tools: those that it calls stand for them.
local function specs_of_history(messages)
    local specs, seen = {}, {}
    for i = 1, #messages do
        local content = messages[i].content
        for _, block in ipairs(type(content) == "table" and content or {}) do
            local use = type(block) == "table" and block.toolUse
            if use and not seen[use.name] then
                seen[use.name] = true
                specs[#specs + 1] = { toolSpec = { name = use.name, inputSchema = { json = { type = "object" } } } }
            end
        end
    end
    return specs
end

local NONE = {}

local function specs_of(turn, memory)
    local specs = turn.tools.specs
    if by_tool(turn, memory) then
        specs = answer.copy(specs)
        specs[#specs + 1] = objects.tool(turn.object)
    end
    return specs[1] and specs or turn.seen.calls and specs_of_history(turn.messages) or NONE
end

local function build(turn, model, memory)
    local seen = look.on(turn.seen, turn.messages)
    local choice = choice_of(turn, memory)
    local params, notes = request.build {
        options = turn.options,
        model = model,
        messages = turn.messages,
        specs = specs_of(turn, memory),
        choice = choice ~= "none" and choice or nil,
        object = turn.object and not by_tool(turn, memory) and objects.output_config(turn.object) or nil,
        memory = memory,
        streaming = turn.streaming,
        doubt = seen.doubt,
    }
    for _, text in ipairs(notes) do
        note(turn, text)
    end
    local cache, uncached = turn.options.cache, memory.no_cache or {}
    local ttl = (cache == "5m" or cache == "1h") and not uncached.ttl
    turn.sent = { ttl = ttl, object = params.outputConfig, choice = choice,
        reasoning = request.reasoning_shape(model, memory) }
    return params
end

local WEAKER = { any = "auto", auto = "none" }

--- Where the refused cache point was. Nova takes them elsewhere than among tools, and says so by a JSON pointer:
--- "#/toolConfig/tools/0: extraneous key [cachePoint] is not permitted" (LibreChat#13838, hermes-agent#97281).
local function place_of(err)
    local text = err.message
    return text:find("#/toolConfig", 1, true) and "tools" or text:find("#/messages", 1, true) and "messages"
        or text:find("#/system", 1, true) and "system" or "all"
end

local function after(list, value)
    for i, one in ipairs(list) do
        if one == value then
            return list[i + 1]
        end
    end
end

--- Each looks for the service's words about something that the request had, and remembers the second way. What this
--- request had counts, not what is remembered: another turn may have learned the same meanwhile.
local LESSONS = {
    { "schema", function(turn)
        if turn.sent.object then
            turn.schema_refused = true
            return true
        end
    end },
    { "output_config", function(turn, memory)
        if turn.sent.object then
            memory.object = "tool"
            return true
        end
    end },
    { "tool_choice", function(turn, memory)
        local choice, key = turn.sent.choice, choice_key(turn)
        if choice and choice ~= "none" then
            local weaker = WEAKER[choice] or "any"
            memory[key] = rank(memory[key]) > rank(weaker) and memory[key] or weaker
            return true
        end
    end },
    { "cache", function(turn, memory, _, err)
        local refused, place = turn.uncached or {}, place_of(err)
        place = refused[place] and "all" or place
        if place == "all" and turn.sent.ttl then
            place = "ttl"
        end
        if turn.options.cache and not refused.all then
            refused[place], turn.uncached = true, refused
            memory.no_cache = memory.no_cache or {}
            memory.no_cache[place] = true
            return true
        end
    end },
    { "reasoning", function(turn, memory, model)
        if not turn.options.reasoning then
            return false
        elseif memory.reasoning == nil or memory.reasoning == turn.sent.reasoning then
            memory.reasoning = after(request.reasoning_shapes(model), turn.sent.reasoning)
        end
        return memory.reasoning ~= nil
    end },
}

local function learned(turn, err, memory, model)
    if err.kind ~= "service" then
        return false
    end
    for _, lesson in ipairs(LESSONS) do
        if heal().refused(err, lesson[1]) and lesson[2](turn, memory, model, err) then
            return true
        end
    end
    return false
end

--- Sends the parameters once; with `heal`, as often as the service's words name a cure.
--- @return table? output of Converse, or a stream
--- @return bedrock.Error? err
--- @return boolean streaming it is a stream
local function once(turn, params)
    local conn, streaming = turn.conn, turn.streaming or false
    if not turn.options.heal then
        local output, err = conn[streaming and "converse_stream" or "converse"](conn, params, turn.call)
        return output, err, streaming
    end
    local function whole(given)
        streaming = false
        return conn:converse(given, turn.call)
    end
    local function send(given)
        return conn:converse_stream(given, turn.call)
    end
    local output, err, healed = heal().call(conn, params, streaming and send or whole, { heal = true, whole = whole })
    for _, text in ipairs(healed or {}) do
        note(turn, text)
    end
    return output, err, streaming
end

--- @param turn table
--- @return table? output of Converse, or a stream
--- @return bedrock.Error|nil err
--- @return boolean? streaming it is a stream
function sending.send(turn)
    local model, why = model_of(turn)
    if not model then
        return nil, why
    end
    local memory = needs_memory(turn) and heal().memory(turn.conn, model) or {}
    local output, err, streaming
    for _ = 1, LESSONS_MAX do
        output, err, streaming = once(turn, build(turn, model, memory))
        if output or not learned(turn, err, memory, model) then
            break
        end
    end
    return output, err, streaming
end

--- @return table? output
--- @return bedrock.Error? err
function sending.whole(turn)
    local output, err = sending.send(turn)
    return output, err
end

--- The request of a turn, signed and not sent.
--- @return bedrock.Prepared? request
--- @return bedrock.Error? err
function sending.prepared(turn)
    local model, why = model_of(turn)
    if not model then
        return nil, why
    end
    local memory = needs_memory(turn) and heal().memory(turn.conn, model) or {}
    return turn.conn:prepare("converse", build(turn, model, memory), turn.call)
end

return sending
