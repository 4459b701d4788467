--- Credentials that the machine gives: of a container, and of an EC2 instance.
local bedrock = require "bedrock"
local files = require "spec.support.files"
local service = dofile "spec/support/service.lua"
local hosts = dofile "spec/support/hosts.lua"

local function ask(conn)
    return conn:converse(service.ask "Hi")
end

--- The n-th request for that operation, as the endpoint saw it.
local function request(ep, operation, n)
    for _, one in ipairs(ep:requests()) do
        n = n - (one.operation == operation and 1 or 0)
        if n == 0 then
            return one
        end
    end
end

describe("credentials of a container", function()
    local ep

    setup(function()
        ep = service.endpoint()
    end)

    before_each(function()
        ep:reset()
    end)

    --- name: a part of the URI, which tells the connections of one test from another's
    local function settings(name, more, others)
        return service.merged({
            auth = "container",
            container = service.merged({
                uri = ep.http .. "/container/credentials?" .. name,
                authorization_token = ep.container_token,
            }, more),
            endpoint = ep.https,
            ca_file = ep.ca_file,
        }, others)
    end

    local function connect(...)
        return assert(bedrock.connect(settings(...)))
    end

    it("are got once, and shared by connections with the same settings", function()
        local conn, other = connect "once", connect "once"
        assert.equal(0, ep:counters().GetContainerCredentials)
        assert(ask(conn))
        assert(ask(other))
        assert(ask(connect "twice"))
        assert.equal(2, ep:counters().GetContainerCredentials)
        local info = assert(conn:credentials())
        assert.equal("container", info.source)
        assert.same({ "container" }, info.via)
        assert.is_true(info.seconds_left > 6 * 3600 - 60)
    end)

    it("are got by https, too", function()
        local conn = connect("https", { uri = ep.https .. "/container/credentials?https" })
        assert(ask(conn))
    end)

    it("are got with what the token's file holds by now", function()
        local file = os.tmpname()
        files.write(file, ep.container_token)
        local conn = connect("file", { authorization_token_file = file, authorization_token = "another" })
        assert(ask(conn))
        files.write(file, "Bearer no-more")
        local _, err = conn:refresh()
        assert.equal("credentials", err.kind)
        assert.equal("AccessDenied", err.code)
        assert.is_nil(tostring(err):find("no-more", 1, true))
        files.write(file, ep.container_token .. "\n")
        _, err = conn:refresh()
        assert.equal("TokenFile", err.code)
        os.remove(file)
        _, err = conn:refresh()
        assert.equal("TokenFile", err.code)
        assert.is_truthy(tostring(err):find(file, 1, true))
    end)

    it("are got in one flight by all who want them", function()
        ep:config { exchange_delay_ms = 200 }
        local conn, tasks = connect "flight", {}
        for i = 1, 16 do
            tasks[i] = bedrock.spawn(function()
                return ask(conn)
            end)
        end
        for i = 1, 16 do
            assert(tasks[i]:join())
        end
        assert.equal(1, ep:counters().GetContainerCredentials)
    end)

    it("are renewed below 60 s of life, and once where the service calls them expired", function()
        ep:config { role_lifetime_s = 59 }
        local conn = connect "life"
        assert(ask(conn))
        assert(ask(conn))
        assert.equal(2, ep:counters().GetContainerCredentials)
        ep:config { role_lifetime_s = 3600 }
        assert(ask(conn))
        ep:expire()
        assert(ask(conn))
        assert.equal(4, ep:counters().GetContainerCredentials)
    end)

    it("lie below roles", function()
        local conn = connect("role", nil, { assume_role = { role_arn = "arn:aws:iam::123456789012:role/above" } })
        assert(ask(conn))
        assert.same({ "assume_role", "container" }, assert(conn:credentials()).via)
    end)

    local function fails(name, action, code, calls)
        local rule = { match = { operation = "GetContainerCredentials" }, times = -1, action = action }
        ep:script { rule }
        local _, err = ask(connect(name))
        assert.equal(code, err.code)
        assert.equal(calls or 1, ep:counters().GetContainerCredentials)
        assert.is_nil(tostring(err):find("hid/den", 1, true))
        return err
    end

    it("fail with a cause", function()
        fails("403", { status = 403, json = { code = "AccessDenied", message = "hid/den" } }, "AccessDenied")
    end)

    it("are asked for three times", function()
        fails("500", { status = 500, body = "hid/den" }, "HTTP500", 3)
    end)

    it("are asked for again after a failure that passed", function()
        ep:script { { match = { operation = "GetContainerCredentials" }, action = { status = 500 } },
            { match = { operation = "GetContainerCredentials" }, action = { close = true } } }
        assert(ask(connect "passes"))
        assert.equal(3, ep:counters().GetContainerCredentials)
    end)

    it("are of no use damaged", function()
        fails("damaged", { status = 200, json = { AccessKeyId = "hid/den" } }, "BadResponse")
    end)

    it("are of no use oversized", function()
        fails("large", { status = 200, body = ("hid/den"):rep(100000) }, "BadResponse", 3)
    end)

    it("are of no use once they have expired", function()
        ep:config { role_lifetime_s = -10 }
        local _, err = ask(connect "expired")
        assert.equal("credentials", err.kind)
        assert.equal("CredentialsExpired", err.code)
    end)

    it("are not waited for without end", function()
        ep:script { { match = { operation = "GetContainerCredentials" }, times = -1, action = { hang = true } } }
        local _, err = ask(connect("hangs", nil, { max_attempts = 1 }))
        assert.equal("timeout", err.kind)
    end)

    it("come from no other host by http", function()
        for _, uri in ipairs { "http://example.com/", "http://169.254.169.254/", "http://127.0.0.1.example.com/" } do
            local _, err = bedrock.connect(settings("host", { uri = uri }))
            assert.equal("config", err.kind)
            assert.is_truthy(tostring(err):find("is not allowed over http", 1, true))
        end
    end)

    it("are got in every host", function()
        for name, run_in in pairs(hosts) do
            run_in(function()
                assert(ask(connect("host-" .. name)))
            end)
        end
    end)
end)

