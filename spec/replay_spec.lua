--- What came from an answer goes back as it came, whatever this version knows of it; what is written by hand does not.
local cjson = require "cjson"
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"

local MODEL = service.MODEL
local LONG_ID = ("i"):rep(65)
local HEADERS = { ["Content-Type"] = "application/json" }

local ep, conn

setup(function()
    ep = service.endpoint()
end)

before_each(function()
    ep:reset()
    conn = service.connect(ep)
end)

after_each(function()
    conn:close()
end)

--- What Converse brings for that text of content blocks.
local function message_of(content, options)
    local body = '{"output":{"message":{"role":"assistant","content":' .. content .. '}},"stopReason":"end_turn",'
        .. '"usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2},"metrics":{"latencyMs":1}}'
    ep:script { { match = { operation = "Converse" }, action = { headers = HEADERS, body = body } } }
    local answer = assert(conn:converse(service.ask "Hi", options))
    return answer.output.message
end

--- @return string? body of the request that carries on from these messages
local function sent(messages, options)
    local request, err = conn:prepare("converse", { modelId = MODEL, messages = messages }, options)
    return request and request.body, err
end

local function history(message, options)
    return sent({ { role = "user", content = { { text = "Hi" } } }, message }, options)
end

--- Its content goes back as that JSON.
local function goes_back(content, options)
    local message = message_of(content, options)
    local body, err = history(message, options)
    assert.is_string(body, tostring(err))
    assert.same(cjson.decode(content), cjson.decode(body).messages[2].content)
    return message
end

local function refused(err, path, kind)
    assert.is_table(err)
    for _, problem in ipairs(err.errors) do
        if problem.path == path and problem.kind == kind then
            return
        end
    end
    error(("no %s at %s in: %s"):format(kind, path, tostring(err)), 2)
end

local function no(body, err)
    assert.is_nil(body)
    return err
end

describe("a message of Converse goes back as it came", function()
    it("with members and members of unions that this version does not know", function()
        goes_back '[{"text":"a"},{"hologram":{"depth":[1,{}],"empty":[],"none":null}}]'
        goes_back '[{"hologram":"just text"}]'
        goes_back '[{"toolUse":{"toolUseId":"x","name":"n","input":{},"mood":{"glad":true}}}]'
        goes_back '[{"reasoningContent":{"reasoningText":{"text":"hm","signature":"s","depth":3}}}]'
        goes_back '[{"text":"two","hologram":1}]'
    end)

    it("with null, in a tool's input and in its place", function()
        goes_back '[{"toolUse":{"toolUseId":"x","name":"n","input":{"city":null,"list":[null]}}}]'
        local message = goes_back '[{"toolUse":{"toolUseId":"x","name":"n","input":null}}]'
        assert.is_nil(message.content[1].toolUse.input)
        message = goes_back '[{"text":null}]'
        assert.is_nil(next(message.content[1]))
        goes_back '[{"hologram":null}]'
    end)

    it("without what should be there, where AWS left it out", function()
        goes_back '[{"toolUse":{"toolUseId":"x","input":{}}}]'
        goes_back '[{}]'
    end)

    it("with texts and lists that are shorter or longer than the model says", function()
        goes_back('[{"toolUse":{"toolUseId":"' .. LONG_ID .. '","name":"' .. ("n"):rep(300) .. '","input":{}}}]')
        goes_back '[{"toolUse":{"toolUseId":"","name":"","input":{}}}]'
        goes_back '[{"image":{"format":"png","source":{"bytes":""}}}]'
        goes_back '[{"guardContent":{"text":{"text":"","qualifiers":[]}}}]'
    end)

    it("with values and texts that strict would refuse, from calls that are strict", function()
        local strict = { strict = true }
        goes_back('[{"toolUse":{"toolUseId":"no pattern!","name":"a b","input":{},"type":"later_kind"}}]', strict)
        goes_back('[{"image":{"format":"avif","source":{"bytes":"AAEC"}}}]', strict)
    end)

    it("with the id in the result that is written by hand", function()
        local message = message_of('[{"toolUse":{"toolUseId":"' .. LONG_ID .. '","name":"n","input":{}}}]')
        local use = message.content[1].toolUse
        local function result(id)
            return { role = "user", content = { { toolResult = { toolUseId = id, content = { { text = "3" } } } } } }
        end
        local body = assert(sent { message, result(use.toolUseId) })
        assert.equal(LONG_ID, cjson.decode(body).messages[2].content[1].toolResult.toolUseId)
        local path = "messages[2].content[1].toolResult.toolUseId"
        refused(no(sent { message, result(LONG_ID .. "i") }), path, "max-length")
        refused(no(sent { message, result "" }), path, "min-length")
    end)

    it("after much garbage, as long as it lives", function()
        local messages, ids = {}, {}
        for i = 1, 20 do
            ids[i] = ("%d-"):format(i) .. LONG_ID
            messages[i] = message_of('[{"toolUse":{"toolUseId":"' .. ids[i] .. '","name":"n","input":{},"x":[{}]}}]')
        end
        collectgarbage()
        collectgarbage()
        local body = cjson.decode((assert(sent(messages))))
        for i = 1, 20 do
            assert.equal(ids[i], body.messages[i].content[1].toolUse.toolUseId)
        end
        messages = nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
        local use = { toolUse = { toolUseId = ids[1], name = "n", input = {} } }
        refused(no(history { role = "assistant", content = { use } }), "messages[2].content[1].toolUse.toolUseId",
            "max-length")
    end)
end)

