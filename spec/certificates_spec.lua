--- Every form a certificate and its key may come in gets credentials over the wire, and every bad
--- one is refused by `connect`, before there is a network, with a message of its own.
local bedrock = require "bedrock"
local read_file = require("spec.support.files").read
local service = dofile "spec/support/service.lua"

local PASSWORD = "test-password"
local KINDS = { "rsa2048", "rsa4096", "p256", "p384", "p521" }

describe("certificates", function()
    local ep, pki

    setup(function()
        ep = service.endpoint()
        pki = ep.pki .. "/"
    end)

    before_each(function()
        ep:reset()
    end)

    local function settings(changes)
        return service.roles_anywhere(ep, "forms", service.merged({ cache = "memory" }, changes))
    end

    local function contents(name)
        return read_file(pki .. name)
    end

    local function authenticates(changes)
        local conn = assert(bedrock.connect(settings(changes)))
        assert.is_true(conn:refresh())
        local creds = assert(conn:credentials())
        assert.truthy(creds.access_key_id:find "^ASIA")
        assert.equal(1, ep:counters().CreateSession)
        assert.equal(0, ep:counters().refused)
        conn:close()
    end

    --- Forms of certificate and key, as files and as texts.
    local function forms(kind)
        local leaf, chain = kind .. ".crt.pem", "intermediate.pem"
        return {
            ["PKCS#8 key"] = { leaf, kind .. ".key.pkcs8.pem", chain },
            ["PKCS#1 or SEC1 key"] = { leaf, kind .. ".key.trad.pem", chain },
            ["encrypted PKCS#8 key"] = { leaf, kind .. ".key.pkcs8.enc.pem", chain, true },
            ["encrypted PKCS#1 or SEC1 key"] = { leaf, kind .. ".key.trad.enc.pem", chain, true },
            ["DER certificate and PKCS#8 DER key"] = { kind .. ".crt.der", kind .. ".key.pkcs8.der", chain },
            ["PKCS#1 or SEC1 DER key"] = { leaf, kind .. ".key.trad.der", chain },
            ["encrypted PKCS#8 DER key"] = { leaf, kind .. ".key.pkcs8.enc.der", chain, true },
            ["chain in the certificate's file"] = { kind .. ".chain.pem", kind .. ".key.pkcs8.pem" },
            ["chain out of order"] = { kind .. ".chain-shuffled.pem", kind .. ".key.pkcs8.pem" },
            ["one file, certificate first"] = { kind .. ".both.pem", nil, chain },
            ["one file, key first"] = { kind .. ".both-reversed.pem", nil, chain },
        }
    end

    local function given(form, as_text)
        local read = as_text and contents or function(name) return pki .. name end
        return {
            certificate = read(form[1]),
            private_key = form[2] and read(form[2]),
            certificate_chain = form[3] and read(form[3]),
            private_key_password = form[4] and PASSWORD or nil,
        }
    end

    for _, kind in ipairs(KINDS) do
        for name, form in pairs(forms(kind)) do
            it(kind .. ": " .. name, function()
                authenticates(given(form))
            end)
            it(kind .. ": " .. name .. ", as text", function()
                authenticates(given(form, true))
            end)
        end

        it(kind .. ": PKCS#12", function()
            authenticates { pkcs12 = pki .. kind .. ".p12", private_key_password = PASSWORD }
            ep:reset()
            authenticates { pkcs12 = contents(kind .. ".nopass.p12") }
        end)
    end

    for _, kind in ipairs { "rsa2048", "p256" } do
        for _, form in ipairs { "crlf", "bom", "bag", "comments" } do
            it(kind .. ": " .. form, function()
                authenticates {
                    certificate = pki .. kind .. "." .. form .. ".pem",
                    certificate_chain = pki .. "intermediate.pem",
                }
            end)
        end

        it(kind .. ": line ends written as \\n", function()
            local text = contents(kind .. ".both.pem"):gsub("\n", "\\n")
            authenticates { certificate = text, certificate_chain = pki .. "intermediate.pem" }
        end)
    end

    it("signs with SHA-256 whatever hash the issuer used", function()
        authenticates {
            certificate = pki .. "rsa2048.sha384.crt.pem",
            private_key = pki .. "rsa2048.key.pkcs8.pem",
            certificate_chain = pki .. "intermediate.pem",
        }
    end)

    --- name -> settings, words of the message
    local bad = {
        ["expired certificate"] = { { "expired.crt.pem", "expired.key.pem" }, "expired" },
        ["certificate not valid yet"] = { { "future.crt.pem", "future.key.pem" }, "not valid" },
        ["CA certificate as leaf"] = { { "ca-leaf.crt.pem", "ca-leaf.key.pem" }, "CA" },
        ["no digitalSignature"] = { { "nodigsig.crt.pem", "nodigsig.key.pem" }, "digitalSignature" },
        ["no keyUsage"] = { { "nokeyusage.crt.pem", "nokeyusage.key.pem" }, "keyUsage" },
        ["SHA-1 signature"] = { { "sha1.crt.pem", "sha1.key.pem" }, "sha1" },
        ["short RSA key"] = { { "rsa1024.crt.pem", "rsa1024.key.pem" }, "1024" },
        ["Ed25519 key"] = { { "ed25519.crt.pem", "ed25519.key.pem" }, "[Ee][Dd]25519" },
        ["unsupported curve"] = { { "secp256k1.crt.pem", "secp256k1.key.pem" }, "secp256k1" },
        ["key of another certificate"] = { { "p256.crt.pem", "p384.key.pkcs8.pem" }, "does not belong" },
        ["RSA key for an EC certificate"] = { { "p256.crt.pem", "rsa2048.key.pkcs8.pem" }, "does not belong" },
        ["encrypted key without a password"] = { { "p256.crt.pem", "p256.key.pkcs8.enc.pem" }, "private_key_password" },
        ["encrypted old-style key without a password"] = {
            { "p256.crt.pem", "p256.key.trad.enc.pem" },
            "private_key_password",
        },
        ["wrong password"] = { { "p256.crt.pem", "p256.key.pkcs8.enc.pem", password = "wrong" }, "wrong" },
        ["chain of somebody else"] = { { "p256.crt.pem", "p256.key.pkcs8.pem", chain = "other-ca.pem" }, "chain" },
        ["cut file"] = { { "truncated.pem", "p256.key.pkcs8.pem" }, "" },
        ["garbage"] = { { "garbage.pem", "p256.key.pkcs8.pem" }, "" },
        ["empty file"] = { { "empty.pem", "p256.key.pkcs8.pem" }, "" },
        ["key where the certificate belongs"] = { { "p256.key.pkcs8.pem", "p256.key.pkcs8.pem" }, "certificate" },
        ["certificate where the key belongs"] = { { "p256.crt.pem", "p256.crt.pem" }, "key" },
        ["missing file"] = { { "no-such.pem", "p256.key.pkcs8.pem" }, "No such file", kind = "file" },
        ["directory"] = { { "", "p256.key.pkcs8.pem" }, "directory", kind = "file" },
    }

    local seen = {}
    for name, case in pairs(bad) do
        it("refuses: " .. name, function()
            local files, words = case[1], case[2]
            local conn, err = bedrock.connect(settings {
                certificate = pki .. files[1],
                private_key = pki .. files[2],
                certificate_chain = files.chain and pki .. files.chain,
                private_key_password = files.password,
            })
            assert.is_nil(conn)
            assert.equal("config", err.kind)
            assert.equal("ConfigError", err.code)
            assert.equal(1, #err.errors, tostring(err))
            assert.equal(case.kind or "certificate", err.errors[1].kind)
            local message = err.errors[1].message
            assert.truthy(message:find(words), name .. ": " .. message)
            assert.falsy(seen[message] and seen[message] ~= words and name .. " has another's message: " .. message)
            seen[message] = words
            assert.equal(0, ep:counters().CreateSession)
        end)
    end

    it("never prompts: a PKCS#12 without its password is an error", function()
        local conn, err = bedrock.connect(settings { pkcs12 = pki .. "p256.p12" })
        assert.is_nil(conn)
        assert.equal("certificate", err.errors[1].kind)
        assert.truthy(err.errors[1].message:find "password")
    end)

    it("tells what a service's refusal of an untrusted certificate may mean", function()
        local conn = assert(bedrock.connect(settings {
            certificate = pki .. "other.crt.pem",
            private_key = pki .. "other.key.pem",
        }))
        local ok, err = conn:refresh()
        assert.is_nil(ok)
        assert.equal("credentials", err.kind)
        assert.equal("AccessDeniedException", err.code)
        assert.equal(403, err.status)
        assert.truthy(err.request_id)
        assert.truthy(tostring(err):find "trust anchor")
        assert.is_nil(tostring(err):find("BEGIN", 1, true))
    end)
end)