describe("credentials of an EC2 instance", function()
    local ep

    setup(function()
        ep = service.endpoint()
    end)

    before_each(function()
        ep:reset()
    end)

    --- name: a part of the endpoint's path
    local function settings(name, more)
        return service.merged({
            auth = "instance",
            instance = { endpoint = ep.http .. "/" .. name },
            endpoint = ep.https,
            ca_file = ep.ca_file,
        }, more)
    end

    local function connect(name, more)
        ep:config { path_prefix = "/" .. name }
        return assert(bedrock.connect(settings(name, more)))
    end

    it("are got in three steps, with a token", function()
        local conn = connect "steps"
        local info = assert(conn:credentials())
        assert.equal("instance", info.source)
        assert.is_true(info.seconds_left > 6 * 3600 - 60)
        assert(ask(conn))
        local counters = ep:counters()
        assert.equal(1, counters.PutInstanceToken)
        assert.equal(1, counters.GetInstanceRole)
        assert.equal(1, counters.GetInstanceCredentials)
        assert.equal(0, counters.refused)
        assert.equal("/steps/latest/meta-data/iam/security-credentials/specs-role",
            request(ep, "GetInstanceCredentials", 1).uri)
    end)

    it("are got with another token where the first is refused", function()
        ep:script { { match = { operation = "GetInstanceCredentials" }, action = { status = 401 } } }
        assert(ask(connect "token"))
        assert.equal(2, ep:counters().PutInstanceToken)
    end)

    it("are renewed, and lie below roles", function()
        local conn = connect("role", { assume_role = { role_arn = "arn:aws:iam::123456789012:role/above" } })
        assert(ask(conn))
        assert(conn:refresh())
        assert.same({ "assume_role", "instance" }, assert(conn:credentials()).via)
        assert.equal(2, ep:counters().GetInstanceCredentials)
    end)

    it("count as good for some minutes more where IMDS gives old ones", function()
        ep:config { role_lifetime_s = -600 }
        local info = assert(connect("old"):credentials())
        assert.is_true(info.seconds_left > 540 and info.seconds_left < 18 * 60 + 60)
    end)

    it("are not there without a role", function()
        ep:config { instance_role = "" }
        local _, err = ask(connect "no-role")
        assert.equal("credentials", err.kind)
        assert.equal("NoCredentials", err.code)
        assert.is_truthy(tostring(err):find("No IAM role is attached", 1, true))
    end)

    it("are not there where nothing listens", function()
        local conn = assert(bedrock.connect(settings("nothing", { instance = { endpoint = ep.refused } })))
        local _, err = ask(conn)
        assert.equal("credentials", err.kind)
        assert.equal("NoCredentials", err.code)
        assert.is_truthy(tostring(err):find(ep.refused, 1, true))
    end)

    it("are given up soon where something listens and is silent", function()
        ep:script { { match = { service = "instance" }, times = -1, action = { hang = true, after_verify = false } } }
        local _, err = ask(connect "silent")
        assert.equal("NoCredentials", err.code)
        assert.equal(1, ep:counters().PutInstanceToken)
    end)

    it("come by version 2 alone", function()
        ep:script { { match = { operation = "PutInstanceToken" }, times = -1, action = { status = 403 } } }
        local _, err = ask(connect "version-1")
        assert.equal("NoCredentials", err.code)
        assert.equal(0, ep:counters().GetInstanceRole)
    end)

    it("are got again after a failure that passed", function()
        ep:script { { match = { operation = "PutInstanceToken" }, action = { status = 500 } },
            { match = { operation = "GetInstanceRole" }, action = { status = 503 } } }
        assert(ask(connect "passes"))
    end)

    it("are of no use damaged", function()
        ep:script { { match = { operation = "GetInstanceCredentials" }, action = { status = 200, body = "hid/den" } } }
        local _, err = ask(connect "damaged")
        assert.equal("BadResponse", err.code)
        assert.is_nil(tostring(err):find("hid/den", 1, true))
    end)
end)
