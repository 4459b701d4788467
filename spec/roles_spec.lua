--- Roles assumed with STS, on top of any other way, and with a web identity.
local bedrock = require "bedrock"
local files = require "spec.support.files"
local service = dofile "spec/support/service.lua"

local mime = require "mime"

local ROLE = "arn:aws:iam::123456789012:role/"

describe("a role", function()
    local ep

    setup(function()
        ep = service.endpoint()
    end)

    before_each(function()
        ep:reset()
    end)

    local function ask(conn)
        return conn:converse(service.ask "Hi")
    end

    local function requests(operation)
        local found = {}
        for _, request in ipairs(ep:requests()) do
            if request.operation == operation then
                request.text = mime.unb64(request.body64)
                found[#found + 1] = request
            end
        end
        return found
    end

    it("is assumed with access keys, once", function()
        local conn = service.connect(ep, { assume_role = { role_arn = ROLE .. "a", session_name = "me" } })
        assert(ask(conn))
        assert(ask(conn))
        assert.equal(1, ep:counters().AssumeRole)
        assert.equal("Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fa"
            .. "&RoleSessionName=me", requests("AssumeRole")[1].text)
        local info = assert(conn:credentials())
        assert.same({ "assume_role", "access_keys" }, info.via)
        assert.is_true(info.seconds_left > 3500)
    end)

    it("is asked for with all that a role takes, in one order", function()
        local conn = service.connect(ep, { assume_role = {
            role_arn = ROLE .. "b",
            duration = 900,
            external_id = "e-1",
            policy = { Version = "2012-10-17", Statement = {} },
            policy_arns = { "arn:aws:iam::aws:policy/ReadOnlyAccess" },
            tags = { team = "search", cost = "12 %" },
            transitive_tag_keys = { "team" },
            source_identity = "eva",
        } })
        assert(ask(conn))
        local body = requests("AssumeRole")[1].text
        local name = body:match "&RoleSessionName=(lua%-bedrock%-%x+)$"
        assert.equal(28, #name)
        assert.equal("Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fb"
            .. "&ExternalId=e-1&Policy=%7B%22Statement%22%3A%7B%7D%2C%22Version%22%3A%222012-10-17%22%7D"
            .. "&SourceIdentity=eva&DurationSeconds=900"
            .. "&PolicyArns.member.1.arn=arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2FReadOnlyAccess"
            .. "&Tags.member.1.Key=cost&Tags.member.2.Key=team&Tags.member.1.Value=12%20%25"
            .. "&Tags.member.2.Value=search&TransitiveTagKeys.member.1=team&RoleSessionName=" .. name, body)
    end)

    it("lies on another, and each is renewed by itself", function()
        local conn = service.connect(ep, {
            assume_role = { { role_arn = ROLE .. "below", session_name = "c1" }, { role_arn = ROLE .. "above" } },
        })
        assert(ask(conn))
        assert.equal(2, ep:counters().AssumeRole)
        assert.same({ "assume_role", "assume_role", "access_keys" }, assert(conn:credentials()).via)
        assert(conn:refresh())
        assert.equal(4, ep:counters().AssumeRole)
        local roles = requests "AssumeRole"
        assert.matches("below", roles[1].text)
        assert.matches("above", roles[2].text)
    end)

    it("is asked for again below 60 s of life, but what lies below is not", function()
        ep:config { role_lifetime_s = 59 }
        local conn = assert(bedrock.connect(service.roles_anywhere(ep, "roles-life", {
            certificate = ep.pki .. "/p256.crt.pem",
            private_key = ep.pki .. "/p256.key.pkcs8.pem",
            certificate_chain = ep.pki .. "/intermediate.pem",
            cache = "memory",
            assume_role = { role_arn = ROLE .. "short" },
        })))
        assert(ask(conn))
        assert(ask(conn))
        assert.equal(2, ep:counters().AssumeRole)
        assert.equal(1, ep:counters().CreateSession)
        assert.same({ "assume_role", "roles_anywhere" }, assert(conn:credentials()).via)
    end)

    it("on Roles Anywhere is kept for later processes", function()
        local dir = os.tmpname()
        os.remove(dir)
        local function connect()
            return assert(bedrock.connect(service.roles_anywhere(ep, "roles-kept", {
                certificate = ep.pki .. "/p256.crt.pem",
                private_key = ep.pki .. "/p256.key.pkcs8.pem",
                certificate_chain = ep.pki .. "/intermediate.pem",
                cache_dir = dir,
                assume_role = { role_arn = ROLE .. "kept" },
            })))
        end
        local conn = connect()
        assert(ask(conn))
        conn:close()
        conn = nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
        assert.equal("file", assert(connect():credentials()).cache)
        assert.equal(1, ep:counters().AssumeRole)
        os.execute("rm -rf " .. dir)
    end)

    it("is asked for once by many at once", function()
        ep:config { exchange_delay_ms = 50 }
        local settings = service.settings(ep, { assume_role = { role_arn = ROLE .. "many" } })
        local tasks = {}
        for i = 1, 16 do
            tasks[i] = bedrock.spawn(ask, assert(bedrock.connect(settings)))
        end
        for i = 1, 16 do
            assert(tasks[i]:join())
        end
        assert.equal(1, ep:counters().AssumeRole)
    end)

    it("is asked for with new credentials once the service calls those below expired", function()
        local conn = assert(bedrock.connect(service.roles_anywhere(ep, "roles-expired", {
            certificate = ep.pki .. "/p256.crt.pem",
            private_key = ep.pki .. "/p256.key.pkcs8.pem",
            certificate_chain = ep.pki .. "/intermediate.pem",
            cache = "memory",
            assume_role = { role_arn = ROLE .. "expired" },
        })))
        ep:config { role_lifetime_s = 59 }
        assert(ask(conn))
        ep:expire()
        assert(ask(conn))
        assert.equal(2, ep:counters().CreateSession)
    end)

    it("that is refused is told of with what to check, and without secrets", function()
        ep:script { {
            match = { operation = "AssumeRole" },
            action = { status = 403, headers = { ["Content-Type"] = "text/xml" }, body =
                "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User: "
                .. "arn:aws:iam::123456789012:user/eva is not authorized to perform: sts:AssumeRole on resource: "
                .. ROLE .. "no</Message></Error></ErrorResponse>" },
        } }
        local _, err = ask(service.connect(ep, { assume_role = { role_arn = ROLE .. "no" } }))
        assert.equal("credentials", err.kind)
        assert.equal("AccessDenied", err.code)
        assert.matches("STS refused AssumeRole: .*not authorized to perform", err.message)
        assert.matches("trust policy", err.message)
    end)

    it("is repeated after a failure that may pass", function()
        ep:script { { match = { operation = "AssumeRole" }, times = 1, action = { status = 500, body = "" } },
            { match = { operation = "AssumeRole" }, times = 1, action = { close = true } } }
        assert(ask(service.connect(ep, { assume_role = { role_arn = ROLE .. "again" } })))
        assert.equal(3, ep:counters().AssumeRole)
    end)

    it("whose answer cannot be read says so", function()
        for _, body in ipairs { "", "<a/>", "<r><Credentials><AccessKeyId>A</AccessKeyId></Credentials></r>",
            "{}", "<r><Credentials>", ("<a>"):rep(1000) } do
            ep:reset()
            ep:script { { match = { operation = "AssumeRole" }, action = { status = 200, body = body } } }
            local _, err = ask(service.connect(ep, { assume_role = { role_arn = ROLE .. "odd" } }))
            assert.equal("BadResponse", err.code)
            assert.matches("STS", err.message)
        end
    end)

    it("given wrong is told of by connect, all at once", function()
        local _, err = bedrock.connect(service.settings(ep, { assume_role = {
            { role_arn = "role", session_name = "a b", duration = 10, tags = { 1 }, polcy = "{}" },
            { role_arn = ROLE .. "x", duration = 7200, external_id = "??" },
            {},
        } }))
        local found = {}
        for i, problem in ipairs(err.errors) do
            found[i] = problem.path .. ": " .. problem.message
        end
        assert.same({
            "assume_role[1].duration: must be an integer from 900 to 43200 (seconds), got 10",
            'assume_role[1].polcy: unknown option (did you mean policy?)',
            "assume_role[1].role_arn: must have 20 to 2048 characters and no NUL, got 4",
            "assume_role[1].session_name: may contain only letters, digits and _+=,.@-",
            "assume_role[1].tags: must be a table of name = value, both strings, got something else in it",
            "assume_role[2].external_id: may contain only letters, digits and _+=,.@:/-",
            "assume_role[3].role_arn: missing: the ARN of the role to assume, arn:aws:iam::ACCOUNT:role/NAME",
        }, found)
    end)

    it("of which something stands beside a list is told of", function()
        local _, err = bedrock.connect(service.settings(ep, { assume_role = {
            external_id = "x", { role_arn = ROLE .. "b" },
        } }))
        assert.equal("assume_role: external_id stands beside a list of roles: put it into one of them", err.message)
    end)

    it("assumed with a role's credentials lasts an hour at most", function()
        local _, err = bedrock.connect(service.settings(ep, { assume_role = {
            { role_arn = ROLE .. "x", duration = 7200 }, { role_arn = ROLE .. "y", duration = 7200 },
        } }))
        assert.equal("assume_role[2].duration: 7200 is above the maximum 3600 (seconds) of a role that is assumed "
            .. "with a role's credentials", err.message)
        _, err = bedrock.connect(service.settings(ep, { auth = "api_key", api_key = "k", access_key_id = "",
            secret_access_key = "", assume_role = { role_arn = ROLE .. "x" } }))
        assert.equal('assume_role: needs credentials to assume the role with, and auth = "api_key" has none',
            err.message)
    end)

    describe("with a web identity", function()
        local file

        before_each(function()
            file = os.tmpname()
            files.write(file, ep.web_identity_token .. "\n")
        end)

        after_each(function()
            os.remove(file)
        end)

        local function connect(more)
            return assert(bedrock.connect(service.merged({
                auth = "web_identity",
                web_identity = { token_file = file, role_arn = ROLE .. "web", session_name = "pod" },
                endpoint = ep.https,
                ca_file = ep.ca_file,
                cache = false,
            }, more)))
        end

        it("is asked for with the token, unsigned", function()
            local conn = connect()
            assert(ask(conn))
            local request = requests("AssumeRoleWithWebIdentity")[1]
            assert.is_nil(service.header(request, "authorization"))
            assert.matches("&RoleSessionName=pod&WebIdentityToken=", request.text, 1, true)
            assert.same({ "web_identity" }, assert(conn:credentials()).via)
        end)

        it("reads the token anew for each exchange, and never shows it", function()
            files.write(file, "another-token")
            local conn = connect()
            local _, err = ask(conn)
            assert.equal("InvalidIdentityToken", err.code)
            assert.is_nil(tostring(err):find("another-token", 1, true))
            files.write(file, ep.web_identity_token)
            assert(ask(conn))
        end)

        it("says when the file is not there, or empty", function()
            os.remove(file)
            local _, err = ask(connect())
            assert.equal("TokenFile", err.code)
            assert.matches(file, err.message, 1, true)
            files.write(file, " \n")
            _, err = ask(connect())
            assert.matches("is empty", err.message)
        end)

        it("is the base of roles", function()
            local conn = connect { assume_role = { role_arn = ROLE .. "on-web" } }
            assert(ask(conn))
            assert.same({ "assume_role", "web_identity" }, assert(conn:credentials()).via)
        end)
    end)
end)
