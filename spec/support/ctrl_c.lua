--- Ctrl-C at each of a function's steps in turn: raised from a hook, as the interpreters raise it.
local ctrl_c = {}

--- Runs f, and raises before that step of it. Says whether f had so many steps.
local function interrupted(f, step)
    local thrown = false
    pcall(function()
        debug.sethook(function()
            debug.sethook()
            thrown = true
            error("interrupted!", 0)
        end, "", step)
        f()
        debug.sethook()
    end)
    return thrown
end

--- The interpreter alone: what LuaJIT has compiled knows no hooks.
local function interpreted(f)
    if not jit then
        return f()
    end
    jit.off()
    jit.flush()
    local ok, result = pcall(f)
    jit.on()
    if not ok then
        error(result, 0)
    end
    return result
end

--- Runs f again and again, interrupted one step later each time, and check(step) after each.
--- Ends with the run that comes through; gives how many steps there were.
function ctrl_c.at_each_step(f, check)
    return interpreted(function()
        f()
        local step = 0
        repeat
            step = step + 1
            local thrown = interrupted(f, step)
            check(step)
        until not thrown
        return step
    end)
end

return ctrl_c
