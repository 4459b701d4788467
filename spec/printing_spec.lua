--- Results print as what they are, and are plain tables all the same.
local cjson = require "cjson"
local bedrock = require "bedrock"
local columns = require "bedrock.prints.columns"
local core = require "bedrock.core"
local printed = require "bedrock.prints.printed"
local program = require "spec.support.program"
local service = dofile "spec/support/service.lua"

local ask, MODEL = service.ask, service.MODEL
local HEADERS = { ["Content-Type"] = "application/json" }

local conn
local ep = service.each_connected(function(connected)
    conn = connected
end)

--- What that operation answers next.
local function answers(operation, body)
    ep:script { { match = { operation = operation }, action = { headers = HEADERS, body = body } } }
end

local function message(content, stop_reason)
    answers("Converse", '{"output":{"message":{"role":"assistant","content":' .. content .. '}},"stopReason":"'
        .. (stop_reason or "end_turn") .. '","usage":{"inputTokens":1,"outputTokens":1,"totalTokens":2},'
        .. '"metrics":{"latencyMs":1}}')
    return assert(conn:converse(ask "Hi"))
end

describe("an answer of converse prints", function()
    it("as its text", function()
        local answer = assert(conn:converse(ask "Why is the sky blue?"))
        assert.equal(answer.output.message.content[1].text, tostring(answer))
        assert.equal("one, two", tostring(message '[{"text":"one, "},{"text":"two"}]'))
    end)

    it("with what else there is in brackets", function()
        assert.equal('Let me see.\n[calls weather { city = "Rom" }]\n[calls time {}]', tostring(message(
            '[{"text":"Let me see."},{"toolUse":{"toolUseId":"a","name":"weather","input":{"city":"Rom"}}},'
            .. '{"toolUse":{"toolUseId":"b","name":"time","input":{}}}]', "tool_use")))
        assert.equal("[reasoning, 3 characters]\nYes.", tostring(message(
            '[{"reasoningContent":{"reasoningText":{"text":"hmé","signature":"s"}}},{"text":"Yes."}]')))
        assert.equal("[image, png, 3 bytes]\n[hologram]", tostring(message(
            '[{"image":{"format":"png","source":{"bytes":"AAEC"}}},{"hologram":1}]')))
        assert.equal("It is.", tostring(message(
            '[{"citationsContent":{"content":[{"text":"It "},{"text":"is."}],"citations":[]}}]')))
    end)

    it("with why it ended, if that was too early", function()
        assert.equal("So\n[max_tokens]", tostring(message('[{"text":"So"}]', "max_tokens")))
        assert.equal("[guardrail_intervened]", tostring(message("[]", "guardrail_intervened")))
    end)
end)

