--- What a connection gives to other programs: the endpoint, which checks every signature, has to accept what others
--- send with it, and to refuse it once it is bent or old.
local bedrock = require "bedrock"
local service = require "spec.support.service"

local LIST = "/foundation-models"

--- A sanitizer that watches this process is not for other people's programs: curl hangs under it.
local UNWATCHED = "env -u LD_PRELOAD "

--- What curl gets for a request: the status and the body.
local function curl(ep, request)
    local parts = { UNWATCHED .. "curl -sS --max-time 20 -o - -w '\\n%{http_code}' --cacert", ep.ca_file }
    parts[#parts + 1] = "-X " .. (request.method or "GET")
    for name, value in pairs(request.headers or {}) do
        parts[#parts + 1] = ("-H '%s: %s'"):format(name, value)
    end
    if request.body then
        parts[#parts + 1] = ("--data-binary '%s'"):format(request.body)
    end
    parts[#parts + 1] = "'" .. request.url .. "'"
    local pipe = assert(io.popen(table.concat(parts, " ")))
    local answer = pipe:read "*a"
    pipe:close()
    local body, status = answer:match "^(.*)\n(%d+)$"
    return tonumber(status), body
end

local function all_secrets(ep)
    return { ep.secret_access_key, ep.session.secret_access_key, ep.session.session_token }
end

describe("what a connection gives:", function()
    local ep

    local function certificate(name)
        return assert(bedrock.connect(service.merged(ep:identity(), { session_name = name, cache = false })))
    end

    local function keys(more)
        return service.connect(ep, more)
    end

    local function listed(key)
        local conn = service.connect(ep, { auth = "api_key", api_key = key, access_key_id = bedrock.null,
            secret_access_key = bedrock.null })
        local answer, err = conn:list_foundation_models()
        conn:close()
        return answer and #answer.modelSummaries, err
    end

    setup(function()
        ep = service.endpoint()
    end)

    before_each(function()
        ep:reset()
    end)

    describe("sign", function()
        local function request(conn, more)
            local list = { url = ep.https .. LIST .. "?byProvider=Amazon%20Nova", method = "GET" }
            local one = service.merged(list, more)
            local headers = assert(conn:sign(one))
            return service.merged(one, { headers = headers })
        end

        it("makes requests of other programs accepted, with a body and headers of their own, too", function()
            for _, conn in ipairs { keys(), certificate "signs" } do
                assert.equal(200, (curl(ep, request(conn))))
                local status, body = curl(ep, request(conn, {
                    url = ep.https .. "/model/amazon.nova-lite-v1%3A0/converse",
                    method = "POST",
                    headers = { ["Content-Type"] = "application/json", ["X-Amz-Meta-A"] = " a  b " },
                    body = '{"messages":[{"role":"user","content":[{"text":"hello"}]}]}',
                }))
                assert.equal(200, status)
                assert.matches("You asked: hello", body)
                conn:close()
            end
        end)

        it("gives all headers to send, in the spelling given, once", function()
            local conn = keys { session_token = "TOKEN" }
            local given = { ["Content-Type"] = "a", ["X-AMZ-DATE"] = "old", Authorization = "old", HOST = "h" }
            local headers = assert(conn:sign { url = "https://g/", headers = given })
            local names = {}
            for name in pairs(headers) do
                names[#names + 1] = name
            end
            table.sort(names)
            assert.same({ "Content-Type", "authorization", "host", "x-amz-date", "x-amz-security-token" }, names)
            assert.equal("h", headers.host)
            assert.matches("^AWS4%-HMAC%-SHA256 Credential=", headers.authorization)
            assert.same({ ["Content-Type"] = "a", ["X-AMZ-DATE"] = "old", Authorization = "old", HOST = "h" }, given)
            conn:close()
        end)

        it("is bedrock.sign by the connection's keys, region and clock", function()
            local conn = keys { region = "eu-central-1" }
            local function both(more)
                local fields = service.merged({ url = "https://h/a//b", method = "PUT", body = "x" }, more)
                local ours = assert(conn:sign(fields))
                local theirs
                for ago = 0, 5 do
                    theirs = assert(bedrock.sign(service.merged(fields, {
                        region = fields.region or "eu-central-1",
                        access_key_id = ep.access_key_id,
                        secret_access_key = ep.secret_access_key,
                        time = os.time() - ago,
                    })))
                    if theirs["x-amz-date"] == ours["x-amz-date"] then
                        break
                    end
                end
                assert.same(theirs, ours)
                return ours
            end
            assert.matches("/eu%-central%-1/bedrock/", both().authorization)
            assert.matches("/us%-west%-2/s3/", both({ region = "us-west-2", service = "s3" }).authorization)
            assert.is_string(both({ service = "s3express" })["x-amz-content-sha256"])
            conn:close()
        end)

        it("dates requests by the clock that the service corrected", function()
            ep:config { clock_offset_s = 7200 }
            local conn = keys()
            assert.equal(403, (curl(ep, request(conn))))
            assert(conn:list_foundation_models())
            assert.equal(200, (curl(ep, request(conn))))
            assert.equal(200, (curl(ep, { url = assert(conn:presign { url = ep.https .. LIST }) })))
            local _, expiration = conn:api_key { duration = 60 }
            assert.is_true(expiration > os.time() + 7000)
            conn:close()
        end)
    end)

    describe("presign", function()
        it("makes a URL that is good without credentials, until it is bent or old", function()
            for _, conn in ipairs { keys(), certificate "presigns" } do
                local url = assert(conn:presign { url = ep.https .. LIST .. "?byProvider=Amazon%20Nova", expires = 60 })
                assert.matches("%?byProvider=Amazon%%20Nova&X%-Amz%-Algorithm=AWS4%-HMAC%-SHA256&", url)
                assert.equal(200, (curl(ep, { url = url })))
                assert.equal(403, (curl(ep, { url = (url:gsub("Nova", "Nava")) })))
                assert.equal(403, (curl(ep, { url = (url:gsub("Expires=60", "Expires=61")) })))
                assert.equal(403, (curl(ep, { url = url, method = "POST" })))
                ep:config { clock_offset_s = 62 }
                local status, why = curl(ep, { url = url })
                assert.equal(403, status)
                assert.matches("Signature expired", why)
                ep:reset()
                conn:close()
            end
        end)

        it("signs the headers given, which then must be sent", function()
            local conn = keys()
            local url = assert(conn:presign { url = ep.https .. LIST, headers = { ["X-Amz-Meta-A"] = "1" } })
            assert.matches("X%-Amz%-SignedHeaders=host%%3Bx%-amz%-meta%-a&", url)
            assert.equal(200, (curl(ep, { url = url, headers = { ["x-amz-meta-a"] = "1" } })))
            assert.equal(403, (curl(ep, { url = url })))
            conn:close()
        end)

        it("is cut to the life of the credentials", function()
            ep:config { exchange_lifetime_s = 900 }
            local conn = certificate "cut"
            local url = assert(conn:presign { url = ep.https .. LIST, expires = 604800 })
            local seconds = tonumber(url:match "X%-Amz%-Expires=(%d+)")
            assert.is_true(seconds > 800 and seconds <= 900)
            assert.matches("X%-Amz%-Expires=60&", (assert(conn:presign { url = ep.https .. LIST, expires = 60 })))
            conn:close()
        end)

        it("refuses what cannot be: a time, a signature of its own, a header that is in the query", function()
            local conn = keys()
            local function refused(words, more)
                local url, err = conn:presign(service.merged({ url = "https://h/a" }, more))
                assert.is_nil(url)
                assert.equal("validation", err.kind)
                assert.equal("ValidationError", err.code)
                assert.matches(words, err.message)
            end
            for _, expires in ipairs { 0, -1, 604801, 1.5, 1 / 0, 0 / 0 } do
                refused("expires must be a whole number of seconds from 1 to 604800, got ", { expires = expires })
            end
            refused("url has X%-Amz%-Signature in its query already", { url = "https://h/a?X-Amz-Signature=1" })
            refused("url has a fragment", { url = "https://h/a#b" })
            refused('header "x%-amz%-date" does not go with', { headers = { ["X-Amz-Date"] = "1" } })
            refused('header "authorization" does not go with', { headers = { authorization = "1" } })
            refused('header "[xX]%-[aA]" is given twice', { headers = { ["x-a"] = "1", ["X-A"] = "2" } })
            refused("method must be", { method = "get" })
            refused("body: unknown field", { body = "x" })
            refused("access_key_id: unknown field", { access_key_id = "x" })
            refused("expire: unknown field of a request %(did you mean expires%?%)", { expire = 1 })
            assert.has_error(function()
                conn:presign { url = "https://h/a", expires = "60" }
            end, nil)
            conn:close()
        end)
    end)

    describe("api_key", function()
        it("is a key that calls are accepted with, until it or the credentials expire", function()
            for _, conn in ipairs { keys(), certificate "keys" } do
                local key, expiration = assert(conn:api_key { duration = 600 })
                assert.matches("^bedrock%-api%-key%-", key)
                assert.is_true(math.abs(expiration - os.time() - 600) < 60)
                assert.is_true(listed(key) > 0)
                ep:config { clock_offset_s = 700 }
                local count, err = listed(key)
                assert.is_nil(count)
                assert.equal("AccessDeniedException", err.code)
                ep:reset()
                conn:close()
            end
        end)

        it("is verified by the endpoint, not only recognised", function()
            local conn = keys()
            local key = assert(conn:api_key())
            for _, bent in ipairs { key .. "A", key:gsub("...$", ""), key:sub(1, 100) .. "A" .. key:sub(102), "x" } do
                assert.is_nil((listed(bent)))
            end
            conn:close()
        end)

        it("ends with the credentials, though it is signed for as long as was asked", function()
            ep:config { exchange_lifetime_s = 900 }
            local conn = certificate "ends"
            local key, expiration = assert(conn:api_key())
            assert.equal(assert(conn:credentials()).expiration, expiration)
            assert.is_true(listed(key) > 0)
            assert.equal(expiration, select(2, conn:api_key { duration = 43200 }))
            conn:close()
        end)

        it("refuses a duration that AWS does, and other options", function()
            local conn = keys()
            for _, duration in ipairs { 0, 43201, 0.5 } do
                local key, err = conn:api_key { duration = duration }
                assert.is_nil(key)
                assert.matches("api_key: duration must be a whole number of seconds from 1 to 43200", tostring(err))
            end
            local _, err = conn:api_key { region = "us-east-1" }
            assert.equal("validation", err.kind)
            assert.equal("region", err.errors[1].path)
            assert.has_error(function()
                conn:api_key(600)
            end)
            conn:close()
        end)
    end)

    describe("export", function()
        it("gives credentials that another program can sign with", function()
            local conn = certificate "exports"
            local secrets = assert(conn:export())
            local info = assert(conn:credentials())
            assert.equal(info.access_key_id, secrets.access_key_id)
            assert.equal(info.expiration, secrets.expiration)
            local other = keys {
                access_key_id = secrets.access_key_id,
                secret_access_key = secrets.secret_access_key,
                session_token = secrets.session_token,
            }
            assert(other:list_foundation_models())
            other:close()
            conn:close()
        end)

        it("has no token and no end where the keys have none", function()
            local conn = keys()
            assert.same({ access_key_id = ep.access_key_id, secret_access_key = ep.secret_access_key }, conn:export())
            conn:close()
        end)
    end)

    it("has a clear error where there are no keys", function()
        local function never()
            error "nobody asked for a key"
        end
        for _, more in ipairs {
            { auth = "api_key", api_key = "KEY" }, { auth = "api_key", api_key = never }, { auth = "none" },
        } do
            local auth = more.auth
            local conn = assert(bedrock.connect(service.merged(more, { endpoint = ep.https, ca_file = ep.ca_file })))
            for _, name in ipairs { "sign", "presign", "api_key", "export" } do
                local value, err = conn[name](conn, name:find "sign" and { url = "https://h/" } or nil)
                assert.is_nil(value)
                assert.equal("config", err.kind)
                assert.equal("NotSupported", err.code)
                assert.equal(name, err.operation)
                assert.matches(('auth = "%s" has no keys to sign with'):format(auth), err.message)
            end
            conn:close()
        end
    end)

    it("raises misuse where it was made, and says what a closed connection says", function()
        local conn = keys()
        for _, name in ipairs { "sign", "presign" } do
            local ok, why = pcall(function()
                conn[name](conn, {})
            end)
            assert.is_false(ok)
            assert.matches("^spec/giving_spec.lua:%d+: " .. name .. ": url must be a string, got nil$", why)
            ok, why = pcall(function()
                conn[name](conn)
            end)
            assert.is_false(ok)
            assert.matches("^spec/giving_spec.lua:%d+: " .. name .. ": expected a table with the request's fields", why)
        end
        conn:close()
        local headers, err = conn:sign { url = "https://h/" }
        assert.is_nil(headers)
        assert.equal("Closed", err.code)
    end)

    it("tells the failure of an exchange", function()
        ep:script { { match = { operation = "CreateSession" }, action = { status = 403 } } }
        local conn = certificate "refused"
        local url, err = conn:presign { url = "https://h/" }
        assert.is_nil(url)
        assert.equal("credentials", err.kind)
        conn:close()
    end)

    it("is as docs/credentials.md shows it", function()
        local file = assert(io.open("docs/credentials.md", "rb"))
        local section = file:read "*a":match "\n## What a connection gives to other programs\n(.-)\n## "
        file:close()
        local got, printed = os.tmpname(), {}
        local conn = certificate "documented"
        local here = setmetatable({ conn = conn, bedrock = bedrock, print = function(text)
            printed[#printed + 1] = text
        end }, { __index = _G })
        for block in section:gmatch "```lua\n(.-)```" do
            local code = block:gsub("https://bedrock%.us%-east%-1%.amazonaws%.com", ep.https)
                :gsub("curl %-%-silent", UNWATCHED .. "%0 --fail --cacert " .. ep.ca_file .. " --output " .. got)
            local run = assert(loadstring and loadstring(code) or load(code, "example", "t", here))
            local _ = setfenv and setfenv(run, here)
            run()
        end
        local answer = assert(io.open(got, "rb"))
        assert.is_table(bedrock.json.decode(answer:read "*a").modelSummaries)
        answer:close()
        os.remove(got)
        assert.matches("^https://my%-bucket%.s3.*X%-Amz%-Signature=%x+$", printed[1])
        assert.is_true(listed(printed[3]:match "^OPENAI_API_KEY=(.*)$") > 0)
        assert.equal(assert(conn:credentials()).access_key_id, bedrock.json.decode(printed[4]).AccessKeyId)
        conn:close()
    end)

    it("shows no secret but in export", function()
        local conn = keys { access_key_id = ep.session.access_key_id, session_token = ep.session.session_token,
            secret_access_key = ep.session.secret_access_key }
        local texts = { tostring(conn), tostring(conn._client), bedrock.json.encode(assert(conn:credentials())) }
        texts[#texts + 1] = tostring(select(2, conn:presign { url = "https://h/", expires = 0 }))
        texts[#texts + 1] = tostring(select(2, conn:sign { url = "https://h/", session_token = "x" }))
        for _, text in ipairs(texts) do
            for _, secret in ipairs(all_secrets(ep)) do
                assert.is_nil(text:find(secret, 1, true))
            end
        end
        conn:close()
    end)
end)
