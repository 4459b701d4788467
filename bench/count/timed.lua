--- What a program for bench/measure.lua ends with: does something so many times, after once that does not count, and
--- prints the nanoseconds of CPU that they took.

local function one_by_one(once)
    return function(count)
        for _ = 1, count do
            once()
        end
    end
end

local function in_tasks(once, in_flight)
    local bedrock = require "bedrock"
    return function(count)
        local list = {}
        for i = 1, count do
            list[i] = once
        end
        local _, errs = bedrock.parallel(list, { limit = in_flight })
        assert(not errs, errs and tostring(select(2, next(errs))))
    end
end

--- @param count integer
--- @param once fun()
--- @param in_flight? integer so many at a time, in tasks
return function(count, once, in_flight)
    local run = in_flight and in_tasks(once, in_flight) or one_by_one(once)
    run(in_flight or 1)
    local start = os.clock()
    run(count)
    print(("%.0f"):format((os.clock() - start) * 1e9))
end
