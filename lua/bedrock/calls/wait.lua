--- Waiting until a service has done what was asked of it: conn:wait("memory_created", { memoryId = … }).
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local max_wait = require "bedrock.calls.max_wait"
local drop_null = require "bedrock.base.drop_null"

local function names_of(waiters)
    local names = {}
    for i, waiter in ipairs(waiters) do
        names[i] = waiter.name
    end
    return names
end

local function find(name)
    local waiters = core.waiters()
    for _, waiter in ipairs(waiters) do
        if waiter.name == name then
            return waiter
        end
    end
    local names = names_of(waiters)
    local near = core.suggest(name, names)
    return nil, errors.config("wait", { {
        path = "name",
        kind = "unknown",
        message = ('nothing to wait for is called "%s"%s; there are: %s'):format(core.shown(name),
            near and (' (did you mean "%s"?)'):format(near) or "", table.concat(names, ", ")),
    } })
end

local function at(value, path)
    for part in path:gmatch "[^.]+" do
        value = type(value) == "table" and value[part] or nil
    end
    return value
end

local function fits(acceptor, output, err)
    if acceptor.path then
        return output ~= nil and at(output, acceptor.path) == acceptor.expected
    end
    return err ~= nil and err.kind == "service" and err.code == acceptor.expected
end

local function first_fitting(waiter, output, err)
    for _, acceptor in ipairs(waiter.acceptors) do
        if fits(acceptor, output, err) then
            return acceptor
        end
    end
end

--- "memory.status is CREATING": what an answer says about the state.
local function state_of(waiter, output)
    for _, acceptor in ipairs(waiter.acceptors) do
        local value = acceptor.path and at(output, acceptor.path)
        if value ~= nil and value ~= false then
            return acceptor.path .. " is " .. tostring(value)
        end
    end
    return "the answer does not contain its state"
end

local function failure(wait, output, err)
    return errors.new {
        kind = "service",
        code = "WaiterFailure",
        operation = wait.operation,
        message = wait.waiter.name .. " cannot be reached: "
            .. (output and state_of(wait.waiter, output) or tostring(err)),
        output = output,
    }
end

local function timeout(wait, why)
    return errors.new {
        kind = "timeout",
        code = "TotalTimeout",
        operation = wait.operation,
        message = ("%s was not reached within %s%s"):format(wait.waiter.name, why,
            wait.output and "; " .. state_of(wait.waiter, wait.output) or ""),
        retryable = true,
        output = wait.output,
    }
end

local function out_of_time(wait)
    return timeout(wait, ("max_wait = %g s"):format(wait.max_ms / 1000))
end

local function left_ms(wait)
    return wait.max_ms and wait.max_ms - (core.now_ms() - wait.began_ms) or math.huge
end

--- A call gets no more time than is left for the whole.
local function limited(wait)
    local left, given = left_ms(wait), wait.options.total_timeout
    if left == math.huge or (type(given) == "number" and given > 0 and given <= left) then
        return wait.options
    end
    local options = drop_null(wait.options)
    options.total_timeout = math.min(math.max(math.floor(left), 1), 2147483647)
    return options
end

--- @return string state "success", "failure", "retry"
--- @return any output
--- @return bedrock.Error? err
local function attempt(wait)
    local output, err = wait.call(wait.conn, wait.params, limited(wait))
    wait.output = output or wait.output
    local acceptor = first_fitting(wait.waiter, output, err)
    if acceptor then
        return acceptor.state, output, err
    elseif output then
        return "retry", output
    elseif err.kind == "timeout" and err.code == "TotalTimeout" and left_ms(wait) < 1 then
        err = out_of_time(wait)
    end
    return "error", nil, err
end

local function pause(wait)
    if left_ms(wait) <= wait.waiter.delay * 1000 then
        return out_of_time(wait)
    end
    return select(2, connection.pause(wait.conn, wait.waiter.delay * 1000))
end

local function run(wait)
    for i = 1, wait.waiter.attempts do
        local state, output, err = attempt(wait)
        if state == "success" then
            return output or {}
        elseif state == "failure" then
            return nil, failure(wait, output, err)
        elseif state == "error" then
            return nil, err
        end
        err = i < wait.waiter.attempts and pause(wait)
        if err then
            return nil, err
        end
    end
    return nil, timeout(wait, ("%d attempts, one every %d s"):format(wait.waiter.attempts, wait.waiter.delay))
end

--- Repeats an operation until its answer says that the state was reached or cannot be reached.
--- @param name bedrock.WaiterName
--- @param params? table of the operation
--- @param options? bedrock.WaitOptions
--- @return table? result the last answer; empty if the state waited for is an error
--- @return bedrock.Error? err WaiterFailure or TotalTimeout with the last answer in err.output, or a call's
local function wait_for(conn, name, params, options)
    connection.client_of(conn, params, options, 2)
    if type(name) ~= "string" then
        error("wait: expected the name of a waiter, got " .. errors.type_of(name), 2)
    end
    local waiter, err = find(name)
    if not waiter then
        return nil, err
    end
    local rest, max_ms = max_wait("wait", options)
    if not rest then
        return nil, max_ms
    end
    local kind, snake = core.operation(waiter.op)
    return run {
        conn = conn,
        waiter = waiter,
        call = connection.operation(waiter.op, kind, snake),
        operation = snake,
        params = params,
        options = rest,
        max_ms = max_ms,
        began_ms = core.now_ms(),
    }
end

return { wait = wait_for }
