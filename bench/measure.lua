--- What each line of a list costs: CPU time, and instructions by callgrind, which do not mind how busy the machine is.
---
---     lua5.4 bench/measure.lua [-t] [-i] [-k] [-c] BUILD LIST [WORD]
---
--- LIST is bench/lines.txt (each beside its floor) or bench/curves.txt (what a byte, a message, a call costs as there
--- are more). A line is
---
---     name | N | program            N operations
---     name | N x UNITS | program    N operations of so many units each; the costs are those of one unit
---
--- The program's argument % is the number of operations; it prints the nanoseconds of CPU that they took, without what
--- went before, or "missing ..." where it cannot be run. @ stands for the folder of the built C benchmarks; %url,
--- %http, %ca and %pki for a local endpoint and its certificates (bench/with_endpoint.sh), without which such lines are
--- left out; %python for that of the interop oracles. A heading with %lua stands for one with each of the two Luas. An
--- N that ends in "t" is timed only: callgrind would not see it, or take too long.
---
--- The lines below a heading take turns, five times, and the least is printed, as all else that the machine does only
--- adds; a program is asked for as many operations as fill a while. For instructions it runs for N and for 3 N, and
--- what the second took more, by 2 N, is one operation. "times" is by the first line below the heading.
---
--- A curve's last cost is judged by the least before it: "level", or "GROWS". Below =F instead of = is the curve of a
--- floor, and below =+ one that may grow as the last floor does.
---
--- WORD: only what is below headings that have it. -t, -i: only times, only instructions. -k keeps the profiles in
--- BUILD/bench/profiles, for callgrind_annotate. -c: measures nothing, but sees that each line runs, and prints
--- "ok - ..." or "not ok - ..." for it.
local ROUNDS, FILL_NS = 5, 60e6
local CHECKED_OPERATIONS = 100
--- So much above the least cost, a curve's last one is level: what is larger finds less of itself in the caches.
local LEVEL = 1.25

local only = {}
while arg[1] and arg[1]:match "^%-" do
    only[table.remove(arg, 1)] = true
end
local build, list, word = assert(arg[1], "which build?"), assert(arg[2], "which list?"), arg[3] or ""
local profiles = build .. "/bench/profiles"

local function output_of(command)
    local pipe = assert(io.popen(command))
    local text = pipe:read "a"
    return text, pipe:close()
end

local environments = {}

--- The variables that let LUA find what is built.
local function environment(program)
    local lua = program:match "^luajit" or "lua5.4"
    environments[lua] = environments[lua] or output_of(("make -s env BUILD=%s LUA=%s"):format(build, lua))
    return environments[lua]
end

--- That of the interop oracles, where they are installed.
local function python()
    local file = build .. "/interop/venv/bin/python"
    local found = io.open(file)
    return found and found:close() and file or "python3"
end

--- @return string? program nil: it needs an endpoint, and there is none
local function resolve(program)
    local places = {
        url = os.getenv "BENCH_URL" or false, http = os.getenv "BENCH_HTTP" or false,
        ca = os.getenv "BENCH_CA" or false, pki = os.getenv "BENCH_PKI" or false, python = python(),
    }
    local complete = true
    program = program:gsub("@", build .. "/bench/"):gsub("%%(%l+)", function(name)
        complete = complete and places[name]
        return places[name] or ""
    end)
    return complete and program or nil
end

local function run(line, count, prefix, suffix)
    local program = line.program:gsub("%%", ("%d"):format(count))
    local command = ("%s\nexec %s %s %s"):format(environment(line.program), prefix or "", program, suffix or "")
    local text, ok = output_of(command)
    if not ok then
        error(("it failed: %s\n%s"):format(program, text):match "^(.-)%s*$", 0)
    end
    return text
end

--- CPU nanoseconds of so many operations; nil, why: it cannot be run.
local function time(line, count)
    local text = run(line, count)
    local ns = tonumber(text:match "([%d.e+]+)%s*$")
    if not ns then
        return nil, text:match "missing[^\n]*" or error("it printed no time: " .. line.program, 0)
    end
    return ns
end

