--- Errors of tasks that nobody joined. They are reported when the task is collected or the Lua state is closed. Those
--- of a task that runs elsewhere, as who started it could not wait, are reported at its end.
local host = require "bedrock.host"
local is_callable = require "bedrock.base.is_callable"

local unjoined = {}

local handler

--- Lua 5.4 has finalizers for tables, LuaJIT for userdata only.
local new_proxy = rawget(_G, "newproxy")

--- @param finalize function called when the value is collected
--- @return any
local function with_finalizer(finalize)
    if not new_proxy then
        return setmetatable({}, { __gc = finalize })
    end
    local proxy = new_proxy(true)
    getmetatable(proxy).__gc = finalize
    return proxy
end

local function text_of(value)
    local ok, text = pcall(tostring, value)
    return ok and text or "(an error that cannot be printed)"
end

local function place_of(f)
    local info = type(f) == "function" and debug.getinfo(f, "S")
    if not info or info.what == "C" then
        return ""
    end
    return (" (its function is at %s:%d)"):format(info.short_src, info.linedefined)
end

local function message_of(err, f)
    return "bedrock: a task failed and nobody joined it" .. place_of(f) .. ": " .. text_of(err)
end

local function tell(task, err, f)
    if task._joined then
        return
    elseif not handler then
        return host.report(message_of(err, f))
    end
    local ok, why = pcall(handler, err, task)
    if not ok then
        host.report(message_of(err, f))
        host.report("bedrock: the function given to on_task_error failed: " .. text_of(why))
    end
end

--- Reports the error now, unless the task was joined. Raises nothing.
--- @param task bedrock.Task
--- @param err any
--- @param f function the task's own
function unjoined.tell(task, err, f)
    pcall(tell, task, err, f)
end

--- Reports the error when nobody can join the task any more, unless it was joined by then.
--- @param task bedrock.Task
--- @param err any
--- @param f function the task's own
function unjoined.watch(task, err, f)
    task._fate = with_finalizer(function()
        unjoined.tell(task, err, f)
    end)
    host.collect()
end

--- The function that gets the error of a task that nobody joined, once the task is collected or the Lua state closed.
--- nil: standard error, in nginx the error log. The function must not wait.
--- @param f nil|fun(err: any, task: bedrock.Task)
function unjoined.on_task_error(f)
    if f ~= nil and not is_callable(f) then
        error("on_task_error: expected a function, got a " .. type(f), 2)
    end
    handler = f
end

return unjoined
