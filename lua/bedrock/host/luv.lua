--- Calls inside libuv's loop: coroutines started with bedrock.spawn yield.
---
---     require("bedrock.host.luv").use()
---     require("bedrock.host.luv").use { coroutines = true }
---
--- With `coroutines` every coroutine yields, and is resumed from the loop; then no stream may be read and no
--- operation called inside of a generator of your own (coroutine.wrap), whose caller would get the yield.
---
--- In Neovim this is bedrock.host.nvim: in callbacks of libuv the editor refuses most of what it can do.
local surrounding = require("bedrock.host").surrounding
if surrounding then
    return surrounding
end

local scheduler = require "bedrock.scheduler"
local uv = require "luv"

--- Handles by descriptor, with what each calls: libuv takes a descriptor once, and one that was watched before `use`
--- was called again may be so still.
local watched = {}

local function watch(fd, step)
    local entry = watched[fd] or { poll = assert(uv.new_poll(fd)) }
    watched[fd], entry.step = entry, step
    entry.poll:start("r", function()
        if not step() and entry.step == step then
            watched[fd] = nil
            entry.poll:close()
        end
    end)
end

local function pause()
    local thread = coroutine.running()
    local function resume()
        assert(coroutine.resume(thread))
    end
    return coroutine.yield, function()
        scheduler.later(resume)
    end
end

local luv = {}

--- @param options {coroutines: boolean?}?
function luv.use(options)
    scheduler.use { watch = watch, pause = options and options.coroutines and pause or nil }
end

return luv
