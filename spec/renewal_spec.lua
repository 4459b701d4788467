--- Certificates that are renewed while a connection lives: their files are looked at before each exchange.
local mime = require "mime"
local bedrock = require "bedrock"
local files = require "spec.support.files"
local service = dofile "spec/support/service.lua"

describe("a renewed certificate", function()
    local ep = service.each()
    local names

    before_each(function()
        names = {}
    end)

    after_each(function()
        for _, name in pairs(names) do
            os.remove(name)
        end
    end)

    local function contents(name)
        return files.read(ep.pki .. "/" .. name)
    end

    --- Puts a test file's content in the place of what that option names; another file of the same name.
    local function put(option, name)
        names[option] = names[option] or os.tmpname()
        local new = names[option] .. ".new"
        local file = assert(io.open(new, "wb"))
        file:write(contents(name))
        file:close()
        assert(os.rename(new, names[option]))
        return names[option]
    end

    local function connect(changes)
        changes.cache = "memory"
        return assert(bedrock.connect(service.roles_anywhere(ep, "renewal", changes)))
    end

    --- The name of the test certificate that the last exchange was signed with.
    local function signed_by()
        local all = ep:requests()
        local der = mime.unb64(service.header(all[#all], "x-amz-x509"))
        for _, name in ipairs { "p256", "p384", "rsa2048" } do
            if der == contents(name .. ".crt.der") then
                return name
            end
        end
    end

    it("is used from the next exchange on, with its key", function()
        local conn = connect { certificate = put("certificate", "p256.chain.pem"),
            private_key = put("private_key", "p256.key.pkcs8.pem") }
        local before = assert(conn:credentials()).access_key_id
        put("certificate", "rsa2048.chain.pem")
        put("private_key", "rsa2048.key.trad.pem")
        assert.equal(before, assert(conn:credentials()).access_key_id, "good credentials are not thrown away")
        assert.equal("p256", signed_by())
        assert.is_true(conn:refresh())
        assert.equal("rsa2048", signed_by())
        assert.matches("^CN=rsa2048.*, RSA%-2048, ", conn:certificate())
        assert.not_equal(before, assert(conn:credentials()).access_key_id)
        assert.equal(2, ep:counters().CreateSession)
        conn:close()
    end)

    it("may come in a PKCS#12 file, under the same password", function()
        local conn = connect { pkcs12 = put("pkcs12", "p256.p12"), private_key_password = "test-password" }
        assert(conn:credentials())
        put("pkcs12", "p384.p12")
        assert.is_true(conn:refresh())
        assert.equal("p384", signed_by())
        conn:close()
    end)

    it("is not used before all of it is there; till then the old one is", function()
        local conn = connect { certificate = put("certificate", "p256.chain.pem"),
            private_key = put("private_key", "p256.key.pkcs8.pem") }
        for _, step in ipairs { { "certificate", "p384.chain.pem" }, { "certificate", "garbage.pem" },
            { "certificate", "expired.crt.pem" }, { "private_key", "empty.pem" } } do
            put(step[1], step[2])
            assert.is_true(conn:refresh())
            assert.equal("p256", signed_by())
            assert.matches("^CN=p256", conn:certificate())
        end
        os.remove(names.private_key)
        assert.is_true(conn:refresh())
        put("certificate", "p384.chain.pem")
        put("private_key", "p384.key.pkcs8.pem")
        assert.is_true(conn:refresh())
        assert.equal("p384", signed_by())
        conn:close()
    end)

    it("is what the message asks for when the old one has expired", function()
        local conn = connect { certificate = put("certificate", "p256.chain.pem"),
            private_key = put("private_key", "p256.key.pkcs8.pem") }
        put("certificate", "garbage.pem")
        assert.is_true(conn:refresh())
        ep:config { clock_offset_s = 40 * 365 * 86400 }
        local ok, err = conn:refresh()
        assert.is_nil(ok)
        assert.equal("credentials", err.kind)
        assert.equal("CertificateExpired", err.code)
        assert.matches("put a renewed one in its place, with its key; what is there now is not used: certificate: ",
            err.message, 1, true)
        conn:close()
    end)

    it("is for a new connection where it was given as text", function()
        local conn = connect { certificate = contents "p256.chain.pem",
            private_key = put("private_key", "p256.key.pkcs8.pem") }
        put("private_key", "p384.key.pkcs8.pem")
        assert.is_true(conn:refresh())
        assert.equal("p256", signed_by())
        conn:close()
    end)
end)
