--- busted under whatever interpreter runs this. BEDROCK_TEST_GC=stress makes the collector as
--- eager as it can be.
if os.getenv "BEDROCK_TEST_GC" == "stress" then
    collectgarbage("setpause", 0)
    collectgarbage("setstepmul", 10000)
    if _VERSION == "Lua 5.4" then
        collectgarbage("incremental", 0, 1000, 10)
    end
elseif os.getenv "BEDROCK_TEST_GC" == "generational" and _VERSION == "Lua 5.4" then
    collectgarbage("generational", 1, 1)
end

require "busted.runner" { standalone = false }