describe("what was changed or written by hand", function()
    it("is looked at as ever, in a table that came from an answer, too", function()
        local path = "messages[2].content[1].toolUse."
        local function use()
            local message = message_of('[{"toolUse":{"toolUseId":"' .. LONG_ID .. '","name":"n","input":{},"x":1}}]')
            return message.content[1].toolUse, message
        end
        local one, message = use()
        one.x = 2
        refused(no(history(message)), path .. "x", "unknown")
        one, message = use()
        one.inptu = {}
        refused(no(history(message)), path .. "inptu", "unknown")
        one, message = use()
        one.toolUseId = ("j"):rep(65)
        refused(no(history(message)), path .. "toolUseId", "max-length")
        one, message = use()
        one.toolUseId = nil
        refused(no(history(message)), path .. "toolUseId", "missing")
        one, message = use()
        one.name = ""
        refused(no(history(message)), path .. "name", "min-length")
        message = select(2, use())
        message.content[1].text = "and this"
        refused(no(history(message)), "messages[2].content[1]", "union-many")
        message = select(2, use())
        message.content[1].toolUse = nil
        refused(no(history(message)), "messages[2].content[1]", "union-empty")
    end)

    it("is refused around parts of answers", function()
        local use = '{"toolUse":{"toolUseId":"x","name":"n","input":{"a":1}}}'
        local message = message_of('[{"hologram":{"deep":1}},' .. use .. "]")
        refused(no(sent { { role = "user", contnt = message.content, content = {} } }), "messages[1].contnt", "unknown")
        local hologram = message.content[1].hologram
        refused(no(sent { { role = "user", content = { { hologram = hologram } } } }),
            "messages[1].content[1].hologram", "unknown")
        local input = message.content[2].toolUse.input
        local slip = { toolUse = { toolUseId = "x", name = "n", inptu = input } }
        refused(no(sent { { role = "user", content = { slip } } }), "messages[1].content[1].toolUse.inptu", "unknown")
        refused(no(conn:prepare("converse", { modelId = MODEL, mesages = { message } })), "mesages", "unknown")
    end)

    it("is a null where any JSON must stand", function()
        local use = { toolUse = { toolUseId = "x", name = "n", input = bedrock.null } }
        local body = assert(sent { { role = "assistant", content = { use } } })
        assert.equal(cjson.null, cjson.decode(body).messages[1].content[1].toolUse.input)
        use.toolUse.input = nil
        refused(no(sent { { role = "assistant", content = { use } } }), "messages[1].content[1].toolUse.input",
            "missing")
    end)
end)

