--- Credentials of IAM Identity Center, by a profile and the token that `aws sso login` leaves in a home directory.
local cjson = require "cjson"
local service = dofile "spec/support/service.lua"
local files = dofile "spec/support/files.lua"
local program = dofile "spec/support/program.lua"

local START_URL = "https://example.awsapps.com/start"

--- Connects in a process of its own, as HOME is read from its environment, asks, and says what came of it.
local ASKS = [[
local bedrock = require "bedrock"
local service = dofile "spec/support/service.lua"
local ep = service.endpoint()
local conn = assert(bedrock.connect {
    auth = "profile", profile = "dev", config_file = os.getenv "HOME" .. "/config", region = "us-east-1",
    endpoint = { sso = ep.http, ["sso-oidc"] = ep.https, runtime = ep.https }, ca_file = ep.ca_file,
})
for _ = 1, 2 do
    local answer, err = conn:converse(service.ask "Hi")
    if not answer then
        print(err.kind, err.code, err.message)
        os.exit(0)
    end
end
local info = assert(conn:credentials())
print(table.concat(info.via, ","), info.seconds_left > 3500)
]]

describe("credentials of IAM Identity Center", function()
    local ep, home

    setup(function()
        ep = service.endpoint()
    end)

    before_each(function()
        ep:reset()
        home = os.tmpname()
        os.remove(home)
        assert(os.execute("mkdir -p " .. home .. "/.aws/sso/cache"))
    end)

    after_each(function()
        os.execute("rm -rf " .. home)
    end)

    local function write_file(name, text)
        local file = assert(io.open(name, "wb"))
        file:write(text)
        file:close()
    end

    local function time(seconds)
        return os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() + seconds)
    end

    local function write_profile(text)
        write_file(home .. "/config", text)
    end

    local function token_file(key)
        local sum = files.output(("printf '%%s' '%s' | sha1sum"):format(key)):match "%x+"
        return home .. "/.aws/sso/cache/" .. sum .. ".json"
    end

    local function write_token(key, token)
        write_file(token_file(key), cjson.encode(token))
    end

    local SESSION = ([[
[profile dev]
sso_session = my-session
sso_account_id = 123456789012
sso_role_name = specs-role
[sso-session my-session]
sso_start_url = %s
sso_region = us-east-1
]]):format(START_URL)

    local function token(seconds, more)
        return service.merged({
            startUrl = START_URL, region = "us-east-1", accessToken = ep.sso.access_token, expiresAt = time(seconds),
        }, more)
    end

    local function renewable(seconds)
        return token(seconds, {
            refreshToken = ep.sso.refresh_token,
            clientId = ep.sso.client_id,
            clientSecret = ep.sso.client_secret,
            registrationExpiresAt = time(86400),
        })
    end

    local function ask()
        return (program.run(ASKS, "HOME=" .. home))
    end

    it("are got with the token of a session", function()
        write_profile(SESSION)
        write_token("my-session", token(3600))
        assert.equal("profile,sso\ttrue\n", ask())
        assert.equal(1, ep:counters().GetRoleCredentials)
        assert.equal(0, ep:counters().CreateToken)
    end)

    it("are got with the token of a start URL", function()
        write_profile(([[
[profile dev]
sso_start_url = %s
sso_region = us-east-1
sso_account_id = 123456789012
sso_role_name = specs-role
]]):format(START_URL))
        write_token(START_URL, token(3600))
        assert.equal("profile,sso\ttrue\n", ask())
    end)

    it("are got with a token that is renewed and written back", function()
        write_profile(SESSION)
        write_token("my-session", renewable(-60))
        assert.equal("profile,sso\ttrue\n", ask())
        local written = cjson.decode(files.read(token_file "my-session"))
        assert.are_not.equal(ep.sso.access_token, written.accessToken)
        assert.are_not.equal(ep.sso.refresh_token, written.refreshToken)
        assert.equal(ep.sso.client_secret, written.clientSecret)
        assert.equal(START_URL, written.startUrl)
        assert.equal("600\n", files.output("stat -c %a " .. token_file "my-session"))
        assert.equal("profile,sso\ttrue\n", ask())
        assert.equal(1, ep:counters().CreateToken)
    end)

    it("are got with a token that still lasts though its renewal fails", function()
        write_profile(SESSION)
        write_token("my-session", service.merged(renewable(300), { clientSecret = "another" }))
        assert.equal("profile,sso\ttrue\n", ask())
        assert.equal(1, ep:counters().CreateToken)
    end)

    it("are got by many processes whose token has expired, with one renewal that counts", function()
        write_profile(SESSION)
        write_token("my-session", renewable(-60))
        local script = os.tmpname()
        write_file(script, ASKS)
        local said = files.output(("for i in 1 2 3 4 5 6 7 8; do HOME=%s %s %s & done; wait"):format(home,
            program.interpreter(), script))
        os.remove(script)
        assert.equal(("profile,sso\ttrue\n"):rep(8), said)
        local renewed = 0
        for _, request in ipairs(ep:requests()) do
            renewed = renewed + (request.operation == "CreateToken" and request.status == 200 and 1 or 0)
        end
        assert.equal(1, renewed)
    end)

    it("need a login, which is named", function()
        write_profile(SESSION)
        local said = ask()
        assert.is_truthy(said:find("^credentials\tLoginRequired\t"), said)
        assert.is_truthy(said:find("`aws sso login --profile dev`", 1, true), said)
        write_token("my-session", token(-1))
        said = ask()
        assert.is_truthy(said:find("has expired and cannot be renewed", 1, true), said)
        write_token("my-session", service.merged(renewable(-1), { refreshToken = "no-more" }))
        said = ask()
        assert.is_truthy(said:find("^credentials\tLoginRequired\t"), said)
        assert.is_nil(said:find("no-more", 1, true))
        write_token("my-session", token(3600, { accessToken = "hid/den" }))
        said = ask()
        assert.is_truthy(said:find("was refused: run", 1, true), said)
        assert.is_nil(said:find("hid/den", 1, true))
    end)

    it("are not got for a role that is not one's own", function()
        write_profile((SESSION:gsub("specs%-role", "admin")))
        write_token("my-session", token(3600))
        local said = ask()
        assert.is_truthy(said:find("^credentials\tForbiddenException\t"), said)
        assert.is_truthy(said:find("sso_role_name", 1, true), said)
    end)
end)
