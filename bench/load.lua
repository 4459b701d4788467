--- What `require "bedrock"` costs in a fresh process: one line "CPU ms, kB of Lua heap" for bench/run.sh to gather.
---   LUA bench/load.lua libraries|cjson|bedrock
--- libraries: libcurl and libcrypto by the dynamic loader alone. They are loaded before bedrock is measured, as no
--- client can do without them.
local what = arg[1]

local function load_libraries()
    local file = assert(package.searchpath("floor", package.cpath))
    assert(package.loadlib(file, "*"))
end

local function require_it()
    require(what)
end

local f = what == "libraries" and load_libraries or require_it
if what == "bedrock" then
    load_libraries()
end
collectgarbage()
collectgarbage()
local before, start = collectgarbage "count", os.clock()
f()
local ms = (os.clock() - start) * 1000
collectgarbage()
collectgarbage()
print(("%.3f\t%.1f"):format(ms, collectgarbage "count" - before))
