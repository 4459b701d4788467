--- Certificates whose keys no program can read: in a TPM (of software, with the provider that real ones have) and in
--- a PKCS#11 token, where Debian has the provider. In programs of their own, as the environment says where devices are.
local bedrock = require "bedrock"
local program = require "spec.support.program"
local read_file = require("spec.support.files").read
local service = require "spec.support.service"

--- In the program: conn, or what it says; and what an exchange came to.
local PRELUDE = [[
local bedrock = require "bedrock"
local service = require "spec.support.service"
local ep, dir, pki = service.endpoint(), %q, %q
local function connect(changes)
    local all = { cache = "shared", openssl_providers = { "tpm2", "default" } }
    return bedrock.connect(service.roles_anywhere(ep, "devices", service.merged(all, changes)))
end
local function key(name, uri, password, changes)
    return connect(service.merged({ certificate = dir .. "/" .. name .. ".pem", private_key = uri,
        private_key_password = password }, changes))
end
local function authenticates(conn, err)
    local ok
    if conn then
        ok, err = conn:refresh()
    end
    print(ok and conn:credentials().access_key_id:match "^ASIA" or err.code .. ": " .. err.message)
    if conn then
        conn:close()
    end
    collectgarbage()
    collectgarbage()
end
]]

local function succeeds(command)
    local ok = os.execute(command)
    return ok == true or ok == 0
end

local function temporary_directory()
    local pipe = assert(io.popen "mktemp -d")
    local name = pipe:read "*l"
    pipe:close()
    return name
end

describe("a key in a TPM", function()
    local ep = service.each()
    local dir, environment

    setup(function()
        dir = temporary_directory()
        assert.is_true(succeeds(("spec/support/tpm.sh start %s '%s' >%s/log 2>&1"):format(dir, ep.pki, dir)),
            "no TPM: are swtpm, tpm2-openssl and tpm2-tools installed?")
        environment = read_file(dir .. "/env"):gsub("\n", " ")
    end)

    teardown(function()
        os.execute(("spec/support/tpm.sh stop %s; rm -rf %s"):format(dir, dir))
    end)

    local function run(code)
        return (program.run(PRELUDE:format(dir, ep.pki) .. code, "env " .. environment))
    end

    local function authenticates(code)
        assert.equal("ASIA\n", run("authenticates(" .. code .. ")\n"))
        assert.equal(1, ep:counters().CreateSession)
        assert.equal(0, ep:counters().refused)
    end

    local forms = {
        ["at a handle"] = [[key("handle", "handle:0x81000001")]],
        ["with providers in another order"] = [[key("handle", "handle:0x81000001", nil,
            { openssl_providers = "default, tpm2" })]],
        ["in a file, by its path"] = [[key("file", dir .. "/file.key")]],
        ["in a file, by its URI"] = [[key("file", "file:" .. dir .. "/file.key")]],
        ["in a file, as text"] = [[key("file", io.open(dir .. "/file.key"):read "*a")]],
        ["of RSA, with a password"] = [[key("rsa", dir .. "/rsa.key", "secret")]],
        ["at a handle, with a password"] = [[key("locked", "handle:0x81000002", "secret")]],
    }
    for name, code in pairs(forms) do
        it(name .. " gets credentials", function()
            authenticates(code)
        end)
    end

    local refusals = {
        ["no password"] = { [[key("rsa", dir .. "/rsa.key")]], "wants a password or PIN: set private_key_password" },
        ["a wrong password"] = { [[key("locked", "handle:0x81000002", "hunter2")]],
            "private_key: does not sign: is private_key_password right" },
        ["a handle without a key"] = { [[key("handle", "handle:0x81000009")]], "finds no private key in handle:…" },
        ["a handle that is none"] = { [[key("handle", "handle:front")]], 'cannot open handle:…' },
        ["the key of another certificate"] = { [[key("file", "handle:0x81000001")]],
            "private_key: does not belong to the certificate given" },
        ["a file without providers"] = { [[bedrock.connect(service.roles_anywhere(ep, "devices",
            { certificate = dir .. "/file.pem", private_key = dir .. "/file.key" }))]],
            'set openssl_providers = {"tpm2", "default"}' },
    }
    for name, case in pairs(refusals) do
        it(name .. " is told by connect", function()
            local said = run("authenticates(" .. case[1] .. ")\n")
            assert.matches("^ConfigError: ", said)
            assert.matches(case[2], said, 1, true)
            assert.not_matches("hunter2", said, 1, true)
            assert.equal(0, ep:counters().CreateSession)
        end)
    end

    it("keeps its credentials in memory only, and the process's own context without the providers", function()
        assert.equal("1\nfalse\ntrue\n", run [[
            local conn = assert(key("handle", "handle:0x81000001", nil, { cache_dir = dir .. "/cache" }))
            assert(conn:refresh())
            assert(conn:credentials())
            print(ep:counters().CreateSession)
            print(io.open(dir .. "/cache") ~= nil)
            local _, err = key("handle", "handle:0x81000001", nil, { openssl_providers = "" })
            print(err.message:find("install tpm2-openssl", 1, true) ~= nil)
        ]])
    end)

    it("that is gone when it is to sign is named by the error, and what is valid still serves", function()
        local other = temporary_directory()
        assert.is_true(succeeds(("spec/support/tpm.sh start %s '%s' >%s/log 2>&1"):format(other, ep.pki, other)))
        local said = program.run(PRELUDE:format(other, ep.pki) .. [[
            local conn = assert(key("handle", "handle:0x81000001"))
            assert(conn:refresh())
            os.execute("spec/support/tpm.sh stop " .. dir)
            local ok, err = conn:refresh()
            print(ok, err.kind, err.code, err.message)
            print(conn:credentials().access_key_id:match "^ASIA")
        ]], "env " .. read_file(other .. "/env"):gsub("\n", " "))
        os.execute(("spec/support/tpm.sh stop %s; rm -rf %s"):format(other, other))
        assert.matches("^nil\tcredentials\tSigningFailed\t.*Is its device there%?.*\nASIA\n$", said)
    end)

    it("that is not there is told by connect", function()
        local said = program.run(PRELUDE:format(dir, ep.pki) .. [[authenticates(key("handle", "handle:0x81000001"))]],
            "env TSS2_LOG=all+NONE TPM2OPENSSL_TCTI=swtpm:path=/no/such/tpm")
        assert.matches("is there a TPM, and may it be used? TPM2OPENSSL_TCTI says where", said, 1, true)
    end)
end)

