--- Calls inside Neovim, which is chosen where the module is loaded in it.
---
--- Tasks (bedrock.spawn, bedrock.parallel) yield while they wait, and go on in the editor's main loop, where its whole
--- API may be used. Elsewhere a call waits as vim.wait does: timers, jobs and tasks go on, typed keys wait. In a
--- callback of libuv ("fast event") nothing can wait; tasks started there begin in the main loop.
---
---     require("bedrock.host.nvim").use { coroutines = true }
---
--- With `coroutines` every coroutine yields, and is resumed from the main loop; then no stream may be read and no
--- operation called inside of a generator (coroutine.wrap), or a coroutine that another library resumes.
local core = require "bedrock.core"

--- One for each engine: libuv takes a descriptor once.
if core.nvim then
    return core.nvim
end

local vim = rawget(_G, "vim")
local uv = vim.uv or vim.loop

local nvim = {}

--- A wait has a limit and begins anew, as Neovim 0.7 notices Ctrl-C only at its end.
local SLEEP_MS = 500
--- vim.wait's answer after Ctrl-C, and what interpreters raise then.
local INTERRUPTED, INTERRUPT = -2, "interrupted!"
local FAST = "bedrock: nothing can wait in a callback of libuv (a fast event): call inside bedrock.spawn(f), "
    .. "which runs f in the main loop, or in vim.schedule(f)"
--- The collector's steps: short, so that nobody notices, and as many as make two rounds. What was alive when the
--- first began is collected by the second.
local COLLECT_KB, COLLECT_EVERY_MS, ROUNDS = 256, 2, 2

--- What libuv watches, and what is called from the main loop when there is something.
local poll, step

local function close()
    if poll then
        poll:close()
        poll = nil
    end
end

local turn

--- The callback may not do much, so it only has the main loop do it, once.
local function listen()
    poll:start("r", function()
        poll:stop()
        vim.schedule(turn)
    end)
end

--- Listens before the step, as what runs in that may itself run the loop until its call is over.
function turn()
    if not poll then
        return
    end
    listen()
    local more = step()
    if not more then
        close()
    elseif poll then
        listen()
    end
end

function nvim.watch(fd, step_of_scheduler)
    step = step_of_scheduler
    poll = poll or assert(uv.new_poll(fd))
    listen()
end

local function never()
    return false
end

--- Runs the loop beneath what cannot yield. What is raised is text, as Neovim 0.7 crashes when a callback of libuv
--- raises something else, such as our errors by way of `assert`.
function nvim.hold()
    if vim.in_fast_event() then
        error(FAST, 0)
    end
    local woken = false
    local function is_woken()
        return woken
    end
    --- Returns whether it is over. One that is over in time says nothing of Ctrl-C.
    local function wait(ms, condition)
        local over, why = vim.wait(ms, condition)
        if why == INTERRUPTED then
            error(INTERRUPT, 0)
        end
        return over
    end
    local function sleep()
        repeat
            local over = wait(SLEEP_MS, is_woken)
            wait(0, never)
        until over
        woken = false
    end
    return sleep, function()
        woken = true
    end
end

nvim.defers = vim.in_fast_event

local function yielding()
    local thread = coroutine.running()
    local function resume()
        assert(coroutine.resume(thread))
    end
    return coroutine.yield, function()
        require("bedrock.scheduler").later(resume)
    end
end

--- Shows it as an error; without plugins that change this it is in :messages, too. Never raises.
--- @param message string
function nvim.report(message)
    vim.schedule(function()
        vim.notify(message, vim.log.levels.ERROR)
    end)
end

--- In :messages, and nowhere else: nobody is disturbed. Without a user interface, on standard error.
--- @param line string
function nvim.note(line)
    vim.schedule(function()
        if #vim.api.nvim_list_uis() == 0 then
            io.stderr:write(line, "\n")
            return
        end
        for part in line:gmatch "[^\n]+" do
            vim.cmd("silent echomsg " .. vim.fn.string(part))
        end
    end)
end

local rounds_left = 0

local function collect_some()
    if collectgarbage("step", COLLECT_KB) then
        rounds_left = rounds_left - 1
    end
    if rounds_left > 0 then
        vim.defer_fn(collect_some, COLLECT_EVERY_MS)
    end
end

--- An idle editor may not collect for hours.
function nvim.collect()
    local resting = rounds_left == 0
    rounds_left = ROUNDS
    if resting then
        vim.schedule(collect_some)
    end
end

--- @param options {coroutines: boolean?}?
function nvim.use(options)
    nvim.pause = options and options.coroutines and yielding or nil
    require("bedrock.scheduler").use(nvim)
end

core.nvim = nvim
return nvim
