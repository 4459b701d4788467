--- busted under whatever interpreter runs this. BEDROCK_TEST_GC=stress makes the collector as
--- eager as it can be.
if os.getenv "BEDROCK_TEST_GC" == "stress" then
    require("spec.support.collector").make_eager()
    if _VERSION == "Lua 5.4" then
        collectgarbage("incremental", 0, 1000, 10)
    end
elseif os.getenv "BEDROCK_TEST_GC" == "generational" and _VERSION == "Lua 5.4" then
    collectgarbage("generational", 1, 1)
end

if _VERSION == "Lua 5.5" then
    require "spec.support.lua55.older"
end

require "busted.runner" { standalone = false }
