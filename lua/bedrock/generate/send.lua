--- The ways in which a family's body goes to its model: InvokeModel, Converse, or a task that is waited for; and what
--- is done when the service refuses it.
local answer = require "bedrock.generate.answer"
local body = require "bedrock.generate.body"
local core = require "bedrock.core"
local metadata = require "bedrock.metadata"

local send = {}

--- Parameters of InvokeModel and InvokeModelWithResponseStream.
--- @param model string
--- @param made table the body
--- @return table
function send.params(model, made)
    return { modelId = model, body = made, contentType = "application/json", accept = "application/json" }
end

local function invoke(conn, plan, part, options)
    local output, err = conn.runtime:invoke_model(send.params(plan.model, part.body), options)
    if not output then
        return nil, err
    end
    local raw, why = core.decode(output.body)
    if type(raw) ~= "table" then
        return nil, answer.unreadable(plan.family, why and why.message or "it is not a JSON object")
    end
    return raw, output
end

local function converse(conn, plan, part, options)
    part.body.modelId = plan.model
    local output, err = conn.runtime:converse(part.body, options)
    if not output then
        return nil, err
    end
    return output, output
end

local function later(...)
    return require("bedrock.generate.later").run(...)
end

local WAYS = { converse = converse, later = later }

local function send_part(conn, plan, part, options)
    local raw, output = (WAYS[plan.family.via] or invoke)(conn, plan, part, options)
    if not raw then
        return nil, output
    end
    local read, err = answer.read(raw, plan.family, part.count)
    if not read then
        return nil, err
    end
    local result
    result, err = answer.of(read, raw, plan, output)
    return result, err or output
end

--- What was answered before a part of a list failed is paid for: it goes with the error.
--- @param results bedrock.Generated[]
--- @param given table[] all parts
local function cut(err, results, given, plan)
    if #given < 2 then
        return nil, err
    end
    err.input = 1
    for i = 1, #results do
        err.input = err.input + given[i].count
    end
    err.partial = answer.merged(results, plan)
    return nil, err
end

--- All parts of a question, one after the other.
--- @param conn bedrock.Connection
--- @param plan bedrock.GeneratePlan
--- @param options? bedrock.CallOptions
--- @return bedrock.Generated? result
--- @return bedrock.Error? err
function send.whole(conn, plan, options)
    local results, last, parts = {}, nil, body.all(plan)
    for i, part in ipairs(parts) do
        results[i], last = send_part(conn, plan, part, options)
        if not results[i] then
            return cut(last, results, parts, plan)
        end
    end
    local many = type(plan.given.input) == "table" or #results > 1
    return metadata.copy(many and answer.merged(results, plan) or results[1], last)
end

--- Tells the model to reason in the family's first form, or the one that is known to do, and in the next one if the
--- service's words refuse that.
local function in_some_shape(conn, plan, run, options)
    local shapes = plan.given.reasoning and plan.family.shapes
    if not shapes then
        return run(conn, plan, options)
    end
    local heal = require "bedrock.heal"
    local memory = heal.memory(conn, plan.model)
    plan.shape = memory.reasoning or shapes[1]
    local output, err = run(conn, plan, options)
    for _, shape in ipairs(shapes) do
        if output or not heal.refused(err, "reasoning") then
            break
        elseif shape ~= plan.shape then
            plan.shape = shape
            output, err = run(conn, plan, options)
        end
    end
    memory.reasoning = output and plan.shape or memory.reasoning
    return output, err
end

--- Runs what sends a plan; with `heal`, as often as the service's words name a cure.
--- @param conn bedrock.Connection
--- @param plan bedrock.GeneratePlan
--- @param run fun(conn, plan, options): any, bedrock.Error?
--- @param options? bedrock.CallOptions
--- @param whole? fun(conn, plan, options): any, bedrock.Error? in place of `run` where the model does not stream
--- @return any output
--- @return bedrock.Error? err
function send.healed(conn, plan, run, options, whole)
    if not plan.given.heal then
        return in_some_shape(conn, plan, run, options)
    end
    local healed = {}
    plan.healed = healed
    local function with(how)
        return how and function(given)
            plan.given, plan.model = given, given.model
            return in_some_shape(conn, plan, how, options)
        end
    end
    local output, err, sentences = require("bedrock.heal").call(conn, plan.given, with(run),
        { heal = true, whole = with(whole) })
    for i, sentence in ipairs(sentences or {}) do
        healed[i] = sentence
    end
    if output and healed[1] then
        answer.tell(output, plan)
    end
    return output, err
end

return send
