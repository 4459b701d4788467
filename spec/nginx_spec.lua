--- The module inside a real nginx: the same surface, nothing blocked, nothing left behind.
local socket = require "socket"
local site = dofile "spec/nginx/site.lua"
local cases = dofile "spec/support/surface_cases.lua"

local gateway, soon = site.gateway, site.soon

describe("in nginx", function()
    local server, giver, settings
    local here
    here = site.each(function()
        settings = here.settings
    end)
    local ep = here.ep

    local function start(more)
        server = here:start(more)
    end

    local function stop(signal)
        here:stop(signal)
    end

    after_each(function()
        if giver then
            giver:stop()
            giver = nil
        end
    end)

    describe("the surface:", function()
        for n, case in ipairs(cases) do
            it(case.name, function()
                start()
                ep:config(case.config or {})
                ep:script(case.rules or {})
                local _, said = server:get("/case?n=" .. n)
                assert.equal("ok", said)
                stop()
            end)
        end
    end)

    it("streams as it comes, and a client that goes cancels the call", function()
        ep:script { { match = { operation = "ConverseStream" }, action = { frames = {
            { event = "messageStart", json = { role = "assistant" } },
            { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = "first word" } } },
            { event = "messageStop", json = { stopReason = "end_turn" }, delay_ms = 600000 },
        } } } }
        start { http = here:init() .. "lua_check_client_abort on;" }
        local client = server:open "/stream?conn=plain"
        local text = ""
        repeat
            text = text .. assert(client:receive(1))
        until text:find("first word", 1, true)
        assert.equal(0, ep:counters().aborted)
        client:close()
        soon(function()
            return ep:counters().aborted == 1
        end)
        stop()
    end)

    it("cancels what a request leaves unread", function()
        ep:config { stream_interval_ms = 200 }
        start()
        assert.equal(200, (server:get "/leave?conn=plain"))
        soon(function()
            return ep:counters().aborted == 1
        end)
        stop()
    end)

    it("says to whom a stream belongs that another request reads", function()
        ep:config { stream_interval_ms = 200 }
        local open = [[
            local app = require "app"
            local conn = assert(app.bedrock.connect(app.settings.plain))
            app.kept = assert(conn:converse_stream { modelId = "amazon.nova-lite-v1:0",
                messages = { { role = "user", content = { { text = "hi" } } } } })
            assert(app.kept:next())
        ]]
        here:start { locations = {
            ["/ends"] = "content_by_lua_block {" .. open .. "collectgarbage() ngx.print 'open' }",
            ["/stays"] = "content_by_lua_block {" .. open .. "ngx.say 'open' ngx.flush(true) ngx.sleep(60) }",
            ["/other"] = [[content_by_lua_block {
                local name, err
                repeat
                    name, err = require("app").kept:next()
                until not name
                ngx.print(tostring(err))
            }]],
        } }
        local wanted = "a stream belongs to the request or timer that opened it, and ends with that: open another"
        assert.equal("open", (select(2, here.server:get "/ends")))
        assert.matches(wanted, (select(2, here.server:get "/other")))
        local client = here.server:open "/stays"
        local line
        repeat
            line = assert(client:receive "*l")
        until line == "open"
        assert.matches(wanted, (select(2, here.server:get "/other")))
        client:close()
        here:clear() -- nginx has its own line for each
    end)

    it("holds the peer up while the client does not read", function()
        settings.much = {}
        for name, value in pairs(settings.plain) do
            settings.much[name] = value
        end
        giver = gateway.start { dir = here.dir .. "/giver", http = "lua_shared_dict seen 1m;", locations = {
            ["/much"] = [[ content_by_lua_block {
                local piece = ("x"):rep(65536)
                for _ = 1, 800 do
                    ngx.print(piece)
                    ngx.flush(true)
                    ngx.shared.seen:incr("sent", 65536, 0)
                end
            } ]],
            ["/sent"] = [[ content_by_lua_block { ngx.print(ngx.shared.seen:get "sent" or 0) } ]],
        } }
        settings.much.endpoint = "http://127.0.0.1:" .. giver.port
        start()
        local client = server:open "/bytes?conn=much"
        local sent, before
        soon(function()
            before = sent
            socket.sleep(0.3)
            sent = tonumber((select(2, giver:get "/sent")))
            return sent > 0 and sent == before
        end)
        assert.truthy(sent < 800 * 65536 / 2, sent)
        local text = assert(client:receive "*a")
        assert.equal(800 * 65536, #text:gsub("^.-\r\n\r\n", "", 1))
        client:close()
        stop()
    end)

    it("carries 200 streams at once, aborts half of as many, and has nothing left", function()
        ep:config { stream_interval_ms = 10 }
        start()
        server:get "/converse"
        local pid = server:workers()[1]
        local fds, threads, paths = gateway.fds(pid), gateway.threads(pid), {}
        assert.equal(2, threads)
        for i = 1, 200 do
            paths[i] = "/stream?p=stream+" .. i
        end
        for i, body in ipairs(server:all(paths)) do
            assert.equal("You asked: stream " .. i, body:match "^[^\n]*")
            assert.equal(" END", body:sub(-4))
        end
        for _ = 1, 3 do
            local clients = {}
            for i = 1, 100 do
                clients[i] = server:open "/stream?conn=plain"
            end
            for i = 1, 100 do
                clients[i]:receive(i)
                clients[i]:close()
            end
        end
        assert.equal(200, (server:get "/converse"))
        assert.equal(threads, gateway.threads(pid))
        server:reload()
        server:get "/converse"
        soon(function()
            return gateway.fds(server:workers()[1]) <= fds
        end)
        stop "QUIT"
    end)

    it("is reloaded under load", function()
        ep:config { stream_interval_ms = 15 }
        start { workers = 2 }
        for _ = 1, 5 do
            local clients = {}
            for i = 1, 20 do
                clients[i] = server:open("/stream?p=number+" .. i)
            end
            for i = 1, 20 do
                assert(clients[i]:receive "*l")
            end
            server:reload()
            for i = 1, 20 do
                local text = clients[i]:receive "*a"
                assert.truthy(text:find("You asked: number " .. i .. "\n", 1, true), text)
                assert.equal(" END", text:sub(-4))
                clients[i]:close()
            end
        end
        stop "QUIT"
    end)

    it("comes back after a worker was killed", function()
        ep:config { stream_interval_ms = 50 }
        start()
        local client = server:open "/stream"
        client:receive "*l"
        local pid = server:workers()[1]
        gateway.kill(pid, "KILL")
        client:receive "*a"
        client:close()
        soon(function()
            local now = server:workers()[1]
            return now and now ~= pid and server:get "/converse" == 200
        end)
        assert.is_true(server:stop())
        assert.is_nil(here:complaint { "error", "crit", "emerg" })
    end)

    it("keeps connections with different credentials apart", function()
        settings.session = {
            auth = "access_keys",
            access_key_id = ep.session.access_key_id,
            secret_access_key = ep.session.secret_access_key,
            session_token = ep.session.session_token,
            endpoint = ep.https,
            ca_file = here.ca_file,
        }
        settings.token = { auth = "api_key", api_key = ep.api_key, endpoint = ep.https, ca_file = here.ca_file }
        settings.other = ep:identity(here.dir)
        settings.other.session_name = "another"
        start()
        local paths, names = {}, { "keys", "session", "token", "identity", "other" }
        for i = 1, 50 do
            paths[i] = "/converse?p=x&conn=" .. names[i % 5 + 1]
        end
        server:all(paths)
        local used, kinds = {}, 0
        for _, request in ipairs(ep:requests()) do
            assert.is_true(request.verified)
            for _, header in ipairs(request.headers) do
                if header[1] == "authorization" and request.operation == "Converse" then
                    local key = header[2]:match "Credential=(%w+)/" or header[2]:match "^Bearer .+"
                    kinds = kinds + (used[key] and 0 or 1)
                    used[key] = (used[key] or 0) + 1
                end
            end
        end
        assert.equal(5, kinds)
        for key, count in pairs(used) do
            assert.equal(10, count, key)
        end
        assert.equal(10, used[ep.access_key_id])
        assert.equal(10, used[ep.session.access_key_id])
        assert.equal(2, ep:counters().CreateSession)
        stop()
    end)

    it("says where nobody can wait, and what to do", function()
        start {
            http = here:init [[init_said = require("app").attempt()]] .. [[
                init_worker_by_lua_block { worker_said = require("app").attempt() }
                upstream balanced {
                    server ]] .. ep.http:match "//(.*)" .. [[;
                    balancer_by_lua_block { ngx.shared.seen:set("balancer", require("app").attempt()) }
                }
            ]],
            locations = {
                ["/init"] = "content_by_lua_block { ngx.print(init_said) }",
                ["/worker"] = "content_by_lua_block { ngx.print(worker_said) }",
                ["/set"] = [[set_by_lua_block $said { return require("app").attempt() }
                    content_by_lua_block { ngx.print(ngx.var.said) }]],
                ["/header"] = [[header_filter_by_lua_block { ngx.header.said = require("app").attempt() }
                    content_by_lua_block { ngx.print "" }]],
                ["/body"] = [[body_filter_by_lua_block { ngx.arg[1] = ngx.arg[2] and require("app").attempt() or nil }
                    content_by_lua_block { ngx.print "" }]],
                ["/log"] = [[log_by_lua_block { ngx.shared.seen:set("said", require("app").attempt()) }
                    content_by_lua_block { ngx.print "" }]],
                ["/balancer"] = "proxy_pass http://balanced;",
                ["/balanced"] = [[content_by_lua_block { ngx.print(ngx.shared.seen:get "balancer") }]],
                ["/logged"] = [[content_by_lua_block { ngx.print(ngx.shared.seen:get "said") }]],
                ["/rewrite"] = [[rewrite_by_lua_block { ngx.ctx.said = require("app").attempt() }
                    content_by_lua_block { ngx.print(ngx.ctx.said) }]],
                ["/access"] = [[access_by_lua_block { ngx.ctx.said = require("app").attempt() }
                    content_by_lua_block { ngx.print(ngx.ctx.said) }]],
                ["/timer"] = [[content_by_lua_block {
                    ngx.timer.at(0, function() ngx.shared.seen:set("timer", require("app").attempt()) end)
                    repeat ngx.sleep(0.01) until ngx.shared.seen:get "timer"
                    ngx.print(ngx.shared.seen:get "timer")
                }]],
            },
        }
        server:get "/log"
        server:get "/balancer"
        local refused = {
            init = select(2, server:get "/init"),
            init_worker = select(2, server:get "/worker"),
            set = select(2, server:get "/set"),
            header_filter = select(3, server:get "/header").said,
            body_filter = select(2, server:get "/body"),
            log = select(2, server:get "/logged"),
            balancer = select(2, server:get "/balanced"),
        }
        for phase, said in pairs(refused) do
            local problem, advice = said:match "^([^:]*): (.+)$"
            assert.equal("config NotSupported nginx cannot wait in the phase " .. phase, problem)
            assert.truthy(advice:find "call", advice)
        end
        assert.equal(0, ep:counters().Converse)
        for _, phase in ipairs { "rewrite", "access", "timer" } do
            assert.equal("an answer", (select(2, server:get("/" .. phase))), phase)
        end
        stop()
    end)

    it("loads all in init_by_lua, as workers may not be able to read it", function()
        start { locations = { ["/loaded"] = [[content_by_lua_block {
            for name in pairs(package.loaded) do
                ngx.say(name)
            end
        }]] } }
        local _, said = server:get "/loaded"
        local files, count = assert(io.popen("cd lua && find bedrock -name '*.lua' ! -path bedrock/host/\\* "
            .. "! -path bedrock/command\\* ! -path bedrock/terminal\\*")), 0
        for file in files:lines() do
            local name = file:gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")
            assert.truthy(("\n" .. said):find("\n" .. name .. "\n", 1, true), name)
            count = count + 1
        end
        files:close()
        assert.truthy(count > 30)
        stop()
    end)

    it("runs with the code cache off", function()
        ep:config { stream_interval_ms = 1 }
        start { code_cache = false }
        local pid = server:workers()[1]
        server:all { "/converse", "/stream" }
        local fds, paths = gateway.fds(pid), {}
        for i = 1, 20 do
            paths[i] = i % 2 == 0 and "/stream" or "/converse"
        end
        for _ = 1, 3 do
            for _, body in ipairs(server:all(paths)) do
                assert.equal("You asked: hello there", body:match "^[^\n]*")
            end
        end
        soon(function()
            return gateway.threads(pid) == 1 and gateway.fds(pid) <= fds
        end)
        assert.is_true(server:stop())
        assert.is_nil(here:complaint { "error", "crit", "emerg" })
    end)

    it("exchanges once for workers that all start cold, at the same time", function()
        ep:config { exchange_delay_ms = 300 }
        settings.certificate = ep:identity(here.dir)
        settings.certificate.cache, settings.certificate.cache_dir = "shared", here.dir .. "/cache/of-nobody"
        start {
            workers = 4,
            http = here:init() .. [[init_worker_by_lua_block { ngx.timer.at(0, require("app").warm) }]],
            locations = { ["/warm"] = [[content_by_lua_block {
                local keys = {}
                for i = 1, ngx.shared.seen:get "warm" or 0 do
                    keys[i] = ngx.shared.seen:get("key" .. i)
                end
                ngx.print(table.concat(keys, " "))
            }]] },
        }
        local first, others
        soon(function()
            first, others = select(2, server:get "/warm"):match "^(%S+) (%S+ %S+ %S+)$"
            return first ~= nil
        end)
        assert.equal("ASIA", first:sub(1, 4))
        assert.equal(("%s %s %s"):format(first, first, first), others)
        assert.equal(1, ep:counters().CreateSession)
        stop()
    end)

    it("serves several light threads of a request", function()
        start()
        local wanted = {}
        for i = 1, 10 do
            wanted[i] = "You asked: number " .. i
        end
        local _, said = server:get "/threads"
        assert.equal(table.concat(wanted, ";"), said)
        stop()
    end)

    it("prints results as anywhere, but no streams", function()
        start()
        local _, said = server:get "/printing"
        assert.equal("You asked: hello there;NotSupported;You asked: hello there;help;{ 1 }", said)
        stop()
    end)

    it("runs functions at the same time, and cancels those that are not wanted any more", function()
        ep:script { { match = { operation = "ConverseStream" }, action = { frames = {
            { event = "messageStart", json = { role = "assistant" } },
            { event = "messageStop", json = { stopReason = "end_turn" }, delay_ms = 600000 },
        } } } }
        start()
        local _, said = server:get "/parallel"
        assert.equal("2 Cancelled ValidationException", said)
        soon(function()
            return ep:counters().aborted == 1
        end)
        stop()
    end)

    it("wakes a reader whose connection is closed by another", function()
        ep:config { stream_interval_ms = 100 }
        start()
        local _, said = server:get "/close_under"
        assert.equal("Closed", said)
        stop()
    end)
end)
