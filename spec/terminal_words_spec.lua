--- What a model or a service writes cannot command a terminal: controls are visible there, and raw in a pipe.
local cjson = require "cjson"
local mime = require "mime"
local command = require "spec.support.command"
local files = require "spec.support.files"
local program = require "spec.support.program"
local service = dofile "spec/support/service.lua"

local RAW = "A\27]2;T\7\27[31mred\0\127\194\155x\rz\r\n\ttürkis 🌙"
local VISIBLE = "A^[]2;T^G^[[31mred^@^?\239\191\189x^Mz\n\ttürkis 🌙\n"

describe("what a terminal would obey", function()
    local ep = service.each()
    local here = command.each(ep)

    --- What a terminal gets, whose own line ends are not told apart from ours.
    local function in_terminal(line)
        return (files.output("python3 spec/support/terminal.py '[]' " .. line):gsub("\r\n", "\n"))
    end

    local function code(chunk)
        return ([[
            local bedrock = require "bedrock"
            local conn = assert(bedrock.connect { auth = "access_keys", access_key_id = %q, secret_access_key = %q,
                endpoint = %q, ca_file = %q })
            local MODEL = %q
            ]]):format(ep.access_key_id, ep.secret_access_key, ep.https, ep.ca_file, service.MODEL) .. chunk
    end

    local function both(chunk)
        local raw, name = program.run(code(chunk))
        files.write(name, code(chunk))
        local shown = in_terminal(program.interpreter() .. " " .. name)
        os.remove(name)
        return shown, raw
    end

    local function delta(text)
        return { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = text } } }
    end

    local function streams(operation, frames)
        ep:script { { match = { operation = operation }, times = -1, action = { frames = frames } } }
    end

    --- An answer with these words, a piece each.
    local function answers(...)
        local frames = { { event = "messageStart", json = { role = "assistant" } } }
        for _, text in ipairs { ... } do
            frames[#frames + 1] = delta(text)
        end
        frames[#frames + 1] = { event = "messageStop", json = { stopReason = "end_turn" } }
        streams("ConverseStream", frames)
    end

    it("is visible in what streams, chats and generate print", function()
        for _, chunk in ipairs {
            [[assert(conn:converse_stream { modelId = MODEL,
                messages = { { role = "user", content = { { text = "Hi" } } } } }):print()]],
            'conn:chat { model = MODEL }:print "Hi"',
            'conn:chat { model = MODEL }:stream("Hi"):print()',
            'assert(conn:generate_stream { model = "other.model-v1:0", prompt = "Hi" }):print()',
        } do
            answers(RAW:sub(1, 2), RAW:sub(3))
            local shown, raw = both(chunk)
            assert.equal(VISIBLE, shown)
            assert.equal(RAW .. "\n", raw)
        end
    end)

    it("is visible where it would show text in another order; right-to-left text and its marks stay", function()
        local hebrew = "שלום, עולם \226\128\143! \226\128\142 \216\156 “q” • ⁠x"
        local tricks, told = {}, {}
        for point = 0x202A, 0x2069 do
            if point <= 0x202E or point >= 0x2066 then
                tricks[#tricks + 1] = ("a\226%c%cb"):format(0x80 + math.floor(point % 0x1000 / 64), 0x80 + point % 64)
                told[#told + 1] = ("a<U+%04X>b"):format(point)
            end
        end
        assert.equal(9, #tricks)
        local words = table.concat(tricks, " ")
        answers(words:sub(1, 1), words:sub(2, 4), words:sub(5), hebrew)
        local shown, raw = both 'conn:chat { model = MODEL }:print "Hi"'
        assert.equal(table.concat(told, " ") .. hebrew .. "\n", shown)
        assert.equal(words .. hebrew .. "\n", raw)
        local bedrock = require "bedrock"
        local source = bedrock.dump(words .. hebrew)
        assert.equal("a\\226\\128\\170b", source:sub(2, 15))
        assert.truthy(source:find(hebrew, 1, true), source)
        assert.equal(words .. hebrew, assert((loadstring or load)("return " .. source))())
    end)

    it("is found though it comes in parts, and where bytes are no text", function()
        local frames, bytes = {}, "a\194\155b\155c\r\n\240\159\140\153\226\130"
        for i = 1, #bytes do
            frames[i] = { event = "chunk", json = { bytes = (mime.b64(bytes:sub(i, i))) } }
        end
        streams("InvokeAgent", frames)
        local shown, raw = both [[
            assert(conn:invoke_agent { agentId = "ABCDEFGHIJ", agentAliasId = "ABCDEFGHIJ", sessionId = "s-1",
                inputText = "Hi" }):print()
        ]]
        assert.equal("a\239\191\189b\239\191\189c\n🌙\239\191\189\239\191\189\n", shown)
        assert.equal(bytes .. "\n", raw)
    end)

    it("stays in a file that the program writes to", function()
        answers(RAW)
        local name = os.tmpname()
        both(('io.output(%q) conn:chat { model = MODEL }:print "Hi" io.close()'):format(name))
        assert.equal(RAW .. "\n", files.read(name))
        os.remove(name)
    end)

    it("is visible in what the command writes, and raw in a pipe", function()
        local home = here.home()
        answers(RAW)
        assert.equal(VISIBLE, in_terminal(command.line(ep, home, { "ask", "Hi" })))
        assert.equal(RAW .. "\n", here.run({ "ask", "Hi" }).out)
        local whole = { output = { message = { role = "assistant", content = { { text = RAW } } } },
            stopReason = "end_turn", usage = { inputTokens = 1, outputTokens = 1, totalTokens = 2 } }
        ep:script { { match = { operation = "Converse" }, times = -1, action = { json = whole } } }
        assert.equal(VISIBLE, in_terminal(command.line(ep, home, { "generate", "-m", "other.model-v1:0", "Hi" })))
        local profiles = { inferenceProfileSummaries = cjson.decode(
            '[{"inferenceProfileName":"A\\u009b31m\\u001b","inferenceProfileId":"us.amazon.nova-lite-v1:0",'
            .. '"inferenceProfileArn":"arn:aws:bedrock:us-east-1:123456789012:inference-profile/x","status":"ACTIVE",'
            .. '"type":"SYSTEM_DEFINED","models":[{"modelArn":"arn:aws:bedrock:us-east-1::foundation-model/x"}]}]') }
        ep:script { { match = { operation = "ListInferenceProfiles" }, times = -1, action = { json = profiles } } }
        for _, words in ipairs { { "models", "--kind", "inference_profile" }, { "call", "list_inference_profiles" } } do
            local shown = in_terminal(command.line(ep, home, words))
            assert.matches("A\239\191\18931m", shown)
            assert.is_nil(shown:find "\27")
        end
    end)

    it("is visible in a conversation, and in what the service says of an error", function()
        local home = here.home()
        answers(RAW)
        local line = command.line(ep, home, { "chat" })
        local steps = cjson.encode { { "> ", "Hi\n" }, { "^[]2;T^G", "" }, { "> ", "\4" } }
        local shown = files.output(("python3 spec/support/terminal.py %s %s"):format(command.quoted(steps), line))
        assert.is_nil(shown:find("\27]2;", 1, true), shown)
        assert.is_nil(shown:find("\27[31m", 1, true), shown)
        ep:reset()
        ep:script { { match = { operation = "ConverseStream" }, action = { status = 400,
            json = { message = "bad \194\15531m" }, headers = { ["x-amzn-errortype"] = "ValidationException" } } } }
        assert.matches("bad \239\191\18931m", in_terminal(command.line(ep, home, { "ask", "Hi" })))
    end)

    it("has no place in tables, wherever they go", function()
        local columns = require "bedrock.prints.columns"
        assert.equal("a b  c\239\191\189d\239\191\189", columns.rows { { "a\27b", "c\194\155d\155" } })
    end)
end)
