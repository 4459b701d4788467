--- What busted asks of lua-system: times.
local core = require "bedrock.core"

local function seconds()
    return core.now_ms() / 1000
end

return { gettime = seconds, monotime = seconds }
