--- What a run started ends with it, however it ends (tools/leash.c), and nothing else does.
local socket = require "socket"
local endpoint = dofile "spec/endpoint/endpoint.lua"
local eventually = require("spec.support.patience").eventually

local LEASH = (os.getenv "BUILD" or "build") .. "/leash"

local function output_of(command)
    local pipe = assert(io.popen(command))
    local text = pipe:read "*a"
    pipe:close()
    return (text:gsub("\n$", ""))
end

local function read_file(name)
    local file = io.open(name, "rb")
    local text = file and file:read "*a"
    if file then
        file:close()
    end
    return text
end

local function write_file(name, text)
    local file = assert(io.open(name, "wb"))
    file:write(text)
    file:close()
end

local function stat_of(pid)
    local name, state, parent = (read_file("/proc/" .. pid .. "/stat") or ""):match "%((.*)%) (%S) (%d+)"
    return name, state, parent
end

local function lives(pid)
    local _, state = stat_of(pid)
    return state ~= nil and state ~= "Z"
end

--- What runs with that word in its environment.
local function marked(word)
    local names = {}
    for pid in output_of("ls /proc"):gmatch "%f[^\n%z]%d+%f[\n%z]" do
        if (read_file("/proc/" .. pid .. "/environ") or ""):find(word, 1, true) then
            local name, state = stat_of(pid)
            if state and state ~= "Z" then
                names[#names + 1] = name .. " " .. pid
            end
        end
    end
    return table.concat(names, ", ")
end

--- An endpoint with its nginx, something that spins in a session of its own, what does not listen to signals, an
--- orphan in another session, and a stopped process.
local RUN = [[
lua5.4 spec/endpoint/cli.lua start @dir@/endpoint @pki@ >/dev/null
setsid sh -c 'while :; do :; done' &
(trap "" TERM INT HUP; exec sleep 1000) &
(setsid sleep 1000 &)
sleep 1000 &
kill -STOP $!
echo $$ >@dir@/run.pid.new
mv @dir@/run.pid.new @dir@/run.pid
while :; do sleep 1; done
]]

describe("a run", function()
    local dir, word, ep, outsider

    local function fill(text)
        return (text:gsub("@(%a+)@", { dir = dir, pki = ep.pki, leash = LEASH }))
    end

    setup(function()
        ep = endpoint.attach(assert(os.getenv "BEDROCK_TEST_ENDPOINT"))
    end)

    before_each(function()
        dir = output_of "mktemp -d"
        word = "BEDROCK_TEST_RUN=" .. dir
        outsider = output_of "sleep 1000 >/dev/null & echo $!"
        write_file(dir .. "/run.sh", fill(RUN))
        write_file(dir .. "/Makefile", fill "run:\n\t@@leash@ -t 100 sh @dir@/run.sh\n")
    end)

    after_each(function()
        os.execute("kill -KILL " .. outsider)
        os.execute("rm -rf " .. dir)
    end)

    --- Starts it as `make test` does; pid of make, which leads a process group.
    local function start()
        local make = output_of(word .. " setsid sh -c 'echo $$; exec make -f " .. dir
            .. "/Makefile run >/dev/null 2>&1' & sleep 0.1"):match "%d+"
        assert.truthy(eventually(function() return read_file(dir .. "/run.pid") end), "it does not start")
        return make
    end

    local function nothing_is_left()
        local nginx = assert(read_file(dir .. "/endpoint/nginx.pid") or "0"):match "%d+"
        local left
        eventually(function()
            left = marked(word)
            return left == ""
        end)
        assert.equal("", left)
        -- What is being killed loses its environment first, then its sockets and its state.
        assert.is_true(eventually(function() return not lives(nginx) end))
        local attached = endpoint.attach(dir .. "/endpoint")
        assert.is_true(eventually(function()
            return not socket.connect("127.0.0.1", tonumber(attached.control:match ":(%d+)$"))
        end))
        assert.truthy(lives(outsider))
    end

    local function parent_of(pid)
        return (select(3, stat_of(pid)))
    end

    local ways = {
        ["whose make is killed"] = function(make)
            os.execute("kill -KILL " .. make)
        end,
        ["whose process group is killed"] = function(make)
            os.execute("kill -s KILL -- -" .. make)
        end,
        ["whose process group is told to end"] = function(make)
            os.execute("kill -s TERM -- -" .. make)
        end,
        ["whose terminal is closed"] = function(make)
            os.execute("kill -s HUP -- -" .. make)
        end,
        ["whose shell is killed"] = function()
            os.execute("kill -KILL " .. read_file(dir .. "/run.pid"))
        end,
        ["whose inner leash is killed"] = function()
            os.execute("kill -KILL " .. parent_of(read_file(dir .. "/run.pid"):match "%d+"))
        end,
        ["whose outer leash is killed"] = function()
            os.execute("kill -KILL " .. parent_of(parent_of(read_file(dir .. "/run.pid"):match "%d+")))
        end,
    }
    for name, end_it in pairs(ways) do
        it(name .. " leaves nothing", function()
            end_it(start())
            nothing_is_left()
        end)
    end

    --- Its status and what it printed.
    local function run(arguments)
        local text = output_of(word .. " " .. LEASH .. " " .. arguments .. " 2>&1; echo \" $?\"")
        local said, status = text:match "^(.*) (%d+)$"
        return tonumber(status), said
    end

    it("has its command's status, and ends what that left", function()
        local status = run "sh -c '(setsid sleep 1000 >/dev/null 2>&1 &); exit 7'"
        assert.equal(7, status)
        assert.equal("", marked(word))
        assert.equal(0, (run "true"))
        assert.equal(128 + 9, (run "sh -c 'kill -KILL $$'"))
        assert.equal(125, (run "/nowhere/at/all"))
        assert.equal(125, (run ""))
    end)

    it("lets a shell clean up when it is told to end", function()
        local script = "trap \"echo cleaned >" .. dir .. "/cleaned\" EXIT; trap \"exit 130\" TERM; sleep 1000"
        local status = run("-t 3 sh -c '" .. script .. "'")
        assert.equal(124, status)
        assert.equal("cleaned\n", read_file(dir .. "/cleaned"))
    end)

    it("is over when its time is, and says so", function()
        local status, said = run("-t 1 sh " .. dir .. "/run.sh")
        assert.equal(124, status)
        assert.matches("leash: no end after 1 s: sh", said, 1, true)
        assert.equal("", marked(word))
    end)

    it("is over when a file has not changed for that time, and says what it says", function()
        local progress = dir .. "/progress"
        local script = "for i in 1 2 3 4 5 6 7 8; do echo part $i >" .. progress .. "; sleep 0.4; done; sleep 1000"
        local status, said = run("-t 3 -p " .. progress .. " sh -c '" .. script .. "'")
        assert.equal(124, status)
        assert.equal("leash: no end after 3 s: part 8\n", said)
    end)

    it("of specs names the test that does not end", function()
        local spec = dir .. "/endless_spec.lua"
        write_file(spec, [[
            describe("something", function()
                it("ends", function() end)
                it("does not", function() while true do end end)
            end)
        ]])
        local text = output_of("BEDROCK_TEST_PATIENCE=1 BEDROCK_TEST_DEADLINE=6 spec/busted.sh lua5.4 " .. spec)
        assert.matches("leash: no end after 6 s: " .. spec .. ":3: something does not", text, 1, true)
        assert.is_nil(text:find("0 failed", 1, true))
    end)
end)
