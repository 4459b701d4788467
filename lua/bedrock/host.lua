--- Waiting. The engine does its work in `core.step`; a host decides what a program does meanwhile.
---
--- A host is a function `wait(call)` that returns once `call:ready()` is true. The plain one blocks; one
--- for an event loop watches `core.fd()` and yields. It may, because no C function is on the stack.
local core = require "bedrock.core"

--- One for each engine: who loads the module anew, as plugins of Neovim do, has calls that wait in this one.
if core.host then
    return core.host
end

local host = {}

local shared = {}

--- What is known of connections and of answers, which may be given to another copy of the module than made them.
--- @param name string
--- @return table table with weak keys, the same for all copies
function host.shared(name)
    shared[name] = shared[name] or setmetatable({}, { __mode = "k" })
    return shared[name]
end

--- A turn has a limit, so that a signal that came just before it is noticed soon.
local TURN_MS = 500

--- @param call userdata
function host.block(call)
    repeat
        local ready = call:step(TURN_MS)
    until ready
end

host.wait = host.block

--- Ends a call whose answer is no longer wanted.
--- @param call userdata
--- @param closed boolean? by closing what it belongs to
function host.cancel(call, closed)
    call:cancel(closed)
end

--- @type bedrock.Loop? that of a host which needs none of ours, with its own `wait`
host.loop = nil

--- @type bedrock.Loop? that of the program which this runs in: used unless another is
host.surrounding = nil

--- Waits by the host's means. An error thrown through it (Ctrl-C, a killed coroutine) ends the call.
--- @param call userdata
function host.await(call)
    local ok, why = pcall(host.wait, call)
    if not ok then
        host.cancel(call)
        error(why, 0)
    end
end

--- Reports what nobody else would hear of; a terminal gets nothing that it would obey. Never raises.
--- @param message string
function host.report(message)
    local ok, harmless = pcall(require, "bedrock.prints.harmless")
    pcall(io.stderr.write, io.stderr, ok and harmless.to(2, message) or message, "\n")
end

--- Where the log goes that nobody has a function for. Never raises.
--- @param line string
host.note = host.report

--- What to raise where perhaps nobody catches it: the error itself, unless the host could not show that.
--- @param err any
--- @return any
function host.raisable(err)
    return err
end

--- @type nil|fun(call: userdata, err: bedrock.Error?) is told that a stream is over; set by who listens to calls
host.stream_over = nil

--- An error of `connect`, which a host may not be able to show when it is asserted.
--- @param _ bedrock.Error
function host.refused(_) end

--- Hurries the collector, where nothing else may for hours; errors of tasks that nobody joined wait for it.
function host.collect()
end

--- Loads now what is usually loaded later, for places where it could not be.
function host.preload()
    if host.loop then
        host.loop.preload()
    end
end

--- Neovim's main thread; its others (vim.uv.new_thread), and Vim, have less.
local function in_neovim()
    local vim = rawget(_G, "vim")
    return type(vim) == "table" and type(vim.api) == "table" and vim.schedule and (vim.uv or vim.loop)
end

if package.loaded.ngx then
    local nginx = require "bedrock.host.nginx"
    if nginx.usable() then
        host.wait, host.cancel, host.report, host.note = nginx.wait, nginx.cancel, nginx.report, nginx.note
        host.raisable, host.refused = nginx.raisable, nginx.refused
        host.loop = nginx
    end
elseif in_neovim() then
    local nvim = require "bedrock.host.nvim"
    host.report, host.note, host.collect, host.surrounding = nvim.report, nvim.note, nvim.collect, nvim
    function host.wait(call)
        require "bedrock.scheduler"
        return host.wait(call)
    end
end

core.host = host
return host
