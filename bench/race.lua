--- Runs contestants in turn, round after round, and gives each one's median CPU time: what the
--- machine does meanwhile falls on all alike, so the ratios hold.
local race = {}

local function seconds(run, times)
    local start = os.clock()
    for _ = 1, times do
        run()
    end
    return (os.clock() - start) / times
end

local function median(values)
    table.sort(values)
    return values[math.floor(#values / 2) + 1]
end

--- @param rounds integer
--- @param times integer calls of each contestant in a round
--- @param contestants table[] {name, function}; the first is the floor
function race.run(rounds, times, contestants)
    local samples = {}
    for round = 0, rounds do
        for i, contestant in ipairs(contestants) do
            local took = seconds(contestant[2], times)
            samples[i] = samples[i] or {}
            if round > 0 then
                samples[i][round] = took
            end
        end
    end
    local floor = median(samples[1])
    for i, contestant in ipairs(contestants) do
        local m = median(samples[i])
        print(("%s\t%.2f us\t%.2f"):format(contestant[1], m * 1e6, m / floor))
    end
end

return race
