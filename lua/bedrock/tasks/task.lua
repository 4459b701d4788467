--- Functions that run at the same time as coroutines: bedrock.spawn and bedrock.parallel.
local method_check = require "bedrock.base.method_check"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local host = require "bedrock.host"
local is_callable = require "bedrock.base.is_callable"
local scheduler = require "bedrock.scheduler"
local unjoined = require "bedrock.tasks.unjoined"

local pack = table.pack or function(...)
    return { n = select("#", ...), ... }
end
local unpack = table.unpack or unpack

local tasks = {}

--- A function that runs as a coroutine.
--- @class bedrock.Task
--- @field join fun(self: bedrock.Task): any, any waits for its end: what it returned, or nil and its error
--- @field cancel fun(self: bedrock.Task): true raises an error of kind "cancelled" where it waits
--- @field status fun(self: bedrock.Task): "running"|"done"|"cancelled"
local Task = { __name = "bedrock.task" }
local methods = {}

local function wake_all(waiters)
    for i = #waiters, 1, -1 do
        local wake = waiters[i]
        waiters[i] = nil
        wake()
    end
end

local function settle(task, ok, ...)
    task._results = ok and pack(...) or pack(nil, (...))
    wake_all(task._waiters)
end

--- What a function gave: failed with what it raised, or what it returned beside nil.
--- @return boolean failed
--- @return any err
local function failure(ok, value, err)
    if not ok then
        return true, value
    end
    return not value and err ~= nil, err
end

local function settle_result(task, f, ...)
    local failed, err = failure(...)
    if failed and not task._cancelled then
        local watch = task._detached and #task._waiters == 0 and unjoined.tell or unjoined.watch
        watch(task, err, f)
    end
    settle(task, ...)
end

local function launch(alone, f, ...)
    local task = setmetatable({ _waiters = {} }, Task)
    local arguments = pack(...)
    --- For a coroutine that somebody else closed.
    function task._abandon()
        if not task._results then
            settle(task, false, scheduler.cancelled())
        end
    end
    scheduler.start(task, function()
        if task._cancelled then
            return settle(task, false, scheduler.cancelled())
        end
        settle_result(task, f, pcall(f, unpack(arguments, 1, arguments.n)))
    end, alone)
    return task
end

--- Starts a function as a coroutine; it runs until it first waits. Its calls yield while they wait, so that others can
--- run.
--- @param f function
--- @param ... any its arguments
--- @return bedrock.Task task
function tasks.spawn(f, ...)
    if not is_callable(f) then
        error("spawn: expected a function, got " .. errors.type_of(f), 2)
    end
    return launch(true, f, ...)
end

--- Waits for its end. What it returns is its caller's to look at: an error of the task is told to nobody else.
function methods.join(self)
    local _, err = scheduler.wait_until(function()
        return self._results ~= nil
    end, self._waiters)
    if not self._results then
        return nil, err
    end
    self._joined = true
    return unpack(self._results, 1, self._results.n)
end

--- What it waits for is cancelled, and an error (kind "cancelled") raised there, so that it ends.
--- @return true
function methods.cancel(self)
    if not self._results and not self._cancelled then
        self._cancelled = true
        if self._call then
            host.cancel(self._call)
        end
        if self._wake then
            self._wake()
        end
    end
    return true
end

function methods.status(self)
    if not self._results then
        return "running"
    end
    return self._cancelled and "cancelled" or "done"
end

Task.__index = method_check(Task, methods, "task")

function Task.__tostring(self)
    return "bedrock.task (" .. self:status() .. ")"
end

--- How many at once, and what the first failure does.
--- @class bedrock.ParallelOptions
--- @field limit? integer how many run at once; all if not given
--- @field stop_on_error? boolean the first that fails cancels the others, and no more are started

local OPTIONS = { limit = true, stop_on_error = true }

