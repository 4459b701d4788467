--- What the log says of calls, and what it never says.
local bedrock = require "bedrock"
local cjson = require "cjson"
local redis = require "spec.support.redis"
local service = dofile "spec/support/service.lua"

--- Numbers of milliseconds and requests' names differ each time.
local function plain(line)
    return (line:gsub("again at once", "again in 0 ms"):gsub("%d+%.?%d* ms", "N ms")
        :gsub("request %x+%-[%x%-]+", "request ID"):gsub(":%d%d%d%d+", ":PORT"))
end

describe("the log of calls", function()
    local ep = service.each()
    local lines, conn
    local number = 0

    local function listen(level)
        lines = {}
        bedrock.log(function(line, its_level)
            lines[#lines + 1] = { line = line, level = its_level }
        end, level)
    end

    local function text()
        local list = {}
        for i, one in ipairs(lines) do
            list[i] = plain(one.line)
        end
        return table.concat(list, "\n")
    end

    --- The only line that has that text.
    local function line_with(part)
        local found
        for line in text():gmatch "[^\n]+" do
            if line:find(part, 1, true) then
                assert(not found, text())
                found = line
            end
        end
        return assert(found, part .. " is not in\n" .. text())
    end

    local function certificate(more)
        number = number + 1
        return service.roles_anywhere(ep, ("lines-%d-%d"):format(os.time(), number), service.merged({
            certificate = ep.pki .. "/p256.chain.pem", private_key = ep.pki .. "/p256.key.pkcs8.pem" }, more))
    end

    local function connect(settings)
        conn = assert(bedrock.connect(settings or service.settings(ep)))
        return conn
    end

    after_each(function()
        bedrock.log(false)
        if conn then
            conn:close()
        end
        conn = nil
    end)

    it("has a line for each attempt", function()
        listen "info"
        local answer = assert(connect():converse(service.ask "hi"))
        assert.equal(("bedrock: converse us-east-1 attempt 1: 200 in N ms (%d bytes, %d tokens in, %d out, request ID)")
            :format(bedrock.metadata(answer).timing.bytes, answer.usage.inputTokens, answer.usage.outputTokens),
            line_with "attempt")
    end)

    it("tells of a retry and its reason in the same line", function()
        listen "info"
        ep:script { { match = { operation = "Converse" }, times = 1, action = { status = 503,
            json = { message = "busy" }, headers = { ["x-amzn-errortype"] = "ServiceUnavailableException" } } } }
        assert(connect():converse(service.ask "hi"))
        assert.equal("bedrock: converse us-east-1 attempt 1: 503 ServiceUnavailableException in N ms, again in N ms "
            .. "(18 bytes, request ID)", line_with "attempt 1")
        assert.truthy(line_with("attempt 2"):find("200 in N ms", 1, true))
    end)

    it("tells what stood in the way of a connection", function()
        listen "info"
        connect(service.settings(ep, { endpoint = ep.refused, max_attempts = 1 })):converse(service.ask "hi")
        assert.truthy(line_with("bedrock"):find "attempt 1: ConnectFailed in N ms: 127%.0%.0%.1:%w+: ")
    end)

    it("tells of exchanges, caches and credentials", function()
        listen "debug"
        connect(certificate()):converse(service.ask "hi")
        assert.equal("bedrock: converse us-east-1: cache in files: nothing found", line_with "cache in files")
        assert.equal("bedrock: IAM Roles Anywhere CreateSession attempt 1: 201 in N ms", line_with "CreateSession")
        assert.equal("bedrock: converse us-east-1: credentials of roles_anywhere by an exchange in N ms",
            line_with "by an exchange")
        conn:converse(service.ask "hi")
        assert.equal("bedrock: converse us-east-1: credentials of roles_anywhere from memory in N ms",
            line_with "from memory")
    end)

    it("tells why an exchange failed", function()
        listen "info"
        ep:script { { match = { operation = "CreateSession" }, times = 1, action = { status = 500,
            json = { message = "internal error" } } }, { match = { operation = "CreateSession" }, times = 1,
            action = { status = 403, json = { message = "Untrusted certificate. Insufficient certificate" } } } }
        connect(certificate { cache = false }):converse(service.ask "hi")
        assert.truthy(line_with("CreateSession attempt 1"):find("500 HTTP500 in N ms, again in N ms: ", 1, true))
        assert.truthy(line_with("CreateSession attempt 2"):find("403 HTTP403 in N ms: .*Untrusted certificate"))
        assert.truthy(line_with("no credentials"):find("from roles_anywhere after N ms: HTTP403", 1, true))
    end)

    it("tells that Redis is done without, and why", function()
        listen "info"
        connect(certificate { cache = "redis://" .. ep.refused:match "//(.*)$" }):converse(service.ask "hi")
        assert.equal("bedrock: converse us-east-1: the cache in Redis is done without: it cannot be reached, or the "
            .. "connection broke", line_with "Redis")
        lines = {}
        assert(conn:refresh())
        assert.equal("bedrock: refresh us-east-1: the cache in Redis is done without: it failed a moment ago",
            line_with "Redis")
    end)

    it("tells that the cache in files is done without, and why", function()
        listen "info"
        local file = os.tmpname()
        connect(certificate { cache_dir = file }):converse(service.ask "hi")
        assert.equal("bedrock: converse us-east-1: the cache in files is done without: " .. file .. " is a file, "
            .. "not a directory", line_with "done without")
        os.remove(file)
    end)

    it("tells what Redis had", function()
        listen "info"
        local server = redis.start()
        local settings = certificate { cache = server:url() }
        connect(settings):converse(service.ask "hi")
        assert.equal("bedrock: converse us-east-1: cache in Redis: nothing found", line_with "cache in Redis")
        conn:close()
        collectgarbage()
        collectgarbage()
        lines = {}
        connect(settings):converse(service.ask "hi")
        server:stop()
        assert.equal("bedrock: converse us-east-1: cache in Redis: credentials found", line_with "cache in Redis")
    end)

    it("tells of a stream's beginning and end", function()
        listen "info"
        assert(assert(connect():converse_stream(service.ask "hi")):gather())
        assert.equal("bedrock: converse_stream us-east-1 attempt 1: 200 in N ms, a stream begins (request ID)",
            line_with "attempt")
        assert.truthy(line_with("stream ended"):find "after N ms %(%d+ bytes, %d+ tokens in, %d+ out%)$")
    end)

    it("tells of a stream that broke, and of one that was closed", function()
        listen "info"
        ep:script { { match = { operation = "ConverseStream" }, times = 1, action = { truncate = 300 } } }
        assert(connect():converse_stream(service.ask "hi")):gather()
        assert.truthy(line_with("stream broke"):find("(Truncated: the stream broke off", 1, true))
        lines = {}
        local stream = assert(conn:converse_stream(service.ask "hi"))
        stream:close()
        assert.truthy(line_with("stream broke"):find("(Closed: ", 1, true))
    end)

    it("has no contents unless the level is wire", function()
        for level, expected in pairs { info = false, debug = false, wire = true } do
            listen(level)
            local answer = assert(connect():converse(service.ask "a question of mine"))
            assert.equal(expected, text():find("a question of mine", 1, true) ~= nil, level)
            assert.equal(expected, text():find(service.first_line(answer), 1, true) ~= nil, level)
            conn:close()
        end
    end)

    it("shows heads and bodies line by line", function()
        listen "wire"
        local params = service.ask "hi"
        assert(connect():converse(params))
        assert.truthy(line_with("> POST"):find("> POST https://127.0.0.1:PORT/model/", 1, true))
        assert.equal("bedrock: converse us-east-1 > content-type: application/json", line_with "> content-type")
        assert.equal('bedrock: converse us-east-1 > {"messages":[{"role":"user","content":[{"text":"hi"}]}]}',
            line_with "> {")
        assert.equal("bedrock: converse us-east-1 < HTTP 200", line_with "< HTTP")
        lines = {}
        assert(assert(conn:converse_stream(params)):gather())
        assert.truthy(line_with('< messageStart {'):find('"role":"assistant"', 1, true))
    end)

    it("cuts long bodies", function()
        listen "wire"
        local params = service.ask(("word "):rep(10000))
        assert(connect():converse(params))
        local sent = line_with "> {"
        assert.truthy(#sent < 17000)
        assert.truthy(sent:find "… %d+ bytes in all$")
    end)

    describe("at the level wire", function()
        local SECRET = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYzzQ9kLp4Td"

        local function escaped(secret)
            return (secret:gsub(".", function(c) return ("\\u%04x"):format(c:byte()) end))
        end

        --- No eight characters of it in a row.
        local function assert_hidden(secret)
            local shown = text()
            for i = 1, #secret - 7 do
                assert(not shown:find(secret:sub(i, i + 7), 1, true), shown)
            end
        end

        --- Answers of Converse that repeat a text.
        local function repeating(secret)
            return {
                { status = 403, body = '{"message":"the key is ' .. secret .. '"}' },
                { status = 403, body = '{"message":"the key is ' .. escaped(secret) .. '"}' },
                { status = 200, body = '{"stopReason":"' .. secret .. '"}' },
                { status = 400, headers = { ["x-amzn-echo"] = secret }, body = "{}" },
                { status = 400, headers = { ["set-cookie"] = "session=" .. secret }, body = "{}" },
                { status = 400, headers = { ["x-other"] = secret }, body = "{}" },
                { status = 400, body = ("x"):rep(16384 - 20) .. secret },
            }
        end

        local function hides(settings, secret, options)
            for _, action in ipairs(repeating(secret)) do
                listen "wire"
                ep:reset()
                ep:script { { match = { operation = "Converse" }, times = -1,
                    action = service.merged(action, { after_verify = false }) } }
                connect(settings):converse(service.ask "hi", options)
                assert.truthy(text():find("< HTTP", 1, true))
                assert_hidden(secret)
                conn:close()
            end
        end

        it("shows no session token and no secret key", function()
            for _, name in ipairs { "secret_access_key", "session_token" } do
                hides(service.settings(ep, { [name] = SECRET, cache = false, max_attempts = 1 }), SECRET)
            end
        end)

        it("shows no API key", function()
            hides({ auth = "api_key", api_key = SECRET, endpoint = ep.https, ca_file = ep.ca_file, max_attempts = 1 },
                SECRET)
        end)

        it("shows no authorization and no header of the caller's own", function()
            local settings = service.settings(ep, { max_attempts = 1 })
            hides(settings, SECRET, { authorization = "Bearer " .. SECRET })
            hides(settings, SECRET, { headers = { ["x-gateway-key"] = SECRET } })
            hides(service.merged(settings, { headers = { ["x-gateway-key"] = SECRET } }), SECRET)
        end)

        it("shows nothing of what an exchange gives or refuses", function()
            listen "wire"
            connect(certificate { cache = false }):converse(service.ask "hi")
            assert.falsy(text():find("secretAccessKey", 1, true))
            assert.falsy(text():find("x%-amz%-security%-token: [^*]"))
            for _, status in ipairs { 200, 403, 500 } do
                listen "wire"
                ep:reset()
                ep:script { { match = { operation = "CreateSession" }, times = -1, action = { status = status,
                    body = cjson.encode { message = "for " .. SECRET, secretAccessKey = SECRET } } } }
                assert.is_nil((conn:refresh()))
                assert.truthy(text():find("CreateSession", 1, true))
                assert_hidden(SECRET)
            end
        end)

        it("shows no secret that a stream brings in pieces", function()
            for _, size in ipairs { 1, 7, 50, 4096 } do
                listen "wire"
                ep:reset()
                ep:script { { times = -1, action = { status = 200, headers = { ["content-type"] = "text/event-stream" },
                    body = ('data: {"x":"%s"}\n\ndata: [DONE]\n\n'):format(SECRET), drip = { bytes = size, ms = 1 },
                    after_verify = false } } }
                connect { auth = "api_key", api_key = SECRET, endpoint = ep.https, ca_file = ep.ca_file }
                local stream = assert(conn:request { path = "/openai/v1/chat/completions", body = {}, stream = true })
                assert(stream:gather())
                assert.truthy(text():find("< data: [DONE]", 1, true), text())
                assert_hidden(SECRET)
                conn:close()
            end
        end)

        it("shows no header whose name says that it is a secret", function()
            listen "wire"
            connect():converse(service.ask "hi", { headers = { ["x-amzn-access-token"] = SECRET } })
            assert.truthy(text():find("x-amzn-access-token: ***", 1, true), text())
            assert_hidden(SECRET)
        end)

        it("shows no member whose name says that it is a secret", function()
            local masked = require("bedrock.log.wire").masked
            for given, expected in pairs {
                ['{"apiKey":"abc","name":"n"}'] = '{"apiKey":"***","name":"n"}',
                ['{"clientSecret" : "a\\"b","x":1}'] = '{"clientSecret" : "***","x":1}',
                ['{"password":"a\\\\","x":1}'] = '{"password":"***","x":1}',
                ['{"environmentVariables":{"A":"x}","B":"\\""},"name":"n"}']
                    = '{"environmentVariables":{***},"name":"n"}',
                ['{"headers":{"X-Own":"abc"},"url":"u"}'] = '{"headers":{***},"url":"u"}',
                ['{"environmentVariables":{"A":"x'] = '{"environmentVariables":{***',
                ['{"text":"{\\"environmentVariables\\": {\\"A\\":\\"x}\\"}}","b":1}']
                    = '{"text":"{\\"environmentVariables\\": {***}}","b":1}',
                ['{"downloadUrl":"https://x/?X-Amz-Signature=1"}'] = '{"downloadUrl":"***"}',
                ['{"inputTokens":12}'] = '{"inputTokens":12}',
                ['{"accessToken":"abc'] = '{"accessToken":"***',
                ['{"text":"{\\"sessionToken\\":\\"abc\\",\\"a\\":1}"}']
                    = '{"text":"{\\"sessionToken\\":\\"***\\",\\"a\\":1}"}',
                ["<SecretAccessKey>abc</SecretAccessKey><Expiration>soon</Expiration>"]
                    = "<SecretAccessKey>***</SecretAccessKey><Expiration>soon</Expiration>",
                ["grant_type=refresh&refresh_token=abc&x=1"] = "grant_type=refresh&refresh_token=***&x=1",
            } do
                assert.equal(expected, masked(given))
            end
        end)
    end)
end)
