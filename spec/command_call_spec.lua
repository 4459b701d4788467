--- bedrock call, describe, skeleton, operations, models and resolve, as processes of their own.
local cjson = require "cjson"
local mime = require "mime"
local command = require "spec.support.command"
local files = require "spec.support.files"
local service = dofile "spec/support/service.lua"

local ASK = '{"modelId":"amazon.nova-lite-v1:0","messages":[{"role":"user","content":[{"text":"hi"}]}]}'

describe("the command", function()
    local ep = service.each()
    local here = command.each(ep)
    local run, fails = here.run, here.fails
    local home

    before_each(function()
        home = here.home()
    end)

    local function gives(arguments, options)
        local got = run(arguments, options)
        assert.equal(0, got.code, got.err)
        return got.out, got.err
    end

    local function sends_nothing(pattern, arguments)
        local before = #ep:requests()
        fails(2, pattern, arguments)
        assert.equal(before, #ep:requests())
    end

    local function answers(operation, json)
        ep:script { { times = -1, match = { operation = operation }, action = { status = 200, body = json } } }
    end

    describe("call", function()
        it("makes an operation by each of its names, its input from the line, a file and standard input", function()
            files.write(home .. "/in.json", ASK)
            for _, words in ipairs { { "converse", ASK }, { "Converse", "@" .. home .. "/in.json" },
                { "bedrock-runtime.Converse", ASK } } do
                local answer = cjson.decode((gives { "call", words[1], words[2] }))
                assert.equal("end_turn", answer.stopReason)
            end
            assert.truthy(gives({ "call", "CONVERSE", "-" }, { stdin = ASK }):find("You asked: hi", 1, true))
        end)

        it("writes by shape: empty lists, bytes, times", function()
            answers("ListFoundationModels", '{"modelSummaries":[]}')
            assert.equal('{"modelSummaries":[]}\n', (gives { "call", "list-foundation-models" }))
            answers("GetGuardrail", cjson.encode { name = "g", guardrailId = "abc", version = "DRAFT", status = "READY",
                guardrailArn = "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc",
                createdAt = "2026-01-02T03:04:05Z", updatedAt = "2026-01-02T03:04:05.250Z",
                blockedInputMessaging = "no", blockedOutputsMessaging = "no" })
            local answer = cjson.decode((gives { "call", "GetGuardrail", '{"guardrailIdentifier":"abc"}' }))
            assert.equal("2026-01-02T03:04:05Z", answer.createdAt)
            assert.equal("2026-01-02T03:04:05.250Z", answer.updatedAt)
        end)

        it("has bytes as base64 both ways, and InvokeModel's body as JSON where it was given so", function()
            local body = '{"messages":[{"role":"user","content":[{"text":"hi"}]}]}'
            local answer = cjson.decode((gives { "call", "invoke_model",
                ('{"modelId":"amazon.nova-lite-v1:0","body":%s}'):format(body) }))
            assert.equal("end_turn", answer.body.stopReason)
            answer = cjson.decode((gives { "call", "invoke_model",
                ('{"modelId":"amazon.nova-lite-v1:0","body":"%s"}'):format((mime.b64(body))) }))
            assert.equal("end_turn", cjson.decode((mime.unb64(answer.body))).stopReason)
            fails(6, "body: bytes are written as base64", { "call", "invoke_model", '{"modelId":"m","body":"***"}' })
        end)

        it("writes a stream as one JSON object a line", function()
            local names = {}
            for line in gives({ "call", "converse_stream", ASK }):gmatch "([^\n]*)\n" do
                names[#names + 1] = next(cjson.decode(line))
            end
            assert.equal("messageStart", names[1])
            assert.equal("contentBlockDelta", names[2])
            assert.equal("metadata", names[#names])
        end)

        it("writes a page a line", function()
            local out = gives { "call", "list_inference_profiles", '{"maxResults":1}', "--pages", "--query",
                "inferenceProfileSummaries[].inferenceProfileId" }
            local lines = select(2, out:gsub("\n", ""))
            assert.truthy(lines > 1, out)
            sends_nothing("converse has no pages", { "call", "converse", ASK, "--pages" })
        end)

        it("prints what it would send, without secrets, and sends nothing", function()
            local out = gives { "call", "converse", ASK, "--dry-run" }
            assert.matches("^POST https://", out)
            assert.matches("authorization: %(hidden%)", out)
            assert.is_nil(out:find("Signature=", 1, true))
            assert.equal(0, #ep:requests())
            local request = cjson.decode((gives { "call", "converse", ASK, "--dry-run", "--json" }))
            assert.equal("(hidden)", request.headers.authorization)
        end)

        it("refuses what is written wrongly before anything is sent", function()
            local list = "list_foundation_models"
            sends_nothing("not understood from \"%[%?a%]", { "call", list, "--query", "modelSummaries[?a]" })
            sends_nothing("not understood from \"%(@%)", { "call", list, "--query", "length(@)" })
            sends_nothing("must be a JSON object", { "call", "converse", "{" })
            sends_nothing("must be a JSON object", { "call", "converse", "3" })
            sends_nothing('no operation "convers" %(did you mean "converse"%?%)', { "call", "convers", "{}" })
            sends_nothing("unknown option", { "call", "converse", "--nope" })
            fails(1, "nosuch%.json", { "call", "converse", "@" .. home .. "/nosuch.json" })
        end)

        it("tells ours from the service's by the exit code, as text and as JSON", function()
            fails(6, "modelId", { "call", "converse", '{"modelId":3,"messages":[]}' })
            ep:script { { times = -1, action = { status = 400,
                json = { __type = "ValidationException", message = "no" } } } }
            fails(5, "ValidationException: no", { "call", "converse", ASK })
            local told = cjson.decode(fails(5, "{", { "call", "converse", ASK, "--json" }).err).error
            assert.equal("service", told.kind)
            assert.equal("ValidationException", told.code)
        end)

        it("ends a stream that fails with the service's error, behind what had come", function()
            ep:script { { match = { operation = "ConverseStream" }, action = { frames = {
                { event = "messageStart", json = { role = "assistant" } },
                { exception = "modelStreamErrorException", json = { message = "broken" } },
            } } } }
            local got = run { "call", "converse_stream", ASK }
            assert.equal(5, got.code)
            assert.equal('{"messageStart":{"role":"assistant"}}\n', got.out)
            assert.matches("broken", got.err)
        end)

        it("ends quietly when nobody reads any more", function()
            ep:config { stream_interval_ms = 20 }
            local line = command.line(ep, home, { "call", "converse_stream", ASK })
            local script = "{ %s 2>%s/.err; printf %%s $? >%s/.code; } | head -n 1"
            local out = files.output(script:format(line, home, home))
            assert.equal('{"messageStart":{"role":"assistant"}}\n', out)
            assert.equal("0", files.read(home .. "/.code"))
            assert.equal("", files.read(home .. "/.err"))
        end)
    end)

    describe("--query", function()
        local CASES = {
            { "@", '{"modelSummaries":[{"modelId":"a","tags":["x","y"]},{"modelId":"b"},{"modelId":"c","tags":[]}]}' },
            { "modelSummaries[0].modelId", '"a"' },
            { "modelSummaries[-1].modelId", '"c"' },
            { "modelSummaries[9].modelId", "null" },
            { "nothing.there", "null" },
            { "modelSummaries[*].modelId", '["a","b","c"]' },
            { "modelSummaries[*].tags", '[["x","y"],[]]' },
            { "modelSummaries[*].tags[0]", '["x"]' },
            { "modelSummaries[].tags[]", '["x","y"]' },
            { "modelSummaries[1:].modelId", '["b","c"]' },
            { "modelSummaries[:-1].modelId", '["a","b"]' },
            { "modelSummaries[::2].modelId", '["a","c"]' },
            { "modelSummaries[::-1].modelId", '["c","b","a"]' },
            { "*[0].modelId", '["a"]' },
            { '"modelSummaries"[0]."modelId"', '"a"' },
            { "modelSummaries.modelId", "null" },
            { "modelSummaries[7:].modelId", "[]" },
        }

        it("finds what JMESPath finds", function()
            local query = require "bedrock.terminal.query"
            local bedrock = require "bedrock"
            local value = bedrock.json.decode(CASES[1][2])
            for _, case in ipairs(CASES) do
                local found = query.apply(value, assert(query.parse(case[1])))
                assert.equal(case[2], bedrock.json.encode(found), case[1])
            end
            local whole = query.apply({ a = { b = false } }, assert(query.parse "a.b"))
            assert.is_false(whole)
            for _, wrong in ipairs { "", "a.", ".a", "a[", "a[?b]", "a|b", "a[0:1:0]", "a.[b]", "{a: b}", "`1`", "a b",
                '"a' } do
                assert.is_nil(query.parse(wrong), wrong)
            end
        end)
    end)

    describe("what operations are", function()
        it("is described, listed, and written down to fill in", function()
            assert.matches("^converse  bedrock%-runtime Converse", (gives { "describe", "Converse" }))
            assert.equal("converse", cjson.decode((gives { "describe", "converse", "--json", "--depth", "1" })).name)
            assert.equal("", cjson.decode((gives { "skeleton", "converse" })).modelId)
            assert.matches("%-%- inferenceConfig", (gives { "skeleton", "converse", "--lua" }))
            assert.truthy(("\n" .. gives { "operations", "bedrock-runtime" }):find("\nconverse\n", 1, true))
            fails(2, "depth", { "describe", "converse", "--depth", "9" })
            assert.equal("list_agents\n", (gives { "operations", "bedrock-agent", "--like", "list_agents" }))
            assert.equal("ListAgents\n", (gives { "operations", "--like", "ListAgents" }))
            assert.equal("bedrock-agent.list-agents\n", (gives { "operations", "--like", "bedrock-agent.list-agents" }))
            assert.equal("", (gives { "operations", "--like", "nothing_like_it" }))
            assert.equal("", (gives { "operations", "bedrock-agent", "--like", "bedrock-runtime.ListA" }))
            fails(2, "no service", { "operations", "bedrok" })
            fails(2, "no operation", { "skeleton", "nope" })
        end)
    end)

    describe("models and resolve", function()
        it("list and find", function()
            assert.matches("amazon%.nova%-lite", (gives { "models", "--provider", "amazon" }))
            local list = cjson.decode((gives { "models", "--provider", "amazon", "--json" }))
            assert.equal("Amazon", list[1].provider)
            assert.equal("[]\n", (gives { "models", "--provider", "nobody", "--json" }))
            assert.equal("amazon.nova-lite-v1:0\n", (gives { "resolve", "nova", "lite" }))
            fails(6, "kind", { "models", "--kind", "nope" })
            fails(6, "output: \"BOGUS\" is no modality; choose one of TEXT", { "models", "--output", "BOGUS" })
            fails(6, "resolve", { "resolve", "no such model" })
        end)

        it("tell what could not be listed", function()
            ep:script { { times = -1, match = { operation = "ListCustomModels" },
                action = { status = 403, json = { __type = "AccessDeniedException", message = "not allowed" } } } }
            local _, err = gives { "models" }
            assert.matches("custom is not listed: not allowed", err)
        end)
    end)
end)
