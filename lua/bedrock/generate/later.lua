--- Models that take minutes: the task is started, its end is waited for, and what it made lies in S3.
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local max_wait = require "bedrock.calls.max_wait"

--- Pauses between two looks grow from the first to the last.
local FIRST_MS, LAST_MS, GROWTH = 1000, 15000, 1.5

local later = {}

local function location(uri)
    return { s3OutputDataConfig = { s3Uri = uri } }
end

local function failed(seen)
    return errors.new {
        kind = "service",
        code = "WaiterFailure",
        operation = "generate",
        message = "the model did not finish: " .. (seen.failureMessage or tostring(seen.status)),
        output = seen,
    }
end

local function too_late(seen, max_ms)
    return errors.new {
        kind = "timeout",
        code = "TotalTimeout",
        operation = "generate",
        message = ("the model was not ready within max_wait = %g s; it goes on, and conn:get_async_invoke "
            .. '{ invocationArn = "%s" } tells when it is'):format(max_ms / 1000, tostring(seen.invocationArn)),
        retryable = true,
        output = seen,
    }
end

local function wait(conn, arn, options, max_ms)
    local began_ms, pause_ms, last = core.now_ms(), FIRST_MS, { invocationArn = arn }
    while true do
        local seen, err = conn.runtime:get_async_invoke({ invocationArn = arn }, options)
        last = seen or last
        if not seen then
            err.output = last
            return nil, err
        elseif seen.status == "Completed" then
            return seen
        elseif seen.status ~= "InProgress" then
            return nil, failed(seen)
        elseif max_ms and core.now_ms() - began_ms + pause_ms > max_ms then
            return nil, too_late(seen, max_ms)
        end
        err = select(2, connection.pause(conn, pause_ms))
        if err then
            return nil, err
        end
        pause_ms = math.min(pause_ms * GROWTH, LAST_MS)
    end
end

--- @param plan bedrock.GeneratePlan
--- @param part {body: table}
--- @return table? raw the last answer about the task
--- @return bedrock.Error|table|nil output_or_err
function later.run(conn, plan, part, options)
    local rest, max_ms = max_wait("generate", options)
    if not rest then
        return nil, max_ms
    end
    local begun, err = conn.runtime:start_async_invoke({
        modelId = plan.model,
        modelInput = part.body,
        outputDataConfig = location(plan.given.output),
    }, rest)
    if not begun then
        return nil, err
    end
    local seen
    seen, err = wait(conn, begun.invocationArn, rest, max_ms)
    if not seen then
        return nil, err
    end
    return seen, seen
end

--- Where the service says that it put the result.
--- @param seen table
--- @return table
function later.read(seen)
    return { uri = seen.outputDataConfig.s3OutputDataConfig.s3Uri }
end

return later
