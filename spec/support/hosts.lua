--- Runs functions where calls wait in different ways: hosts[name](f) calls f there and returns when it and all that it
--- started are over. An error raised in f comes out. To be loaded before socket.http, as copas wants that.
local bedrock = require "bedrock"
local scheduler = require "bedrock.scheduler"

local hosts = {}

local function outcome(f)
    local result = { over = false }
    return result, function()
        result.ok, result.why = pcall(f)
        result.over = true
    end
end

local function check(result)
    if not result.over then
        error("the loop ended before what ran in it", 0)
    elseif not result.ok then
        error(result.why, 0)
    end
end

--- Blocking, in the main coroutine.
function hosts.plain(f)
    scheduler.use(nil)
    f()
end

--- As a coroutine of bedrock.spawn, with no loop but the module's own.
function hosts.spawn(f)
    scheduler.use(nil)
    local result, body = outcome(f)
    bedrock.spawn(body):join()
    check(result)
end

function hosts.cqueues(f)
    require("bedrock.host.cqueues").use()
    local result, body = outcome(f)
    local controller = require("cqueues").new()
    controller:wrap(body)
    assert(controller:loop())
    check(result)
end

--- libuv, in a coroutine of bedrock.spawn.
function hosts.luv(f)
    require("bedrock.host.luv").use()
    local result, body = outcome(f)
    bedrock.spawn(body)
    require("luv").run()
    check(result)
end

--- libuv, in a plain coroutine.
function hosts.luv_coroutines(f)
    require("bedrock.host.luv").use { coroutines = true }
    local result, body = outcome(f)
    coroutine.wrap(body)()
    require("luv").run()
    check(result)
end

--- copas 4, where it is installed; Debian 12 and 13 have none.
local copas = package.searchpath("copas", package.path) and require "copas"

if copas and copas.removeserver then
    function hosts.copas(f)
        require("bedrock.host.copas").use()
        local result, body = outcome(f)
        copas.loop(body)
        check(result)
    end
end

return hosts
