--- Whom connections trust, and who they are, in TLS.
local bedrock = require "bedrock"
local files = require "spec.support.files"
local service = require "spec.support.service"

local INTERPRETER = rawget(_G, "jit") and "luajit" or "lua5.4"

local read = files.read

describe("TLS", function()
    local ep = service.each()

    local function pki(name)
        return ep.pki .. "/" .. name
    end

    local function shell(command)
        return files.output(command .. " 2>&1")
    end

    --- What a call says in a process with these variables in its environment.
    local function says(environment, settings)
        local script = os.tmpname()
        local file = assert(io.open(script, "w"))
        file:write(([[
            local settings = { auth = "access_keys", access_key_id = %q, secret_access_key = %q, endpoint = %q,
                max_attempts = 1 }
            %s
            local conn = assert(require "bedrock".connect(settings))
            local answer, err = conn:list_foundation_models()
            print(answer and "answered" or err)
        ]]):format(ep.access_key_id, ep.secret_access_key, ep.https, settings or ""))
        file:close()
        local text = shell(("env -u SSL_CERT_FILE -u SSL_CERT_DIR %s timeout 30 %s %s"):format(environment, INTERPRETER,
            script))
        os.remove(script)
        return text
    end

    describe("authorities", function()
        local directory

        setup(function()
            directory = os.tmpname()
            os.remove(directory)
            shell(("mkdir '%s' && cp '%s' '%s/root.pem' && openssl rehash '%s'"):format(directory, ep.ca_file,
                directory, directory))
        end)

        teardown(function()
            shell(("rm -rf '%s'"):format(directory))
        end)

        it("come from SSL_CERT_FILE and SSL_CERT_DIR where there is no ca_file", function()
            assert.equal("answered\n", says("SSL_CERT_FILE=" .. ep.ca_file))
            assert.equal("answered\n", says("SSL_CERT_DIR=" .. directory))
            assert.equal("answered\n", says("SSL_CERT_FILE=" .. pki "ca.pem" .. " SSL_CERT_DIR=" .. directory))
            assert.equal("answered\n", says("SSL_CERT_FILE=" .. pki "ca.pem",
                ("settings.ca_file = %q"):format(ep.ca_file)))
        end)

        it("are those of ca_file alone where there is one", function()
            local text = says("SSL_CERT_FILE=" .. ep.ca_file .. " SSL_CERT_DIR=" .. directory,
                ("settings.ca_file = %q"):format(pki "ca.pem"))
            assert.matches("TlsFailed", text)
            assert.matches('trusted here: ca_file "' .. pki "ca.pem" .. '"', text, 1, true)
        end)

        it("are named where a server is not trusted", function()
            for environment, message in pairs {
                [""] = "trusted here: the system's)",
                ["SSL_CERT_FILE= SSL_CERT_DIR="] = "trusted here: the system's)",
                ["SSL_CERT_FILE=" .. pki "ca.pem"] = 'trusted here: SSL_CERT_FILE "' .. pki "ca.pem" .. '"',
                ["SSL_CERT_DIR=/nonexistent"] = "trusted here: the system's and SSL_CERT_DIR \"/nonexistent\"",
                ["SSL_CERT_FILE=/nonexistent"] = "so must SSL_CERT_FILE; trusted here: SSL_CERT_FILE \"/nonexistent\"",
            } do
                local text = says(environment)
                assert.matches("TlsFailed", text)
                assert.matches(message, text, 1, true)
            end
        end)
    end)

    describe("client certificates", function()
        local function settings(more)
            return service.settings(ep, service.merged({ endpoint = ep.https_mutual }, more))
        end

        local function connect(kind, more)
            return assert(bedrock.connect(settings(service.merged({ client_certificate = pki(kind .. ".chain.pem"),
                client_key = pki(kind .. ".key.pkcs8.pem") }, more))))
        end

        local function seen_as(conn)
            assert(conn:converse(service.ask "Hi"))
            local all = ep:requests()
            return all[#all].client:match "CN=([^,]*)"
        end

        it("are shown to an endpoint that asks for one", function()
            local conn = connect "p256"
            assert.equal("p256", seen_as(conn))
            assert(assert(conn:converse_stream(service.ask "Hi")):gather())
            conn:close()
            local bare = assert(bedrock.connect(settings()))
            local answer, err = bare:converse(service.ask "Hi")
            assert.is_nil(answer)
            assert.equal(400, err.status)
            bare:close()
        end)

        it("are taken as text, in any order, with a password", function()
            for _, more in ipairs {
                { client_certificate = read(pki "p256.chain.pem"), client_key = read(pki "p256.key.trad.pem") },
                { client_certificate = read(pki "p256.both-reversed.pem") .. read(pki "intermediate.pem") },
                { client_certificate = pki "p256.chain-shuffled.pem", client_key = pki "p256.key.pkcs8.enc.pem",
                    client_key_password = "test-password" },
                { client_certificate = pki "p256.chain.pem", client_key = pki "p256.key.trad.enc.pem",
                    client_key_password = "test-password" },
            } do
                local conn = assert(bedrock.connect(settings(more)))
                assert.equal("p256", seen_as(conn))
                conn:close()
            end
        end)

        it("are never mixed on connections that are kept, nor left on one without", function()
            local one, other, none = connect "p256", connect "rsa2048", assert(bedrock.connect(settings()))
            for _ = 1, 5 do
                assert.equal("p256", seen_as(one))
                assert.equal("rsa2048", seen_as(other))
                local answer, err = none:converse(service.ask "Hi")
                assert.is_nil(answer)
                assert.equal(400, err.status)
            end
            assert.is_true(ep:counters().connections <= 8, ep:counters().connections)
            for _, conn in ipairs { one, other, none } do
                conn:close()
            end
        end)

        it("are shown to IAM Roles Anywhere at an endpoint, too", function()
            local conn = assert(bedrock.connect(service.roles_anywhere(ep, "mutual", { cache = false,
                endpoint = ep.https_mutual, certificate = pki "p384.both.pem",
                certificate_chain = pki "intermediate.pem", client_certificate = pki "p256.chain.pem",
                client_key = pki "p256.key.pkcs8.pem" })))
            assert.equal("p256", seen_as(conn))
            for _, request in ipairs(ep:requests()) do
                assert.matches("CN=p256", request.client)
            end
            conn:close()
        end)

        it("are checked by connect", function()
            local cert, key = pki "p256.chain.pem", pki "p256.key.pkcs8.pem"
            for _, case in ipairs {
                { "client_key", "is not the key of client_certificate",
                    { client_certificate = cert, client_key = pki "rsa2048.key.pkcs8.pem" } },
                { "client_key", "client_certificate contains no private key", { client_certificate = cert } },
                { "client_key", "contains no private key in PEM",
                    { client_certificate = cert, client_key = pki "p256.crt.pem" } },
                { "client_key", "contains no private key in PEM",
                    { client_certificate = cert, client_key = pki "p256.key.pkcs8.der" } },
                { "client_key_password", "missing: the key is encrypted",
                    { client_certificate = cert, client_key = pki "p256.key.pkcs8.enc.pem" } },
                { "client_key_password", "does not open the key", { client_certificate = cert,
                    client_key = pki "p256.key.pkcs8.enc.pem", client_key_password = "wrong-SECRET" } },
                { "client_certificate", "contains no certificate in PEM",
                    { client_certificate = pki "garbage.pem", client_key = key } },
                { "client_certificate", "has expired",
                    { client_certificate = pki "expired.crt.pem", client_key = pki "expired.key.pem" } },
                { "client_certificate", "is not valid yet",
                    { client_certificate = pki "future.crt.pem", client_key = pki "future.key.pem" } },
                { "client_certificate", "No such file",
                    { client_certificate = "/nonexistent/file", client_key = key } },
                { "client_key", "has no effect without client_certificate", { client_key = key } },
                { "client_certificate", "your own endpoint",
                    { client_certificate = cert, client_key = key, endpoint = ep.http } },
            } do
                local conn, err = bedrock.connect(settings(case[3]))
                assert.is_nil(conn)
                assert.equal(1, #err.errors, tostring(err))
                assert.equal(case[1], err.errors[1].path)
                assert.matches(case[2], err.errors[1].message, 1, true)
                assert.not_matches("SECRET", tostring(err))
            end
            local _, err = bedrock.connect(settings { client_certificat = cert })
            assert.matches("did you mean client_certificate", tostring(err))
            local _, failed = bedrock.test(settings { client_certificate = cert,
                client_key = pki "rsa2048.key.pkcs8.pem" })
            assert.equal("settings", failed.report.steps[#failed.report.steps].name)
        end)
    end)
end)
