--- Many things at once in one Lua state: who waits for what, and who runs next.
---
--- A coroutine waits in one of three ways. Coroutines made here (bedrock.spawn) yield to whoever runs
--- them. Coroutines of an event loop pause by the loop's means. Everything else blocks, also a generator
--- inside either. Only those are woken whose call or timer has something.
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local host = require "bedrock.host"

--- One for each engine, as the host.
if host.scheduler then
    return host.scheduler
end

local scheduler = {}
host.scheduler = scheduler

--- @class bedrock.Loop what is needed to run in an event loop
--- @field watch fun(fd: integer, step: fun(): boolean): boolean? calls `step` whenever the descriptor is
---     readable, until it returns false, and then forgets both. False: no loop runs here that could.
--- @field pause nil|fun(): sleep: function?, wake: function?, loop: any? for a coroutine that belongs to the
---     loop; nil: the running one does not. `sleep` suspends it until `wake` is called from elsewhere, which
---     must not resume it on the spot (scheduler.later helps). `loop` tells several loops apart.
--- @field hold nil|fun(): sleep: function, wake: function for whatever cannot be suspended: `sleep` runs the loop
---     beneath it until `wake` is called. Raises an error where that cannot be.
--- @field spawn nil|fun(body: function) starts a coroutine of the loop
--- @field obstacle nil|fun(): string? why nothing can wait where this is called
--- @field detach nil|fun(body: function): boolean? starts it elsewhere, if nothing can wait here
--- @field breathe nil|fun() lets the loop do what is due, in its own way
--- @field defers nil|fun(): boolean tasks do not begin where this is called, but when the loop comes to them

--- A turn has a limit, so that a signal that came just before it is noticed soon.
local TURN_MS = 500

local driver
local watched = setmetatable({}, { __mode = "k" })

--- Wake functions by the numbers that calls and timers were given.
local wakers, last_id = {}, 0

--- Contexts of the coroutines made here, and the tasks of all.
local contexts = setmetatable({}, { __mode = "k" })
local tasks = setmetatable({}, { __mode = "k" })

--- The coroutine made here that was resumed last and has not come back. Ctrl-C may leave one here that is not resumed
--- at all, so its status counts.
local innermost

local function is_on_stack()
    local status = innermost and coroutine.status(innermost)
    return status == "running" or status == "normal"
end

--- Functions to be called when the stack is low again. Ctrl-C may come between any two steps: no place in it is ever
--- empty.
local line, first, last = {}, 1, 0

--- The line comes next: nobody has to be told of what joins it.
local waking = false

--- What resuming a coroutine tells that somebody else closed.
local DEAD = "cannot resume dead coroutine"

--- A coroutine that sleeps for its own reason (a yield that is not ours) is left alone.
local function resume(context)
    context.queued = false
    if not context.sleeping then
        return
    end
    context.sleeping = false
    local outer = innermost
    innermost = context.thread
    local ok, why = coroutine.resume(context.thread)
    innermost = outer
    if not ok and why ~= DEAD then
        error(why, 0)
    elseif not ok and tasks[context.thread] then
        tasks[context.thread]._abandon()
    end
end

--- Those that are in it now. One of them may run the line itself: a generator inside a task that waits for another.
local function run_line()
    local till = last
    while first <= till do
        local f = line[first]
        first = first + 1
        line[first - 1] = nil
        f()
    end
end

--- Wakes all, and runs the line.
--- @return integer how many woke
local function wake_all()
    local count = 0
    waking = true
    for id in core.woken do
        local wake = wakers[id]
        if wake then
            wakers[id] = nil
            count = count + 1
            wake()
        end
    end
    waking = false
    run_line()
    return count
end

--- An error of one of them goes to the loop; the others are woken all the same, in the next turn.
local function wake_and_run()
    local ok, count = pcall(wake_all)
    if not ok then
        waking = false
        core.notify()
        error(count, 0)
    end
    return count
end

local function look()
    core.step(0)
    local woken = wake_and_run()
    if next(wakers) or first <= last then
        return true
    end
    -- Those of a loop that woke have not run yet; most of them wait again at once.
    if woken > 0 and driver and driver.pause then
        core.notify()
        return true
    end
    return false
