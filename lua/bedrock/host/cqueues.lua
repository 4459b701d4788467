--- Calls inside cqueues: those of its coroutines yield.
---
---     require("bedrock.host.cqueues").use()
local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local scheduler = require "bedrock.scheduler"

local loop = {}

function loop.watch(fd, step)
    local controller = cqueues.running()
    if not controller then
        return false
    end
    controller:wrap(function()
        local readable = { pollfd = fd, events = "r" }
        repeat
            cqueues.poll(readable)
        until not step()
        cqueues.cancel(fd)
    end)
    return true
end

function loop.pause()
    local controller, is_its_own = cqueues.running()
    if not is_its_own then
        return nil
    end
    local woken = condition.new()
    return function()
        woken:wait()
    end, function()
        woken:signal()
    end, controller
end

function loop.spawn(body)
    cqueues.running():wrap(body)
end

function loop.use()
    scheduler.use(loop)
end

return loop
