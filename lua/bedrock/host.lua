--- Waiting. The engine does its work in `core.step`; a host decides what a program does meanwhile.
---
--- A host is a function `wait(call)` that returns once `call:ready()` is true. The plain one blocks; one
--- for an event loop watches `core.fd()` and yields, which it may, as no C function is on the way.
local host = {}

--- A turn is bounded, so that a signal which came just before it is noticed soon.
local TURN_MS = 500

--- @param call userdata
function host.block(call)
    repeat
        local ready = call:step(TURN_MS)
    until ready
end

host.wait = host.block

--- Waits by the host's means. An error thrown through it (Ctrl-C, a killed coroutine) ends the call.
--- @param call userdata
function host.await(call)
    local ok, why = pcall(host.wait, call)
    if not ok then
        call:cancel()
        error(why, 0)
    end
end

return host
