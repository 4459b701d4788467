--- Time for a Lua for which lua-socket is in no package. Specs that need sockets of their own are not run there.
local core = require "bedrock.core"

return {
    gettime = function()
        return core.now_ms() / 1000
    end,
    sleep = function(seconds)
        os.execute(("env -u LD_PRELOAD sleep %.3f"):format(seconds))
    end,
}
