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

--- All begin before the first is over, so that no connection has to be made later.
local function begin_all(once, in_flight)
    local bedrock, list = require "bedrock", {}
    for i = 1, in_flight do
        list[i] = bedrock.spawn(once)
    end
    for _, task in ipairs(list) do
        local _, err = task:join()
        assert(not err, tostring(err))
    end
end

--- @param count integer
--- @param once fun()
--- @param in_flight? integer so many at a time, in tasks
return function(count, once, in_flight)
    local run = in_flight and in_tasks(once, in_flight) or one_by_one(once)
    if in_flight then
        begin_all(once, in_flight)
    else
        run(1)
    end
    local start = os.clock()
    run(count)
    print(("%.0f"):format((os.clock() - start) * 1e9))
end
