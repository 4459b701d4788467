--- How the module stands what happens to an nginx: ways to start and end it, several servers, a thousand streams.
local site = dofile "spec/nginx/site.lua"

local gateway, soon = site.gateway, site.soon

local STREAMS = 1000

describe("the life of an nginx:", function()
    local server
    local here = site.each()
    local ep = here.ep

    local function start(more)
        server = here:start(more)
    end

    local function stop(signal)
        here:stop(signal)
    end

    local function shared(name)
        return tonumber((select(2, server:get("/shared?name=" .. name))))
    end

    --- Each stream waits after its first event until it is told to go on, so that all are open at the same time.
    it("a thousand streams at once: all complete and in order, and the loop goes on answering", function()
        ep:config { stream_interval_ms = 40 }
        start { locations = {
            ["/held"] = [[content_by_lua_block {
                local seen = ngx.shared.seen
                require("app").stream(function()
                    seen:incr("open", 1, 0)
                    repeat ngx.sleep(0.1) until seen:get "go"
                end)
            }]],
            ["/go"] = [[content_by_lua_block { ngx.shared.seen:set("go", true) }]],
            ["/shared"] = [[content_by_lua_block { ngx.print(ngx.shared.seen:get(ngx.var.arg_name) or 0) }]],
            ["/converse"] = [[content_by_lua_block { require("app").converse() }]],
        } }
        server:get "/converse"
        local pid = server:workers()[1]
        local clients = {}
        for i = 1, STREAMS do
            clients[i] = server:open(("/held?p=stream+number+%d+here"):format(i))
        end
        soon(function()
            return shared "open" == STREAMS
        end)
        assert.equal(STREAMS, ep:counters().ConverseStream)
        assert.equal(200, (server:get "/converse?p=in+between"))
        assert.equal(2, gateway.threads(pid))
        server:get "/go"
        local _, whole = server:get "/converse?p=stream+number+1+here"
        local rest = assert(whole:match "^[^\n]*(\n.+)$")
        for i = 1, STREAMS do
            local text, _, part = clients[i]:receive "*a"
            local body = (text or part):gsub("^.-\r\n\r\n", "", 1)
            assert.equal(("You asked: stream number %d here%s END"):format(i, rest), body)
            clients[i]:close()
        end
        assert.equal(200, (server:get "/converse"))
        stop "QUIT"
    end)

    it("a stream that comes byte by byte reaches a client that reads byte by byte", function()
        ep:script { { match = { operation = "ConverseStream" }, action = { drip = { bytes = 1 }, frames = {
            { event = "messageStart", json = { role = "assistant" } },
            { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = "one, " } } },
            { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = "two" } } },
            { event = "messageStop", json = { stopReason = "end_turn" } },
        } } } }
        start()
        local client, bytes = server:open "/stream", {}
        repeat
            local byte = client:receive(1)
            bytes[#bytes + 1] = byte
        until not byte
        assert.equal("one, two END", (table.concat(bytes):gsub("^.-\r\n\r\n", "", 1)))
        client:close()
        stop()
    end)

    local function reading(count)
        ep:config { stream_interval_ms = 15 }
        local clients = {}
        for i = 1, count do
            clients[i] = server:open("/stream?p=number+" .. i)
        end
        for i = 1, count do
            assert(clients[i]:receive "*l")
        end
        return clients
    end

    it("QUIT lets running streams end", function()
        start { workers = 2 }
        local clients = reading(20)
        gateway.kill(server:master(), "QUIT")
        for i = 1, 20 do
            local text = clients[i]:receive "*a"
            assert.truthy(text:find("You asked: number " .. i .. "\n", 1, true), text)
            assert.equal(" END", text:sub(-4))
            clients[i]:close()
        end
        stop()
    end)

    it("TERM ends them at once, at Bedrock too", function()
        ep:script { { match = { operation = "ConverseStream" }, times = -1, action = { frames = {
            { event = "messageStart", json = { role = "assistant" } },
            { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = "first\n" } } },
            { event = "messageStop", json = { stopReason = "end_turn" }, delay_ms = 600000 },
        } } } }
        start { workers = 2 }
        local clients = {}
        for i = 1, 10 do
            clients[i] = server:open "/stream?conn=plain"
        end
        for i = 1, 10 do
            repeat
                local line = assert(clients[i]:receive "*l")
            until line == "first"
        end
        stop "TERM"
        soon(function()
            return ep:counters().aborted == 10
        end)
        for i = 1, 10 do
            clients[i]:close()
        end
    end)

    for name, main in pairs {
        ["in the foreground"] = "daemon off;",
        ["as a single process"] = "daemon off; master_process off;",
    } do
        it(name .. " all is as ever", function()
            ep:config { stream_interval_ms = 1 }
            start { main = main, foreground = true }
            local paths = {}
            for i = 1, 20 do
                paths[i] = (i % 2 == 0 and "/stream?p=number+" or "/converse?p=number+") .. i
            end
            for i, body in ipairs(server:all(paths)) do
                assert.equal("You asked: number " .. i, body:match "^[^\n]*")
            end
            stop "QUIT"
        end)
    end

    it("server blocks share a worker's thread, and each has its own connections", function()
        here.settings.token = { auth = "api_key", api_key = ep.api_key, endpoint = ep.https, ca_file = here.ca_file }
        start { servers = [[
            server {
                listen 127.0.0.2:@port@;
                location / { content_by_lua_block { require("app").converse("token") } }
            }
        ]] }
        assert.equal(200, (server:get "/converse"))
        assert.equal(200, (server:get("/", "127.0.0.2")))
        assert.equal(2, gateway.threads(server:workers()[1]))
        local kinds = {}
        for i, request in ipairs(ep:requests()) do
            for _, header in ipairs(request.headers) do
                if header[1] == "authorization" then
                    kinds[i] = header[2]:match "^%S+"
                end
            end
        end
        assert.same({ "AWS4-HMAC-SHA256", "Bearer" }, kinds)
        stop()
    end)

    it("loaded only by a request, it works", function()
        start { http = ('lua_shared_dict seen 1m; init_by_lua_block { package.path = %q .. "/?.lua;" .. package.path }')
            :format "spec/nginx", locations = { ["/late"] = ([[content_by_lua_block {
                local conn = assert(require("bedrock").connect { auth = "access_keys", access_key_id = %q,
                    secret_access_key = %q, endpoint = %q, ca_file = %q })
                local answer = assert(conn:converse { modelId = "amazon.nova-lite-v1:0",
                    messages = { { role = "user", content = { { text = "late" } } } } })
                ngx.print(answer.output.message.content[1].text)
            }]]):format(ep.access_key_id, ep.secret_access_key, ep.https, here.ca_file) } }
        for _ = 1, 3 do
            assert.equal("You asked: late", (select(2, server:get "/late"):match "^[^\n]*"))
        end
        stop "QUIT"
    end)

    it("spawn sends what nobody waits for from phases that cannot wait", function()
        local tell = [[ngx.shared.seen:set("%s", require("app").tell("%s"))]]
        local function told(phase)
            return tell:format(phase, phase)
        end
        start {
            http = here:init() .. "init_worker_by_lua_block { " .. told "init_worker" .. " }",
            locations = {
                ["/phases"] = "header_filter_by_lua_block { " .. told "header_filter" .. " }"
                    .. "body_filter_by_lua_block { if ngx.arg[2] then " .. told "body_filter" .. " end }"
                    .. "log_by_lua_block { " .. told "log" .. " }"
                    .. "content_by_lua_block { ngx.print 'answer' }",
                ["/set"] = "set_by_lua_block $x { " .. told "set" .. " } content_by_lua_block { ngx.print(ngx.var.x) }",
                ["/shared"] = [[content_by_lua_block { ngx.print(ngx.shared.seen:get(ngx.var.arg_name) or 0) }]],
            },
        }
        assert.equal("answer", (select(2, server:get "/phases")))
        server:get "/set"
        soon(function()
            return ep:counters().Converse == 5
        end)
        for _, phase in ipairs { "init_worker", "header_filter", "body_filter", "log", "set" } do
            assert.equal("running config NotSupported nginx cannot wait in the phase " .. phase,
                (select(2, server:get("/shared?name=" .. phase)):match "^[^:]*"))
        end
        stop "QUIT"
    end)

    it("writes the error of a task that runs in a timer as that ends, whoever keeps the task", function()
        local spawn = [[content_by_lua_block { ngx.print "answer" } log_by_lua_block {
            local task = require("bedrock").spawn(function()
                error("of the timer", 0)
            end)
            package.loaded.app.kept = task
        }]]
        start { locations = { ["/log"] = spawn } }
        server:get "/log"
        soon(function()
            return server:error_log():find "[^\n]*of the timer[^\n]*"
        end)
        local line = server:error_log():match "[^\n]*of the timer[^\n]*"
        assert.matches("%[error%].*bedrock: a task failed and nobody joined it", line)
        assert.matches("context: ngx.timer", line)
        assert.is_true(server:stop "QUIT")
        assert.equal(1, select(2, server:error_log():gsub("of the timer", "")))
    end)

    it("writes errors of tasks that nobody joined into the error log: of requests, and as the worker ends", function()
        local spawn = [[content_by_lua_block {
            local kept = require("bedrock").spawn(function()
                ngx.sleep(0.001)
                error("%s", 0)
            end)
            repeat ngx.sleep(0.001) until kept:status() ~= "running"
            %s
            ngx.print(kept and "answer")
        }]]
        start { locations = {
            ["/lost"] = spawn:format("was lost", "kept = true"),
            ["/kept"] = spawn:format("was kept", "package.loaded.app.kept = kept"),
            ["/joined"] = spawn:format("was joined", "kept:join()"),
            ["/collect"] = [[content_by_lua_block { collectgarbage() collectgarbage() ngx.print "done" }]],
        } }
        for _, path in ipairs { "/lost", "/kept", "/joined" } do
            assert.equal("answer", (select(2, server:get(path))), path)
        end
        -- nginx answers before it lets go of the request's coroutine, whose stack may hold the task.
        soon(function()
            server:get "/collect"
            return server:error_log():find "%[error%][^\n]*bedrock: a task failed and nobody joined it[^\n]*: was lost"
        end)
        local log = server:error_log()
        assert.not_matches("was kept", log)
        assert.is_true(server:stop "QUIT")
        log = server:error_log()
        -- As nginx writes what it logs itself: when, how bad, which worker.
        assert.matches("\n%d+/%d+/%d+ %d+:%d+:%d+ %[error%] (%d+)#%1: %[lua%] bedrock: a task failed and nobody joined "
            .. "it %(its function is at content_by_lua%(nginx%.conf:%d+%):%d+%): was kept\n", "\n" .. log)
        assert.not_matches("was joined", log)
        assert.not_matches("%[alert%]", log)
    end)
end)
