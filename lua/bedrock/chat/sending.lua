--- Sends a request of a turn. What the service refuses in its own words is done in its second way: structured output by
--- a tool, a weaker tool choice, no cache points, another shape of reasoning. That is remembered for the model.
local log = require "bedrock.log"
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

--- Forced choices hold for the first request of a turn: otherwise the model could never answer.
local function choice_of(turn, memory)
    if turn.object and memory.object == "tool" then
        local forced = turn.tools.specs[1] and "any" or turn.object.name
        return memory.choice == "any" and "any" or memory.choice == "auto" and "auto" or forced
    end
    local choice = turn.rounds == 0 and turn.options.tool_choice or nil
    return choice and choice ~= "auto" and memory.choice or choice
end

local function specs_of(turn, memory)
    if not (turn.object and memory.object == "tool") then
        return turn.tools.specs
    end
    local specs = {}
    for i, spec in ipairs(turn.tools.specs) do
        specs[i] = spec
    end
    specs[#specs + 1] = objects.tool(turn.object)
    return specs
end

local function build(turn, model, memory)
    local params, notes = request.build {
        options = turn.options,
        model = model,
        messages = turn.messages,
        specs = specs_of(turn, memory),
        choice = choice_of(turn, memory),
        object = turn.object and memory.object ~= "tool" and objects.output_config(turn.object) or nil,
        memory = memory,
        streaming = turn.streaming,
    }
    for _, text in ipairs(notes) do
        note(turn, text)
    end
    turn.sent = { object = params.outputConfig, choice = choice_of(turn, memory),
        reasoning = request.reasoning_shape(model, memory) }
    return params
end

local WEAKER = { any = "auto" }

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
    { "output_config", function(turn, memory)
        if turn.sent.object then
            memory.object = "tool"
            return true
        end
    end },
    { "tool_choice", function(turn, memory)
        local choice = turn.sent.choice
        if choice and choice ~= "auto" then
            memory.choice = memory.choice == "auto" and "auto" or WEAKER[choice] or "any"
            return true
        end
    end },
    { "cache", function(turn, memory, _, err)
        local refused, place = turn.uncached or {}, place_of(err)
        place = refused[place] and "all" or place
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
    local function whole(given)
        streaming = false
        return conn:converse(given, turn.call)
    end
    local function send(given)
        return conn:converse_stream(given, turn.call)
    end
    if not turn.options.heal then
        local output, err = (streaming and send or whole)(params)
        return output, err, streaming
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
