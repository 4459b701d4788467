--- Credentials that a program prints. What becomes of programs and their children is spec/c/test_process.c's.
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"
local hosts = dofile "spec/support/hosts.lua"
local files = dofile "spec/support/files.lua"
local patience = dofile "spec/support/patience.lua"

describe("credentials that a program prints", function()
    local ep, dir

    setup(function()
        ep = service.endpoint()
        dir = os.tmpname()
        os.remove(dir)
        assert(os.execute("mkdir " .. dir))
    end)

    teardown(function()
        os.execute("rm -rf " .. dir)
    end)

    before_each(function()
        ep:reset()
    end)

    --- A program of that name, in the shell's language; what it runs it notes in NAME.runs.
    local function program(name, text)
        local path = dir .. "/" .. name
        local file = assert(io.open(path, "wb"))
        file:write("#!/bin/sh\necho run >>\"$0.runs\"\n", text, "\n")
        file:close()
        os.execute(("chmod 755 '%s'"):format(path))
        return path
    end

    local function runs(path)
        local _, n = files.read(path .. ".runs"):gsub("run\n", "")
        return n
    end

    local function output(more)
        return ([[printf '{"Version":1,"AccessKeyId":"%s","SecretAccessKey":"%s"%s}']]):format(
            ep.access_key_id, ep.secret_access_key, more or "")
    end

    local function expiring(seconds)
        return (',"Expiration":"%s"'):format(os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + seconds))
    end

    local function settings(line, more)
        return service.merged({
            auth = "process",
            credential_process = line,
            endpoint = ep.https,
            ca_file = ep.ca_file,
        }, more)
    end

    local function connect(...)
        return assert(bedrock.connect(settings(...)))
    end

    local function ask(conn)
        return conn:converse(service.ask "Hi")
    end

    it("are for good without an expiration; connect starts nothing", function()
        local path = program("good", output())
        local conn = connect(path)
        assert.is_nil(io.open(path .. ".runs"))
        assert(ask(conn))
        assert(ask(connect(path)))
        assert.equal(1, runs(path))
        local info = assert(conn:credentials())
        assert.equal("process", info.source)
        assert.is_nil(info.expiration)
    end)

    it("are renewed below 60 s of life", function()
        local path = program("short", output(expiring(59)))
        local conn = connect(path)
        assert(ask(conn))
        assert(ask(conn))
        assert.equal(2, runs(path))
    end)

    it("are got in one flight by all who want them, in every host", function()
        for name, run_in in pairs(hosts) do
            local path = program("flight-" .. name, "sleep 0.2; " .. output(expiring(3600)))
            run_in(function()
                local conn, tasks = connect(path), {}
                for i = 1, 16 do
                    tasks[i] = bedrock.spawn(function()
                        return ask(conn)
                    end)
                end
                for i = 1, 16 do
                    assert(tasks[i]:join())
                end
            end)
            assert.equal(1, runs(path))
        end
    end)

    it("lie below roles", function()
        local conn = connect(program("role", output()),
            { assume_role = { role_arn = "arn:aws:iam::123456789012:role/above" } })
        assert(ask(conn))
        assert.same({ "assume_role", "process" }, assert(conn:credentials()).via)
    end)

    it("may take arguments with blanks", function()
        local path = program("two words", [[[ "$1" = "a  b" ] && [ "$2" = '$HOME' ] && ]] .. output())
        assert(ask(connect(("'%s/two words' \"a  b\" $HOME"):format(dir))))
        assert.equal(1, runs(path))
    end)

    local function fails(name, text, code, more)
        local _, err = ask(connect(program(name, text), more))
        assert.equal(code, err.code)
        assert.is_nil(tostring(err):find("hid/den", 1, true))
        return err
    end

    it("fail with the program's status, and never with what it says", function()
        local err = fails("status", "echo hid/den; exit 3", "ProcessFailed")
        assert.equal("credentials", err.kind)
        assert.is_truthy(tostring(err):find("exited with status 3", 1, true))
    end)

    it("are of no use damaged, too long or expired", function()
        fails("damaged", "echo hid/den", "BadResponse")
        fails("version", [[printf '{"Version":2,"AccessKeyId":"hid/den","SecretAccessKey":"hid/den"}']], "BadResponse")
        fails("long", "yes hid/den", "ProcessFailed")
        fails("expired", output(expiring(-1)), "CredentialsExpired")
    end)

    it("are not waited for beyond read_timeout, and nothing is left", function()
        local err = fails("hangs", [[sleep 1000 & echo $! >"$0.pid"; wait]], "ProcessTimeout", { read_timeout = 300 })
        assert.equal("timeout", err.kind)
        local pid = files.read(dir .. "/hangs.pid"):match "%d+"
        assert.is_true(patience.eventually(function()
            return files.output(("grep -v ' [ZX] ' /proc/%s/stat 2>/dev/null"):format(pid)) == ""
        end))
    end)

    it("need a program that is there, and a line that can be read", function()
        local _, err = ask(connect "no-such-helper-anywhere")
        assert.equal("ProcessFailed", err.code)
        assert.is_truthy(tostring(err):find("no-such-helper-anywhere", 1, true))
        _, err = bedrock.connect(settings "helper 'hid/den")
        assert.equal("config", err.kind)
        assert.is_nil(tostring(err):find("hid/den", 1, true))
        _, err = bedrock.connect(settings(nil))
        assert.equal("config", err.kind)
    end)
end)
