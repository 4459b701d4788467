--- The command and the programs it runs for credentials: one that leads back to itself, and its end with the command.
local command = require "spec.support.command"
local eventually = require("spec.support.patience").eventually
local files = require "spec.support.files"
local program = require "spec.support.program"
local service = dofile "spec/support/service.lua"

--- More runs than any case needs: a program of ours starts no more, so that no fault of the command's runs on and on.
local RUNS_MAX = 6

describe("programs that the command runs for credentials", function()
    local ep = service.each()
    local here = command.each(ep)
    local env

    before_each(function()
        env = { BEDROCK_ACCESS_KEY_ID = false, BEDROCK_SECRET_ACCESS_KEY = false, BEDROCK_AUTH = false,
            XDG_CACHE_HOME = here.home() .. "/cache", AWS_CONFIG_FILE = here.home() .. "/config",
            AWS_SHARED_CREDENTIALS_FILE = here.home() .. "/none", BEDROCK_REGION = "us-east-1" }
    end)

    --- A program of that name that counts its runs, ends after so many, and else does that.
    local function script(name, text)
        local path = here.home() .. "/" .. name
        files.write(path, ("#!/bin/sh\necho run >>\"$0.runs\"\n[ $(wc -l <\"$0.runs\") -gt %d ] && exit 99\n%s\n")
            :format(RUNS_MAX, text))
        os.execute("chmod 755 " .. path)
        return path
    end

    local function runs(name)
        local file = io.open(here.home() .. "/" .. name .. ".runs")
        local text = file and file:read "*a" or ""
        if file then
            file:close()
        end
        return select(2, text:gsub("\n", ""))
    end

    local function config(text)
        files.write(here.home() .. "/config", text)
    end

    local function itself(arguments)
        return ("exec %s bin/bedrock %s"):format(program.interpreter(), arguments)
    end

    for how, variables in pairs {
        ["a profile"] = { BEDROCK_AUTH = "profile", BEDROCK_PROFILE = "bedrock" },
        ["the chain"] = { BEDROCK_AUTH = "chain", AWS_PROFILE = "bedrock" },
    } do
        it("may be the command itself only once: by " .. how, function()
            config(("[profile bedrock]\ncredential_process = %s\n"):format(script("self", itself "credentials")))
            local got = here.run({ "test" }, { env = service.merged(env, variables) })
            assert.not_equal(0, got.code)
            assert.matches("is what runs this program: it would ask itself", got.err, 1, true)
            assert.equal(1, runs "self")
        end)
    end

    it("may not lead back over another profile either", function()
        config(("[profile a]\ncredential_process = %s\n[profile b]\ncredential_process = %s\n"):format(
            script("one", itself "--profile b credentials"), script("two", itself "--profile a credentials")))
        local got = here.run({ "--profile", "a", "credentials" }, { env = env })
        assert.equal(4, got.code)
        assert.matches("it would ask itself", got.err, 1, true)
        assert.equal(1, runs "one")
        assert.equal(1, runs "two")
    end)

    it("may be the command with other settings", function()
        config(("[profile a]\ncredential_process = %s\n[profile b]\ncredential_process = %s\n"):format(
            script("one", itself "--profile b credentials"),
            script("two", ([[printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s"}']]):format(
                ep.access_key_id, ep.secret_access_key))))
        local got = here.run({ "--profile", "a", "ask", "hi" }, { env = env })
        assert.equal(0, got.code, got.err)
        assert.equal(1, runs "two")
    end)

    for signal, code in pairs { TERM = 143, HUP = 129, INT = 130 } do
        for _, words in ipairs { { "ask", "hi" }, { "test" } } do
            it(("end with it: SIG%s, %s"):format(signal, words[1]), function()
                config(("[profile slow]\ncredential_process = %s\n"):format(
                    script("slow", 'sleep 1000 & echo $! >"$0.pid"; wait')))
                local line = command.line(ep, here.home(), words,
                    { env = service.merged(env, { BEDROCK_AUTH = "profile", BEDROCK_PROFILE = "slow" }) })
                -- Whoever runs this may ignore signals, as nohup does.
                local pipe = assert(io.popen("env --default-signal=HUP,INT,TERM bash -c " .. command.quoted(
                    ("set -m; %s >/dev/null 2>&1 & pid=$!; echo $pid; wait $pid; echo $?"):format(line))
                    .. " 2>/dev/null"))
                local pid = pipe:read "*l"
                local inner = here.home() .. "/slow.pid"
                eventually(function()
                    return files.output("cat " .. inner .. " 2>/dev/null"):find "%d\n"
                end)
                os.execute(("kill -%s %s"):format(signal, pid))
                assert.equal(tostring(code), pipe:read "*l")
                pipe:close()
                assert.truthy(eventually(function()
                    return files.output(("grep -v ' [ZX] ' /proc/%s/stat 2>/dev/null"):format(
                        files.read(inner):match "%d+")) == ""
                end))
            end)
        end
    end

    it("leave SIGHUP ignored where it is (nohup)", function()
        local line = command.line(ep, here.home(), { "call", "converse", "-" }, { env = env })
        local got = files.output("bash -c " .. command.quoted(("trap '' HUP; mkfifo %s/in; %s <%s/in >/dev/null 2>&1 & "
            .. "pid=$!; exec 3>%s/in; kill -HUP $pid; echo '{' >&3; exec 3>&-; wait $pid; echo $?"):format(here.home(),
            line, here.home(), here.home())))
        assert.equal("2\n", got)
    end)
end)