local function check_options(options)
    if options == nil then
        return {}
    elseif type(options) ~= "table" then
        error("parallel: the options must be a table, got a " .. type(options), 4)
    end
    for name in pairs(options) do
        if not OPTIONS[name] then
            error(('parallel: unknown option "%s"; the options are limit and stop_on_error'):format(
                core.shown(tostring(name))), 4)
        end
    end
    local limit = options.limit
    if limit ~= nil and not (type(limit) == "number" and limit >= 1 and limit % 1 == 0) then
        error("parallel: limit must be a whole number of at least 1, got " .. tostring(limit), 4)
    end
    return options
end

--- As table.pack counts.
local function is_count(n)
    return type(n) == "number" and n >= 0 and n % 1 == 0
end

--- Nothing that is given may be passed over in silence.
local function check_list(list, count)
    for name in pairs(list) do
        if name == "n" and not is_count(list.n) then
            error("parallel: n, how many functions there are: expected a whole number, got "
                .. (type(list.n) == "number" and list.n or errors.type_of(list.n)), 4)
        elseif type(name) ~= "number" and name ~= "n" then
            error(('parallel: the list of functions has a member "%s"; options go behind it, in a table of their own')
                :format(core.shown(tostring(name))), 4)
        elseif type(name) == "number" and not (name >= 1 and name <= count and name % 1 == 0) then
            error(("parallel: the list of functions ends at position %d, but something is at %s"):format(count,
                tostring(name)), 4)
        end
    end
    for i = 1, count do
        if not is_callable(list[i]) then
            error(("parallel: expected a function at position %d, got %s"):format(i, errors.type_of(list[i])), 4)
        end
    end
end

--- A list and options, or one function after the other.
local function read_arguments(first, ...)
    local list, options
    if is_callable(first) or type(first) ~= "table" then
        list = pack(first, ...)
    else
        list, options = first, ...
    end
    check_list(list, is_count(list.n) and list.n or #list)
    return list, check_options(options)
end

--- Keeps what a function gave.
local function keep(group, i, ok, value, ...)
    local failed, err = failure(ok, value, ...)
    if ok then
        group.results[i] = value
    end
    if failed then
        group.errors = group.errors or {}
        group.errors[i] = err
        return false
    end
    return true
end

local function stop(group)
    group.stopped = true
    for _, worker in ipairs(group.workers) do
        worker:cancel()
    end
end

--- Takes one function after the other. The one whose function failed ends by itself when all are stopped.
local function work(group)
    while group.next <= #group.list and not group.stopped do
        local i = group.next
        group.next = i + 1
        if not keep(group, i, pcall(group.list[i])) and group.stop_on_error and not group.stopped then
            stop(group)
        end
    end
end

--- Many calls take long to begin: what else runs in a loop has its turn in between.
local BREATHE_EVERY = 16

--- Starts them and waits for all.
local function run_workers(group, limit)
    for i = 1, math.min(limit or math.huge, #group.list) do
        if i % BREATHE_EVERY == 0 then
            scheduler.breathe()
        end
        if group.next > #group.list or group.stopped then
            break
        end
        group.workers[i] = launch(false, work, group)
    end
    for _, worker in ipairs(group.workers) do
        worker:join()
    end
end

--- Runs functions at the same time and waits for all: parallel({ f1, f2 }, { limit = 10 }) or parallel(f1, f2).
--- @overload fun(...: function): table, table<integer, any>?
--- @param functions function[]
--- @param options? bedrock.ParallelOptions
--- @return table results the first value that each returned, in order; `n`: how many
--- @return table<integer, any>? errs nil if none failed; else errors by the number of the function
function tasks.parallel(...)
    local list, options = read_arguments(...)
    local group = { list = list, next = 1, workers = {}, stop_on_error = options.stop_on_error,
        results = { n = #list } }
    local ok, why = pcall(run_workers, group, options.limit)
    if not ok then
        stop(group)
        error(why, 0)
    end
    for i = group.next, #list do
        keep(group, i, false, errors.new { kind = "cancelled", code = "Cancelled", operation = "parallel",
            message = "it was not started, because another one failed" })
    end
    return group.results, group.errors
end

return tasks
