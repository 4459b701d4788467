--- Calls inside copas 4: its threads yield.
---
---     require("bedrock.host.copas").use()
---
--- Every coroutine counts as a thread of copas while copas.loop runs, as copas does not tell them apart: no stream may
--- be read and no operation called inside of a generator of your own (coroutine.wrap).
local copas = require "copas"
local scheduler = require "bedrock.scheduler"

if not (copas.wakeup and copas.removeserver) then
    error("bedrock.host.copas: copas 4 is needed, this is " .. tostring(copas._VERSION), 0)
end

local loop = {}

--- copas watches servers: this one has our descriptor, and is asked to accept a client when it is readable. There is
--- only one, as copas remembers each for ever. The name is what it takes for that of a TCP socket.
local server = setmetatable({}, { __tostring = function()
    return "tcp{bedrock}"
end })

function server.getfd(self)
    return self.fd
end

function server.settimeout()
    return 1
end

function server.accept(self)
    if not self.step() then
        copas.removeserver(self, true)
    end
    return nil, "timeout"
end

function loop.watch(fd, step)
    if not copas.running then
        return false
    end
    server.fd, server.step = fd, step
    copas.addserver(server, function() end)
    return true
end

local sleep = copas.pauseforever or function()
    copas.sleep(-1)
end

function loop.pause()
    if not copas.running then
        return nil
    end
    local thread = coroutine.running()
    return sleep, function()
        copas.wakeup(thread)
    end
end

function loop.spawn(body)
    copas.addthread(body)
end

function loop.use()
    scheduler.use(loop)
end

return loop