describe("a message that ConverseStream is gathered to goes back", function()
    local function event(name, json)
        return { event = name, json = json }
    end
    local function block(index, start, deltas)
        local frames = { start and event("contentBlockStart", { contentBlockIndex = index, start = start }) }
        for _, delta in ipairs(deltas) do
            frames[#frames + 1] = event("contentBlockDelta", { contentBlockIndex = index, delta = delta })
        end
        return frames
    end
    local function gathered(...)
        local frames = { event("messageStart", { role = "assistant" }) }
        for _, part in ipairs { ... } do
            for _, frame in ipairs(part) do
                frames[#frames + 1] = frame
            end
        end
        frames[#frames + 1] = event("messageStop", { stopReason = "end_turn" })
        ep:script { { match = { operation = "ConverseStream" }, action = { frames = frames } } }
        local stream = assert(conn:converse_stream(service.ask "Hi"))
        return assert(stream:gather()).output.message
    end
    local function content_of(message)
        return cjson.decode((assert(history(message)))).messages[2].content
    end

    it("with unknown blocks, long ids, empty texts and nulls", function()
        local message = gathered(
            block(0, nil, { { text = "" } }),
            block(1, { toolUse = { toolUseId = LONG_ID, name = "n", mood = { 1 } } },
                { { toolUse = { input = "null" } } }),
            block(2, { toolUse = { toolUseId = "y", name = "n" } }, { { toolUse = { input = '{"a":null}' } } }),
            block(3, nil, { { hologram = { depth = 1 } } }))
        assert.is_nil(message.content[2].toolUse.input)
        assert.same({
            { text = "" },
            { toolUse = { toolUseId = LONG_ID, name = "n", mood = { 1 }, input = cjson.null } },
            { toolUse = { toolUseId = "y", name = "n", input = { a = cjson.null } } },
            { hologram = { depth = 1 } },
        }, content_of(message))
    end)

    it("but not what was changed in it", function()
        local message = gathered(block(0, { toolUse = { toolUseId = LONG_ID, name = "n" } }, {}))
        message.content[1].toolUse.toolUseId = LONG_ID .. "i"
        refused(no(history(message)), "messages[2].content[1].toolUse.toolUseId", "max-length")
    end)
end)

describe("a chat that was saved as JSON", function()
    local function saved(message)
        return bedrock.json.decode(assert(bedrock.json.encode(message)))
    end

    it("goes on, with what this version does not know and what does not fit", function()
        local content = '[{"hologram":{"empty":[]}},{"toolUse":{"toolUseId":"' .. LONG_ID
            .. '","name":"","input":{"a":null},"mood":1}}]'
        local body = assert(history(saved(message_of(content))))
        assert.same(cjson.decode(content), cjson.decode(body).messages[2].content)
        body = assert(sent(bedrock.json.decode('[{"role":"assistant","later":1,"content":' .. content .. "}]")))
        assert.equal(1, cjson.decode(body).messages[1].later)
    end)

    it("is still checked where no answer has such a structure, and for what cannot be sent", function()
        local json = bedrock.json.decode
        local function request(text)
            return no(conn:prepare("converse", json(text)))
        end
        refused(request '{"modelID":"m","modelId":"m"}', "modelID", "unknown")
        refused(request '{"modelId":"m","toolConfig":{"tools":[{"toolSpec":{"name":"n","inputSchma":{}}}]}}',
            "toolConfig.tools[1].toolSpec.inputSchma", "unknown")
        refused(request '{"modelId":"m","messages":[{"role":1,"content":[]}]}', "messages[1].role", "type")
        local by_hand = { role = "user", content = bedrock.array { { txt = "Hi" } } }
        refused(no(sent { by_hand }), "messages[1].content[1].txt", "unknown")
    end)

    it("is checked as if it were written by hand, where the call says so", function()
        local function messages()
            return bedrock.json.decode('[{"role":"user","content":[{"txt":"hi"},{"toolUse":{"name":"n","input":{}}}]},'
                .. '{"role":"critic","later":1,"content":[]}]')
        end
        for _, options in ipairs { { unknown = "error" }, { strict = true }, { unknown = "error", strict = true } } do
            local err = no(sent(messages(), options))
            refused(err, "messages[1].content[1].txt", "unknown")
            refused(err, "messages[1].content[2].toolUse.toolUseId", "missing")
            refused(err, "messages[2].later", "unknown")
        end
        refused(no(sent(messages(), { strict = true })), "messages[2].role", "enum")
        for _, options in ipairs { {}, { strict = false }, { unknown = "pass" } } do
            assert.is_string(sent(messages(), options))
        end
        local strict = service.connect(ep, { strict = true, unknown = "error" })
        assert(strict:prepare("converse", { modelId = MODEL, messages = messages() }))
        strict:close()
    end)

    it("goes on as it was where a chat has read it, whatever the call says", function()
        local path = os.tmpname()
        local content = '[{"hologram":{"empty":[]}},{"toolUse":{"toolUseId":"' .. LONG_ID
            .. '","name":"n","input":{"a":null},"mood":1}},{"text":"So."}]'
        local user = { role = "user", content = { { toolResult = { toolUseId = LONG_ID,
            content = { { text = "done" } } } } } }
        local chat = assert(conn:chat { model = MODEL, messages = { { role = "user", content = { { text = "Hi" } } },
            message_of(content), user, { role = "assistant", content = { { text = "Good." } } } } })
        assert(chat:save(path))
        chat = assert(conn:chat { model = MODEL, messages = path })
        assert(chat:say("And now?", { strict = true, unknown = "error" }))
        local body = require("mime").unb64(service.last_request(ep).body64)
        assert.same(cjson.decode(content), cjson.decode(body).messages[2].content)
        os.remove(path)
    end)
end)

describe("other operations", function()
    local function answers(operation, body)
        ep:script { { match = { operation = operation }, action = { headers = HEADERS, body = body } } }
    end

    it("take back what a get has brought, in an update of it", function()
        answers("GetGuardrail", '{"name":"g","blockedInputMessaging":"","wordPolicy":{"words":'
            .. '[{"text":"","later":1}],"managedWordLists":[]},"version":"1"}')
        local got = assert(conn:get_guardrail { guardrailIdentifier = "abc" })
        assert.equal(1, got.wordPolicy.words[1].later)
        local request = assert(conn:prepare("update_guardrail", {
            guardrailIdentifier = "abc", name = "g", blockedInputMessaging = "no", blockedOutputsMessaging = "no",
            wordPolicyConfig = { wordsConfig = got.wordPolicy.words },
        }))
        assert.same({ { text = "", later = 1 } }, cjson.decode(request.body).wordPolicyConfig.wordsConfig)
    end)

    it("take what events of InvokeAgent have brought in the state of the session", function()
        ep:script { { match = { operation = "InvokeAgent" }, action = { frames = { { event = "returnControl", json = {
            invocationId = "inv", invocationInputs = { { apiInvocationInput = { actionGroup = "g", later = { 1 },
                requestBody = { content = {} } } } },
        } } } } } }
        local stream = assert(conn:invoke_agent {
            agentId = "ABCDEFGHIJ", agentAliasId = "TSTALIASID", sessionId = "talk-1", inputText = "Hi",
        })
        local name, event = stream:next()
        assert.equal("returnControl", name)
        local input = event.invocationInputs[1].apiInvocationInput
        assert.same({ 1 }, input.later)
        input.requestBody = nil
        local request = assert(conn:prepare("invoke_agent", {
            agentId = "ABCDEFGHIJ", agentAliasId = "TSTALIASID", sessionId = "talk-1",
            sessionState = { invocationId = event.invocationId, returnControlInvocationResults = {
                { apiResult = input } } },
        }))
        local result = cjson.decode(request.body).sessionState.returnControlInvocationResults[1].apiResult
        assert.same({ actionGroup = "g", later = { 1 } }, result)
    end)

    it("take the token of the next page, however long", function()
        local token = ("t"):rep(3000)
        ep:script {
            { match = { operation = "ListAgents" }, action = { headers = HEADERS,
                body = '{"agentSummaries":[],"nextToken":"' .. token .. '"}' } },
            { match = { operation = "ListAgents" }, action = { headers = HEADERS, body = '{"agentSummaries":[]}' } },
        }
        local pages = 0
        for _ in conn:pages("list_agents", {}) do
            pages = pages + 1
            collectgarbage()
            collectgarbage()
        end
        assert.equal(2, pages)
    end)
end)
