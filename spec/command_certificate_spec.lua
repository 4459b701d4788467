--- bedrock certificate and cache, as processes of their own; bedrock.certificate.
local bedrock = require "bedrock"
local cjson = require "cjson"
local command = require "spec.support.command"
local files = require "spec.support.files"
local service = dofile "spec/support/service.lua"

describe("the command", function()
    local ep, home = service.each(), nil

    before_each(function()
        home = command.home()
    end)

    after_each(function()
        command.remove(home)
    end)

    local function run(arguments, env)
        return command.run(ep, home, arguments, { env = env })
    end

    local function pki(name)
        return ep.pki .. "/" .. name
    end

    local function of_settings(more)
        return service.merged({
            BEDROCK_AUTH = false, BEDROCK_ACCESS_KEY_ID = false, BEDROCK_SECRET_ACCESS_KEY = false,
            BEDROCK_CERTIFICATE = pki "p256.crt.pem", BEDROCK_PRIVATE_KEY = pki "p256.key.pkcs8.pem",
            BEDROCK_CERTIFICATE_CHAIN = pki "intermediate.pem", BEDROCK_CACHE_DIR = home .. "/cache",
            BEDROCK_PROFILE_ARN = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/certificate",
            BEDROCK_ROLE_ARN = "arn:aws:iam::123456789012:role/certificate",
            BEDROCK_TRUST_ANCHOR_ARN = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/certificate",
            BEDROCK_SESSION_NAME = "certificate",
        }, more)
    end

    describe("certificate", function()
        it("tells what the settings' says, its chain, and that Roles Anywhere would take it", function()
            local got = run({ "certificate" }, of_settings())
            assert.equal(0, got.code, got.err)
            assert.matches("subject +CN=p256", got.out)
            assert.matches("issuer +CN=intermediate", got.out)
            assert.matches("key +EC P%-256", got.out)
            assert.matches("usage +digitalSignature", got.out)
            assert.matches("valid +2024%-01%-01 00:00:00 UTC to ", got.out)
            assert.matches("chain +CN=intermediate", got.out)
            assert.matches("leads to +CN=ca", got.out)
            assert.matches("refused +no", got.out)
            assert.equal(0, #ep:requests())
        end)

        it("tells what would be refused, and why", function()
            for name, why in pairs {
                ["expired.crt.pem"] = "expired on 2021%-01%-01", ["future.crt.pem"] = "is not valid before",
                ["ca.pem"] = "self%-signed", ["nodigsig.crt.pem"] = "lacks digitalSignature",
                ["nokeyusage.crt.pem"] = "has no keyUsage", ["rsa1024.crt.pem"] = "1024 bits",
                ["ed25519.crt.pem"] = "ED25519",
            } do
                local got = run { "certificate", pki(name) }
                assert.equal(1, got.code, name)
                assert.matches("refused +by Roles Anywhere\n  certificate: .*" .. why, got.out, name)
            end
            local got = run { "certificate", pki "p256.crt.pem", "--private-key", pki "other.key.pem" }
            assert.equal(1, got.code)
            assert.matches("does not belong to the certificate", got.out)
        end)

        it("takes DER and PKCS#12, and JSON is asked for", function()
            for _, name in ipairs { "p256.crt.der", "p256.both.pem", "p256.nopass.p12" } do
                local report = cjson.decode(run { "certificate", pki(name), "--json" }.out)
                assert.matches("^CN=p256", report.subject)
                assert.equal(64, #report.fingerprint)
                assert.same({ "digitalSignature" }, report.usage)
            end
            local got = run { "certificate", pki "p256.p12" }
            assert.equal(3, got.code)
            assert.matches("password", got.err)
        end)

        it("ends with 1 when it ends sooner than asked", function()
            assert.equal(0, run({ "certificate", pki "p256.crt.pem", "--days", "7" }).code)
            local got = run { "certificate", pki "p256.crt.pem", "--days", "100000" }
            assert.equal(1, got.code)
            assert.matches("sooner than 100000", got.err)
        end)

        it("tells what cannot be read", function()
            for name, why in pairs { ["garbage.pem"] = "damaged", ["nosuch.pem"] = "No such file" } do
                local got = run { "certificate", pki(name) }
                assert.equal(3, got.code)
                assert.equal("", got.out)
                assert.matches(why, got.err)
            end
            assert.equal(2, run({ "certificate" }).code)
            assert.equal(2, run({ "certificate", "a", "b" }).code)
            assert.equal(2, run({ "certificate", pki "p256.crt.pem", "--days", "soon" }).code)
        end)
    end)

    describe("bedrock.certificate", function()
        it("takes a file, contents, or settings", function()
            local by_file = assert(bedrock.certificate(pki "p256.crt.pem"))
            local by_text = assert(bedrock.certificate { certificate = files.read(pki "p256.crt.pem") })
            assert.equal(by_file.fingerprint, by_text.fingerprint)
            local whole = assert(bedrock.certificate { certificate = pki "p256.chain-shuffled.pem",
                private_key = pki "p256.key.pkcs8.pem" })
            assert.is_true(whole.belongs)
            assert.same({}, whole.refused)
            assert.equal(whole.issuer, whole.chain[1].subject)
            assert.has_error(function()
                bedrock.certificate(3)
            end, "certificate: expected a file or a table of settings, got a number")
            local report, err = bedrock.certificate {}
            assert.is_nil(report)
            assert.equal("config", err.kind)
        end)
    end)

    describe("cache", function()
        it("lists and clears, and never shows a secret", function()
            local env = of_settings()
            assert.equal(0, run({ "cache", "list" }, env).code)
            local key = cjson.decode(run({ "credentials" }, env).out).AccessKeyId
            local got = run({ "cache", "list" }, env)
            assert.matches("^%x+  20%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d UTC  %d+ minutes left\n$", got.out)
            assert.is_nil((got.out .. got.err):find(key, 1, true))
            local listed = cjson.decode(run({ "cache", "list", "--json" }, env).out)
            assert.equal(1, #listed.entries)
            assert.equal(home .. "/cache", listed.directory)
            assert.equal(0, run({ "cache", "clear" }, env).code)
            assert.equal("", run({ "cache", "list" }, env).out)
            run({ "credentials" }, env)
            assert.equal(2, ep:counters().CreateSession)
        end)

        it("is in Redis, where it says so", function()
            local got = run({ "cache", "list" }, of_settings { BEDROCK_CACHE = "redis://localhost" })
            assert.equal(2, got.code)
            assert.matches("Redis", got.err)
            assert.equal(2, run({ "cache", "burn" }).code)
        end)
    end)
end)
