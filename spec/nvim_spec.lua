--- Neovim: calls wait without holding up the editor, tasks go on in its main loop, and nothing fails in silence.
local cjson = require "cjson"
local files = require "spec.support.files"
local nvim = require "spec.support.nvim"
local service = dofile "spec/support/service.lua"

local describe_nvim = nvim.program and describe or function() end

describe_nvim("in Neovim", function()
    local ep = service.each()

    before_each(function()
        files.write(ep.dir .. "/settings.json", cjson.encode(service.settings(ep)))
    end)

    local function hang()
        ep:script { { match = { operation = "Converse" }, times = -1, action = { hang = true } } }
    end

    --- What it said, where nothing went wrong.
    local function runs(code, options)
        local said, output, status = nvim.run(ep, code, options)
        assert.equal("", output)
        assert.equal(0, status)
        return said
    end

    local CONNECTED = [[
        local bedrock = require "bedrock"
        local conn = assert(bedrock.connect(settings))
    ]]

    it("a call in a task yields, and the task goes on where all of the editor's API may be used", function()
        assert.equal("waiting\nYou asked: Hi false\nat the end You asked: Hi\n", runs(CONNECTED .. [[
            local over
            bedrock.spawn(function()
                local text = first_line(assert(conn:converse(ask "Hi")))
                vim.api.nvim_buf_set_lines(0, 0, -1, true, { text })
                say(text, vim.in_fast_event())
                over = true
            end)
            say "waiting"
            soon(function() return over end)
            say("at the end", vim.api.nvim_buf_get_lines(0, 0, 1, true)[1])
        ]]))
    end)

    it("a call in the main program waits, while timers and tasks go on", function()
        ep:script { { match = { operation = "Converse" }, times = -1, action = { delay_ms = 100 } } }
        assert.equal("You asked: one You asked: two true\nYou asked: aside\n", runs(CONNECTED .. [[
            local ticks, aside = 0, nil
            local timer = uv.new_timer()
            timer:start(1, 1, function() ticks = ticks + 1 end)
            bedrock.spawn(function() aside = first_line(assert(conn:converse(ask "aside"))) end)
            local one = first_line(assert(conn:converse(ask "one")))
            local answers = bedrock.parallel(function() return conn:converse(ask "two") end)
            timer:close()
            say(one, first_line(answers[1]), ticks > 5)
            say(aside)
        ]]))
    end)

    it("Ctrl-C ends a stream, however often its events come", function()
        for _, interval in ipairs { 100, 1000 } do
            ep:config { stream_interval_ms = interval }
            assert.equal("false interrupted!\nYou asked: And now?\n", nvim.type(ep, CONNECTED .. [[
                say(pcall(function()
                    for name in assert(conn:converse_stream(ask "Hello there")):events() do
                        if name == "contentBlockDelta" then
                            io.stdout:write "it speaks" io.stdout:flush()
                        end
                    end
                end))
                say(first_line(assert(conn:converse(ask "And now?"))))
            ]], '[["it speaks", "\\u0003"]]'))
        end
    end)

    it("a generator waits likewise, inside a task and outside of one", function()
        assert.equal("true\ntrue\n", runs(CONNECTED .. [[
            local function spoken()
                local words = coroutine.wrap(function()
                    for name, event in assert(conn:converse_stream(ask "Hello")):events() do
                        if name == "contentBlockDelta" then coroutine.yield(event.delta.text) end
                    end
                end)
                local list = {}
                for word in words do list[#list + 1] = word end
                return table.concat(list)
            end
            local expected = assert(conn:converse(ask "Hello")).output.message.content[1].text
            say(spoken() == expected)
            local other
            local task = bedrock.spawn(spoken)
            bedrock.spawn(function() other = first_line(assert(conn:converse(ask "other"))) end)
            say(task:join() == expected)
            soon(function() return other end)
        ]]))
    end)

    it("every coroutine yields if that is wanted, also by way of the adapter for libuv", function()
        assert.equal("nvim\nnot yet\nYou asked: Hi\n", runs(CONNECTED .. [[
            local adapter = require "bedrock.host.luv"
            say(adapter == require "bedrock.host.nvim" and "nvim" or "luv")
            adapter.use { coroutines = true }
            local got
            coroutine.wrap(function() got = first_line(assert(conn:converse(ask "Hi"))) end)()
            say(got or "not yet")
            soon(function() return got end)
            say(got)
        ]]))
    end)

    it("an error of a coroutine leaves no other asleep that is woken with it", function()
        local said = nvim.run(ep, CONNECTED .. [[
            require("bedrock.host.nvim").use { coroutines = true }
            local over = 0
            for i = 1, 6 do
                coroutine.wrap(function()
                    assert(conn:converse(ask "Hi"))
                    over = over + 1
                    assert(i % 2 == 0, "one of them fails")
                end)()
            end
            -- All answers have come before anything is looked at.
            uv.sleep(300)
            soon(function() return over == 6 end)
            say(over)
            soon(function() return messages():find "one of them fails" end)
        ]])
        assert.equal("6\n", said)
    end)

    it("in a callback of libuv a call is refused in words, and a task begins in the main loop", function()
        local said = runs(CONNECTED .. [[
            local refused, joined, got
            local over = bedrock.spawn(tostring, 1)
            local timer = uv.new_timer()
            timer:start(0, 0, function()
                timer:close()
                refused = select(2, pcall(conn.converse, conn, ask "Hi"))
                joined = over:join()
                bedrock.spawn(function()
                    got = vim.fn.line "$" .. first_line(assert(conn:converse(ask "Hi")))
                end)
            end)
            soon(function() return got end)
            say(refused)
            say(joined, got)
        ]])
        assert.truthy(said:find("^bedrock: nothing can wait in a callback of libuv .-bedrock.spawn"), said)
        assert.truthy(said:find "\n1 1You asked: Hi\n$", said)
    end)

    it("an assert around a call in such a callback is an error in :messages", function()
        local said = nvim.run(ep, CONNECTED .. [[
            local timer = uv.new_timer()
            timer:start(0, 0, function()
                timer:close()
                assert(conn:converse(ask "Hi"))
            end)
            soon(function() return messages():find "nothing can wait" end)
            say "alive"
        ]])
        assert.equal("alive\n", said)
    end)

    it("what a task raises is in :messages soon, though nobody joins it and nothing else happens", function()
        local said = nvim.run(ep, CONNECTED .. [[
            bedrock.spawn(function()
                assert(conn:converse(ask "Hi"))
                vim.api.nvim_buf_set_lines(0, 500, 600, true, {})
            end)
            soon(function() return messages():find "nobody joined" end)
            say(messages())
        ]])
        assert.truthy(said:find("a task failed and nobody joined it", 1, true), said)
        assert.truthy(said:lower():find("out of", 1, true), said)
    end)

    it("what a function for the log raises is there, too", function()
        local said = nvim.run(ep, CONNECTED .. [[
            bedrock.log(function() error "no room" end)
            assert(conn:converse(ask "Hi"))
            soon(function() return messages():find "no room" end)
            say(messages())
        ]])
        assert.truthy(said:find("the function given as log failed", 1, true), said)
    end)

    it("Neovim quits at once while calls are on their way", function()
        hang()
        assert.equal("quits\n", runs(CONNECTED .. [[
            for _ = 1, 3 do
                bedrock.spawn(function() conn:converse(ask "Hi") end)
            end
            vim.wait(20)
            say "quits"
        ]]))
    end)

    it("a module loaded anew leaves the calls of the old one alone", function()
        ep:script { { match = { operation = "Converse" }, times = -1, action = { delay_ms = 50 } } }
        assert.equal("You asked: 1 You asked: 2 You asked: 3\n", runs([[
            local got = {}
            for i = 1, 3 do
                for name in pairs(package.loaded) do
                    if name:find "^bedrock" then package.loaded[name] = nil end
                end
                local bedrock = require "bedrock"
                if i == 2 then require("bedrock.host.nvim").use() end
                local conn = assert(bedrock.connect(settings))
                bedrock.spawn(function() got[i] = first_line(assert(conn:converse(ask(tostring(i))))) end)
            end
            soon(function() return got[1] and got[2] and got[3] end)
            say(unpack(got))
        ]]))
    end)

    it("a task is cancelled, and its request with it", function()
        hang()
        assert.equal("cancelled\n", runs(CONNECTED .. [[
            local task = bedrock.spawn(function() return conn:converse(ask "Hi") end)
            vim.defer_fn(function() task:cancel() end, 20)
            say((select(2, task:join())).kind)
        ]]))
    end)

    it("fifty streams at once leave the editor time between", function()
        ep:config { stream_interval_ms = 2 }
        assert.equal("50 true\n", runs(CONNECTED .. [[
            local over, turns = 0, 0
            local timer = uv.new_timer()
            timer:start(1, 1, vim.schedule_wrap(function() turns = turns + 1 end))
            for i = 1, 50 do
                bedrock.spawn(function()
                    for _ in assert(conn:converse_stream(ask(tostring(i)))):events() do end
                    over = over + 1
                end)
            end
            soon(function() return over == 50 end)
            say(over, turns > 5)
        ]]))
    end)

    it("what a stream would print is refused on the screen, and printed by a script", function()
        local said, output = nvim.run(ep, CONNECTED .. [[
            assert(conn:converse_stream(ask "Hi")):print()
            vim.api.nvim_list_uis = function() return { {} } end
            local answer, err = assert(conn:converse_stream(ask "Hi")):print()
            say(answer, err)
        ]])
        assert.matches("^You asked: Hi\n", output)
        assert.equal(1, select(2, output:gsub("You asked", "")))
        assert.matches("^nil converse_stream: NotSupported: .*buffer, as the plugin in examples/nvim does", said)
    end)

    it("help shows itself in :lua, and so does that there is none", function()
        assert.equal("both true true\n", (nvim.run(ep, CONNECTED .. [[
            vim.cmd 'lua require("bedrock").help "conn:close"'
            vim.cmd 'lua require("bedrock").help "convrese"'
            local shown = messages()
            say("both", shown:find "Cancels what runs on it" ~= nil, shown:find 'no help for "convrese"' ~= nil)
        ]])))
    end)

    describe("the example plugin", function()
        local LOADED = [[
            vim.cmd "source examples/nvim/plugin/bedrock.lua"
            local function text(buffer)
                return table.concat(vim.api.nvim_buf_get_lines(buffer or 0, 0, -1, true), "\n")
            end
        ]]

        local function settings_file()
            local own = service.settings(ep, { model = service.MODEL, region = "us-east-1" })
            files.write(ep.dir .. "/command.json", cjson.encode(own))
            return { environment = "BEDROCK_SETTINGS=" .. ep.dir .. "/command.json" }
        end

        it("streams an answer about lines into a window, while one types elsewhere", function()
            ep:config { stream_interval_ms = 5 }
            local said = runs(LOADED .. [[
                vim.api.nvim_buf_set_lines(0, 0, -1, true, { "local x = 1" })
                local code = vim.api.nvim_get_current_buf()
                vim.cmd "1Bedrock Explain this:"
                local buffer = vim.api.nvim_get_current_buf()
                soon(function() return text(buffer) ~= "" end)
                vim.cmd "wincmd p"
                vim.cmd "normal! Atyped"
                say(text(code))
                soon(function() return text(buffer):find "polite" end)
                say(text(buffer))
            ]], settings_file())
            assert.truthy(said:find("^local x = 1typed\nYou asked: Explain this:\nlocal x = 1\n"), said)
        end)

        it("stops when it is told to, and when its buffer is wiped", function()
            ep:config { stream_interval_ms = 20 }
            assert.equal("wiped\n", (nvim.run(ep, LOADED .. [[
                vim.cmd "Bedrock Why?"
                soon(function() return text() ~= "" end)
                vim.cmd "BedrockStop"
                soon(function() return messages():find "Bedrock: stopped" end)
                assert(not text():find "polite")
                vim.cmd "Bedrock Why?"
                soon(function() return text() ~= "" end)
                vim.cmd "messages clear | bwipeout"
                soon(function() return messages():find "Bedrock: stopped" end)
                say "wiped"
            ]], settings_file())))
        end)

        it("tells what went wrong", function()
            local wrong = { status = 400, json = { message = "no such model" },
                headers = { ["x-amzn-errortype"] = "ValidationException" } }
            ep:script { { match = { operation = "ConverseStream" }, times = -1, action = wrong } }
            local said = nvim.run(ep, LOADED .. [[
                vim.cmd "Bedrock Why?"
                soon(function() return messages():find "no such model" end)
                say(messages())
                say(#vim.api.nvim_list_wins() .. " window")
            ]], settings_file())
            assert.truthy(said:find("Bedrock: converse_stream: ValidationException: no such model", 1, true), said)
            assert.truthy(said:find("\n1 window\n", 1, true), said)
            said = nvim.run(ep, LOADED .. [[
                local _, told = pcall(vim.cmd, "Bedrock Why?")
                assert(tostring(told):find "there is no such file" or messages():find "there is no such file")
                say(#vim.api.nvim_list_wins() .. " window")
            ]], { environment = "BEDROCK_SETTINGS=/nonexistent/settings.lua" })
            assert.equal("1 window\n", said)
        end)
    end)
end)
