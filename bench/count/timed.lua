--- What a program for bench/measure.lua ends with: does something so many times, after once that does not count, and
--- prints the nanoseconds of CPU that they took.
--- @param count integer
--- @param once fun()
return function(count, once)
    once()
    local start = os.clock()
    for _ = 1, count do
        once()
    end
    print(("%.0f"):format((os.clock() - start) * 1e9))
end
