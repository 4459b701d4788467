--- Amazon Bedrock for Lua.
---
---     local bedrock = require "bedrock"
---     local conn = assert(bedrock.connect { … })
---     local answer = assert(conn:converse { modelId = …, messages = { … } })
local function supported()
    local minor = tonumber(_VERSION:match("^Lua 5%.(%d+)$"))
    return rawget(_G, "jit") or (minor and minor >= 4)
end

if not supported() then
    error("bedrock runs on Lua 5.4, Lua 5.5 and LuaJIT 2.1, not on " .. _VERSION, 0)
end

local found, core = pcall(require, "bedrock.core")
if not found then
    error(require "bedrock.base.no_core"(core), 0)
end
local lazy = require "bedrock.base.lazy"

local bedrock = {
    _NAME = "bedrock",
    _VERSION = core.version,
    api_version = core.api_version,
    array = core.array,
    --- JSON as this module writes and reads it: integers stay integers, [] stays [].
    json = { encode = core.encode, decode = core.decode, raw = core.raw, number = core.number },
    null = core.null,
    presign = core.presign,
    sign = core.sign,
}

lazy(bedrock, {
    certificate = "certificate.of",
    connect = "connection.connect",
    describe = "help.describe.operation",
    dump = "prints.dump.dump",
    families = "generate.listing.families",
    help = "help.help",
    load_api = "load_api.load",
    log = "log.to",
    metadata = "metadata.of",
    on_task_error = "tasks.unjoined.on_task_error",
    open = "settings.open",
    operations = "help.describe.operations",
    parallel = "tasks.task.parallel",
    schema = "schema.schema",
    skeleton = "help.describe.skeleton",
    spawn = "tasks.task.spawn",
    test = "test.settings",
})
lazy(core.error_metatable, { __concat = "errors.concat", __tostring = "errors.text" })

if package.loaded.ngx then
    require("bedrock.host").preload()
end

return setmetatable(bedrock, {
    __name = "bedrock",
    __index = function(_, name)
        require("bedrock.help.meant").of_module(name)
    end,
    __tostring = function()
        return require("bedrock.help").beginning()
    end,
})
