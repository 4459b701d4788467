--- Requests that no model describes: signed, sent, refused.
local cjson = require "cjson"
local bedrock = require "bedrock"
local core = require "bedrock.core"
local service = dofile "spec/support/service.lua"

local MODEL = service.MODEL
local ask, header = service.ask, service.header

describe("bedrock", function()
    local conn
    local ep = service.each_connected(function(new)
        conn = new
    end)

    describe("sign", function()
        local function request(more)
            return service.merged({ url = ep.https .. "/model/m/converse?a=1", region = "us-east-1",
                access_key_id = "AKIDEXAMPLE", secret_access_key = "secret", time = 1795348800 }, more)
        end

        it("gives the headers that are to be added", function()
            local added = assert(bedrock.sign(request {}))
            assert.equal("20261122T120000Z", added["x-amz-date"])
            assert.equal(added.host, ep.https:match "//(.*)")
            assert.matches("^AWS4%-HMAC%-SHA256 Credential=AKIDEXAMPLE/20261122/us%-east%-1/bedrock/aws4_request, "
                .. "SignedHeaders=host;x%-amz%-date, Signature=%x+$", added.authorization)
            assert.is_nil(added["x-amz-security-token"])
            assert.same(added, bedrock.sign(request { method = "POST", body = "", service = "bedrock", headers = {} }))
            for name, value in pairs { method = "GET", body = "x", service = "sts", headers = { a = "b" },
                session_token = "t", region = "eu-west-1", time = 0 } do
                local other = assert(bedrock.sign(request { [name] = value }))
                assert.not_equal(added.authorization, other.authorization, name)
            end
            assert.equal("t", bedrock.sign(request { session_token = "t" })["x-amz-security-token"])
        end)

        it("signs the token in place of one among the headers, without the blanks around it", function()
            local plain = assert(bedrock.sign(request { session_token = "t" }))
            assert.matches("SignedHeaders=host;x%-amz%-date;x%-amz%-security%-token,", plain.authorization)
            for _, more in ipairs {
                { session_token = " t\t" },
                { session_token = "t", headers = { ["X-Amz-Security-Token"] = "another" } },
                { headers = { ["X-Amz-Security-Token"] = "t" } },
            } do
                assert.same(plain, bedrock.sign(request(more)))
            end
            assert.same(bedrock.sign(request {}), bedrock.sign(request { session_token = "" }))
        end)

        it("raises for wrong types", function()
            for name, value in pairs { url = 1, region = {}, headers = "x", time = "noon", body = 1 } do
                assert.error_matches(function()
                    bedrock.sign(request { [name] = value })
                end, "sign: " .. name .. " must be a %a+, got ")
            end
        end)

        it("refuses what could not be sent, and says why", function()
            local many = {}
            for i = 1, 256 do
                many["x-" .. i] = "v"
            end
            for message, more in pairs {
                ["more than 256"] = { headers = many },
                ["more than 131072 bytes"] = { headers = { a = ("v"):rep(131063) } },
                ["session_token has control characters"] = { session_token = "TOKEN\n" },
                ["sign: there are more than"] = { session_token = ("t"):rep(131073) },
                ['method in capitals, got "get%?%?"'] = { method = "get\r\n" },
                ["fragment"] = { url = ep.https .. "/#f" },
                ['header "a%?%?" has an invalid name'] = { headers = { ["a\27\n"] = "x" } },
            } do
                local added, err = bedrock.sign(request(more))
                assert.is_nil(added)
                assert.equal("ValidationError", err.code)
                assert.matches(message, err.message)
                assert.not_matches("TOKEN", tostring(err))
            end
            for _, time in ipairs { 0 / 0, -1, math.huge } do
                assert.error_matches(function()
                    bedrock.sign(request { time = time })
                end, "sign: time must be seconds")
            end
        end)

        it("says which fields it does not know", function()
            local added, err = bedrock.sign(request { header = {}, metod = "GET", secret = "s", zzz = 1, [1] = 2 })
            assert.is_nil(added)
            assert.equal("ValidationError", err.code)
            assert.equal("sign", err.operation)
            assert.equal("names of fields must be strings, got a number\n"
                .. "header: unknown field of a request (did you mean headers?)\n"
                .. "metod: unknown field of a request (did you mean method?)\n"
                .. "secret: unknown field of a request (did you mean secret_access_key?)\n"
                .. "zzz: unknown field of a request", err.message)
            assert(bedrock.sign(request {}))
        end)
    end)

    describe("request", function()
        it("sends what no model describes, signed", function()
            local answer = assert(conn:request {
                service = "bedrock", path = "/foundation-models",
                query = { byProvider = "amazon", byOutputModality = { "TEXT" } },
            })
            assert.equal(200, answer.status)
            assert.equal("application/json", answer.headers["content-type"])
            assert.truthy(#cjson.decode(answer.body).modelSummaries > 0)
            assert.equal("/foundation-models?byOutputModality=TEXT&byProvider=amazon", service.last_request(ep).uri)
            assert.equal("GET", service.last_request(ep).method)
            assert.is_true(service.last_request(ep).verified)
            assert.equal(200, bedrock.metadata(answer).status)
        end)

        it("sends a table as JSON", function()
            local answer = assert(conn:request {
                path = "/model/" .. core.percent(MODEL) .. "/converse", body = { messages = ask("Hi").messages },
            })
            assert.matches("You asked: Hi", answer.body)
            assert.equal("POST", service.last_request(ep).method)
        end)

        it("streams bytes", function()
            local stream = assert(conn:request { service = "bedrock", path = "/foundation-models", stream = true })
            assert.equal(200, stream.status)
            local name, bytes = stream:next()
            assert.equal("chunk", name)
            assert.is_string(bytes)
            stream:close()
            stream = assert(conn:request { service = "bedrock", path = "/foundation-models", stream = true })
            assert.truthy(cjson.decode(assert(stream:gather()).body).modelSummaries)
        end)

        it("takes null for what is not given", function()
            local null = bedrock.null
            local answer = assert(conn:request { service = "bedrock", path = "/foundation-models", method = null,
                query = null, headers = null, body = null, stream = null })
            assert.equal(200, answer.status)
            assert.is_nil(header(service.last_request(ep), "content-type"))
        end)

        it("sends numbers with all their digits", function()
            local query = { t = 1700000000123456, x = 0.1234567890123456, n = 7 }
            assert(conn:request { service = "bedrock", path = "/foundation-models", query = query })
            local sent = service.last_request(ep)
            assert.matches("n=7&t=1700000000123456&x=0.1234567890123456$", sent.query or sent.uri)
        end)

        it("fails for 400 and more", function()
            ep:script { { action = { status = 418, body = "short and stout" } } }
            local answer, err = conn:request { path = "/teapot" }
            assert.is_nil(answer)
            assert.equal("service", err.kind)
            assert.equal(418, err.status)
        end)

        it("tells all that is wrong with it", function()
            local _, err = conn:request { service = "bedrok", pth = "/x", query = 3, body = print, headers = "x" }
            local paths = {}
            for i, problem in ipairs(err.errors) do
                paths[i] = problem.path
            end
            assert.same({ "body", "headers", "path", "pth", "query", "service" }, paths)
            _, err = conn:request { path = "/a b" }
            assert.equal("path", err.errors[1].path)
            _, err = conn:request { path = "/x", method = "get" }
            assert.equal("method", err.errors[1].path)
            assert.equal(0, ep:counters().requests)
            for _, path in ipairs { "/a%zz", "/a%2", "/a%" } do
                err = select(2, conn:request { path = path })
                assert.equal("path", err.errors[1].path)
                assert.equal("pattern", err.errors[1].kind)
            end
            for _, list in ipairs { { [3] = "x" }, { "a", nil, "c" }, { x = "y" }, { 0 / 0 }, { 1 / 0 } } do
                err = select(2, conn:request { path = "/x", query = { a = list } })
                assert.equal("query", err.errors[1].path)
                assert.equal("type", err.errors[1].kind)
            end
            assert.equal(0, ep:counters().requests)
        end)
    end)
end)
