--- bedrock credentials, exec, api-key, sign, presign and config, as processes of their own.
local cjson = require "cjson"
local command = require "spec.support.command"
local files = require "spec.support.files"
local service = dofile "spec/support/service.lua"

local URL = "https://bedrock.us-east-1.amazonaws.com/foundation-models"

describe("the command", function()
    local ep, home = service.each(), nil
    local env

    before_each(function()
        home = command.home()
        files.write(home .. "/settings.lua", ([[return {
            profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/command",
            role_arn = "arn:aws:iam::123456789012:role/command",
            trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/command",
            session_name = "command", certificate = %q, private_key = %q, certificate_chain = %q,
        }]]):format(ep.pki .. "/p256.crt.pem", ep.pki .. "/p256.key.pkcs8.pem", ep.pki .. "/intermediate.pem"))
        env = { BEDROCK_SETTINGS = home .. "/settings.lua", BEDROCK_AUTH = false, BEDROCK_ACCESS_KEY_ID = false,
            BEDROCK_SECRET_ACCESS_KEY = false, XDG_CACHE_HOME = home .. "/cache" }
    end)

    after_each(function()
        command.remove(home)
    end)

    local function run(arguments, more)
        return command.run(ep, home, arguments, { env = service.merged(env, more) })
    end

    local function gives(arguments, more)
        local got = run(arguments, more)
        assert.equal(0, got.code, got.err)
        return got.out
    end

    local function fails(code, pattern, arguments, more)
        local got = run(arguments, more)
        assert.equal(code, got.code, got.err)
        assert.equal("", got.out)
        assert.matches(pattern, got.err)
    end

    describe("credentials", function()
        it("are a credential_process's where no terminal is", function()
            local given = cjson.decode(gives { "credentials" })
            assert.equal(1, given.Version)
            assert.matches("^ASIA", given.AccessKeyId)
            assert.is_string(given.SecretAccessKey)
            assert.is_string(given.SessionToken)
            assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$", given.Expiration)
        end)

        it("come in the forms of shells and of AWS's files", function()
            local key = gives({ "credentials", "--format", "env" }):match "export AWS_ACCESS_KEY_ID=(ASIA%w+)\n"
            assert.is_string(key)
            assert.matches("^%[default%]\naws_access_key_id = " .. key, gives { "credentials", "--format", "ini" })
            local names = files.output("eval \"$(" .. command.line(ep, home, { "credentials", "--format", "env" },
                { env = env }) .. ")\"; echo $AWS_ACCESS_KEY_ID ${AWS_SESSION_TOKEN:+token} $AWS_CREDENTIAL_EXPIRATION")
            assert.matches("^" .. key .. " token 20", names)
            local table_ = gives { "credentials", "--format", "table" }
            assert.truthy(table_:find(key, 1, true))
            assert.is_nil(table_:find("secret", 1, true))
            assert.equal(1, ep:counters().CreateSession)
        end)

        --- @return integer distinct how many keys 32 processes were given at once
        local function many()
            local line = command.line(ep, home, { "credentials" }, { env = env })
            local pipes, keys, distinct = {}, {}, 0
            for i = 1, 32 do
                pipes[i] = assert(io.popen("exec " .. line .. " 2>&1"))
            end
            for _, pipe in ipairs(pipes) do
                local key = cjson.decode(pipe:read "*a").AccessKeyId
                pipe:close()
                distinct = distinct + (keys[key] and 0 or 1)
                keys[key] = true
            end
            return distinct
        end

        it("32 at once, cold: one exchange", function()
            assert.equal(1, many())
            assert.equal(1, ep:counters().CreateSession)
        end)

        it("32 at once, which end within a quarter of an hour: one exchange", function()
            ep:config { exchange_lifetime_s = 600 }
            gives { "credentials" }
            ep:config { exchange_lifetime_s = 0 }
            assert.equal(1, many())
            assert.equal(2, ep:counters().CreateSession)
        end)

        it("that end within a quarter of an hour are renewed, as programs would ask again and again", function()
            ep:config { exchange_lifetime_s = 600 }
            local first = cjson.decode(gives { "credentials" })
            ep:config { exchange_lifetime_s = 0 }
            assert.not_equal(first.AccessKeyId, cjson.decode(gives { "credentials" }).AccessKeyId)
            assert.equal(2, ep:counters().CreateSession)
        end)

        it("fail by what is wrong", function()
            fails(3, "profile_arn", { "credentials" }, { BEDROCK_PROFILE_ARN = "nonsense" })
            ep:script { { times = -1, match = { operation = "CreateSession" },
                action = { status = 403, json = { message = "Untrusted certificate. Insufficient certificate" } } } }
            fails(4, "Untrusted", { "credentials" })
            fails(2, "format", { "credentials", "--format", "xml" })
            fails(3, "settings: .*nosuch%.lua: there is no such file", { "credentials", "--settings", "/nosuch.lua" })
        end)
    end)

    describe("exec", function()
        it("gives a program credentials and the region, and nothing else to choose", function()
            local out = gives({ "exec", "--", "sh", "-c", "env; echo $$" }, { AWS_PROFILE = "other",
                AWS_BEARER_TOKEN_BEDROCK = "key", BEDROCK_API_KEY = false, BEDROCK_PRIVATE_KEY_PASSWORD = "secret" })
            assert.matches("AWS_ACCESS_KEY_ID=ASIA", out)
            assert.matches("AWS_SESSION_TOKEN=", out)
            assert.matches("\n?AWS_REGION=us%-east%-1\n", out)
            for _, name in ipairs { "AWS_PROFILE=", "AWS_BEARER_TOKEN_BEDROCK=", "BEDROCK_PRIVATE_KEY_PASSWORD=" } do
                assert.is_nil(out:find(name, 1, true), name)
            end
        end)

        it("gives an API key where the SDKs look for it", function()
            local out = gives({ "exec", "env" }, { BEDROCK_SETTINGS = false, BEDROCK_AUTH = "api_key",
                BEDROCK_API_KEY = "a-key", BEDROCK_REGION = "us-east-1" })
            assert.matches("AWS_BEARER_TOKEN_BEDROCK=a%-key\n", out)
            assert.is_nil(out:find("BEDROCK_API_KEY=", 1, true))
        end)

        it("ends as the program does", function()
            assert.equal(7, run({ "exec", "--", "sh", "-c", "exit 7" }).code)
            fails(127, "nosuchprogram", { "exec", "nosuchprogram" })
            files.write(home .. "/plain", "no program")
            fails(126, "plain", { "exec", home .. "/plain" })
            fails(2, "missing argument", { "exec" })
            local script = "set -o pipefail; yes | head -n 1 >/dev/null; echo $?"
            assert.equal("141\n", gives { "exec", "--", "bash", "-c", script })
        end)
    end)

    describe("signatures", function()
        it("are lines for curl -H @-", function()
            local out = gives { "sign", URL }
            assert.matches("authorization: AWS4%-HMAC%-SHA256 Credential=ASIA", out)
            assert.matches("x%-amz%-security%-token: ", out)
            for line in out:gmatch "([^\n]*)\n" do
                assert.matches("^[%w-]+: .+$", line)
            end
            fails(2, "NAME: VALUE", { "sign", URL, "-H", "nothing" })
        end)

        it("are accepted by the service", function()
            local url = ep.https .. "/foundation-models"
            local line = command.line(ep, home, { "sign", url }, { env = env })
            local curl = ("curl -s -o /dev/null -w '%%{http_code}' --cacert %s -H @- %s"):format(ep.ca_file, url)
            assert.equal("200", files.output(line .. " | " .. curl))
        end)

        it("are URLs and API keys, too", function()
            assert.matches("X%-Amz%-Expires=900&", gives { "presign", URL, "--expires", "15m" })
            fails(2, "expires", { "presign", URL, "--expires", "soon" })
            assert.matches("^bedrock%-api%-key%-%S+\n$", gives { "api-key", "--duration", "1h" })
            assert.is_string(cjson.decode(gives { "api-key", "--json" }).expiration)
            fails(2, "duration", { "api-key", "--duration", "an hour" })
            fails(6, "43200", { "api-key", "--duration", "13h" })
        end)
    end)

    describe("config", function()
        it("shows where settings are from, and no secret", function()
            local out = gives({ "config", "show", "--region", "eu-west-1" }, { BEDROCK_PRIVATE_KEY_PASSWORD = "hush",
                BEDROCK_PROXY = "http://user:hush@proxy:3128", BEDROCK_CACHE = "redis://:hush@redis" })
            assert.matches("\nregion +eu%-west%-1  %(option%)\n", out)
            assert.matches("ca_file +%S+  %(BEDROCK_CA_FILE%)\n", out)
            assert.matches("\nsession_name +command  %(" .. home .. "/settings.lua%)\n", out)
            assert.is_nil(out:find("hush", 1, true))
            local told = cjson.decode(gives({ "config", "show", "--json" }, { BEDROCK_PRIVATE_KEY_PASSWORD = "hush" }))
            assert.equal(home .. "/settings.lua", told.file)
            fails(2, "action", { "config", "shew" })
        end)

        it("is refused when others may write it", function()
            os.execute("chmod 666 " .. home .. "/settings.lua")
            fails(3, "others may write it", { "config", "show" })
        end)

        it("is refused when others may write where a link leads to", function()
            os.execute(("cd %s && mkdir open && chmod 777 open && chmod 600 settings.lua && mv settings.lua open && "
                .. "ln -s open/settings.lua settings.lua"):format(home))
            fails(3, "others may write its directory", { "config", "show" })
            os.execute(("cd %s && chmod 755 open"):format(home))
            gives { "config", "show" }
        end)
    end)
end)
