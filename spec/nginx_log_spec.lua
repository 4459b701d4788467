--- The log and hooks in nginx: lines go to its error log, hooks run in the request that made the call.
local site = dofile "spec/nginx/site.lua"

describe("in nginx", function()
    local here = site.each()
    local ep = here.ep

    local SEEN = [[ content_by_lua_block {
        local bedrock = require "bedrock"
        local settings = {}
        for name, value in pairs(require("app").settings.plain) do
            settings[name] = value
        end
        local seen = {}
        local function keep(event)
            ngx.sleep(0.001)
            seen[#seen + 1] = ngx.var.uri .. " " .. (event.status or event.attempt)
        end
        settings.on = { attempt = keep, response = keep, stream_end = function(event)
            seen[#seen + 1] = "end " .. tostring(event.bytes > 0) .. " " .. event.tokens.total_tokens
        end }
        local conn = assert(bedrock.connect(settings))
        local message = { role = "user", content = { { text = "hi" } } }
        local ask = { modelId = "amazon.nova-lite-v1:0", messages = { message } }
        local answer = assert(conn:converse(ask))
        local ms = bedrock.metadata(answer).timing.ms
        assert(ms.total >= ms.first_byte and ms.first_byte > 0 and ms.queue > 0)
        assert(assert(conn:converse_stream(ask)):gather())
        ngx.print(table.concat(seen, ", "))
    } ]]

    it("runs hooks in the request, where they may wait", function()
        here:start { locations = { ["/seen"] = SEEN } }
        local status, said = here.server:get "/seen"
        assert.equal(200, status)
        assert.equal("/seen 1, /seen 200, /seen 1, /seen 200, end true 27", said)
        here:stop()
    end)

    it("writes the log to its own", function()
        ep:script { { match = { operation = "Converse" }, times = 1, action = { status = 503,
            json = { message = "busy" } } } }
        here:start { level = "notice", http = here:init 'require("app").bedrock.log "wire"' }
        assert.equal(200, (here.server:get "/converse?conn=plain&p=a+question"))
        assert.equal(200, (here.server:get "/stream?conn=plain&p=a+question"))
        local log = here.server:error_log()
        for _, part in ipairs {
            "bedrock: converse us%-east%-1 attempt 1: 503 HTTP503 in [%d.]+ ms, again in %d+ ms %(.*request ",
            "bedrock: converse us%-east%-1 attempt 2: 200 in [%d.]+ ms",
            "bedrock: converse us%-east%-1 > authorization: %*%*%*",
            'bedrock: converse us%-east%-1 > {"messages":.*a question',
            "bedrock: converse_stream us%-east%-1 < messageStart ",
            "bedrock: converse_stream us%-east%-1: stream ended after ",
        } do
            assert.truthy(log:find(part), part .. " is not in\n" .. log)
        end
        assert.falsy(log:find(ep.secret_access_key, 1, true))
        here:stop()
    end)

    it("says which cache directory the workers cannot use, and why", function()
        local dir = here.dir .. "/open"
        assert(os.execute("mkdir -p " .. dir .. " && chmod 755 " .. dir))
        here.settings.identity.cache, here.settings.identity.cache_dir = "shared", dir
        here:start { level = "notice", http = here:init 'require("app").bedrock.log "info"', locations = {
            ["/test"] = [[content_by_lua_block {
                local app = require "app"
                local conn = assert(app.bedrock.connect(app.settings.identity))
                ngx.print(assert(conn:test()).steps[3].hint)
            }]],
        } }
        local status, hint = here.server:get "/test"
        assert.equal(200, status)
        -- Root makes the directory, and workers are nobody; else all are one user.
        local why = "belongs to the user 0, and this process runs as the user %d+"
        if not hint:find(why) then
            why = "is open to others: it has the mode 0755, and must have 0700"
        end
        assert.matches("the cache in files cannot be used, .*/open " .. why, hint)
        assert.matches("refresh us%-east%-1: the cache in files is done without: [^\n]*/open " .. why,
            here.server:error_log())
        here:stop()
    end)
end)
