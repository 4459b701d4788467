--- auth = "profile" and "chain": AWS's shared files and the environment, end to end. What becomes of each text
--- is spec/c/test_ways.c's, and botocore's view of it spec/interop/ways.py's.
local bedrock = require "bedrock"
local files = require "spec.support.files"
local service = dofile "spec/support/service.lua"
local program = dofile "spec/support/program.lua"
local hosts = dofile "spec/support/hosts.lua"

local ROLE = "arn:aws:iam::123456789012:role/"

--- Connects by "chain" in a process of its own, whose variables are set before, and prints what came of it.
local CHAIN = [[
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"
local ep = service.endpoint()
local conn = assert(bedrock.connect { auth = "chain", ca_file = ep.ca_file })
local answer, err = conn:converse(service.ask "Hi")
local info = conn:credentials()
print(answer and "ok" or err.kind .. " " .. err.code .. " " .. err.message)
print(info and table.concat(info.via, ","), conn.region)
]]

describe("AWS's shared files", function()
    local ep = service.each()
    local dir

    before_each(function()
        dir = os.tmpname()
        os.remove(dir)
        assert(os.execute("mkdir -p " .. dir))
    end)

    after_each(function()
        os.execute("rm -rf " .. dir)
    end)

    local function keys(id)
        return "aws_access_key_id = " .. (id or ep.access_key_id) .. "\naws_secret_access_key = "
            .. ep.secret_access_key .. "\n"
    end

    local function connect(text, more)
        files.write(dir .. "/config", text)
        return bedrock.connect(service.merged({
            auth = "profile",
            config_file = dir .. "/config",
            endpoint = ep.https,
            ca_file = ep.ca_file,
            cache = "memory",
        }, more))
    end

    local function ask(conn)
        return conn:converse(service.ask "Hi")
    end

    it("give keys", function()
        local conn = assert(connect("[profile dev]\nregion = eu-west-1\n" .. keys(), { profile = "dev" }))
        assert.equal("eu-west-1", conn.region)
        assert(ask(conn))
        assert.same({ "profile" }, assert(conn:credentials()).via)
    end)

    it("give roles, which are assumed one on another", function()
        local conn = assert(connect("[default]\nrole_arn = " .. ROLE .. "top\nsource_profile = mid\n"
            .. "[profile mid]\nrole_arn = " .. ROLE .. "mid\nsource_profile = base\n[profile base]\n" .. keys()))
        assert(ask(conn))
        assert.equal(2, ep:counters().AssumeRole)
        assert.same({ "assume_role", "assume_role", "profile" }, assert(conn:credentials()).via)
    end)

    it("give what roles of the options lie on", function()
        local conn = assert(connect("[default]\n" .. keys(), { assume_role = { role_arn = ROLE .. "option" } }))
        assert(ask(conn))
        assert.same({ "assume_role", "profile" }, assert(conn:credentials()).via)
    end)

    it("give a helper's line, which is done without a child", function()
        local arns = service.roles_anywhere(ep, "helper")
        local text = ("[default]\nregion = us-east-1\ncredential_process = aws_signing_helper"
            .. " credential-process --certificate %s --private-key %s --intermediates %s"
            .. " --profile-arn %s --role-arn %s --trust-anchor-arn %s --role-session-name helper\n")
            :format(ep.pki .. "/p256.crt.pem", ep.pki .. "/p256.key.pkcs8.pem", ep.pki .. "/intermediate.pem",
                arns.profile_arn, arns.role_arn, arns.trust_anchor_arn)
        local conn = assert(connect(text))
        assert(ask(conn))
        assert.equal(1, ep:counters().CreateSession)
        assert.same({ "profile", "roles_anywhere" }, assert(conn:credentials()).via)
        assert(ask(assert(connect((text:gsub(" %-%-role%-session%-name helper", ""))))))
        assert.equal(2, ep:counters().CreateSession)
        ep:reset()
        files.write(dir .. "/config", text)
        files.write(dir .. "/config", "# edited\n" .. text)
        assert(conn:refresh())
        assert.equal(1, ep:counters().CreateSession)
        files.write(dir .. "/config", (text:gsub("helper\n", "other\n")))
        local set, err = conn:refresh()
        assert.is_nil(set)
        assert.truthy(err.message:find("connect again", 1, true))
    end)

    it("are read anew when they changed and an exchange is due", function()
        local conn = assert(connect("[default]\nrole_arn = " .. ROLE .. "one\nsource_profile = base\n"
            .. "[profile base]\n" .. keys()))
        assert(ask(conn))
        assert.same({ "assume_role", "profile" }, assert(conn:credentials()).via)
        files.write(dir .. "/config", "[default]\nrole_arn = " .. ROLE .. "two\nsource_profile = mid\n[profile mid]\n"
            .. "role_arn = " .. ROLE .. "mid\nsource_profile = base\n[profile base]\n" .. keys())
        assert(ask(conn))
        assert.equal(1, ep:counters().AssumeRole)
        assert(conn:refresh())
        assert.equal(3, ep:counters().AssumeRole)
        assert.same({ "assume_role", "assume_role", "profile" }, assert(conn:credentials()).via)
        assert(ask(conn))
    end)

    it("are read anew in every host", function()
        local base = "source_profile = base\n[profile base]\n" .. keys()
        for name, run_in in pairs(hosts) do
            run_in(function()
                local conn = assert(connect("[default]\nrole_arn = " .. ROLE .. name .. "\n" .. base))
                assert(ask(conn))
                files.write(dir .. "/config", "[default]\nrole_arn = " .. ROLE .. name .. "-two\n" .. base)
                ep:reset()
                assert(conn:refresh())
                assert(ask(conn))
                assert.equal(1, ep:counters().AssumeRole)
                conn:close()
            end)
        end
    end)

    it("are read anew when the service calls their keys expired", function()
        local expired = {
            match = { operation = "Converse" },
            times = 1,
            action = { status = 403, headers = { ["x-amzn-ErrorType"] = "ExpiredTokenException" }, body = "{}" },
        }
        local conn = assert(connect("[default]\n" .. keys()))
        ep:script { expired }
        files.write(dir .. "/config", ("[default]\naws_access_key_id=%s\naws_secret_access_key=%s\n"
            .. "aws_session_token=%s\n"):format(ep.session.access_key_id, ep.session.secret_access_key,
                ep.session.session_token))
        assert(ask(conn))
        assert.equal(2, ep:counters().Converse)
        assert.equal(ep.session.access_key_id, assert(conn:credentials()).access_key_id)
        ep:script { expired }
        local _, err = ask(conn)
        assert.equal("ExpiredTokenException", err.code)
    end)

    it("that are broken since connect say so where credentials are due, and serve again when mended", function()
        local good = "[default]\nrole_arn = " .. ROLE .. "mended\nsource_profile = base\n[profile base]\n" .. keys()
        local conn = assert(connect(good))
        assert(ask(conn))
        files.write(dir .. "/config", good .. "nonsense\n")
        local set, err = conn:refresh()
        assert.is_nil(set)
        assert.equal("NoCredentials", err.code)
        assert.truthy(err.message:find(", line 7: must be", 1, true))
        files.write(dir .. "/config", good)
        assert(conn:refresh())
        assert(ask(conn))
    end)

    it("that hold no credentials are a refusal that says where it looked", function()
        local conn = assert(connect "[default]\nregion = eu-west-1\n")
        local answer, err = ask(conn)
        assert.is_nil(answer)
        assert.equal("credentials", err.kind)
        assert.equal("NoCredentials", err.code)
        for _, part in ipairs { "profile \"default\"", dir .. "/config", "credential_process" } do
            assert.truthy(err.message:find(part, 1, true), part)
        end
    end)

    it("are refused by connect where they are broken", function()
        for text, words in pairs {
            ["[default\n"] = "line 1",
            ["[default]\naws_access_key_id = A\n"] = "no aws_secret_access_key",
            ["[default]\nrole_arn = " .. ROLE .. "a\nsource_profile = default\n"] = "a loop",
            ["[default]\nrole_arn = " .. ROLE .. "a\nsource_profile = b\nmfa_serial = m\n[profile b]\n" .. keys()] =
                "MFA device",
        } do
            local conn, err = connect(text)
            assert.is_nil(conn)
            assert.equal("config", err.kind)
            assert.truthy(err.message:find(words, 1, true), err.message)
            assert.falsy(err.message:find(ep.secret_access_key, 1, true))
        end
        local conn, err = connect("[default]\n" .. keys(), { config_file = dir .. "/nowhere" })
        assert.is_nil(conn)
        assert.truthy(err.message:find("no such file", 1, true))
        conn, err = connect("[default]\n" .. keys(), { profile = "other" })
        assert.is_nil(conn)
        assert.truthy(err.message:find("[profile other]", 1, true))
    end)

    local function chain(variables)
        local text = "AWS_EC2_METADATA_DISABLED=true AWS_ENDPOINT_URL=" .. ep.https .. " HOME=" .. dir
        for name, value in pairs(variables) do
            text = text .. " " .. name .. "='" .. value .. "'"
        end
        return (program.run(CHAIN, "env " .. text))
    end

    it("and the environment make the chain", function()
        os.execute("mkdir " .. dir .. "/.aws")
        files.write(dir .. "/.aws/credentials", "[default]\n" .. keys())
        assert.equal("ok\nprofile\tus-east-1\n", chain {})
        assert.equal("ok\nenvironment\teu-west-2\n", chain {
            AWS_ACCESS_KEY_ID = ep.access_key_id,
            AWS_SECRET_ACCESS_KEY = ep.secret_access_key,
            AWS_REGION = "eu-west-2",
        })
        assert.equal("ok\nprofile\tus-east-1\n", chain { AWS_BEARER_TOKEN_BEDROCK = ep.api_key })
    end)

    it("and the environment may hold keys that end", function()
        local function keys_until(seconds)
            return chain {
                AWS_ACCESS_KEY_ID = ep.access_key_id,
                AWS_SECRET_ACCESS_KEY = ep.secret_access_key,
                AWS_CREDENTIAL_EXPIRATION = os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + seconds),
            }
        end
        assert.equal("ok\nenvironment\tus-east-1\n", keys_until(600))
        assert.truthy(keys_until(30):find("credentials CredentialsExpired", 1, true))
        assert.truthy(keys_until(-600):find("credentials CredentialsExpired", 1, true))
    end)

    it("are not read for a way of its own, which says what it looked for", function()
        for auth, variable in pairs {
            environment = "AWS_ACCESS_KEY_ID",
            web_identity = "AWS_WEB_IDENTITY_TOKEN_FILE",
            container = "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        } do
            local conn = assert(bedrock.connect { auth = auth })
            local set, err = conn:credentials()
            assert.is_nil(set)
            assert.equal("NoCredentials", err.code)
            assert.truthy(err.message:find(variable, 1, true), err.message)
        end
    end)

    it("that are not there leave what the chain looked for", function()
        local said = chain {}
        for _, part in ipairs { "credentials NoCredentials", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE",
            dir .. "/.aws/config", dir .. "/.aws/credentials", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_EC2_METADATA_DISABLED" } do
            assert.truthy(said:find(part, 1, true), part .. " is not in " .. said)
        end
        assert.equal("ok", chain({ AWS_BEARER_TOKEN_BEDROCK = ep.api_key }):match "^%w+")
    end)
end)
