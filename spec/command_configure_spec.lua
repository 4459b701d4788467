--- bedrock configure and completion, the command in a terminal, interrupted, installed; as processes of their own.
local cjson = require "cjson"
local command = require "spec.support.command"
local eventually = require("spec.support.patience").eventually
local files = require "spec.support.files"
local service = dofile "spec/support/service.lua"
local terminal = require "spec.support.terminal"

local ASK = '{"modelId":"amazon.nova-lite-v1:0","messages":[{"role":"user","content":[{"text":"hi"}]}]}'

describe("the command", function()
    local ep, home = service.each(), nil
    local env

    before_each(function()
        home = command.home()
        env = { BEDROCK_AUTH = false, BEDROCK_ACCESS_KEY_ID = false, BEDROCK_SECRET_ACCESS_KEY = false,
            BEDROCK_MODEL = false, XDG_CACHE_HOME = home .. "/cache" }
    end)

    after_each(function()
        command.remove(home)
    end)

    local function run(arguments, more, stdin)
        return command.run(ep, home, arguments, { env = service.merged(env, more), stdin = stdin })
    end

    --- In a terminal: what it showed, and the exit code.
    local function in_terminal(arguments, steps, more)
        local line = command.line(ep, home, arguments, { env = service.merged(env, more) })
        local out = files.output(("python3 spec/support/terminal.py %s %s; printf '\n%%s' $?"):format(
            command.quoted(steps[1] and cjson.encode(steps) or "[]"), line))
        local shown, code = out:match "^(.*)\n(%d+)$"
        return shown:gsub("\r", ""), tonumber(code)
    end

    local function pki(name)
        return ep.pki .. "/" .. name
    end

    local RIGHT = {
        "certificate", "p256.crt.pem", "p256.key.pkcs8.pem", "intermediate.pem",
        "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/configure",
        "arn:aws:rolesanywhere:us-east-1:123456789012:profile/configure",
        "arn:aws:iam::123456789012:role/configure", "configure", "us-east-1", "amazon.nova-lite-v1:0",
    }

    --- The answers, as lines; more go before the one of that place.
    local function lines(before)
        local list = {}
        for i, answer in ipairs(RIGHT) do
            for _, wrong in ipairs(before and before[i] or {}) do
                list[#list + 1] = wrong
            end
            list[#list + 1] = answer:find "%.pem$" and pki(answer) or answer
        end
        return table.concat(list, "\n") .. "\n"
    end

    local function settings()
        return assert(loadfile(home .. "/.config/bedrock/settings.lua"))()
    end

    describe("configure", function()
        it("takes lines from a pipe, writes a file for its owner alone, and tests it", function()
            local got = run({ "configure" }, nil, lines())
            assert.equal(0, got.code, got.err)
            assert.matches("ok +credentials", got.out)
            assert.equal("configure", settings().session_name)
            assert.equal(pki "p256.crt.pem", settings().certificate)
            assert.equal("600\n", files.output("stat -c %a " .. home .. "/.config/bedrock/settings.lua"))
            assert.equal("700\n", files.output("stat -c %a " .. home .. "/.config/bedrock"))
            assert.equal("", files.output("ls " .. home .. "/.config/bedrock | grep -v '^settings.lua$'"))
            assert.equal(0, run({ "ask", "hi" }).code)
        end)

        it("looks at each answer as it is given, and asks again", function()
            files.write(home .. "/empty.pem", "")
            files.write(home .. "/request.pem", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"
                .. "-----END CERTIFICATE REQUEST-----\n")
            local got = run({ "configure" }, nil, lines {
                [2] = { "/nosuch.pem", home, home .. "/request.pem", home .. "/empty.pem",
                    pki "expired.crt.pem", pki "ca.pem" },
                [3] = { home .. "/empty.pem", pki "other.key.pem" },
                [4] = { pki "other-ca.pem" },
                [5] = { "nonsense" },
                [9] = { "nowhere at all" },
            })
            assert.equal(0, got.code, got.err)
            for _, why in ipairs { "No such file", "Is a directory", "the one that it sent back",
                "private_key: " .. home .. "/empty.pem: the file is empty", "expired on 2021", "authority",
                "does not belong to the certificate", "does not belong to the leaf's chain", 'got "nonsense"',
                "nowhere at all" } do
                assert.truthy(got.err:find(why, 1, true), why)
            end
        end)

        it("asks for the password of a key, and keeps it in the file", function()
            local list = lines():gsub("p256%.key%.pkcs8%.pem\n", "p256.key.pkcs8.enc.pem\nwrong\ntest-password\n")
            local got = run({ "configure" }, nil, list)
            assert.equal(0, got.code, got.err)
            assert.matches("is wrong", got.err)
            assert.equal("test-password", settings().private_key_password)
            assert.is_nil((got.out .. got.err):find("test-password", 1, true))
        end)

        it("takes what is there already, and JSON by the file's name", function()
            run({ "configure" }, nil, lines())
            assert.equal(0, run({ "configure" }, nil, ("\n"):rep(10)).code)
            assert.equal("configure", settings().session_name)
            local path = home .. "/mine.json"
            assert.equal(0, run({ "configure", "--settings", path }, nil, lines()).code)
            assert.equal("configure", cjson.decode(files.read(path)).session_name)
        end)

        it("takes an AWS profile", function()
            assert(os.execute("mkdir " .. home .. "/.aws"))
            files.write(home .. "/.aws/credentials", ("[other]\naws_access_key_id = %s\naws_secret_access_key = %s\n")
                :format(ep.access_key_id, ep.secret_access_key))
            local got = run({ "configure" }, nil, "profile\nmissing\nother\nus-east-1\n-\n")
            assert.equal(0, got.code, got.err)
            assert.matches("missing", got.err)
            assert.equal("other", settings().profile)
        end)

        it("writes nothing when the input ends too soon", function()
            local got = run({ "configure" }, nil, "certificate\n")
            assert.equal(1, got.code)
            assert.matches("nothing was written", got.err)
            assert.equal("", files.output("ls " .. home .. "/.config 2>/dev/null"))
        end)

        it("asks in a terminal, a password without showing it, and ends by Ctrl-C", function()
            local shown, code = in_terminal({ "configure" }, {
                { "[certificate]: ", "\n" }, { "certificate: ", pki "p256.crt.pem" .. "\n" },
                { "private key: ", pki "p256.key.pkcs8.enc.pem" .. "\n" }, { "its password: ", "test-password\n" },
                { "[-]: ", "\3" },
            })
            assert.equal(130, code, shown)
            assert.is_nil(shown:find("test-password", 1, true))
            assert.equal("", files.output("ls " .. home .. "/.config 2>/dev/null"))
        end)
    end)

    describe("in a terminal", function()
        local keys

        before_each(function()
            keys = { BEDROCK_AUTH = "access_keys", BEDROCK_ACCESS_KEY_ID = ep.access_key_id,
                BEDROCK_SECRET_ACCESS_KEY = ep.secret_access_key }
        end)

        it("shows JSON a member a line, and credentials without secrets", function()
            local shown, code = in_terminal({ "call", "list_inference_profiles", '{"maxResults":1}', "--query",
                "inferenceProfileSummaries[0].type" }, {}, keys)
            assert.equal('"SYSTEM_DEFINED"\n', shown)
            assert.equal(0, code)
            assert.matches('^{\n  "metrics": {\n    "latencyMs": 42\n  },\n', (in_terminal({ "call", "converse", ASK },
                {}, keys)))
            shown = in_terminal({ "credentials" }, {}, keys)
            assert.matches("access_key_id", shown)
            assert.is_nil(shown:find(ep.secret_access_key, 1, true))
        end)

        it("tells what happens in lines of its own", function()
            local shown, code = in_terminal({ "ask", "--debug", "hi", "-m", "amazon.nova-lite-v1:0" }, {}, keys)
            assert.equal(0, code, shown)
            assert.matches("\nbedrock: ", shown)
            assert.is_nil(shown:find "[^\n]bedrock: ")
        end)

        it("lists models in a width that is there, their IDs whole", function()
            local line = command.line(ep, home, { "models", "--name", "sonnet" }, { env = service.merged(env, keys) })
            local narrow = terminal.open("stty cols 80; " .. line)
            local shown = narrow:sees "%(models: %d+%)"
            narrow:close()
            assert.matches("id +name\r?\n", shown)
            assert.matches("\nglobal.anthropic.claude%-sonnet%-4%-5%-20250929%-v1:0  %S", shown)
            for one in shown:match("\nid .*"):gmatch "[^\r\n]+" do
                assert.truthy(#one <= 82, one)
            end
        end)

        it("ends with 130 by Ctrl-C, while a stream comes and while it waits", function()
            ep:config { stream_interval_ms = 200 }
            local shown, code = in_terminal({ "call", "converse_stream", ASK }, { { "contentBlockDelta", "\3" } }, keys)
            assert.equal(130, code, shown)
            assert.is_nil(shown:find("traceback", 1, true))
            shown, code = in_terminal({ "call", "converse", "-" }, { { "Ctrl-D ends the text", "{\n\3" } }, keys)
            assert.equal(130, code, shown)
        end)

        it("ends by a signal to it alone, too", function()
            ep:script { { times = -1, match = { operation = "Converse" }, action = { hang = true } } }
            local line = command.line(ep, home, { "call", "converse", ASK }, { env = service.merged(env, keys) })
            local pipe = assert(io.popen("bash -c " .. command.quoted(("set -m; %s 2>%s/.err & pid=$!; echo $pid; "
                .. "wait $pid; echo $?"):format(line, home)) .. " 2>/dev/null"))
            local pid = pipe:read "*l"
            eventually(function()
                return ep:counters().Converse > 0
            end)
            os.execute("kill -INT " .. pid)
            assert.equal("130", pipe:read "*l")
            pipe:close()
        end)

        it("chats: Ctrl-C stops the answer, takes back a line, and Ctrl-D ends", function()
            ep:script { { times = 1, match = { operation = "ConverseStream" }, action = { hang = true } } }
            ep:config { stream_interval_ms = 20 }
            local chat = terminal.open(command.line(ep, home, { "chat", "-m", "amazon.nova-lite-v1:0" },
                { env = service.merged(env, keys) }))
            chat:sees "0 messages; /help tells more"
            chat:sees "> "
            chat:type "one\n"
            eventually(function()
                return ep:counters().ConverseStream > 0
            end)
            chat:interrupt()
            chat:sees "%(stopped%)"
            chat:sees "> "
            chat:type "taken back"
            chat:sees "taken back"
            chat:interrupt()
            chat:type "two\n"
            chat:sees "You asked: two\r?\n"
            chat:sees "> "
            chat:type "\4"
            chat:sees "%d+ tokens in, %d+ out"
            chat:close()
        end)
    end)

    describe("completion", function()
        it("loads in bash, zsh and fish", function()
            for shell, check in pairs {
                bash = "source %s && complete -p bedrock && "
                    .. "COMP_WORDS=(bedrock cred) COMP_CWORD=1 && _bedrock; echo ${COMPREPLY[@]}",
                zsh = "autoload -U compinit && compinit -D && source %s && echo credentials $_comps[bedrock]",
                fish = "source %s; and complete -C 'bedrock cred'",
            } do
                local got = run { "completion", shell }
                assert.equal(0, got.code, got.err)
                files.write(home .. "/complete", got.out)
                local said = files.output(("%s -c %s 2>&1"):format(shell,
                    command.quoted(check:format(home .. "/complete"))))
                assert.matches("credentials", said, shell)
                assert.is_nil(said:find("rror", 1, true), said)
            end
            assert.equal(2, run({ "completion", "tcsh" }).code)
        end)

        it("knows what a subcommand's first argument may be", function()
            local line = command.line(ep, home, {}, { env = env })
            files.write(home .. "/bedrock", ("#!/bin/sh\nexec %s \"$@\"\n"):format(line))
            os.execute("chmod 700 " .. home .. "/bedrock")
            local checks = {
                bash = "source %s; COMP_WORDS=(bedrock %s) COMP_CWORD=2; _bedrock; echo ${COMPREPLY[@]}",
                fish = "source %s; complete -C 'bedrock %s'",
            }
            for shell, check in pairs(checks) do
                files.write(home .. "/complete", run({ "completion", shell }).out)
                for given, word in pairs {
                    ["help cred"] = "credentials", ["config s"] = "show", ["cache l"] = "list",
                    ["completion z"] = "zsh",
                    ["call list_agents"] = "list_agents", ["describe conv"] = "converse_stream",
                    ["skeleton conv"] = "converse", ["call ListAg"] = "ListAgents", ["call list-ag"] = "list-agents",
                    ["call agent.ta"] = "agent.tag_resource", ["call bedrock-agent.Tag"] = "bedrock-agent.TagResource",
                } do
                    local said = files.output(("PATH=%s:$PATH %s -c %s 2>&1"):format(home, shell,
                        command.quoted(check:format(home .. "/complete", given))))
                    assert.is_truthy(said:find(word, 1, true), shell .. " " .. given .. ": " .. said)
                end
            end
            local zsh = run({ "completion", "zsh" }).out
            assert.matches('"%*: :%(ask chat ', zsh)
            assert.matches('": :%(%$%(command bedrock operations %-%-like="%$PREFIX"', zsh)
        end)
    end)
end)