describe("answers print", function()
    it("as rows and their count, if they are a list", function()
        local lines = {}
        for line in tostring(assert(conn.bedrock:list_foundation_models {})):gmatch "[^\n]+" do
            lines[#lines + 1] = line
        end
        assert.matches("^modelId +modelName +providerName", lines[1])
        assert.matches("^amazon.nova%-micro%-v1:0 +Nova Micro +Amazon", lines[2])
        assert.matches("^%(modelSummaries: 15; also: .*responseStreamingSupported", lines[#lines])
        local page = conn:pages("list_inference_profiles", { maxResults = 2 })()
        assert.matches("^inferenceProfileId +inferenceProfileName +status +createdAt", tostring(page))
        assert.matches("2025%-03%-01 12:00:00 UTC", tostring(page))
        assert.matches("%(inferenceProfileSummaries: 2; .*\nnextToken  ", tostring(page))
        answers("ListCustomModels", '{"modelSummaries":[]}')
        assert.equal("(modelSummaries: 0)", tostring(conn:list_custom_models {}))
    end)

    it("as their members, else", function()
        local text = tostring(assert(conn:get_foundation_model { modelIdentifier = MODEL }))
        assert.matches("^modelDetails\n", text)
        assert.matches("\n  inputModalities +TEXT, IMAGE, VIDEO\n", text)
        assert.equal("inputTokens  1", tostring(assert(conn:count_tokens { modelId = MODEL, input = {
            converse = { messages = { { role = "user", content = { { text = "Hi" } } } } } } })))
        answers("DeleteAgent", "{}")
        local _, err = conn:delete_agent { agentId = "ABCDEFGHIJ" }
        assert.equal("BadResponse", err.code)
        answers("TagResource", "")
        local tagged = assert(conn.bedrock:tag_resource { resourceARN = ("a"):rep(30), tags = {} })
        assert.equal("(an answer without members)", tostring(tagged))
    end)

    it("as size and kind of their bytes", function()
        local body = { inputText = "x" }
        local answer = assert(conn:invoke_model { modelId = "amazon.titan-embed-text-v2:0", body = body })
        assert.matches("^[%d,]+ bytes of application/json\n", tostring(answer))
        assert.matches("\nembedding +1024 numbers: [%d.-]+, ", tostring(answer)) -- in whatever order it came
        ep:script { { match = { operation = "InvokeModel" }, action = {
            headers = { ["Content-Type"] = "image/png" }, body64 = "iVBORw0KGgo=" } } }
        answer = assert(conn:invoke_model { modelId = "other.model", body = "x" })
        assert.equal("8 bytes of image/png", tostring(answer))
    end)

    it("with items as their members", function()
        local item = conn:items("list_inference_profiles", { maxResults = 2 })()
        assert.matches("\ninferenceProfileId +us.amazon.nova%-micro%-v1:0\n", tostring(item))
        assert.matches("\nupdatedAt +2025%-03%-01 12:00:00 UTC", tostring(item))
    end)
end)

--- A value of that shape, all of its members set.
local SCALARS = { string = "text", boolean = true, integer = 3, long = 4, float = 0.5, double = 0.25,
    timestamp = 1700000000, blob = "\1\2", document = { a = 1 } }

local function example(shape)
    local value = SCALARS[shape.type] or {}
    for _, member in ipairs(shape.members or {}) do
        value[member.name] = example(member)
    end
    if shape.type == "list" then
        value = { example(shape.element), example(shape.element) }
    elseif shape.type == "map" then
        value.key = example(shape.value)
    end
    return value
end

describe("every operation's answer", function()
    it("prints, in lines of bounded length, and can be dumped", function()
        for _, name in ipairs(bedrock.operations()) do
            local index = core.find(name)
            local value = example(core.describe(index, 4).output or { type = "structure" })
            local text = tostring(setmetatable(value, printed.answers(index)))
            assert.is_nil(text:find "^table: ")
            for line in text:gmatch "[^\n]+" do
                assert.is_true(columns.width(line) <= 120 or line:find "^%(" ~= nil, name .. ": " .. line)
            end
            assert.is_string(bedrock.dump(value))
        end
    end)
end)

describe("what is our own prints", function()
    it("models as a table with columns", function()
        local models = assert(conn:models { provider = "amazon", kind = "on_demand" })
        local text = tostring(models)
        assert.matches("^id +name +provider +kind +input +output\n", text)
        assert.matches("\namazon.nova%-lite%-v1:0 +Nova Lite +Amazon +on_demand +text image vide", text)
        assert.matches("\n%(models: 8%)$", text)
        assert.equal("(models: 0)", tostring(assert(conn:models { name = "none such", kind = "on_demand" })))
        ep:script { { match = { operation = "ListCustomModels" }, times = -1, action = { status = 403 } } }
        assert.matches("not listed: custom: ", tostring(assert(conn:models {})), 1, true)
    end)

    it("what was generated as text, images, embeddings", function()
        local text = assert(conn:generate { model = MODEL, prompt = "Hi" })
        assert.equal(text.text, tostring(text))
        local two = assert(conn:generate { model = "amazon.titan-embed-text-v2:0", input = { "a", "b" } })
        assert.matches("^embedding 1: 1024 numbers: .*…\nembedding 2: 1024 numbers: ", tostring(two))
        assert.matches("^image 1: %d+ bytes of png$",
            tostring(assert(conn:generate { model = "amazon.nova-canvas-v1:0", prompt = "Hi" })))
    end)

    it("metadata, credentials, raw answers and lists in pages", function()
        local facts = bedrock.metadata(assert(conn:converse(ask "Hi")))
        assert.matches("status +200\n", tostring(facts))
        assert.matches("\nheaders\n.*\n  content%-type +application/json", tostring(facts))
        assert.matches("source +access_keys", tostring(assert(conn:credentials())))
        local exported = tostring(assert(conn:export()))
        assert.matches("secret_access_key +%(hidden%)", exported)
        assert.not_matches(ep.secret_access_key, exported, 1, true)
        local raw = assert(conn:request { path = "/model/" .. MODEL:gsub(":", "%%3A") .. "/invoke",
            body = { messages = { { role = "user", content = { { text = "Hello" } } } } } })
        assert.matches("^200, %d+ bytes of application/json\n{", tostring(raw))
        assert.equal("bedrock.pages (list_agents, open)", tostring(conn:pages "list_agents"))
    end)
end)

describe("a result is a plain table all the same", function()
    it("to pairs, #, ==, next and JSON", function()
        local answer = assert(conn:converse(ask "Hi"))
        local names = {}
        for name in pairs(answer) do
            names[#names + 1] = name
        end
        table.sort(names)
        assert.same({ "metrics", "output", "stopReason", "usage" }, names)
        assert.is_nil(rawget(getmetatable(answer), "__index"))
        assert.is_nil(getmetatable(answer.output))
        assert.is_nil(getmetatable(answer.output.message.content))
        assert.is_false(answer == assert(conn:converse(ask "Hi")))
        local copy = cjson.decode(cjson.encode(answer))
        assert.same(copy, answer)
        assert.same(copy, cjson.decode((assert(bedrock.json.encode(answer)))))
        local models = assert(conn:models { kind = "on_demand" })
        assert.equal(#cjson.decode(cjson.encode(models)), #models)
        local none = assert(conn:models { name = "none such", kind = "custom" })
        assert.equal("[]", bedrock.json.encode(bedrock.array(none)))
    end)

    it("as a part of the next request", function()
        local answer = assert(conn:converse(ask "Hi"))
        local params = ask "And?"
        table.insert(params.messages, 1, answer.output.message)
        params.additionalModelRequestFields = answer
        local request = assert(conn:prepare("converse", params))
        assert.same(answer, cjson.decode(request.body).additionalModelRequestFields)
    end)

    it("of which operations share nothing", function()
        local one, two = assert(conn:converse(ask "Hi")), assert(conn:converse(ask "Hi"))
        assert.equal(getmetatable(one), getmetatable(two))
        assert.not_equal(getmetatable(one), getmetatable(assert(conn.bedrock:list_foundation_models {})))
    end)
end)

--- Runs a chunk with a connection to the endpoint and reads what it writes.
local function written(chunk)
    return (program.run(([[
        local bedrock = require "bedrock"
        local conn = assert(bedrock.connect { auth = "access_keys", access_key_id = %q, secret_access_key = %q,
            endpoint = %q, ca_file = %q })
        local function ask(text)
            return { modelId = %q, messages = { { role = "user", content = { { text = text } } } } }
        end
        ]]):format(ep.access_key_id, ep.secret_access_key, ep.https, ep.ca_file, MODEL) .. chunk))
end

local function frame(event, json)
    return { event = event, json = json }
end

local function streams(operation, frames)
    ep:script { { match = { operation = operation }, action = { frames = frames } } }
end

local function delta(text)
    return frame("contentBlockDelta", { contentBlockIndex = 0, delta = { text = text } })
end

describe("stream:print", function()
    it("writes the text as it comes and returns what was gathered", function()
        local text = written [[
            local answer, err = assert(conn:converse_stream(ask "Hi")):print()
            io.write("|", answer.output.message.content[1].text, "|", answer.stopReason, tostring(err))
        ]]
        local first, second = text:match "^(.*)\n|(.*)|end_turnnil$"
        assert.equal("You asked: Hi", first:match "^[^\n]*")
        assert.equal(first, second)
    end)

    it("flushes each piece", function()
        ep:config { stream_interval_ms = 100 }
        local text = written [[
            local write, flush, order = io.write, io.flush, {}
            io.write = function() order[#order + 1] = "w" return true end
            io.flush = function() order[#order + 1] = "f" end
            assert(conn:converse_stream(ask "Hi")):print()
            write(table.concat(order))
        ]]
        assert.matches("^wfwfwf", text)
        assert.is_nil(text:gsub("wf", ""):find ".")
    end)

    it("shows tool calls and an early end behind the text", function()
        local start = { toolUse = { toolUseId = "a", name = "weather" } }
        local input = { toolUse = { input = '{"city":"Rom"}' } }
        streams("ConverseStream", {
            frame("messageStart", { role = "assistant" }),
            delta "Well",
            frame("contentBlockStart", { contentBlockIndex = 1, start = start }),
            frame("contentBlockDelta", { contentBlockIndex = 1, delta = input }),
            frame("messageStop", { stopReason = "max_tokens" }),
        })
        assert.equal('Well\n[calls weather { city = "Rom" }]\n[max_tokens]\n',
            written 'assert(conn:converse_stream(ask "Hi")):print()')
    end)

    it("returns the error of one that breaks, and what had come", function()
        streams("ConverseStream", { frame("messageStart", { role = "assistant" }), delta "Half an " })
        assert.equal("Half an \nnil|stream|Truncated|Half an ", written [[
            local answer, err = assert(conn:converse_stream(ask "Hi")):print()
            io.write(tostring(answer), "|", err.kind, "|", err.code, "|", err.partial.output.message.content[1].text)
        ]])
        assert.equal("PartlyRead", written [[
            local stream = assert(conn:converse_stream(ask "Hi"))
            stream:next()
            io.write(select(2, stream:print()).code)
        ]])
    end)

    it("says that nothing can be written, and reads no further", function()
        for _, open in ipairs {
            'assert(conn:converse_stream(ask "Hi")):print()',
            'assert(conn:chat { model = MODEL }):print "Hi"',
            'assert(conn:generate_stream { model = MODEL, prompt = "Hi" }):print()',
        } do
            assert.equal("nil|transport|OutputFailed|standard output: No space left on device", written(([[
                local MODEL, out = %q, io.output()
                io.output(assert(io.open("/dev/full", "w")))
                local answer, err = %s
                io.output(out)
                io.write(tostring(answer), "|", err.kind, "|", err.code, "|", err.message)
            ]]):format(MODEL, open)))
        end
    end)

    it("joins the halves of a character that was cut", function()
        ep:script { { match = { operation = "ConverseStream" }, action = { frames = {
            frame("messageStart", { role = "assistant" }),
            { event = "contentBlockDelta", payload = [[{"contentBlockIndex":0,"delta":{"text":"a\ud83c"}}]] },
            { event = "contentBlockDelta", payload = [[{"contentBlockIndex":0,"delta":{"text":"\udf19b"}}]] },
            { event = "contentBlockDelta", payload = [[{"contentBlockIndex":0,"delta":{"text":"\ud83c"}}]] },
            frame("messageStop", { stopReason = "end_turn" }) } } } }
        assert.equal("a🌙b\239\191\189\n", written 'assert(conn:converse_stream(ask "Hi")):print()')
    end)

    it("knows the text of other streams", function()
        assert.matches("^You asked: Hi\n", written(([[assert(conn:invoke_model_with_response_stream { modelId = %q,
            body = { messages = { { role = "user", content = { { text = "Hi" } } } } } }):print()]]):format(MODEL)))
        streams("InvokeAgent", { frame("chunk", { bytes = "SGkg" }), frame("trace", { agentId = "x" }),
            frame("chunk", { bytes = "eW91" }) })
        assert.equal("Hi you\n", written [[
            assert(conn:invoke_agent { agentId = "ABCDEFGHIJ", agentAliasId = "ABCDEFGHIJ", sessionId = "s-1",
                inputText = "Hi" }):print()
        ]])
    end)

    it("is there for chats and generate_stream, too", function()
        assert.equal("You asked: Hi\ntrue", (written(([[
            local chat = assert(conn:chat { model = %q })
            local answer = assert(chat:print "Hi")
            io.write(tostring(answer == chat.answer))
        ]]):format(MODEL)):gsub("\nThis is.*\n", "\n")))
        assert.equal("You asked: Hi\nend_turn", (written(([[
            io.write(assert(conn:generate_stream { model = %q, prompt = "Hi" }):print().stop_reason)
        ]]):format(MODEL)):gsub("\nThis is.*\n", "\n")))
    end)

    it("is there for all other streams of text", function()
        assert.equal("You asked: Hi\ntrue", (written(([[
            local chat = assert(conn:chat { model = %q })
            local answer = assert(chat:stream "Hi":print())
            io.write(tostring(answer == chat.answer))
        ]]):format(MODEL)):gsub("\nThis is.*\n", "\n")))
        streams("InvokeAgent", { frame("chunk", { bytes = "SGkg" }), frame("chunk", { bytes = "eW91" }) })
        assert.equal("Hi you\nHi you", written [[
            local agent = assert(conn:agent_session { agent_id = "ABCDEFGHIJ", alias_id = "ABCDEFGHIJ" })
            io.write(assert(agent:stream "Hi":print()).text)
        ]])
        assert.equal("nil validation", written(([[
            local answer, err = assert(conn:chat { model = %q }):stream():print()
            io.write(tostring(answer), " ", err.kind)
        ]]):format(MODEL)))
    end)

    it("returns the answer alone, as a prompt shows all that is returned", function()
        assert.matches("\n1 1 1 1$", written(([[
            local chat = assert(conn:chat { model = %q })
            local counts = { select("#", assert(conn:converse_stream(ask "Hi")):print()),
                select("#", chat:print "Hi"), select("#", chat:stream "Hi":print()),
                select("#", assert(conn:generate_stream { model = %q, prompt = "Hi" }):print()) }
            io.write(table.concat(counts, " "))
        ]]):format(MODEL, MODEL)))
    end)

    it("is not for nginx, which says so", function()
        local printing, host = require "bedrock.prints.printing", require "bedrock.host"
        local before = host.loop
        package.loaded["bedrock.host.nginx"] = package.loaded["bedrock.host.nginx"] or {}
        host.loop = package.loaded["bedrock.host.nginx"]
        local err = printing.obstacle "converse_stream"
        host.loop = before
        assert.equal("NotSupported", err.code)
        assert.matches("ngx.print", tostring(err), 1, true)
        assert.is_nil(printing.obstacle "converse_stream")
    end)
end)

describe("pieces of any iterator are written, too", function()
    it("and what the iterator raises is returned, or raised if it is not the module's", function()
        assert.equal("ab\ntrue", written [[
            local list = { "a", "b" }
            io.write(tostring(require("bedrock.prints.printing").pieces(function() return table.remove(list, 1) end)))
        ]])
        assert.equal("a\nnil Cancelled", written [[
            local count, cancelled = 0, require("bedrock.scheduler").cancelled()
            local ok, err = require("bedrock.prints.printing").pieces(function()
                count = count + 1
                if count > 1 then error(cancelled, 0) end
                return "a"
            end)
            io.write(tostring(ok), " ", err.code)
        ]])
        assert.equal("a\nfalse interrupted!", written [[
            local count = 0
            io.write(table.concat({ (function(ok, why) return tostring(ok) .. " " .. why end)(pcall(
                require("bedrock.prints.printing").pieces, function()
                    count = count + 1
                    if count > 1 then error("interrupted!", 0) end
                    return "a"
                end)) }))
        ]])
    end)
end)