describe("a key in a PKCS#11 token", function()
    local ep = service.each()
    local settings, modules

    setup(function()
        local pipe = assert(io.popen "openssl version -m")
        modules = pipe:read("*a"):match '"(.-)"'
        pipe:close()
        settings = service.roles_anywhere(ep, "token", {
            certificate = ep.pki .. "/p256.chain.pem",
            private_key = "pkcs11:token=ours;object=client;type=private?pin-value=98765",
            cache = "memory",
        })
    end)

    it("needs a provider, which the error names, without the PIN", function()
        local conn, err = bedrock.connect(settings)
        assert.is_nil(conn)
        assert.matches("install pkcs11-provider (in Debian from 13 on", err.message, 1, true)
        assert.matches('set openssl_providers = {"pkcs11", "default"}', err.message, 1, true)
        assert.not_matches("98765", err.message, 1, true)
    end)

    it("is named with its package where the provider is missing", function()
        if io.open(modules .. "/pkcs11.so") then
            return
        end
        local conn, err = bedrock.connect(service.merged(settings, { openssl_providers = { "pkcs11", "default" } }))
        assert.is_nil(conn)
        assert.matches('openssl_providers: OpenSSL has no provider "pkcs11"', err.message, 1, true)
        assert.matches("package pkcs11-provider, in Debian from 13 on", err.message, 1, true)
    end)

    it("gets credentials, where the provider is", function()
        if not io.open(modules .. "/pkcs11.so") then
            return
        end
        local dir = temporary_directory()
        local prepared = succeeds(([[
            cd %s && mkdir tokens && echo "directories.tokendir = $PWD/tokens" >softhsm2.conf &&
            export SOFTHSM2_CONF=$PWD/softhsm2.conf &&
            softhsm2-util --init-token --free --label ours --pin 98765 --so-pin 98765 >log &&
            softhsm2-util --import '%s/p256.key.pkcs8.pem' --token ours --label client --id 01 --pin 98765 >log
        ]]):format(dir, ep.pki))
        local output = program.run(PRELUDE:format(dir, ep.pki) .. [[
            local function token(uri, pin)
                return connect { certificate = pki .. "/p256.chain.pem", private_key = uri,
                    private_key_password = pin, openssl_providers = { "pkcs11", "default" } }
            end
            authenticates(token("pkcs11:token=ours;object=client;type=private", "98765"))
            authenticates(token("pkcs11:token=ours;object=client;type=private?pin-value=98765"))
            authenticates(token("pkcs11:token=ours;object=client;type=private", "11111"))
            authenticates(token("pkcs11:token=ours;object=client;type=private"))
            authenticates(token("pkcs11:token=ours;object=stranger;type=private", "98765"))
            authenticates(token("pkcs11:token=theirs;object=client", "98765"))
        ]], ("env SOFTHSM2_CONF=%s/softhsm2.conf PKCS11_PROVIDER_MODULE=$(ls /usr/lib/*/softhsm/libsofthsm2.so)")
            :format(dir))
        os.execute("rm -rf " .. dir)
        assert.is_true(prepared)
        local lost = "ConfigError: private_key: OpenSSL finds no private key in pkcs11:…"
        assert.equal(table.concat({
            "ASIA",
            "ASIA",
            lost .. ": is its name right, and private_key_password?",
            "ConfigError: private_key: wants a password or PIN: set private_key_password",
            lost .. ": is its name right, and private_key_password?",
            lost,
            "",
        }, "\n"), output)
        assert.not_matches("98765", output, 1, true)
        assert.not_matches("11111", output, 1, true)
    end)
end)
