--- Nothing fails in silence in nginx: what is raised reads as text in its error log, docs' own snippet included.
local site = dofile "spec/nginx/site.lua"
local read = dofile("spec/support/files.lua").read

local BREAK = { match = { operation = "ConverseStream" }, action = { frames = {
    { event = "messageStart", json = { role = "assistant" } },
    { event = "contentBlockDelta", json = { contentBlockIndex = 0, delta = { text = "first word" } } },
    { exception = "modelStreamErrorException", json = { message = "the model stopped" } },
} } }
local TOLD = "ModelStreamErrorException: the model stopped"

describe("in nginx", function()
    local here = site.each()
    local ep = here.ep

    local function log()
        return here.server:error_log()
    end

    local function complaints()
        local list = {}
        for line in log():gmatch "[^\n]*%[error%][^\n]*" do
            list[#list + 1] = not line:find("index.html", 1, true) and line or nil
        end
        return list
    end

    --- The page's whole http block, with the endpoint's settings.
    local function start_snippet()
        local settings = here.dir .. "/bedrock.lua"
        local file = assert(io.open(settings, "wb"))
        file:write(("return { auth = 'access_keys', access_key_id = %q, secret_access_key = %q, endpoint = %q }")
            :format(ep.access_key_id, ep.secret_access_key, ep.http))
        file:close()
        local block = assert(read "docs/openresty.md":match "```nginx\n(http {.-\n}\n)```")
        here.server = site.gateway.start {
            dir = here.dir .. "/gateway",
            text = [[
                daemon off;
                pid x;
                error_log x;
                load_module /usr/lib/nginx/modules/ndk_http_module.so;
                load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
                events { }
            ]] .. block:gsub("/etc/nginx/bedrock.lua", settings):gsub("http {", '%0 lua_package_path ";;";', 1),
        }
    end

    it("the snippet of docs/openresty.md answers, and tells why a stream broke", function()
        start_snippet()
        local _, said = here.server:get "/chat?q=two+words%3F"
        assert.equal("You asked: two words?", said:match "^[^\n]*")
        ep:script { BREAK }
        here.server:get "/chat"
        local told = complaints()
        assert.equal(1, #told, table.concat(told, '\n'))
        assert.truthy(told[1]:find(TOLD, 1, true), told[1])
        assert.falsy(log():find("unknown reason", 1, true))
    end)

    local LOOP = [[
        local bedrock = require "bedrock"
        local conn = assert(bedrock.connect(require("app").settings.plain))
        local function loop()
            local stream = assert(conn:converse_stream {
                modelId = "amazon.nova-lite-v1:0",
                messages = { { role = "user", content = { { text = "hi" } } } },
            })
            for _ in stream:events() do end
        end
        local function told(ok, err)
            ngx.print(tostring(ok), " ", type(err), " ", err.code)
        end
    ]]

    it("what is caught, or waited for, is the error itself", function()
        here:start { locations = {
            ["/caught"] = "content_by_lua_block {" .. LOOP .. "told(pcall(loop)) }",
            ["/deep"] = "content_by_lua_block {" .. LOOP .. "told(xpcall(function() local ok = loop() return ok end, "
                .. "function(err) return err end)) }",
            ["/joined"] = "content_by_lua_block {" .. LOOP .. "local task = bedrock.spawn(loop) "
                .. "local _, err = task:join() told(false, err) }",
            ["/thread"] = "content_by_lua_block {" .. LOOP .. "told(ngx.thread.wait(ngx.thread.spawn(loop))) }",
        } }
        for _, path in ipairs { "/caught", "/deep", "/joined" } do
            ep:script { BREAK }
            assert.equal("false table ModelStreamErrorException", (select(2, here.server:get(path))), path .. log())
        end
        assert.same({}, complaints())
        ep:script { BREAK }
        assert.equal("false table ModelStreamErrorException", (select(2, here.server:get "/thread")))
        assert.truthy(complaints()[1]:find(TOLD, 1, true))
    end)

    it("what nobody catches is told in words: pages, chats, timers", function()
        here:start { locations = {
            ["/pages"] = "content_by_lua_block {" .. LOOP .. "for _ in conn:pages 'list_agents' do end }",
            ["/chat"] = "content_by_lua_block {" .. LOOP
                .. "for _ in conn:chat({ model = 'amazon.nova-lite-v1:0' }):stream 'hi' do end }",
            ["/timer"] = "content_by_lua_block {" .. LOOP .. "ngx.timer.at(0, loop) }",
        } }
        ep:script { { match = { operation = "ListAgents" }, times = -1,
            action = { status = 400, json = { message = "no pages" } } } }
        here.server:get "/pages"
        assert.truthy(log():find("no pages", 1, true))
        for _, path in ipairs { "/chat", "/timer" } do
            local before = #log()
            ep:script { BREAK }
            here.server:get(path)
            local ok = pcall(site.soon, function()
                return log():find(TOLD, before, true)
            end)
            assert(ok, path .. log())
        end
    end)

    for what, case in pairs {
        ["a connect that fails"] = {
            "connect { region = 'us-east-1', auth = 'access_keys', access_key_id = 'AKIDEXAMPLE' }",
            "bedrock: connect: .*secret_access_key",
        },
        ["settings that cannot be used"] = {
            "open { settings = '/nonexistent/file' }",
            "bedrock: settings: .*no such file",
        },
    } do
        it(what .. " as nginx starts says why", function()
            local ok, why = pcall(function()
                here:start { http = ("init_by_lua_block { assert(require('bedrock').%s) }"):format(case[1]) }
            end)
            assert.is_false(ok)
            assert.matches(case[2], why .. read(here.dir .. "/gateway/error.log"))
        end)
    end
end)
