--- What `require "bedrock"` costs in a fresh process: one line "CPU ms, kB of Lua heap" for bench/run.sh to gather.
---   LUA bench/load.lua libraries|cjson|bedrock|connected
--- libraries: libcurl and libcrypto by the dynamic loader alone. They are loaded before bedrock is measured, as no
--- client can do without them. connected: with a first connection, for which more of it is loaded.
local what = arg[1]

local function load_libraries()
    local file = assert(package.searchpath("floor", package.cpath))
    assert(package.loadlib(file, "*"))
end

local measured = {
    libraries = load_libraries,
    cjson = function()
        require "cjson"
    end,
    bedrock = function()
        require "bedrock"
    end,
    connected = function()
        assert(require("bedrock").connect {
            region = "us-east-1",
            auth = "access_keys",
            access_key_id = "AKIDEXAMPLE0000000001",
            secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        })
    end,
}

local f = measured[what]
if what == "bedrock" or what == "connected" then
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
