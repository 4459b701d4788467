--- What bedrock.sign adds to a request, beside what botocore 1.44.8 does: spec/cases/signatures.jsonl, made by
--- spec/interop/signing.py from a grid of paths, queries, headers, bodies, tokens and services. `make interop` asks
--- botocore again, for all of the grid. Likewise the URLs of bedrock.presign: spec/cases/presigned.jsonl, made by
--- spec/interop/presigning.py.
local bedrock = require "bedrock"
local json = require "spec.support.plain_json"

local KEYS = { region = "us-east-1", access_key_id = "AKIDEXAMPLE", secret_access_key = "secret", time = 1795348800 }
local EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

local function sign(request)
    for name, value in pairs(KEYS) do
        request[name] = request[name] or value
    end
    return bedrock.sign(request)
end

describe("sign", function()
    it("signs as botocore does", function()
        local count, s3 = 0, 0
        for line in io.lines "spec/cases/signatures.jsonl" do
            local case = json.decode(line)
            local added, err = bedrock.sign(case.job)
            assert(added, tostring(err))
            added.host = nil
            assert.same(case.added, added, case.job.service .. " " .. case.job.method .. " " .. case.job.url)
            count = count + 1
            s3 = s3 + (case.added["x-amz-content-sha256"] and 1 or 0)
        end
        assert.is_true(count > 100 and s3 > 30 and s3 < count)
    end)

    it("presigns as botocore does", function()
        local count, s3 = 0, 0
        for line in io.lines "spec/cases/presigned.jsonl" do
            local case = json.decode(line)
            assert.equal(case.url, assert(bedrock.presign(case.job)))
            count = count + 1
            s3 = s3 + (case.job.service:find "^s3" and 1 or 0)
        end
        assert.is_true(count > 40 and s3 > 10 and s3 < count)
    end)

    it("has S3's payload hash sent, too", function()
        local url = "https://bucket.s3.us-east-1.amazonaws.com/a//../b%20c"
        local added = assert(sign { url = url, method = "GET", service = "s3" })
        assert.equal(EMPTY, added["x-amz-content-sha256"])
        assert.matches("SignedHeaders=host;x%-amz%-content%-sha256;x%-amz%-date,", added.authorization)
        assert.is_nil(assert(sign { url = url, method = "GET", service = "sts" })["x-amz-content-sha256"])
    end)

    it("does not sign for Bedrock what another service of AWS's gets", function()
        for host, is_fine in pairs {
            ["my-bucket.s3.us-east-1.amazonaws.com"] = false, ["bedrock-files.s3.us-east-1.amazonaws.com"] = false,
            ["s3.amazonaws.com"] = false, ["bedrock.s3-accelerate.amazonaws.com"] = false,
            ["sts.us-east-1.amazonaws.com"] = false, ["lambda.cn-north-1.amazonaws.com.cn"] = false,
            ["bedrock-agentcore.us-east-1.amazonaws.com"] = false, ["s3.dualstack.us-east-1.api.aws"] = false,
            ["bedrock-runtime.us-east-1.amazonaws.com"] = true, ["bedrock.us-east-1.api.aws"] = true,
            ["vpce-1-2.bedrock-runtime.us-east-1.vpce.amazonaws.com"] = true, ["gateway.example.com"] = true,
            ["s3.example.com"] = true, ["localhost:8443"] = true,
            ["bedrock-mantle.us-east-1.api.aws"] = false,
            ["bedrock--usw2-az1--x-s3.s3express-usw2-az1.us-west-2.amazonaws.com"] = false,
            ["gateway-1.us-east-1.elb.amazonaws.com"] = true, ["a.execute-api.us-east-1.amazonaws.com"] = true,
            ["ec2-192-0-2-1.compute-1.amazonaws.com"] = true,
            ["vpce-1.vpce-svc-2.us-east-1.vpce.amazonaws.com"] = true,
        } do
            for name, f in pairs { sign = bedrock.sign, presign = bedrock.presign } do
                local request = { url = "https://" .. host .. "/a", method = "GET", region = "us-east-1",
                    access_key_id = "AKIDEXAMPLE", secret_access_key = "secret" }
                local given, err = f(request)
                assert.equal(is_fine, given ~= nil, host)
                if err then
                    assert.equal("validation", err.kind)
                    assert.matches(name .. ": " .. host .. ' is not signed for as "bedrock"', err.message, 1, true)
                end
                request.service = "bedrock"
                assert.truthy(f(request))
            end
        end
    end)

    it("signs the payload hash that the caller says", function()
        for _, service in ipairs { "s3", "vpc-lattice-svcs" } do
            local function with(hash, body)
                return assert(sign { url = "https://h/a", service = service, body = body,
                    headers = { ["X-Amz-Content-Sha256"] = hash } }).authorization
            end
            assert.equal(with(EMPTY, ""), with(EMPTY, "x"))
            assert.equal(with("UNSIGNED-PAYLOAD", "x"), with("UNSIGNED-PAYLOAD", "y"))
            assert.not_equal(with("UNSIGNED-PAYLOAD"), with(EMPTY))
        end
    end)

    it("leaves out what changes on the way, in requests of a connection, too", function()
        local changing = {
            ["Keep-Alive"] = "timeout=5", ["User-Agent"] = "me", ["X-Amzn-Trace-Id"] = "Root=1", traceparent = "00-1",
            tracestate = "a=1", baggage = "a=1", Via = "1.1 p", Forwarded = "for=x", ["X-Forwarded-For"] = "10.0.0.1",
            ["Proxy-Authorization"] = "p", ["Accept-Encoding"] = "gzip", Trailer = "x",
        }
        local signed = assert(sign { url = "https://h/", headers = changing }).authorization
        assert.equal(assert(sign { url = "https://h/" }).authorization, signed)

        local conn = assert(bedrock.connect { auth = "access_keys", access_key_id = "AKID", secret_access_key = "s" })
        local request = assert(conn:prepare("list_foundation_models", {}, { headers = changing }))
        assert.matches("SignedHeaders=host;x%-amz%-date,", request.headers.authorization)
        assert.equal("timeout=5", request.headers["keep-alive"])
        conn:close()
    end)

    it("refuses names that differ in case only, as nobody could tell which of them is meant", function()
        local added, err = sign { url = "https://h/", headers = { ["X-A"] = "1", ["x-a"] = "2" } }
        assert.is_nil(added)
        assert.equal("ValidationError", err.code)
        assert.matches('header "x%-a" is given twice', err.message:lower())
    end)
end)
