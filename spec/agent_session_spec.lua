--- Sessions with agents, harnesses and runtimes, against the local endpoint.
local bedrock = require "bedrock"
local mime = require "mime"
local service = dofile "spec/support/service.lua"

local HARNESS = "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/demo-abcdefghij"
local RUNTIME = "arn:aws:bedrock-agentcore:us-east-1:123456789012:runtime/demo-abcdefghij"

local function body_of(request)
    return bedrock.json.decode((mime.unb64(request.body64)))
end

local function frame(name, json)
    return { event = name, json = json }
end

local function says(text)
    return frame("chunk", { bytes = mime.b64(text) })
end

local function wants(name, more)
    local input = service.merged({ actionGroup = "g", ["function"] = name }, more)
    return { functionInvocationInput = input }
end

local function control(id, ...)
    return frame("returnControl", { invocationId = id, invocationInputs = { ... } })
end

describe("an agent's session", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    local function session(more)
        return assert(conn:agent_session(service.merged({ agent_id = "AGENT12345", alias_id = "ALIAS12345" }, more)))
    end

    --- Each list of frames is the answer to one request.
    local function scripted(...)
        local rules = {}
        for i, frames in ipairs { ... } do
            rules[i] = { match = { operation = "InvokeAgent" }, action = { frames = frames } }
        end
        ep:script(rules)
    end

    --- Bodies of the requests to agents, in their order.
    local function sent()
        local list = {}
        for _, request in ipairs(ep:requests()) do
            if request.operation == "InvokeAgent" then
                list[#list + 1] = body_of(request)
            end
        end
        return list
    end

    --- What the agent was told with a request.
    local function told(body)
        local list = {}
        for i, one in ipairs(body.sessionState.returnControlInvocationResults) do
            list[i] = one.functionResult or one.apiResult
        end
        return list
    end

    it("has one ID, which it keeps", function()
        local one, other = session(), session()
        assert.matches("^%x+%-%x+%-4%x%x%x%-[89ab]%x%x%x%-%x+$", one.session_id)
        assert.equal(36, #one.session_id)
        assert.not_equal(one.session_id, other.session_id)
        local answer = assert(one:ask "Hello")
        assert.equal(one.session_id, answer.session_id)
        assert(one:ask "Again")
        for _, request in ipairs(ep:requests()) do
            assert.equal(one.session_id, request.uri:match "sessions/([^/]+)/")
        end
        assert.equal("mine-1", session({ session_id = "mine-1" }).session_id)
        assert.equal("bedrock.agent_session (AGENT12345/ALIAS12345, session mine-1)",
            tostring(session { session_id = "mine-1" }))
    end)

    it("answers with what prints as its text", function()
        local talk = session()
        local answer = assert(talk:ask "Hello there")
        assert.matches("^You asked: Hello there\n", answer.text)
        assert.equal(answer.text, tostring(answer))
        assert.equal(1, answer.rounds)
        assert.same({}, answer.results)
        assert.equal(answer, talk.answer)
        assert.equal(200, bedrock.metadata(answer).status)
        assert.same({ inputText = "Hello there" }, sent()[1])
    end)

    it("streams pieces as they come, then has the answer", function()
        local talk, pieces = session(), {}
        for piece in talk:stream "Hello there" do
            pieces[#pieces + 1] = piece
        end
        assert.truthy(#pieces > 2)
        assert.equal(table.concat(pieces), talk.answer.text)
        assert.is_true(sent()[1].streamingConfigurations.streamFinalResponse)
    end)

    it("raises inside the loop what breaks a stream, with what had come", function()
        scripted { says "Half an ", { exception = "throttlingException", json = { message = "slow down" } } }
        local talk, pieces = session(), {}
        local ok, err = pcall(function()
            for piece in talk:stream "Hi" do
                pieces[#pieces + 1] = piece
            end
        end)
        assert.is_false(ok)
        assert.equal("ThrottlingException", err.code)
        assert.same({ "Half an " }, pieces)
        assert.equal("Half an ", err.answer.text)
        assert.is_nil(talk.answer)
        assert(talk:ask "Again")
    end)

    it("takes traces that are not as AWS has them", function()
        local agent = require "bedrock.agents.agent"
        for _, output in ipairs { "none", { metadata = 5 }, { metadata = { usage = 5 } }, bedrock.null } do
            local turn = { answer_so_far = { trace = {} }, on = {} }
            agent.event(turn, "trace", { trace = { orchestrationTrace = { modelInvocationOutput = output } } })
            assert.equal(1, #turn.answer_so_far.trace)
            assert.is_nil(turn.answer_so_far.usage)
        end
    end)

    it("tells a return of control that it cannot answer", function()
        for words, event in pairs {
            ["without an invocation input"] = frame("returnControl", { invocationId = "i1" }),
            ["neither a function's nor an API's"] = control("i1", { laterInvocationInput = { a = 1 } }),
        } do
            scripted { event }
            local answer, err = session({ tools = { ["g.f"] = function() end } }):ask "Hi"
            assert.is_nil(answer)
            assert.equal("conversation", err.kind, tostring(err))
            assert.truthy(err.message:find(words, 1, true), err.message)
            assert.equal(1, #err.answer.return_control)
        end
    end)

    it("gives citations, files, traces and usage", function()
        local answer = assert(session({ trace = true }):ask "make a file and cite")
        assert.equal("s3://papers/source.txt", answer.citations[1].retrievedReferences[1].location.s3Location.uri)
        assert.same({ { name = "table.csv", type = "text/csv", bytes = "a,b\n1,2\n" } }, answer.files)
        assert.equal("The user wants an answer to: make a file and cite",
            answer.trace[1].trace.orchestrationTrace.rationale.text)
        assert.equal(10, answer.usage.input_tokens)
        assert.equal(10 + answer.usage.output_tokens, answer.usage.total_tokens)
        assert.is_nil(assert(session():ask "make a file").usage)
    end)

    it("loses no event, known or not", function()
        scripted { says "a", frame("surprise", { x = 1 }), says "b" }
        local seen = {}
        local answer = assert(session():ask("Hi", { on = { event = function(name)
            seen[#seen + 1] = name
        end } }))
        assert.equal("ab", answer.text)
        assert.same({ { name = "surprise", event = { x = 1 } } }, answer.others)
        assert.same({ "chunk", "surprise", "chunk" }, seen)
    end)

    describe("answers what the agent wants of its caller", function()
        local TOOLS = {
            ["WeatherAPIs.getWeather"] = function(params)
                return ("%s %d %s %s %s"):format(params.location, params.days, tostring(params.metric), #params.hours,
                    params.limit)
            end,
            ["WeatherAPIs.getAlerts"] = function()
                return { alerts = bedrock.array {} }
            end,
            ["TravelAPIs.POST /trips/{city}"] = function(params, call)
                return params.city .. " " .. params.seats .. " " .. call.body.seats
            end,
        }

        it("over two rounds, with functions and an API, in one ask", function()
            local talk = session { tools = TOOLS }
            local answer = assert(talk:ask "please use tools")
            assert.equal('I was told: oslo 3 true 2 1.5; {"alerts":[]}; oslo 2 2', answer.text)
            assert.equal(3, answer.rounds)
            local bodies = sent()
            assert.equal(3, #bodies)
            assert.is_nil(bodies[2].inputText)
            assert.same({ {
                actionGroup = "WeatherAPIs", ["function"] = "getWeather",
                responseBody = { TEXT = { body = "oslo 3 true 2 1.5" } },
            }, {
                actionGroup = "WeatherAPIs", ["function"] = "getAlerts",
                responseBody = { TEXT = { body = '{"alerts":[]}' } },
            } }, told(bodies[2]))
            assert.same({ {
                actionGroup = "TravelAPIs", apiPath = "/trips/{city}", httpMethod = "post",
                responseBody = { ["application/json"] = { body = "oslo 2 2" } },
            } }, told(bodies[3]))
            local names = {}
            for i, result in ipairs(answer.results) do
                names[i] = result.call.name
            end
            assert.same({ "WeatherAPIs.getWeather", "WeatherAPIs.getAlerts", "TravelAPIs.POST /trips/{city}" }, names)
        end)

        it("with the types that AWS names, and says so where a value has another", function()
            local got
            local function ask(kind, value)
                got = nil
                scripted({ control("i", wants("f", { parameters = { { name = "x", type = kind, value = value } } })) },
                    { says "ok" })
                assert(session({ tools = { ["g.f"] = function(params)
                    got = params.x
                    return "fine"
                end } }):ask "Hi")
                local bodies = sent()
                return told(bodies[#bodies])[1]
            end
            for _, case in ipairs {
                { "string", "7", "7" }, { "number", "7.5", 7.5 }, { "integer", " 7 ", 7 }, { "integer", "7.0", 7 },
                { "boolean", "False", false }, { "boolean", "true", true }, { "array", '["a", "b"]', { "a", "b" } },
                { "array", "[a, b]", { "a", "b" } }, { "object", '{"a":1}', { a = 1 } }, { "later", "x", "x" },
                { "number", "1e3", 1000 },
            } do
                ask(case[1], case[2])
                assert.same(case[3], got)
            end
            for _, case in ipairs { { "number", "many" }, { "integer", "7.5" }, { "boolean", "perhaps" },
                { "object", "{" } } do
                local result = ask(case[1], case[2])
                assert.is_nil(got)
                assert.equal("REPROMPT", result.responseState)
                assert.equal(('x: "%s" is not of the type %s'):format(case[2], case[1]), result.responseBody.TEXT.body)
            end
        end)

        it("all of one turn at the same time, results in the order of the calls", function()
            scripted({ control("i", wants "slow", wants "quick") }, { says "ok" })
            local order, running, most = {}, 0, 0
            local function tool(name, ms)
                return function()
                    running = running + 1
                    most = math.max(most, running)
                    require("bedrock.connection").pause(conn, ms)
                    running = running - 1
                    order[#order + 1] = name
                    return name
                end
            end
            assert(session({ tools = { ["g.slow"] = tool("slow", 60), ["g.quick"] = tool("quick", 1) } }):ask "Hi")
            assert.same({ "quick", "slow" }, order)
            assert.equal(2, most)
            local results = told(sent()[2])
            assert.equal("slow", results[1].responseBody.TEXT.body)
            assert.equal("quick", results[2].responseBody.TEXT.body)
        end)

        it("no more at once than tool_limit says", function()
            scripted({ control("i", wants "a", wants "b", wants "c") }, { says "ok" })
            local running, most = 0, 0
            local function tool()
                running = running + 1
                most = math.max(most, running)
                require("bedrock.connection").pause(conn, 2)
                running = running - 1
            end
            assert(session({ tool_limit = 1, tools = { ["g.a"] = tool, ["g.b"] = tool, ["g.c"] = tool } }):ask "Hi")
            assert.equal(1, most)
        end)

        it("of one invocation in several events together, of several one after the other", function()
            scripted({ control("i-1", wants "a"), control("i-2", wants "b"), control("i-1", wants "c") },
                {}, { says "done" })
            local ran = {}
            local function tool(_, call)
                ran[#ran + 1] = call["function"]
                return call["function"]
            end
            local answer = assert(session({ tools = { ["g.a"] = tool, ["g.b"] = tool, ["g.c"] = tool } }):ask "Hi")
            assert.equal("done", answer.text)
            assert.same({ "a", "b", "c" }, ran)
            assert.equal(3, #answer.return_control)
            assert.equal("i-2", answer.return_control[2].invocationId)
            local bodies = sent()
            assert.equal("i-1", bodies[2].sessionState.invocationId)
            assert.equal("a", told(bodies[2])[1]["function"])
            assert.equal("c", told(bodies[2])[2]["function"])
            assert.equal("i-2", bodies[3].sessionState.invocationId)
            assert.equal("b", told(bodies[3])[1]["function"])
        end)

        it("with an error that the agent hears of, where the tool fails or is not there", function()
            scripted({ control("i", wants "gives", wants "raises", wants "gone", wants "ends") }, { says "sorry" })
            local answer = assert(session({ tools = {
                ["g.gives"] = function() return nil, "no such city" end,
                ["g.raises"] = function() error "it broke" end,
                ["g.ends"] = function() return nil, "over", "FAILURE" end,
            } }):ask "Hi")
            assert.equal("sorry", answer.text)
            local results = told(sent()[2])
            assert.same({ actionGroup = "g", ["function"] = "gives", responseState = "REPROMPT",
                responseBody = { TEXT = { body = "no such city" } } }, results[1])
            assert.equal("it broke", results[2].responseBody.TEXT.body)
            assert.equal("REPROMPT", results[3].responseState)
            assert.equal("there is no tool g.gone here", results[3].responseBody.TEXT.body)
            assert.equal("FAILURE", results[4].responseState)
            assert.equal("no such city", answer.results[1].failed)
        end)

        it("of an API by its path alone, too", function()
            local tools = { ["WeatherAPIs.getWeather"] = tostring, ["WeatherAPIs.getAlerts"] = tostring }
            tools["TravelAPIs./trips/{city}"] = function(_, call)
                return call.method .. " " .. call.path
            end
            assert.matches("; post /trips/{city}$", assert(session({ tools = tools }):ask "use tools").text)
        end)

        it("with a result as AWS has it", function()
            scripted({ control("i", wants "f") }, { says "ok" })
            assert(session({ tools = { ["g.f"] = function()
                local image = { format = "png", source = { bytes = "\137PNG" } }
                return { responseBody = { IMAGES = { images = { image } } } }
            end } }):ask "Hi")
            assert.equal(mime.b64 "\137PNG", told(sent()[2])[1].responseBody.IMAGES.images[1].source.bytes)
        end)

        it("for a collaborator, with its ID", function()
            local heard
            local answer = assert(session({ tools = { ["WeatherAPIs.getWeather"] = function(_, call)
                heard = call.collaborator
                return "rain"
            end } }):ask "ask the collaborator")
            assert.equal("HELPER1234", told(sent()[2])[1].agentId)
            assert.equal("WeatherAgent", heard)
            assert.same({ { agent_id = "HELPER1234", name = "WeatherAgent" } }, answer.collaborators)
        end)

        it("after asking, where AWS wants it confirmed", function()
            local asked, ran = {}, 0
            local function talk(allow, why)
                return session { tools = { ["WeatherAPIs.bookTrip"] = function()
                    ran = ran + 1
                    return "booked"
                end }, approve = function(call)
                    asked[#asked + 1] = call.name
                    return allow, why
                end }
            end
            assert.equal("I was told: CONFIRMbooked", tostring(assert(talk(true):ask "confirm it")))
            assert.equal(1, ran)
            assert.equal("I was told: DENYtoo dear", tostring(assert(talk(false, "too dear"):ask "confirm it")))
            assert.equal(1, ran)
            assert.same({ "WeatherAPIs.bookTrip", "WeatherAPIs.bookTrip" }, asked)
            assert.equal("DENY", told(sent()[4])[1].confirmationState)
            assert.is_nil(told(sent()[4])[1].responseState)
        end)

        it("and asks nobody about a call that cannot run", function()
            local input = { actionInvocationType = "USER_CONFIRMATION_AND_RESULT" }
            scripted({ control("i", wants("gone", input), wants("f", { actionInvocationType = "USER_CONFIRMATION",
                parameters = { { name = "x", type = "number", value = "many" } } })) }, { says "ok" })
            local asked = 0
            assert(session({ approve = function() asked = asked + 1 end, tools = {} }):ask "Hi")
            assert.equal(0, asked)
            for _, result in ipairs(told(sent()[2])) do
                assert.equal("DENY", result.confirmationState)
                assert.is_nil(result.responseState)
            end
        end)

        it("with the word alone, where the agent acts itself; without a function to ask it is denied", function()
            local input = wants("f", { actionInvocationType = "USER_CONFIRMATION" })
            scripted({ control("i", input) }, { says "ok" }, { control("i", input) }, { says "ok" })
            assert(session({ approve = function() return true end }):ask "Hi")
            assert.same({ actionGroup = "g", ["function"] = "f", confirmationState = "CONFIRM" }, told(sent()[2])[1])
            assert(session({ tools = {} }):ask "Hi")
            assert.equal("DENY", told(sent()[4])[1].confirmationState)
            assert.equal("nobody is here to confirm it", told(sent()[4])[1].responseBody.TEXT.body)
        end)

        it("until max_rounds is reached, and keeps what there is", function()
            ep:script { { match = { operation = "InvokeAgent" }, times = -1,
                action = { frames = { says "hm ", control("i", wants "f") } } } }
            local answer, err = session({ max_rounds = 3, tools = { ["g.f"] = function() return "x" end } }):ask "Hi"
            assert.is_nil(answer)
            assert.equal("conversation", err.kind)
            assert.equal("TooManyRounds", err.code)
            assert.equal("hm hm hm ", err.answer.text)
            assert.equal(3, ep:counters().InvokeAgent)
            assert.equal("TooManyRounds", select(2, session({ tools = { ["g.f"] = function() end } }):ask "Hi").code)
            assert.equal(13, ep:counters().InvokeAgent)
        end)

        it("or hands it to whoever asked, where there are no tools at all", function()
            local answer = assert(session():ask "please use tools")
            assert.equal("WeatherAPIs.getWeather", answer.calls[1].name)
            assert.equal(3, answer.calls[1].params.days)
            assert.equal(2, #answer.calls)
        end)

        it("whose results go on, by the calls' IDs or names", function()
            local talk = session()
            local answer = assert(talk:ask "please use tools")
            local _, err = talk:results { ["WeatherAPIs.getWeather"] = "rain" }
            assert.matches("the call of WeatherAPIs.getAlerts waits for it", tostring(err), 1, true)
            answer = assert(talk:results { [answer.calls[1].id] = "rain", ["WeatherAPIs.getAlerts"] = err })
            assert.equal("TravelAPIs.POST /trips/{city}", answer.calls[1].name)
            assert.equal(2, answer.rounds)
            answer = assert(talk:results { [answer.calls[1].id] = { seats = 2 } })
            assert.matches('^I was told: rain; REPROMPT: .*; {"seats":2}$', answer.text)
            assert.is_nil(answer.calls)
            assert.equal(3, #answer.results)
            assert.equal("no calls wait for results", select(2, talk:results {}).errors[1].message)
            assert.equal("I was told: DENYthe call was not allowed",
                tostring(assert(talk:ask "confirm it") and talk:results { ["WeatherAPIs.bookTrip"] = false }))
            assert(talk:ask "confirm it")
            assert(talk:ask "never mind")
            assert.is_nil((talk:results { ["WeatherAPIs.bookTrip"] = false }))
        end)

        it("and sends again what could not be sent, without running tools again", function()
            ep:script { { match = { operation = "InvokeAgent" }, skip = 1, times = 2, action = { status = 400,
                json = { __type = "ValidationException", message = "not now" } } } }
            local ran = 0
            local talk = session { tools = { ["WeatherAPIs.getWeather"] = function()
                ran = ran + 1
                return "rain"
            end } }
            local _, err = talk:ask "weather"
            assert.equal("ValidationException", err.code)
            assert.equal("rain", err.answer.results[1].value)
            _, err = talk:resume(err)
            assert.equal("ValidationException", err.code)
            local answer = assert(talk:resume(err))
            assert.equal("I was told: rain", answer.text)
            assert.equal(answer, talk.answer)
            assert.equal(1, ran)
            assert.equal(1, #answer.results)
            assert.equal("conflict", select(2, talk:resume(err)).errors[1].kind)
            _, err = session({ agent_id = "NONEXIST12" }):ask "Hi"
            assert.equal("conflict", select(2, talk:resume(err)).errors[1].kind)
        end)

        it("and tells on.tool_call and on.tool_result", function()
            local seen = {}
            assert(session({ tools = TOOLS }):ask("please use tools", { context = "mine", on = {
                tool_call = function(call) seen[#seen + 1] = call["function"] or call.path end,
                tool_result = function(result, call)
                    seen[#seen + 1] = call.round .. call.context .. tostring(result.failed)
                end,
            } }))
            assert.same({ "getWeather", "getAlerts", "1minenil", "1minenil", "/trips/{city}", "2minenil" }, seen)
        end)
    end)

    it("refuses a second ask while one runs", function()
        ep:config { stream_interval_ms = 5 }
        local talk = session()
        local first = bedrock.spawn(function()
            return talk:ask "one"
        end)
        local answer, err = talk:ask "two"
        assert.is_nil(answer)
        assert.equal("conversation", err.kind)
        assert.equal("Busy", err.code)
        assert.equal("Busy", select(2, talk:finish()).code)
        assert.matches("^You asked: one", assert(first:join()).text)
        assert(talk:ask "three")
        assert.has_error(function()
            local stream = talk:stream "four"
            stream()
            for _ in talk:stream "five" do end
            stream:close()
        end)
    end)

    it("is free again once a stream is closed, or left and collected", function()
        local talk = session()
        local stream = talk:stream "Hello"
        assert.is_string(stream:next())
        assert.equal("Busy", select(2, talk:ask "Again").code)
        stream:close()
        assert.equal("Closed", select(2, stream:next()).code)
        assert(talk:ask "Again");
        (function()
            talk:stream("Hello"):next()
        end)()
        assert(talk:ask "Again");
        (function()
            for piece in talk:stream "Hello" do
                if piece then
                    break
                end
            end
        end)()
        assert(talk:ask "Again")
    end)

    it("refuses two coroutines on one stream, and asks no more once it is closed under tools", function()
        scripted({ control("i", wants "f", wants "g") }, { says "ok" })
        local stream, why, started
        local talk = session { tools = { ["g.f"] = function()
            started = true
            require("bedrock.connection").pause(conn, 5)
        end, ["g.g"] = function()
            why = select(2, pcall(stream))
            stream:close()
        end } }
        stream = talk:stream "Hi"
        assert.equal("Closed", select(2, stream:next()).code)
        assert.is_true(started)
        assert.matches("two coroutines wait on one stream", why)
        assert.equal(1, ep:counters().InvokeAgent)
        assert(talk:ask "Again")
        ep:script { { match = { operation = "InvokeAgent" }, action = { delay_ms = 50 } } }
        stream = talk:stream "Hi"
        local reader = bedrock.spawn(function()
            return stream:next()
        end)
        stream:close()
        assert.equal("Closed", select(2, reader:join()).code)
        assert.equal("bedrock.agent_stream (closed)", tostring(stream))
        assert(talk:ask "Again")
    end)

    it("ends running tools when the ask is cancelled, and can go on", function()
        scripted({ control("i", wants "f", wants "g") }, { says "ok" })
        local started, ended = 0, 0
        local function tool()
            started = started + 1
            local ok, why = pcall(require("bedrock.connection").pause, conn, 60000)
            ended = ended + 1
            error(ok or why, 0)
        end
        local talk = session { tools = { ["g.f"] = tool, ["g.g"] = tool } }
        local task = bedrock.spawn(function()
            return talk:ask("Hi", { on = { tool_call = function() end } })
        end)
        while started < 2 do
            require("bedrock.connection").pause(conn, 1)
        end
        task:cancel()
        local _, err = task:join()
        assert.equal("cancelled", err.kind)
        assert.equal(1, err.answer.rounds)
        while ended < 2 do
            require("bedrock.connection").pause(conn, 1)
        end
        ep:reset()
        assert(talk:ask "Again")
    end)

    it("raises Ctrl-C within a tool, and asks one after the other who must allow", function()
        scripted({ control("i", wants "f", wants "g") })
        local talk = session { tools = { ["g.f"] = function() error("interrupted!", 0) end, ["g.g"] = error } }
        local ok, why = pcall(talk.ask, talk, "Hi")
        assert.is_false(ok)
        assert.equal("interrupted!", why)
        local input = { actionInvocationType = "USER_CONFIRMATION" }
        scripted({ control("i", wants("f", input), wants("g", input)) }, { says "ok" })
        local asking, most = 0, 0
        assert(talk:ask("Hi", { approve = function()
            asking = asking + 1
            most = math.max(most, asking)
            require("bedrock.connection").pause(conn, 1)
            asking = asking - 1
            return true
        end }))
        assert.equal(1, most)
    end)

    it("sends state and files once, what holds for one request with each", function()
        local talk = session {
            memory_id = "memory-1",
            state = { sessionAttributes = { user = "7" }, promptSessionAttributes = { today = "Monday" } },
            tools = { ["WeatherAPIs.getWeather"] = function() return "rain" end },
            params = { bedrockModelConfigurations = { performanceConfig = { latency = "standard" } } },
        }
        assert(talk:ask("ask the collaborator", { files = {
            { name = "a.csv", bytes = "1,2", use = "code_interpreter" }, { s3 = "s3://bucket/b.pdf" },
        } }))
        assert(talk:ask("Again", { state = { sessionAttributes = { user = "8" } }, trace = true }))
        local bodies = sent()
        assert.same({ user = "7" }, bodies[1].sessionState.sessionAttributes)
        assert.same({
            { name = "a.csv", useCase = "CODE_INTERPRETER", source = { sourceType = "BYTE_CONTENT",
                byteContent = { data = mime.b64 "1,2", mediaType = "text/csv" } } },
            { name = "b.pdf", useCase = "CHAT", source = { sourceType = "S3",
                s3Location = { uri = "s3://bucket/b.pdf" } } },
        }, bodies[1].sessionState.files)
        assert.is_nil(bodies[2].sessionState.sessionAttributes)
        assert.is_nil(bodies[2].sessionState.files)
        assert.same({ today = "Monday" }, bodies[2].sessionState.promptSessionAttributes)
        assert.equal("memory-1", bodies[2].memoryId)
        assert.equal("standard", bodies[2].bedrockModelConfigurations.performanceConfig.latency)
        assert.same({ user = "8" }, bodies[3].sessionState.sessionAttributes)
        assert.is_true(bodies[3].enableTrace)
    end)

    it("reads files by their paths, and says what is wrong with them", function()
        local path = os.tmpname()
        local named = path .. ".csv"
        assert(os.rename(path, named))
        local file = assert(io.open(named, "wb"))
        file:write "x,y"
        file:close()
        assert(session():ask { text = "Hi", files = { named } })
        os.remove(named)
        local given = sent()[1].sessionState.files[1]
        assert.equal(named:match "[^/]+$", given.name)
        assert.equal(mime.b64 "x,y", given.source.byteContent.data)
        local _, err = session():ask("Hi", { files = { "/nowhere/x.csv", { name = "x", bytes = "1" }, 7,
            { name = "x.csv", bytes = "1", use = "fun" } } })
        assert.equal("validation", err.kind)
        local paths = {}
        for i, problem in ipairs(err.errors) do
            paths[i] = problem.path
        end
        assert.same({ "files[1]", "files[2].media_type", "files[3]", "files[4].use" }, paths)
        _, err = session():ask("Hi", { files = { { bytes = "1", media_type = "text/csv" } } })
        assert.equal("files[1].name", err.errors[1].path)
    end)

    it("hears of collaborators in traces, each once, and tells on.trace", function()
        local part = frame("trace", { agentId = "HELPER1234", collaboratorName = "WeatherAgent", trace = {} })
        scripted { part, part, frame("trace", { agentId = "AGENT12345", trace = {} }), says "ok" }
        local seen = 0
        local answer = assert(session():ask("Hi", { on = { trace = function()
            seen = seen + 1
        end } }))
        assert.equal(3, seen)
        assert.same({ { agent_id = "HELPER1234", name = "WeatherAgent" } }, answer.collaborators)
    end)

    it("tells the agent why what a tool gave cannot be sent", function()
        local function told_of(...)
            scripted({ control("i", wants "f") }, { says "ok" })
            local given, n = { ... }, select("#", ...)
            assert(session({ tools = { ["g.f"] = function()
                return (table.unpack or unpack)(given, 1, n)
            end } }):ask "Hi")
            local bodies = sent()
            return told(bodies[#bodies])[1]
        end
        assert.matches("^what the tool gave cannot be sent: .*UTF%-8", told_of("\255").responseBody.TEXT.body)
        assert.equal("REPROMPT", told_of(print).responseState)
        assert.equal('{"code":7}', told_of(nil, { code = 7 }).responseBody.TEXT.body)
        assert.equal("(no output)", told_of().responseBody.TEXT.body)
        assert.equal("(no output)", told_of("").responseBody.TEXT.body)
        assert.equal("false", told_of(false).responseBody.TEXT.body)
    end)

    it("raises a cancellation that all its tools raise", function()
        scripted { control("i", wants "f", wants "g") }
        local function ended()
            local task = bedrock.spawn(function()
                require("bedrock.connection").pause(conn, 60000)
            end)
            task:cancel()
            error(select(2, task:join()), 0)
        end
        local ok, err = pcall(session({ tools = { ["g.f"] = ended, ["g.g"] = ended } }).ask,
            session { tools = { ["g.f"] = ended, ["g.g"] = ended } }, "Hi")
        assert.is_false(ok)
        assert.equal("Cancelled", err.code)
    end)

    it("gives whole characters, wherever the service cuts", function()
        local moon = "in 東京 or on the 🌙."
        for at = 1, #moon - 1 do
            scripted { says(moon:sub(1, at)), says(moon:sub(at + 1)) }
            local talk, pieces = session(), {}
            for piece in talk:stream "Hi" do
                assert.is_nil(piece:find "^[\128-\191]", piece)
                pieces[#pieces + 1] = piece
            end
            assert.equal(moon, table.concat(pieces))
            assert.equal(moon, talk.answer.text)
        end
        scripted { says "a\240\159" }
        local talk, pieces = session(), {}
        for piece in talk:stream "Hi" do
            pieces[#pieces + 1] = piece
        end
        assert.same({ "a", "\240\159" }, pieces)
    end)

    it("logs what became of its calls, and no values", function()
        scripted({ control("i", wants "f", wants "gone") }, { says "ok" })
        local lines = {}
        bedrock.log(function(line)
            lines[#lines + 1] = line:match "^bedrock: agent_session: .*"
        end, "debug")
        local ok, why = pcall(function()
            assert(session({ tools = { ["g.f"] = function() return "secret" end } }):ask "Hi")
        end)
        bedrock.log(false)
        assert(ok, why)
        assert.same({ "bedrock: agent_session: round 1: g.f was answered",
            "bedrock: agent_session: round 1: g.gone failed" }, lines)
    end)

    it("prints what it is", function()
        local stream = session():stream "Hi"
        assert.equal("bedrock.agent_stream (open)", tostring(stream))
        stream:close()
        assert.equal("bedrock.agent_stream (closed)", tostring(stream))
    end)

    it("takes a text, or a table with one", function()
        assert.equal("text", select(2, session():ask { "Hi" }).errors[1].path)
        assert.matches("^You asked: Hi", assert(session():ask { text = "Hi" }).text)
    end)

    it("ends at the service with finish", function()
        local talk = session { memory_id = "memory-1" }
        assert.is_true(talk:finish())
        assert.same({ endSession = true, memoryId = "memory-1" }, sent()[1])
        assert.is_true(talk:finish "Thank you")
        assert.equal("Thank you", sent()[2].inputText)
        assert.is_true(talk:finish { read_timeout = 60000 })
        assert.equal("ResourceNotFoundException", select(2, session({ agent_id = "NONEXIST12" }):finish()).code)
    end)

    it("gives the service's errors", function()
        local _, err = session({ agent_id = "NONEXIST12" }):ask "Hi"
        assert.equal("ResourceNotFoundException", err.code)
        assert.equal("", err.answer.text)
        _, err = session():ask("Hi", { validate = true, read_timeout = "soon" })
        assert.equal("read_timeout", err.errors[1].path)
    end)

    it("tells all that is wrong with options at once", function()
        local function paths(given)
            local made, err = conn:agent_session(given)
            assert.is_nil(made)
            assert.equal("validation", err.kind)
            local list = {}
            for i, problem in ipairs(err.errors) do
                list[i] = problem.path
            end
            return list, tostring(err)
        end
        assert.same({ "agent_id" }, (paths {}))
        assert.same({ "alias_id", "max_rounds", "tool" },
            (paths { agent_id = "A", tool = {}, max_rounds = 0 }))
        assert.matches("did you mean tools?", select(2, paths { agent_id = "A", alias_id = "B", tool = {} }), 1, true)
        assert.same({ "harness_arn" }, (paths { agent_id = "A", harness_arn = HARNESS }))
        assert.same({ 'tools["g.f"]', "tools[1]" }, (paths { agent_id = "A", alias_id = "B",
            tools = { ["g.f"] = 1, function() end } }))
        assert.matches('tools["getWeather"]: its name must be "group.function" or "group.METHOD /path"',
            select(2, paths { agent_id = "A", alias_id = "B", tools = { getWeather = print } }), 1, true)
        assert.same({ 'tools["a.b"]' }, (paths { harness_arn = HARNESS, tools = { ["a.b"] = print } }))
        assert.same({ "session_id" }, (paths { runtime_arn = RUNTIME, session_id = "short" }))
        assert.matches("tools: is for an agent, which this is not",
            select(2, paths { runtime_arn = RUNTIME, tools = {} }))
        assert.matches("agentAliasId: unknown option (did you mean alias_id?)",
            select(2, paths { agent_id = "A", agentAliasId = "B" }), 1, true)
        local _, err = session():ask("Hi", { on = { evnt = print }, tool = 1, max_rounds = "x" })
        assert.equal(3, #err.errors)
        assert.matches("on.evnt: unknown callback (did you mean event?)", tostring(err), 1, true)
        local stream, why = session():stream("Hi", { tool = 1 })
        assert.equal("tool", why.errors[1].path)
        assert.equal(why, select(2, pcall(stream)))
    end)

    it("raises misuse where it was called", function()
        local talk = session()
        local function said(f)
            return select(2, pcall(f))
        end
        local here = "^spec/agent_session_spec.lua:%d+: "
        assert.matches(here .. "not an agent_session: call its methods", said(function() talk.ask "Hi" end))
        assert.matches(here .. "ask: expected a text, got nil", said(function() talk:ask() end))
        assert.matches(here .. "stream: expected a text, got a number", said(function() talk:stream(1) end))
        assert.matches(here .. "ask: the options must be a table", said(function() talk:ask("Hi", 1) end))
        assert.matches(here .. "results: expected a table of results, got nil", said(function() talk:results() end))
        assert.matches(here .. "agent_session: expected a table of options", said(function() conn:agent_session(1) end))
        assert.matches(here .. "not a stream: call its methods with a colon",
            said(function() talk:stream("Hi").next() end))
    end)
end)

describe("a harness's session", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    local function session(more)
        return assert(conn:agent_session(service.merged({ harness_arn = HARNESS }, more)))
    end

    local function sent()
        local list = {}
        for i, request in ipairs(ep:requests()) do
            list[i] = body_of(request)
        end
        return list
    end

    it("streams text, and keeps all messages", function()
        local talk, pieces = session(), {}
        for piece in talk:stream "use shell" do
            pieces[#pieces + 1] = piece
        end
        local answer = talk.answer
        assert.equal(table.concat(pieces), answer.text)
        assert.equal("end_turn", answer.stop_reason)
        assert.same({ input_tokens = 10, output_tokens = 5, total_tokens = 15, cache_read_tokens = 0,
            cache_write_tokens = 0 }, answer.usage)
        assert.equal(42, answer.metrics.latencyMs)
        assert.equal("date", answer.messages[1].content[1].toolUse.input.command)
        assert.equal("Saturday", answer.messages[2].content[1].toolResult.content[1].text)
        assert.equal(answer.message, answer.messages[3])
        assert.equal(1, answer.rounds)
    end)

    it("answers inline functions, with the copy of the call that earlier versions need", function()
        local talk = session { tools = { lookup = function(input, call)
            return input.city .. " " .. call.name
        end } }
        local answer = assert(talk:ask "use tool now")
        assert.equal("The tool said (success): example lookup", answer.text)
        assert.equal(30, answer.usage.total_tokens)
        assert.equal(2, answer.rounds)
        local messages = sent()[2].messages
        assert.equal("assistant", messages[1].role)
        assert.equal("Let me look that up.", messages[1].content[1].text)
        assert.same({ city = "example" }, messages[1].content[2].toolUse.input)
        local result = messages[2].content[1].toolResult
        assert.equal(messages[1].content[2].toolUse.toolUseId, result.toolUseId)
        assert.same({ { text = "example lookup" } }, result.content)
        assert.is_nil(sent()[1].tools)
    end)

    it("sends errors of tools, and denials, as errors", function()
        assert.equal("The tool said (error): no such city",
            tostring(assert(session({ tools = { lookup = function()
                return nil, "no such city"
            end } }):ask "use tool")))
        assert.equal("The tool said (error): there is no tool lookup here",
            tostring(assert(session({ tools = {} }):ask "use tool")))
        local ran = false
        local answer = assert(session({ tools = { lookup = function() ran = true end }, approve = function()
            return false, "not now"
        end }):ask "use tool")
        assert.equal("The tool said (error): not now", answer.text)
        assert.is_false(ran)
    end)

    it("tells of tools with a description, and checks their input", function()
        local got
        local tool = {
            name = "find_order",
            description = "Looks an order up",
            input = { number = "integer", ["note?"] = "string" },
            run = function(input)
                got = input
                return "sent"
            end,
        }
        local talk = session { tools = { tool }, params = { tools = { { type = "agentcore_browser", name = "web" } } } }
        assert.equal("The tool said (success): sent", tostring(assert(talk:ask "use tool")))
        assert.same({ number = 42, note = "example" }, got)
        for i = 1, 2 do
            assert.same({ { type = "inline_function", name = "find_order", config = { inlineFunction = {
                description = "Looks an order up",
                inputSchema = bedrock.json.decode(bedrock.json.encode(bedrock.schema(tool.input))),
            } } }, { type = "agentcore_browser", name = "web" } }, sent()[i].tools)
        end
        local _, err = conn:agent_session { harness_arn = HARNESS, tools = { { name = "f", input = { x = "intger" },
            run = error } } }
        assert.matches("^tools%[1%].input", err.errors[1].path)
        tool.input = { type = "object", properties = { number = { type = "integer" } }, required = { "other" } }
        got = nil
        assert.matches("The tool said (error): the input does not fit the tool's schema: other",
            tostring(assert(session { tools = { tool } }:ask "use tool")), 1, true)
        assert.is_nil(got)
    end)

    it("answers no call that the harness has answered itself, or will", function()
        local function call(index, id, kind)
            return frame("contentBlockStart", { contentBlockIndex = index,
                start = { toolUse = { toolUseId = id, name = id, type = kind } } })
        end
        ep:script { { match = { operation = "InvokeHarness" }, action = { frames = {
            frame("messageStart", { role = "assistant" }), call(0, "shell"), frame("messageStop", { stopReason =
                "tool_use" }),
            frame("messageStart", { role = "user" }),
            frame("contentBlockStart", { contentBlockIndex = 0, start = { toolResult = { toolUseId = "shell" } } }),
            frame("messageStop", { stopReason = "tool_result" }),
            frame("messageStart", { role = "assistant" }), call(0, "web", "mcp_tool_use"), call(1, "ours"),
            frame("contentBlockDelta", { contentBlockIndex = 2, delta = { reasoningContent = { redactedContent =
                mime.b64 "secret" } } }),
            frame("contentBlockStart", { contentBlockIndex = 3, start = { hologram = { x = 1 } } }),
            frame("messageStop", { stopReason = "tool_use" }),
        } } } }
        local ran = {}
        local function tool(_, made)
            ran[#ran + 1] = made.id
            return "fine"
        end
        local answer = assert(session({ tools = { shell = tool, web = tool, ours = tool } }):ask "Hi")
        assert.same({ "ours" }, ran)
        assert.equal("contentBlockStart", answer.others[1].name)
        local said = sent()[2].messages
        assert.equal(1, #said[2].content)
        assert.equal("ours", said[1].content[1].toolUse.toolUseId)
        assert.equal(mime.b64 "secret", said[1].content[2].reasoningContent.redactedContent)
    end)

    it("has what had come after an error, and prints its name", function()
        ep:script { { match = { operation = "InvokeHarness" }, action = { frames = {
            frame("contentBlockDelta", { contentBlockIndex = 0, delta = { text = "Half" } }),
        } } } }
        local talk = session()
        local _, err = talk:ask "Hi"
        assert.equal("Truncated", err.code)
        assert.equal("Half", err.answer.text)
        assert.matches("^bedrock.agent_session %(" .. HARNESS:gsub("%-", "%%-") .. ", session ", tostring(talk))
    end)

    it("keeps calls apart whose blocks have the same number, and refuses a cut one", function()
        local function start(id)
            return frame("contentBlockStart", { contentBlockIndex = 0,
                start = { toolUse = { toolUseId = id, name = "f" } } })
        end
        local function input(text)
            return frame("contentBlockDelta", { contentBlockIndex = 0, delta = { toolUse = { input = text } } })
        end
        local stop = frame("messageStop", { stopReason = "tool_use" })
        local begin = frame("messageStart", { role = "assistant" })
        ep:script { { match = { operation = "InvokeHarness" }, action = { frames = { begin, start "a", input '{"n":1}',
            start "b", input '{"n":', input "2}", stop } } } }
        local got = {}
        assert(session({ tools = { f = function(params) got[#got + 1] = params.n end } }):ask "Hi")
        assert.same({ 1, 2 }, got)
        ep:script { { match = { operation = "InvokeHarness" }, action = { frames = { begin, start "a", input '{"n":',
            stop } } } }
        local _, err = session({ tools = { f = error } }):ask "Hi"
        assert.equal("conversation", err.kind)
        assert.equal("Incomplete", err.code)
        assert.equal("f", err.answer.messages[1].content[1].toolUse.name)
    end)

    it("leaves calls to whoever asked, where there are no tools", function()
        local talk = session()
        local answer = assert(talk:ask "use tool")
        assert.equal("lookup", answer.calls[1].name)
        assert.equal("tool_use", answer.stop_reason)
        talk = session()
        assert(talk:ask "use tool")
        assert.equal("The tool said (success): yes", tostring(assert(talk:results { lookup = "yes" })))
    end)

    it("sends options, and one session ID of enough characters", function()
        local talk = session { qualifier = "prod", params = { maxIterations = 3 } }
        assert(talk:ask { { text = "Hi" } })
        local request = service.last_request(ep)
        assert.matches("qualifier=prod", request.uri, 1, true)
        assert.equal(talk.session_id, service.header(request, "x-amzn-bedrock-agentcore-runtime-session-id"))
        assert.equal(3, body_of(request).maxIterations)
        assert.is_true(talk:finish())
        assert.equal("StopRuntimeSession", service.last_request(ep).operation)
    end)

    it("gives whole characters, where the service cuts one between its halves", function()
        local function raw(text)
            return { event = "contentBlockDelta",
                payload = '{"contentBlockIndex":0,"delta":{"text":"' .. text .. '"}}' }
        end
        local function streamed(...)
            local frames = { frame("messageStart", { role = "assistant" }), ... }
            frames[#frames + 1] = frame("messageStop", { stopReason = "end_turn" })
            ep:script { { match = { operation = "InvokeHarness" }, action = { frames = frames } } }
            local talk, pieces = session(), {}
            for piece in talk:stream "Hi" do
                pieces[#pieces + 1] = piece
            end
            assert.equal(table.concat(pieces), talk.answer.text)
            return pieces
        end
        assert.same({ "hi ", "\240\159\152\128!" }, streamed(raw "hi \\ud83d", raw "\\ude00!"))
        assert.same({ "hi ", "\239\191\189" }, streamed(raw "hi \\ud83d"))
    end)

    it("tells of reasoning and hooks", function()
        ep:script { { match = { operation = "InvokeHarness" }, action = { frames = {
            frame("hookEvent", { name = "h", type = "before_invocation", decision = "allow" }),
            frame("messageStart", { role = "assistant" }),
            frame("contentBlockDelta", { contentBlockIndex = 0, delta = { reasoningContent = { text = "so " } } }),
            frame("contentBlockDelta", { contentBlockIndex = 0, delta = { reasoningContent = { text = "then" } } }),
            frame("contentBlockDelta", { contentBlockIndex = 1, delta = { text = "Yes" } }),
            frame("contentBlockDelta", { contentBlockIndex = 1, delta = { hologram = { x = 1 } } }),
            frame("messageStop", { stopReason = "end_turn", later = 1 }),
            frame("metadata", { usage = { inputTokens = 1 }, later = 2 }),
            frame("surprise", { later = 3 }),
        } } } }
        local thoughts = {}
        local answer = assert(session():ask("Hi", { on = { reasoning = function(text)
            thoughts[#thoughts + 1] = text
        end } }))
        assert.same({ "so ", "then" }, thoughts)
        assert.equal("so then", answer.reasoning)
        assert.equal("Yes", answer.text)
        assert.equal("before_invocation", answer.trace[1].type)
        assert.equal(1, answer.others[1].event.delta.hologram.x)
        local names = {}
        for i, other in ipairs(answer.others) do
            names[i] = other.name
        end
        assert.same({ "contentBlockDelta", "messageStop", "metadata", "surprise" }, names)
    end)
end)

describe("a runtime's session", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    local function session(more)
        return assert(conn:agent_session(service.merged({ runtime_arn = RUNTIME }, more)))
    end

    local function scripted(body, kind)
        ep:script { { match = { operation = "InvokeAgentRuntime" }, action = { body = body,
            headers = { ["Content-Type"] = kind } } } }
    end

    it("sends the prompt as JSON, and reads JSON", function()
        local talk = session()
        local answer = assert(talk:ask "Hello there")
        assert.matches("^You asked: Hello there\n", answer.text)
        assert.equal(answer.text, answer.output.result)
        assert.equal(answer.body, bedrock.json.encode(answer.output))
        local request = service.last_request(ep)
        assert.same({ prompt = "Hello there" }, body_of(request))
        assert.equal("application/json", service.header(request, "content-type"))
        assert.equal(talk.session_id, service.header(request, "x-amzn-bedrock-agentcore-runtime-session-id"))
    end)

    it("sends what payload gives, or a table", function()
        assert(session({ payload = function(text)
            return { prompt = text, user = 7 }
        end }):ask "Hi")
        assert.same({ prompt = "Hi", user = 7 }, body_of(service.last_request(ep)))
        assert(session():ask { prompt = "Hi", more = true })
        assert.same({ prompt = "Hi", more = true }, body_of(service.last_request(ep)))
        local _, err = session({ payload = function() end }):ask "Hi"
        assert.equal("payload", err.errors[1].path)
    end)

    it("gives server-sent events as events, and their text in pieces", function()
        local talk, pieces, names = session(), {}, {}
        for piece in talk:stream("stream it", { on = { event = function(name, event)
            names[name] = event.data
        end } }) do
            pieces[#pieces + 1] = piece
        end
        assert.truthy(#pieces > 5)
        assert.equal(table.concat(pieces), talk.answer.text)
        assert.equal(#pieces, #talk.answer.events)
        assert.equal("You", talk.answer.events[1].json)
        assert.is_string(names.message)
        local twice = assert(session():ask "strands it")
        assert.equal(#pieces * 2, #twice.events)
        assert.matches("^You asked: strands it\n", twice.text)
    end)

    it("reads events of other forms, or as `read` says", function()
        local function text(data, more)
            scripted("data: " .. data .. "\n\n", "text/event-stream")
            return assert(session(more):ask "Hi").text
        end
        assert.equal("plain", text "plain")
        assert.equal("", text "[DONE]")
        assert.equal("", text [["{'event': <object at 0x1>}"]])
        assert.equal("a", text '{"type":"TEXT_MESSAGE_CONTENT","delta":"a"}')
        assert.equal("b", text '{"choices":[{"delta":{"content":"b"}}]}')
        assert.equal("c", text '{"type":"content_block_delta","delta":{"type":"text_delta","text":"c"}}')
        assert.equal("", text '{"usage":{"tokens":7}}')
        assert.equal("7", text('{"usage":{"tokens":7}}', { read = function(value)
            return tostring(value.usage.tokens)
        end }))
    end)

    it("reads answers of other forms", function()
        local function text(body, kind)
            scripted(body, kind or "application/json")
            return assert(session():ask "Hi").text
        end
        assert.equal("hi", text '"hi"')
        assert.equal("hi", text '{"result":{"role":"assistant","content":[{"text":"h"},{"text":"i"}]}}')
        assert.equal('{"count":7}', text '{"count":7}')
        assert.equal("plain", text("plain", "text/plain"))
    end)

    it("reads a whole answer as `read` says, and keeps bytes that broke off", function()
        scripted('{"n":7}', "application/json")
        assert.equal("7!", assert(session({ read = function(value)
            return value.n .. "!"
        end }):ask "Hi").text)
        ep:script { { match = { operation = "InvokeAgentRuntime" }, action = { body = "plain text", truncate = 5,
            headers = { ["Content-Type"] = "text/plain" } } } }
        local talk = session()
        local _, err = talk:ask "Hi"
        assert.is_true(err.kind == "stream" or err.kind == "transport")
        assert.equal("plain", err.answer.body)
        assert.matches("runtime/demo%-abcdefghij, session", tostring(talk))
    end)

    it("takes an event that tells an error for that error", function()
        local answer, err = session():ask "break it"
        assert.is_nil(answer)
        assert.equal("service", err.kind)
        assert.equal("ValueError", err.code)
        assert.equal("it broke", err.message)
        assert.matches("^You asked", err.answer.text)
        local _, other = session({ payload = function() return "no json" end }):ask "Hi"
        assert.equal("RuntimeClientError", other.code)
    end)

    it("ends with finish, at its endpoint", function()
        local talk = session { qualifier = "prod" }
        assert(talk:ask "Hi")
        assert.is_true(talk:finish())
        local request = service.last_request(ep)
        assert.equal("StopRuntimeSession", request.operation)
        assert.equal(talk.session_id, service.header(request, "x-amzn-bedrock-agentcore-runtime-session-id"))
        assert.matches("qualifier=prod", request.uri, 1, true)
    end)
end)