end

local function watch(loop)
    loop = loop or driver
    if not driver or not driver.watch or watched[loop] then
        return
    end
    watched[loop] = true
    local accepted = driver.watch(assert(core.fd()), function()
        local more = look()
        if not more then
            watched[loop] = nil
        end
        return more
    end)
    if accepted == false then
        watched[loop] = nil
    end
end

--- Calls it soon, but not from here: what wakes a coroutine may itself run in one.
--- @param f function
function scheduler.later(f)
    line[last + 1] = f
    last = last + 1
    if not waking then
        watch()
        core.notify()
    end
end

local function new_context(body)
    local context = { sleeping = true }
    local function go_on()
        resume(context)
    end
    function context.sleep()
        context.sleeping = true
        coroutine.yield()
        context.sleeping = false
    end
    function context.wake()
        if not context.queued then
            scheduler.later(go_on)
            context.queued = true -- not before: who is not in the line must not seem to be
        end
    end
    context.thread = coroutine.create(body)
    contexts[context.thread] = context
    return context
end

local function running()
    local thread, is_main = coroutine.running()
    return not is_main and thread or nil
end

--- How the running coroutine can pause: sleep, wake, loop; nil: it cannot.
local function suspension()
    local thread = running()
    local context = thread and contexts[thread]
    if context then
        return context.sleep, context.wake
    end
    if thread and driver and driver.pause and not is_on_stack() then
        return driver.pause()
    end
    if driver and driver.hold then
        return driver.hold()
    end
end

--- Can the running coroutine pause?
--- @return boolean
function scheduler.can_pause()
    return suspension() ~= nil
end

--- What coroutines are doing at the moment that others may wait for.
local errands = setmetatable({}, { __mode = "k" })

--- What the running coroutine does, or did whoever started it as a task.
--- @return table? errand
function scheduler.errand()
    local thread = running()
    local task = thread and tasks[thread]
    return errands[thread or errands] or task and task._errand
end

--- @param errand table? nil: it is over
function scheduler.set_errand(errand)
    errands[running() or errands] = errand
end

--- Is the running coroutine a task's?
--- @return boolean
function scheduler.in_task()
    return tasks[running() or errands] ~= nil
end

local function cancelled()
    return errors.new { kind = "cancelled", code = "Cancelled", operation = "task", message = "the task was cancelled" }
end
scheduler.cancelled = cancelled

local function check_cancelled(task)
    if task and task._cancelled then
        error(cancelled(), 0)
    end
end

--- Pauses once. task:cancel can end the pause, and with it the call at once.
local function sleep_once(task, sleep, wake, call)
    if task then
        task._wake, task._call = wake, call
    end
    sleep()
    if task then
        task._wake, task._call = nil, nil
    end
    check_cancelled(task)
end

--- Somebody else did the loop's work: it must check whether there is still something to wait for.
local function tell_loop()
    if driver then
        core.notify()
    end
end

--- For places where a coroutine cannot pause. Others run meanwhile, unless this is called inside one of them.
local function block(call)
    if is_on_stack() then
        host.block(call)
    else
        while not call:ready() do
            wake_and_run()
            core.step(first <= last and 0 or TURN_MS)
        end
    end
    tell_loop()
end

local function forget(id)
    if wakers[id] then
        wakers[id] = nil
        tell_loop()
    end
end

--- In a coroutine made here, which nothing is thrown through but a cancellation, and what a debugger's hook throws:
--- then whoever waits cancels the call, which gives its number back.
local function wait_here(context, task, call)
    last_id = last_id + 1
    local id = last_id
    while not call:arm(id) do
        wakers[id] = context.wake
        if driver then
            watch()
        end
        if task then
            task._wake, task._call = context.wake, call
        end
        context.sleeping = true
        coroutine.yield()
        context.sleeping = false
        if task then
            task._wake, task._call = nil, nil
            if task._cancelled then
                forget(id)
                error(cancelled(), 0)
            end
        end
    end
    forget(id)
end

