--- conn:test and bedrock.test: each step with what it found, each failure with what usually causes it.
local cjson = require "cjson"
local mime = require "mime"
local bedrock = require "bedrock"
local errors = require "bedrock.errors"
local service = dofile "spec/support/service.lua"

local REGION = "us-east-1"

describe("test", function()
    local ep, pki

    setup(function()
        ep = service.endpoint()
        pki = ep.pki .. "/"
    end)

    before_each(function()
        ep:reset()
    end)

    after_each(function()
        ep:reset()
    end)

    --- false takes a setting away.
    local function settings(changes)
        local all = service.roles_anywhere(ep, "connection-test", {
            certificate = pki .. "p256.crt.pem",
            certificate_chain = pki .. "intermediate.pem",
            private_key = pki .. "p256.key.pkcs8.pem",
            cache = "memory",
            max_attempts = 1,
        })
        for name, value in pairs(changes or {}) do
            all[name] = value or nil
        end
        return all
    end

    local function keys(changes)
        return service.settings(ep, service.merged({ max_attempts = 1 }, changes))
    end

    --- The report of a failure at that step, which is the last one.
    local function fails_at(step, report, err)
        assert.is_nil(report)
        assert.is_table(err)
        assert.is_string(err.kind)
        report = err.report
        assert.is_false(report.ok)
        local last = report.steps[#report.steps]
        assert.equal(step, last.name)
        assert.is_false(last.ok)
        for i = 1, #report.steps - 1 do
            assert.is_true(report.steps[i].ok)
        end
        assert.truthy(tostring(report):find("FAIL", 1, true))
        return last, err
    end

    local function refusal(operation, status, code, message)
        ep:script { { match = { operation = operation }, action = { status = status,
            json = { __type = code, message = message } } } }
    end

    it("goes through four steps", function()
        local report = assert(bedrock.test(settings()))
        assert.is_true(report.ok)
        local names = {}
        for i, step in ipairs(report.steps) do
            names[i] = step.name
            assert.is_true(step.ok)
            assert.truthy(step.ms >= 0)
            assert.truthy(#step.detail > 0)
            assert.is_nil(step.hint)
        end
        assert.same({ "settings", "certificate", "credentials", "bedrock" }, names)
        assert.truthy(report.steps[4].detail:find(REGION, 1, true))
        assert.equal(1, ep:counters().CreateSession)
        assert.equal(1, ep:counters().ListFoundationModels)
    end)

    it("prints well, and without secrets", function()
        local text = tostring(assert(bedrock.test(keys())))
        for _, name in ipairs { "settings", "certificate", "credentials", "bedrock" } do
            assert.truthy(text:find(name, 1, true), text)
        end
        assert.is_nil(text:find(ep.secret_access_key, 1, true))
    end)

    it("makes a fresh exchange each time, which replaces what is cached", function()
        local conn = assert(bedrock.connect(settings { session_name = "fresh" }))
        local before = assert(conn:credentials()).access_key_id
        assert(conn:test())
        local after = assert(conn:credentials()).access_key_id
        assert(conn:test())
        assert.not_equal(before, after)
        assert.equal(3, ep:counters().CreateSession)
        conn:close()
    end)

    it("needs no exchange for access keys and API keys", function()
        assert(bedrock.test(keys()))
        assert(bedrock.test { auth = "api_key", api_key = ep.api_key, endpoint = ep.https, ca_file = ep.ca_file })
        assert.equal(0, ep:counters().CreateSession)
        assert.equal(2, ep:counters().ListFoundationModels)
    end)

    it("tells how to have session names accepted", function()
        ep:config { accept_session_names = false }
        local report = assert(bedrock.test(settings { session_name = "refused-name" }))
        assert.truthy(report.steps[3].hint:find("accept-role-session-name", 1, true))
        assert.equal(2, ep:counters().CreateSession)
    end)

    it("prints failures step by step, with their hints, as the error does", function()
        refusal("CreateSession", 404, "ResourceNotFoundException", "Profile not found")
        for _, changes in ipairs { { session_name = "prints" }, { region = "mars-1" } } do
            local _, err = bedrock.test(settings(changes))
            local text = tostring(err)
            assert.truthy(text:find(tostring(err.report), 1, true), text)
            assert.truthy(text:find(err.report.steps[#err.report.steps].hint, 1, true), text)
        end
    end)

    it("reports bad settings", function()
        local step, err = fails_at("settings", bedrock.test(settings { region = "mars-1", session_name = false }))
        assert.equal("config", err.kind)
        assert.truthy(step.detail:find("session_name", 1, true))
        assert.truthy(step.detail:find("mars%-1"))
        assert.is_string(step.hint)
        assert.equal(0, ep:counters().requests)
    end)

    it("reports bad certificates as a step of their own", function()
        for _, name in ipairs { "expired", "future", "ca-leaf", "nodigsig" } do
            local step = fails_at("certificate", bedrock.test(settings {
                certificate = pki .. name .. ".crt.pem", private_key = pki .. name .. ".key.pem" }))
            assert.is_string(step.hint)
        end
        fails_at("certificate", bedrock.test(settings { private_key = pki .. "p384.key.pkcs8.pem" }))
        fails_at("certificate", bedrock.test(settings { certificate = pki .. "is-not-there.pem" }))
        assert.equal(0, ep:counters().requests)
    end)

    it("knows a certificate that does not lead to the trust anchor", function()
        local step, err = fails_at("credentials", bedrock.test(settings {
            certificate = pki .. "other.crt.pem", private_key = pki .. "other.key.pem", certificate_chain = false }))
        assert.equal("credentials", err.kind)
        assert.truthy(step.hint:find("trust_anchor_arn", 1, true))
        step = fails_at("credentials", bedrock.test(settings { certificate_chain = false, session_name = "no-chain" }))
        assert.truthy(step.hint:find("certificate_chain", 1, true))
    end)

    it("names the usual causes of refused exchanges", function()
        local cases = {
            { 403, "AccessDeniedException", "Access denied", "sts:TagSession" },
            { 404, "ResourceNotFoundException", "Profile not found", "profile_arn" },
            { 400, "ValidationException", "Value is bad", "duration" },
            { 503, "ServiceUnavailableException", "slow down", "later" },
            { 403, "AccessDeniedException", "Untrusted Signing Certificate", "trust_anchor_arn" },
            { 403, "AccessDeniedException", "Untrusted certificate. Insufficient certificate", "trust_anchor_arn" },
            { 403, "AccessDeniedException", "Some attributes failed to be mapped into session tags", "characters" },
        }
        for i, case in ipairs(cases) do
            refusal("CreateSession", case[1], case[2], case[3])
            local step, err = fails_at("credentials", bedrock.test(settings { session_name = "refused-" .. i }))
            assert.equal(case[2], err.code)
            assert.truthy(step.detail:find(case[3], 1, true), step.detail)
            assert.truthy(step.hint:find(case[4], 1, true), step.hint)
        end
    end)

    --- Trust anchor and profile of another region than Bedrock's, which is what "auto" asks Roles Anywhere as.
    local function elsewhere(region, more)
        local arn = "arn:aws:rolesanywhere:" .. region .. ":123456789012:"
        return settings(service.merged({ roles_anywhere_region = "auto", profile_arn = arn .. "profile/there",
            trust_anchor_arn = arn .. "alias/trust-anchor/there" }, more))
    end

    local SET = 'set roles_anywhere_region = "eu-central-1"'

    it("says which region to set where the ARNs name another one", function()
        local step, err = fails_at("settings", bedrock.test(elsewhere("eu-central-1", {
            endpoint = { bedrock = ep.https } })))
        assert.equal("config", err.kind)
        assert.truthy(step.detail:find(SET, 1, true), step.detail)
        assert.truthy(step.hint:find(SET, 1, true), step.hint)
        step = fails_at("settings", bedrock.test(elsewhere("eu-north-9", { endpoint = { bedrock = ep.https } })))
        assert.truthy(step.hint:find('set roles_anywhere_custom_region = "eu-north-9"', 1, true), step.hint)
        assert.equal(0, ep:counters().requests)
    end)

    it("says so behind an endpoint, too, when the exchange is refused", function()
        local refusals = { { 404, "ResourceNotFoundException", "Profile not found" },
            { 403, "InvalidSignatureException", "Credential should be scoped to a valid region." },
            { 400, "ValidationException", "bad" } }
        for i, case in ipairs(refusals) do
            refusal("CreateSession", case[1], case[2], case[3])
            local step = fails_at("credentials",
                bedrock.test(elsewhere("eu-central-1", { session_name = "far-" .. i })))
            assert.truthy(step.hint:find(SET, 1, true), step.hint)
            assert.truthy(step.detail:find(SET, 1, true), step.detail)
            refusal("CreateSession", case[1], case[2], case[3])
            local conn = assert(bedrock.connect(elsewhere("eu-central-1", { session_name = "far-off-" .. i })))
            local answer, err = conn:converse(service.ask "Hi")
            assert.is_nil(answer)
            assert.equal("credentials", err.kind)
            assert.truthy(err.message:find(SET, 1, true), err.message)
            assert.truthy(err.message:find("asked as us-east-1", 1, true), err.message)
            conn:close()
        end
        assert(bedrock.test(elsewhere("eu-central-1", { session_name = "works" })))
        refusal("CreateSession", 404, "ResourceNotFoundException", "Profile not found")
        local step = fails_at("credentials", bedrock.test(elsewhere("us-east-1", { session_name = "same" })))
        assert.is_nil(step.hint:find("roles_anywhere_region =", 1, true))
    end)

    it("takes aliases of profile and trust anchor", function()
        local arn = "arn:aws:rolesanywhere:us-east-1:123456789012:alias/"
        local profile, anchor = arn .. "profile/team/build_2", arn .. "trust-anchor/" .. ("x"):rep(256)
        assert(bedrock.test(settings { profile_arn = profile, trust_anchor_arn = anchor, session_name = "alias" }))
        local body
        for _, request in ipairs(ep:requests()) do
            body = request.operation == "CreateSession" and mime.unb64(request.body64) or body
        end
        local sent = cjson.decode(body)
        assert.equal(profile, sent.profileArn)
        assert.equal(anchor, sent.trustAnchorArn)
    end)

    it("names the permission that Bedrock misses", function()
        refusal("ListFoundationModels", 403, "AccessDeniedException", "User is not authorized")
        local step = fails_at("bedrock", bedrock.test(keys()))
        assert.truthy(step.hint:find("bedrock:ListFoundationModels", 1, true))
    end)

    it("knows wrong and expired keys", function()
        local step = fails_at("bedrock", bedrock.test(keys { secret_access_key = ("x"):rep(40) }))
        assert.truthy(step.hint:find("pair", 1, true))
        refusal("ListFoundationModels", 403, "ExpiredTokenException", "The security token included is expired")
        step = fails_at("bedrock", bedrock.test(keys()))
        assert.truthy(step.hint:find("session_token", 1, true), step.hint)
    end)

    it("knows network trouble: nobody there, a server not trusted, silence", function()
        local step, err = fails_at("credentials",
            bedrock.test(settings { endpoint = ep.refused, session_name = "off" }))
        assert.equal("transport", err.kind)
        assert.truthy(step.hint:find("firewall", 1, true))
        step = fails_at("bedrock", bedrock.test(keys { endpoint = ep.https_untrusted }))
        assert.truthy(step.hint:find("ca_file", 1, true), step.hint)
        local authorities = os.tmpname()
        os.execute(("cp '%s' '%s'"):format(ep.ca_file, authorities))
        local conn = assert(bedrock.connect(keys { ca_file = authorities }))
        assert(io.open(authorities, "w")):close()
        step = fails_at("bedrock", conn:test())
        assert.truthy(step.hint:find("PEM", 1, true), step.hint)
        conn:close()
        os.remove(authorities)
        ep:script { { match = { operation = "ListFoundationModels" }, action = { hang = true } } }
        step, err = fails_at("bedrock", bedrock.test(keys { read_timeout = 200 }))
        assert.equal("timeout", err.kind)
        assert.truthy(step.hint:find("read_timeout", 1, true))
    end)

    it("knows the limit of open files", function()
        local conn = assert(bedrock.connect(keys()))
        conn.refresh = function()
            return nil, errors.new { kind = "transport", code = "ConnectFailed",
                message = "127.0.0.1:1: Couldn't connect to server (too many open files: raise the limit)" }
        end
        local step = fails_at("credentials", conn:test())
        assert.truthy(step.hint:find("ulimit", 1, true), step.hint)
        conn:close()
    end)

    it("counts a ca_file and a proxy that cannot do as settings", function()
        for name, value in pairs { ca_file = pki .. "garbage.pem", proxy = "http://127.0.0.1:x" } do
            local step, err = fails_at("settings", bedrock.test(keys { [name] = value }))
            assert.equal("ConfigError", err.code)
            assert.truthy(step.detail:find(name, 1, true), step.detail)
        end
    end)

    it("tests a connection that goes on to live", function()
        local conn = assert(bedrock.connect(keys()))
        refusal("ListFoundationModels", 403, "AccessDeniedException", "no")
        fails_at("bedrock", conn:test())
        assert.is_true(assert(conn:test()).ok)
        conn:close()
    end)

    it("answers on a closed connection too", function()
        local conn = assert(bedrock.connect(keys()))
        conn:close()
        local step, err = fails_at("settings", conn:test())
        assert.equal("cancelled", err.kind)
        assert.equal("Closed", err.code)
        assert.truthy(step.detail:find("closed", 1, true))
    end)
end)