local function time_all(lines)
    for _, line in ipairs(lines) do
        local ns, missing = time(line, line.count)
        line.missing = missing
        line.times = {}
        line.filling = ns and line.count * math.max(1, math.ceil(FILL_NS / math.max(ns, 1)))
        -- A slow program is one that fills a while by itself.
        line.filling = line.filling and math.min(line.filling, line.count * 50)
    end
    for _ = 1, ROUNDS do
        for _, line in ipairs(lines) do
            if not line.missing then
                line.times[#line.times + 1] = time(line, line.filling) / line.filling / line.units
            end
        end
    end
    for _, line in ipairs(lines) do
        line.ns = not line.missing and math.min(table.unpack(line.times)) or nil
    end
end

local function instructions(line, count, profile)
    local log = profiles .. "/log"
    run(line, count, ("valgrind --tool=callgrind --log-file=%s --callgrind-out-file=%s"):format(log, profile),
        ">/dev/null")
    for text in io.lines(log) do
        local collected = text:match "Collected : (%d+)"
        if collected then
            return tonumber(collected)
        end
    end
    error("callgrind counted nothing: " .. line.program, 0)
end

local function count_all(lines)
    for _, line in ipairs(lines) do
        if not line.timed_only and not line.missing then
            local profile = "/dev/null"
            if only["-k"] then
                profile = profiles .. "/" .. (line.heading .. " " .. line.name):gsub("[^%w.]+", "-")
            end
            local few = instructions(line, line.count, "/dev/null")
            local many = instructions(line, 3 * line.count, profile)
            line.instructions = (many - few) / (2 * line.count) / line.units
        end
    end
end

local function number(value)
    if not value then
        return ""
    end
    return (value < 10 and "%.3f" or value < 1000 and "%.1f" or "%.0f"):format(value)
end

local function ratio(value, first)
    return value and first and first > 0 and ("%.2f"):format(value / first) or ""
end

--- Whether each line runs, if only for a few operations.
local function check_all(lines)
    for _, line in ipairs(lines) do
        local good, ns, missing = pcall(time, line, math.min(line.count, CHECKED_OPERATIONS))
        print(("%s - %s: %s%s"):format(good and ns and "ok" or "not ok", line.heading, line.name,
            good and (ns and "" or ": " .. missing) or ": " .. ns))
    end
end

--- By how much the last cost is above the least before: the first lines carry what every call costs.
local function growth_of(lines, what)
    local least, growth = math.huge, nil
    for _, line in ipairs(lines) do
        local cost = line[what]
        growth = cost and least < math.huge and cost / least or growth
        least = math.min(least, cost or math.huge)
    end
    return growth
end

local floors = {}

local function judge(lines, what)
    local growth, floor = growth_of(lines, what), floors[what]
    if lines[1].role == "F" then
        floors[what] = growth
    end
    if not growth then
        return "not measured"
    end
    local judgement = growth <= LEVEL and "level" or "GROWS"
    if lines[1].role == "F" then
        judgement = "the floor"
    elseif lines[1].role == "+" and floor and growth > LEVEL and growth <= LEVEL * floor then
        judgement = ("as its floor, which grows to %.2f"):format(floor)
    end
    return ("%.2f of the least before: %s"):format(growth, judgement)
end

local function show(lines)
    print(("\n%s"):format(lines[1].heading))
    print(("  %-44s %12s %8s %14s %8s"):format("", "ns", "times", "instructions", "times"))
    for _, line in ipairs(lines) do
        if line.missing then
            print(("  %-44s %s"):format(line.name, line.missing))
        else
            print(("  %-44s %12s %8s %14s %8s"):format(line.name, number(line.ns), ratio(line.ns, lines[1].ns),
                number(line.instructions), ratio(line.instructions, lines[1].instructions)))
        end
    end
    if lines[1].curve then
        print(("  %-44s %s"):format("the last, time", judge(lines, "ns")))
        print(("  %-44s %s"):format("the last, instructions", judge(lines, "instructions")))
    end
    io.stdout:flush()
end

local function line_of(role, heading, name, count, program)
    local operations, timed_only, units = count:match "(%d+)(t?)%s*x?%s*(%d*)"
    return {
        role = role, heading = heading, name = name:match "^%s*(.-)%s*$", program = resolve(program),
        count = tonumber(operations), units = tonumber(units) or 1, curve = count:find("x", 1, true) ~= nil,
        timed_only = timed_only == "t",
    }
end

--- For each of the Luas, if the heading names them.
local function add_groups(groups, role, heading, texts)
    local both = heading and heading:find("%lua", 1, true)
    for _, lua in ipairs(both and { "lua5.4", "luajit" } or { "" }) do
        local group = {}
        for _, text in ipairs(texts) do
            local name, count, program = text:gsub("%%lua", lua):match "^([^|]+)|([^|]+)|%s*(.-)%s*$"
            group[#group + 1] = line_of(role, heading:gsub("%%lua", lua), name, count, program)
            if not group[#group].program then
                group[#group] = nil
            end
        end
        if #group > 0 and group[1].heading:find(word, 1, true) then
            groups[#groups + 1] = group
        end
    end
end

local function read_groups()
    local groups, role, heading, texts = {}, "", nil, {}
    for text in io.lines(list) do
        local next_role, next_heading = text:match "^=([F+]?) (.*)"
        if next_heading then
            add_groups(groups, role, heading, texts)
            role, heading, texts = next_role, next_heading, {}
        elseif heading and text:find("|", 1, true) then
            texts[#texts + 1] = text
        end
    end
    add_groups(groups, role, heading, texts)
    return groups
end

local function measure_all(lines)
    if not only["-i"] then
        time_all(lines)
    end
    if not only["-t"] then
        count_all(lines)
    end
    show(lines)
end

os.execute("mkdir -p " .. profiles)
for _, lines in ipairs(read_groups()) do
    if only["-c"] then
        check_all(lines)
    else
        measure_all(lines)
    end
end
