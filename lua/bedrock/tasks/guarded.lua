--- Functions of the user's that are told things in the midst of a call. What they raise never gets into the call: it is
--- reported once. What they call themselves is not told to them again.
local host = require "bedrock.host"
local raised = require "bedrock.tasks.raised"

local function text_of(value)
    local ok, text = pcall(tostring, value)
    return ok and text or "(an error that cannot be printed)"
end

--- @param name string of the function, for the report
--- @param f function
--- @return fun(...): any runs it, unless the running coroutine is within it; it may wait
return function(name, f)
    local within, reported = setmetatable({}, { __mode = "k" }), false
    return function(...)
        -- LuaJIT has no coroutine for the main program.
        local here = coroutine.running() or within
        if within[here] then
            return
        end
        within[here] = true
        local ok, why = pcall(f, ...)
        within[here] = nil
        if ok then
            return
        elseif raised.is_interrupt(why) then
            error(why, 0)
        elseif not reported then
            reported = true
            host.report(("bedrock: the function given as %s failed: %s"):format(name, text_of(why)))
        end
    end
end
