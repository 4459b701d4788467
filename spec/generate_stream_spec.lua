--- generate_stream: pieces of text of every family that streams, then the same answer as generate gives.
local cjson = require "cjson"
local mime = require "mime"
local bedrock = require "bedrock"
local patience = require "spec.support.patience"
local service = dofile "spec/support/service.lua"
local thoughts = require "bedrock.generate.thoughts"

local NOVA = "amazon.nova-lite-v1:0"

local MODELS = {
    NOVA, "amazon.nova-2-lite-v1:0", "amazon.titan-text-express-v1", "anthropic.claude-3-haiku-20240307-v1:0",
    "meta.llama3-1-8b-instruct-v1:0", "meta.llama4-scout-17b-instruct-v1:0", "openai.gpt-oss-20b-1:0",
    "ai21.jamba-1-5-mini-v1:0", "writer.palmyra-x4-v1:0", "deepseek.v3-v1:0", "us.deepseek.r1-v1:0",
    "qwen.qwen3-32b-v1:0", "mistral.mistral-7b-instruct-v0:2", "mistral.pixtral-large-2502-v1:0",
    "cohere.command-r-v1:0", "google.gemma-3-4b-it",
}

describe("generate_stream", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    local function all(stream)
        local pieces = {}
        for piece in stream do
            assert.is_string(piece)
            assert.truthy(piece ~= "")
            pieces[#pieces + 1] = piece
        end
        return pieces
    end

    for _, model in ipairs(MODELS) do
        for _, limit in ipairs { 400, 3 } do
            it(("gives what generate gives: %s, %d tokens"):format(model, limit), function()
                local given = { model = model, prompt = "the sea\nand 東京 🌙", max_tokens = limit }
                local stream = assert(conn:generate_stream(given))
                local pieces = all(stream)
                local whole = assert(conn:generate(given))
                assert.truthy(limit == 3 or #pieces > 10)
                assert.equal(whole.text, table.concat(pieces))
                assert.equal(whole.text, stream.answer.text)
                assert.equal(whole.reasoning, stream.answer.reasoning)
                assert.equal(whole.stop_reason, stream.answer.stop_reason)
                assert.same(whole.usage, stream.answer.usage)
                assert.equal(whole.text, tostring(stream.answer))
                assert.equal(200, bedrock.metadata(stream.answer).status)
            end)
        end
    end

    it("works in a for without assert", function()
        local text = {}
        for piece in conn:generate_stream { model = NOVA, prompt = "Hi" } do
            text[#text + 1] = piece
        end
        assert.equal("You asked: Hi", table.concat(text):match "^[^\n]*")
    end)

    it("is gathered from where it is, and gives back what a loop would raise", function()
        local stream = assert(conn:generate_stream { model = NOVA, prompt = "Hi" })
        local first = stream()
        local answer = assert(stream:gather())
        assert.equal(first, answer.text:sub(1, #first))
        assert.equal("You asked: Hi", answer.text:match "^[^\n]*")
        assert.equal(answer, stream:gather())
        local closed = assert(conn:generate_stream { model = NOVA, prompt = "Hi" })
        closed:close()
        local nothing, err = closed:gather()
        assert.is_nil(nothing)
        assert.equal("Closed", err.code)
    end)

    it("looks at videos", function()
        local stream = assert(conn:generate_stream { model = "twelvelabs.pegasus-1-2-v1:0", prompt = "Hi",
            video = "s3://films/one" })
        assert.equal("You asked: Hi", table.concat(all(stream)):match "^[^\n]*")
        assert.equal("end_turn", stream.answer.stop_reason)
    end)

    local function chunks(list)
        local events = {}
        for i, chunk in ipairs(list) do
            events[i] = { event = "chunk", json = { bytes = mime.b64((cjson.encode(chunk))) } }
        end
        return events
    end

    local function gpt_chunk(text, reason)
        return { choices = { { index = 0, delta = { content = text }, finish_reason = reason or cjson.null } } }
    end

    --- The same cases as for generate: what came, how it ended, the text, the reasoning.
    local CASES = {
        { "<reasoning>a</reasoning>\n<reasoning>b</reasoning>It is.", "stop", "It is.", "a\nb" },
        { "<reasoning>a</reasoning>It is <reasoning>b\nc</reasoning> so.", "stop", "It is so.", "a\nb\nc" },
        { "<reasoning>We need to", "length", "", "We need to" },
        { " <reasoning>We need to", "stop", "", "We need to" },
        { "<reasoning>a</reasoning><reasoning>b", "length", "", "a\nb" },
        { "<reasoning>a</reasoning>It is\n\n<reasoning>b", "length", "It is", "a\nb" },
        { "<reasoning>a</reasoning>Write <reasoning> first.", "stop", "Write <reasoning> first.", "a" },
        { "plain </reasoning>", "stop", "plain </reasoning>" },
        { "a < b <reason", "length", "a < b" },
        { "a < b <", "stop", "a < b <" },
        { "<reas", "length", "" },
        { "no thought  at all ", "stop", "no thought  at all " },
    }

    it("never lets reasoning pass for text, however it is cut", function()
        for _, case in ipairs(CASES) do
            local text = case[1]
            for size = 1, math.min(#text, 7) do
                local list = {}
                for at = 1, #text, size do
                    list[#list + 1] = gpt_chunk(text:sub(at, at + size - 1))
                end
                list[#list + 1] = gpt_chunk(nil, case[2])
                local tags = { open = "<reasoning>", close = "</reasoning>" }
                local filter, parts = thoughts.new(tags), {}
                for at = 1, #text, size do
                    parts[#parts + 1] = filter:feed(text:sub(at, at + size - 1))
                    assert.is_nil(table.concat(parts):find("We need", 1, true))
                end
                parts[#parts + 1] = filter:finish(case[2] ~= "stop")
                assert.equal(case[3], table.concat(parts), text .. " by " .. size)
                assert.equal(case[4], filter.reasoning, text .. " by " .. size)
            end
        end
    end)

    it("keeps reasoning of gpt-oss apart", function()
        ep:script { { match = { operation = "InvokeModelWithResponseStream" }, action = { frames = chunks {
            gpt_chunk "<reaso", gpt_chunk "ning>Hm.", gpt_chunk "</reasoning>", gpt_chunk "It is",
            gpt_chunk " blue.", gpt_chunk(nil, "stop") } } } }
        local stream = assert(conn:generate_stream { model = "openai.gpt-oss-20b-1:0", prompt = "Why?" })
        assert.same({ "It is", " blue." }, all(stream))
        assert.equal("Hm.", stream.answer.reasoning)
        assert.equal(6, #stream.answer.raw)
    end)

    it("joins the halves of a character", function()
        local function raw(json)
            return { event = "chunk", json = { bytes = mime.b64(json) } }
        end
        ep:script { { match = { operation = "InvokeModelWithResponseStream" }, action = { frames = {
            raw [[{"generation":"a \ud83c","stop_reason":null}]], raw [[{"generation":"\udf19 b","stop_reason":null}]],
            raw [[{"generation":"\ud83c","stop_reason":"stop"}]],
        } } } }
        local stream = assert(conn:generate_stream { model = "meta.llama3-1-8b-instruct-v1:0", prompt = "Hi" })
        assert.same({ "a ", "🌙 b", "\239\191\189" }, all(stream))
        assert.equal("a 🌙 b\239\191\189", stream.answer.text)
    end)

    it("knows when a text about a video was cut", function()
        ep:script { { match = { operation = "InvokeModelWithResponseStream" }, action = { frames = chunks {
            { message = "half", stopReason = "" } } } } }
        local stream = assert(conn:generate_stream { model = "twelvelabs.pegasus-1-2-v1:0", prompt = "Hi",
            video = "s3://films/one" })
        assert.equal("half", stream())
        local _, err = stream:next()
        assert.equal("Truncated", err.code)
    end)

    it("raises what breaks it, with what had come", function()
        ep:script { { match = { operation = "InvokeModelWithResponseStream" }, action = { frames = chunks {
            { generation = "half", stop_reason = cjson.null } } } } }
        local stream = assert(conn:generate_stream { model = "meta.llama3-1-8b-instruct-v1:0", prompt = "Hi" })
        assert.equal("half", stream())
        local ok, err = pcall(stream)
        assert.is_false(ok)
        assert.equal("Truncated", err.code)
        assert.equal("half", err.partial.text)
        assert.is_nil(stream.answer)
        local piece, again = stream:next()
        assert.is_nil(piece)
        assert.equal(err, again)
    end)

    --- The endpoint notices at once when a plain connection is closed.
    local function slow()
        ep:config { stream_interval_ms = 100 }
        return service.connect(ep, { endpoint = ep.http, ca_file = bedrock.null })
    end

    it("ends at a chunk that is none of the family's", function()
        for _, model in ipairs(MODELS) do
            if not model:find "^google" then
                for _, json in ipairs { '{"delta":5,"contentBlockDelta":5,"choices":[5],"outputs":[5],'
                    .. '"outputText":5,"generation":5,"text":5,"message":5,"type":"x","metadata":5}', "[1]", "5",
                    '"x"', "not JSON" } do
                    ep:reset()
                    ep:script { { match = { operation = "InvokeModelWithResponseStream" }, action = { frames = {
                        { event = "chunk", json = { bytes = mime.b64(json) } } } } } }
                    local stream = assert(conn:generate_stream { model = model, prompt = "Hi" })
                    local piece, err = stream:next()
                    assert.is_nil(piece, model .. " " .. json)
                    if err then
                        assert.truthy(err.code == "BadResponse" or err.code == "Truncated", tostring(err))
                    end
                end
            end
        end
    end)

    it("can be closed", function()
        local plain = slow()
        local stream = assert(plain:generate_stream { model = NOVA, prompt = "Hi" })
        assert.is_string(stream())
        assert.is_true(stream:close())
        assert.is_true(stream:close())
        local piece, err = stream:next()
        assert.is_nil(piece)
        assert.equal("Closed", err.code)
        assert.equal("bedrock.generate_stream (closed)", tostring(stream))
        assert.is_true(patience.eventually(function()
            return ep:counters().aborted == 1
        end))
        plain:close()
    end)

    it("ends when a loop over it is left (Lua 5.4)", function()
        if not _VERSION:find "5%.4" then
            return
        end
        local plain, seen = slow(), 0
        for _ in plain:generate_stream { model = NOVA, prompt = "Hi" } do
            seen = seen + 1
            if seen == 2 then
                break
            end
        end
        assert.is_true(patience.eventually(function()
            return ep:counters().aborted == 1
        end))
        plain:close()
    end)

    describe("refuses", function()
        local function refused(given, words)
            local stream, err = conn:generate_stream(given)
            assert.is_nil(stream)
            assert.equal("validation", err.kind)
            assert.truthy(tostring(err):find(words, 1, true), tostring(err))
            assert.equal(0, ep:counters().requests)
        end

        it("what does not stream", function()
            refused({ model = "amazon.titan-embed-text-v2:0", input = "Hi" }, "titan_embeddings does not stream")
            refused({ model = "amazon.nova-canvas-v1:0", prompt = "Hi" }, "use generate")
        end)

        it("what generate refuses", function()
            refused({ model = NOVA, promt = "Hi" }, "did you mean prompt?")
        end)

        it("what is no table, by raising", function()
            assert.has_error(function()
                conn:generate_stream "Hi"
            end)
        end)

        it("within a for, in words (Lua 5.4)", function()
            local ok, err = pcall(function()
                for _ in conn:generate_stream { model = NOVA, promt = "Hi" } do
                    error "it went on"
                end
            end)
            assert.is_false(ok)
            if _VERSION:find "5%.4" then
                assert.truthy(tostring(err):find("did you mean prompt?", 1, true), tostring(err))
            end
        end)
    end)

    it("hands on what the service says", function()
        ep:script { { match = { operation = "InvokeModelWithResponseStream" }, action = { status = 400,
            json = { __type = "ValidationException", message = "The model is unsupported for streaming." } } } }
        local stream, err = conn:generate_stream { model = NOVA, prompt = "Hi" }
        assert.is_nil(stream)
        assert.equal("ValidationException", err.code)
    end)

    it("gives an answer as one piece where the model does not stream, if healed", function()
        ep:script { { match = { operation = "InvokeModelWithResponseStream" }, action = { status = 400,
            json = { __type = "ValidationException", message = "The model is unsupported for streaming." } } } }
        local stream = assert(conn:generate_stream { model = NOVA, prompt = "Hi", heal = true })
        assert.equal(1, #all(stream))
        assert.equal("You asked: Hi", stream.answer.text:match "^[^\n]*")
        assert.truthy(stream.answer.healed[1]:find("in one piece", 1, true))
    end)

    it("raises Ctrl-C again, and is no bad answer by it", function()
        local function interrupted()
            error("interrupted!", 0)
        end
        local stream = assert(conn:generate_stream { model = NOVA, prompt = "Hi", schema = { a = "string" } })
        stream._source.pieces = interrupted
        assert.has_error(function() stream:next() end, "interrupted!")

        local family = require "bedrock.families.nova"
        local piece = family.piece
        family.piece = interrupted
        stream = assert(conn:generate_stream { model = NOVA, prompt = "Hi" })
        local ok, why = pcall(stream.next, stream)
        family.piece = piece
        assert.is_false(ok)
        assert.equal("interrupted!", why)
        stream:close()

        local read = family.read
        family.read = interrupted
        ok, why = pcall(conn.generate, conn, { model = NOVA, prompt = "Hi" })
        family.read = read
        assert.is_false(ok)
        assert.equal("interrupted!", why)
    end)
end)
