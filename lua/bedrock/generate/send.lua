--- The ways in which a family's body goes to its model: InvokeModel, Converse, or a task that is waited for.
local answer = require "bedrock.generate.answer"
local core = require "bedrock.core"

local send = {}

--- Parameters of InvokeModel and InvokeModelWithResponseStream.
--- @param model string
--- @param body table
--- @return table
function send.params(model, body)
    return { modelId = model, body = body, contentType = "application/json", accept = "application/json" }
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

--- @param plan bedrock.GeneratePlan
--- @param part {body: table, count: integer}
--- @return bedrock.Generated? result
--- @return bedrock.Error|table|nil output_or_err
function send.part(conn, plan, part, options)
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

return send
