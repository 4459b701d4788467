--- bedrock ask, chat, generate, image, embed, agent and kb, as processes of their own.
local cjson = require "cjson"
local mime = require "mime"
local command = require "spec.support.command"
local files = require "spec.support.files"
local service = dofile "spec/support/service.lua"

local ANSWER = "This is the local endpoint — naïve, but polite. It would rather answer than wait, in Zürich, "
    .. "in 東京 or on the 🌙.\n"

describe("the command", function()
    local ep = service.each()
    local here = command.each(ep)
    local run, fails = here.run, here.fails
    local home

    before_each(function()
        home = here.home()
    end)

    local function says(expected, arguments, options)
        local got = run(arguments, options)
        assert.equal(expected, got.out)
        assert.equal(0, got.code, got.err)
        return got
    end

    local function sent()
        return cjson.decode((mime.unb64(service.last_request(ep).body64)))
    end

    describe("ask", function()
        it("writes the answer", function()
            says("You asked: Hi there\n" .. ANSWER, { "ask", "Hi", "there" })
            assert.equal("ConverseStream", service.last_request(ep).operation)
        end)

        it("appends what comes by a file or a pipe", function()
            run({ "ask", "What is this?" }, { stdin = "a b c\n" })
            assert.equal("What is this?\n\na b c\n", sent().messages[1].content[1].text)
            run({ "ask" }, { stdin = "only this" })
            assert.equal("only this", sent().messages[1].content[1].text)
            run({ "ask", "-" }, { stdin = "by name" })
            assert.equal("by name", sent().messages[1].content[1].text)
        end)

        it("leaves a pipe alone that says nothing, and tells so", function()
            local line = command.line(ep, home, { "ask", "Hi" })
            local script = ("{ %s 2>%s/.err; kill $(cat %s/.pid); } < <(echo $BASHPID >%s/.pid; exec sleep 60)")
                :format(line, home, home, home)
            local out = files.output("bash -c " .. command.quoted(script))
            assert.equal("You asked: Hi\n" .. ANSWER, out)
            assert.matches("open but silent", files.read(home .. "/.err"))
        end)

        it("sends options, and files by what they are", function()
            files.write(home .. "/notes.txt", "some notes")
            files.write(home .. "/dot.png", "\137PNG\r\n\26\n")
            run { "ask", "-m", "amazon.nova-pro-v1:0", "-s", "Be brief", "--max-tokens", "7", "--temperature", "0.5",
                "-f", home .. "/notes.txt", "-f", home .. "/dot.png", "What?" }
            local body = sent()
            assert.same({ maxTokens = 7, temperature = 0.5 }, body.inferenceConfig)
            assert.same({ { text = "Be brief" } }, body.system)
            assert.equal("png", body.messages[1].content[1].image.format)
            assert.equal("What?\n\n" .. home .. "/notes.txt:\n\nsome notes", body.messages[1].content[2].text)
            assert.matches("nova%-pro", service.last_request(ep).uri)
        end)

        it("takes the system prompt of the settings, or none", function()
            run({ "ask", "Hi" }, { env = { BEDROCK_SYSTEM = "Be brief" } })
            assert.same({ { text = "Be brief" } }, sent().system)
            run({ "ask", "-s", "", "Hi" }, { env = { BEDROCK_SYSTEM = "Be brief" } })
            assert.is_nil(sent().system)
        end)

        it("goes on with the last talk", function()
            run { "ask", "One" }
            run { "ask", "-c", "Two" }
            local messages = sent().messages
            assert.equal(3, #messages)
            assert.equal("One", messages[1].content[1].text)
            assert.equal("600", files.output("stat -c %a " .. home .. "/.local/state/bedrock/last.json"):match "%d+")
        end)

        it("gives JSON, and objects of a schema", function()
            local got = cjson.decode(run({ "ask", "--json", "Hi" }).out)
            assert.equal("end_turn", got.stop_reason)
            assert.equal(1, got.rounds)
            files.write(home .. "/schema.json", [[{"type":"object","properties":{"n":{"type":"integer"}}}]])
            ep:script { { match = { operation = "Converse" }, action = { json = {
                output = { message = { role = "assistant", content = { { text = '{"n":3}' } } } },
                stopReason = "end_turn", usage = { inputTokens = 1, outputTokens = 1, totalTokens = 2 },
                metrics = { latencyMs = 1 },
            } } } }
            says('{"n":3}\n', { "ask", "--schema", home .. "/schema.json", "How many?" })
        end)

        it("tells that an answer was cut, which --strict makes a failure", function()
            local got = run { "ask", "--max-tokens", "2", "Hi" }
            assert.equal(0, got.code)
            assert.matches("cut by max_tokens", got.err)
            assert.equal(1, run({ "ask", "--max-tokens", "2", "--strict", "Hi" }).code)
        end)

        it("shows the request without sending it, and without secrets", function()
            local got = run { "ask", "--dry-run", "Hi" }
            assert.matches("^POST https://.-/converse%-stream\n", got.out)
            assert.matches("authorization: %(hidden%)", got.out)
            assert.matches('"text":"Hi"', got.out)
            local request = cjson.decode(run({ "ask", "--dry-run", "--json", "Hi" }).out)
            assert.equal("POST", request.method)
            assert.equal("(hidden)", request.headers.authorization)
            assert.equal(0, ep:counters().requests)
        end)

        it("ends with a code for each kind of failure", function()
            fails(5, "^bedrock: .*ValidationException.*\n$", { "ask", "-m", "nonexistent", "Hi" })
            fails(3, "^bedrock: .*region[^\n]*\n$", { "ask", "--region", "mars-1", "Hi" })
            fails(2, "which model%?", { "ask", "Hi" }, { env = { BEDROCK_MODEL = "" } })
            fails(2, "unknown option '%-%-modl'", { "ask", "--modl", "x", "Hi" })
            fails(2, 'did you mean ask%?', { "aks" })
            fails(1, "No such file", { "ask", "-f", home .. "/none", "Hi" })
            fails(1, "ConnectFailed", { "ask", "--endpoint", ep.refused, "--max-attempts", "1", "Hi" },
                { env = { BEDROCK_ALLOW_HTTP = "true" } })
        end)

        it("tells errors as JSON", function()
            local got = run { "ask", "--json", "-m", "nonexistent", "Hi" }
            local err = cjson.decode(got.err).error
            assert.equal("service", err.kind)
            assert.equal("ValidationException", err.code)
        end)

        it("takes its options before the subcommand, too", function()
            says("You asked: Hi\n" .. ANSWER, { "--region", "eu-central-1", "ask", "Hi" })
            assert.equal("eu-central-1", service.last_request(ep).region)
        end)

        it("takes a pipe that nobody reads for the end", function()
            local line = command.line(ep, home, { "ask", "Hi" })
            local out = files.output(("%s 2>%s/.err | head -c 9"):format(line, home))
            assert.equal("You asked", out)
            assert.equal("", files.read(home .. "/.err"))
        end)
    end)

    describe("chat", function()
        it("is a conversation, by lines of a pipe, too", function()
            says("You asked: One\n" .. ANSWER .. "You asked: Two\n" .. ANSWER, { "chat" }, { stdin = "One\n\nTwo\n" })
            assert.equal(3, #sent().messages)
        end)

        it("answers with a line of JSON each, where that is asked for", function()
            local got = run({ "chat", "--json" }, { stdin = "One\nTwo\n" })
            local texts = {}
            for line in got.out:gmatch "[^\n]+" do
                texts[#texts + 1] = cjson.decode(line).text:match "[^\n]+"
            end
            assert.same({ "You asked: One", "You asked: Two" }, texts)
        end)

        it("obeys", function()
            files.write(home .. "/notes.txt", "some notes")
            local got = run({ "chat" }, { stdin = table.concat({ "/undo", "One", "/undo", "/system Be brief",
                "/model amazon.nova-pro-v1:0", "/file " .. home .. "/notes.txt", "Two",
                "/save " .. home .. "/chat.json", "/usage", "/mdel", "/quit", "never" }, "\n") .. "\n" })
            assert.equal(0, got.code)
            assert.matches("nothing to forget\n.*forgotten\n.*now with amazon.nova%-pro", got.out)
            assert.matches("1?%d+ tokens in", got.out)
            assert.matches("did you mean /model", got.out)
            assert.falsy(got.out:find("never", 1, true))
            local body = sent()
            assert.same({ { text = "Be brief" } }, body.system)
            assert.equal(1, #body.messages)
            assert.matches("some notes\n\nTwo$", body.messages[1].content[1].text)
            run({ "chat", "--resume", home .. "/chat.json" }, { stdin = "Three\n" })
            assert.equal(3, #sent().messages)
            assert.matches("nova%-pro", service.last_request(ep).uri)
        end)

        it("goes on with a saved system prompt, whatever the model", function()
            run({ "chat" }, { stdin = "/system Be brief\nOne\n/save " .. home .. "/chat.json\n" })
            run({ "chat", "--resume", home .. "/chat.json" }, { stdin = "/model amazon.nova-pro-v1:0\nTwo\n" })
            assert.same({ { text = "Be brief" } }, sent().system)
            assert.equal(3, #sent().messages)
            assert.matches("nova%-pro", service.last_request(ep).uri)
            run({ "chat" }, { stdin = "/model amazon.nova-pro-v1:0\n/system Be long\n/load " .. home
                .. "/chat.json\nTwo\n" })
            assert.same({ { text = "Be brief" } }, sent().system)
            assert.falsy(service.last_request(ep).uri:find("nova-pro", 1, true))
        end)

        it("tells what is wrong with a saved one, and where an answer failed", function()
            files.write(home .. "/no.json", "no JSON")
            for _, name in ipairs { "/nosuch.json", "/no.json" } do
                local got = fails(1, "^bedrock: [^\n]+" .. name .. "[^\n]+\n$", { "chat", "--resume", home .. name },
                    { stdin = "One\n" })
                assert.is_nil(got.err:find("model", 1, true))
            end
            ep:script { { match = { operation = "ConverseStream" }, action = { status = 400 } } }
            local got = run({ "chat" }, { stdin = "One\n" })
            assert.equal("", got.out)
            assert.matches("^bedrock: converse_stream: ", got.err)
        end)

        it("says of a file that there is not no more than that", function()
            local got = run({ "chat" }, { stdin = "/load " .. home .. "/nope.json\n" })
            assert.matches("^[^\n]*/nope%.json: No such file or directory\n", got.out)
        end)

        it("keeps the text of files until an answer came", function()
            files.write(home .. "/notes.txt", "some notes")
            ep:script { { match = { operation = "ConverseStream" }, action = { status = 400 } } }
            run({ "chat" }, { stdin = "/file " .. home .. "/notes.txt\nOne\nTwo\nThree\n" })
            local messages = sent().messages
            assert.matches("some notes\n\nTwo$", messages[1].content[1].text)
            assert.equal("Three", messages[3].content[1].text)
        end)

        it("goes on after a failure, with the history as it was", function()
            ep:script { { match = { operation = "ConverseStream" }, action = { status = 400 } } }
            local got = run({ "chat" }, { stdin = "One\nTwo\n" })
            assert.equal(0, got.code)
            assert.matches("You asked: Two", got.out)
            assert.equal(1, #sent().messages)
        end)
    end)

    it("generates", function()
        says("You asked: Hi\n" .. ANSWER, { "generate", "Hi" })
        assert.equal("InvokeModel", service.last_request(ep).operation)
        says("You asked: by a pipe\n" .. ANSWER, { "generate" }, { stdin = "by a pipe" })
    end)

    it("makes images, and knows first that it can write them", function()
        local got = run { "image", "-o", home .. "/a.png", "-m", "amazon.nova-canvas-v1:0", "a", "cat" }
        assert.equal(0, got.code, got.err)
        assert.equal("\137PNG", files.read(home .. "/a.png"):sub(1, 4))
        local before = ep:counters().requests
        fails(1, "none/b.png", { "image", "-o", home .. "/none/b.png", "-m", "amazon.nova-canvas-v1:0", "a" })
        assert.equal(before, ep:counters().requests)
    end)

    it("embeds lines", function()
        local got = run({ "embed", "-m", "amazon.titan-embed-text-v2:0", "--dimensions", "256" },
            { stdin = "a\n\nb\n" })
        local rows = {}
        for line in got.out:gmatch "[^\n]+" do
            rows[#rows + 1] = cjson.decode(line)
        end
        assert.equal(2, #rows)
        assert.same({ 1, "a", 256 }, { rows[1].line, rows[1].text, #rows[1].embedding })
        assert.equal(3, rows[2].line)
    end)

    it("writes the embeddings before a line that fails, and names that", function()
        ep:script { { match = { operation = "InvokeModel" }, action = {} },
            { match = { operation = "InvokeModel" }, action = { status = 400, json = { message = "too long" } } } }
        local got = run({ "embed", "-m", "amazon.titan-embed-text-v2:0" }, { stdin = "a\n\nb\nc\n" })
        assert.equal(5, got.code, got.err)
        assert.equal(1, cjson.decode(got.out).line)
        assert.matches("^bedrock: line 3 failed; all before are done\n", got.err)
    end)

    it("asks agents and knowledge bases", function()
        local got = run { "agent", "ask", "--agent-id", "AGENT12345", "--alias-id", "ALIAS12345", "Hi" }
        assert.equal(0, got.code, got.err)
        assert.matches("%S", got.out)
        assert.matches("session %S+\n$", got.err)
        fails(2, "%-%-agent%-id", { "agent", "ask", "Hi" })
        fails(2, "%-%-alias%-id", { "agent", "ask", "--agent-id", "AGENT12345", "Hi" })
        got = run { "agent", "ask", "--agent-id", "AGENT12345", "--alias-id", "ALIAS12345", "--json", "Hi" }
        assert.matches('"citations":%[%]', got.out)
        got = run { "kb", "ask", "--id", "KB12345678", "Hi" }
        assert.equal(0, got.code, got.err)
        assert.matches("%S", got.out)
        assert.equal(0, run({ "kb", "retrieve", "--id", "KB12345678", "Hi" }).code)
    end)
end)