local function wait(call)
    local thread = coroutine.running()
    local task, context = tasks[thread or tasks], contexts[thread or contexts]
    if task and task._cancelled then
        error(cancelled(), 0)
    elseif context then
        return wait_here(context, task, call)
    end
    local sleep, wake, loop = suspension()
    if not sleep then
        return block(call)
    end
    last_id = last_id + 1
    local id = last_id
    while not call:arm(id) do
        wakers[id] = wake
        watch(loop)
        local ok, why = pcall(sleep_once, task, sleep, wake, call)
        if not ok then
            forget(id)
            error(why, 0)
        end
    end
    forget(id)
end

--- Where the host has its own way to wait for a call, there is no descriptor to watch.
local function wait_by_host(call)
    local thread = running()
    local task = thread and tasks[thread]
    check_cancelled(task)
    if task then
        task._call = call
    end
    host.loop.wait(call)
    if task then
        task._call = nil
    end
    check_cancelled(task)
end

--- Runs all others until `done()`, blocking. If nothing woke between two turns, nobody can run and the engine has
--- nothing to do, then nothing will ever come.
local function run_until(done)
    local calls = 1
    repeat
        local empty = first > last
        local idle = wake_and_run() == 0 and empty and calls == 0
        if idle then
            error("nothing can end this wait: a coroutine of spawn or parallel yielded by itself, "
                .. "or needs an event loop that is not running here", 0)
        end
        local over = done()
        if not over then
            calls = core.step(first <= last and 0 or TURN_MS)
        end
    until over
    tell_loop()
end

--- Waits until `done()`; whoever makes it true calls what was added to `waiters`.
--- @param done fun(): boolean
--- @param waiters function[]
--- @return nil
--- @return bedrock.Error? err it is not done, and nothing can wait here
function scheduler.wait_until(done, waiters)
    local thread = running()
    local task = thread and tasks[thread]
    check_cancelled(task)
    if done() then
        return
    end
    local sleep, wake = suspension()
    if not sleep then
        local why = driver and driver.obstacle and driver.obstacle()
        if why then
            return nil, errors.new { kind = "config", code = "NotSupported", operation = "task", message = why }
        end
        return run_until(done)
    end
    while not done() do
        waiters[#waiters + 1] = wake
        sleep_once(task, sleep, wake)
    end
end

--- Lets the engine, all others that can run, and the loop have their turn before it goes on.
function scheduler.breathe()
    if driver and driver.breathe then
        return driver.breathe()
    end
    local waiters, over = {}, false
    local function go_on()
        over = true
        for _, wake in ipairs(waiters) do
            wake()
        end
    end
    scheduler.later(function()
        scheduler.later(go_on)
    end)
    scheduler.wait_until(function()
        return over
    end, waiters)
end

--- Runs a task's body as a coroutine, until it first waits or, in a loop, from when the loop comes to it.
--- @param task table
--- @param body function that raises nothing
--- @param alone boolean? nobody may be able to wait for it
function scheduler.start(task, body, alone)
    if host.wait == host.block then
        host.wait = wait
    elseif host.loop and host.wait == host.loop.wait then
        host.wait, driver = wait_by_host, host.loop
    end
    task._errand = scheduler.errand()
    local function run()
        local thread = coroutine.running()
        tasks[thread] = task
        body()
        tasks[thread], contexts[thread] = nil, nil
    end
    if alone and driver and driver.detach and driver.detach(run) then
        task._detached = true
        return
    end
    if driver and driver.spawn and not is_on_stack() and suspension() then
        return driver.spawn(run)
    end
    local context = new_context(run)
    if driver and driver.defers and driver.defers() then
        return context.wake()
    end
    resume(context)
end

--- From now on coroutines wait in that event loop; nil: in none, as at first.
--- @param loop bedrock.Loop?
function scheduler.use(loop)
    if loop ~= nil and (type(loop) ~= "table" or type(loop.watch) ~= "function") then
        error("use: expected a table with a function watch(fd, step)", 2)
    end
    driver = loop
    watched = setmetatable({}, { __mode = "k" })
    host.wait = wait
end

if host.surrounding then
    scheduler.use(host.surrounding)
end

return scheduler
