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

    it("tells that the cache in Redis is done without", function()
        local report = assert(bedrock.test(settings { cache = "redis://" .. ep.refused:match "//(.*)$" }))
        assert.truthy(report.steps[3].hint:find("the cache in Redis cannot be used", 1, true))
    end)

    it("tells that the cache in files is done without, and why", function()
        local dir = os.tmpname()
        os.remove(dir)
        os.execute("mkdir -m 755 " .. dir)
        local report = assert(bedrock.test(settings { cache = "shared", cache_dir = dir }))
        assert.matches("the cache in files cannot be used, .*: " .. dir:gsub("%p", "%%%0")
            .. " is open to others: it has the mode 0755, and must have 0700; cache_dir must be", report.steps[3].hint)
        os.execute("chmod 700 " .. dir)
        assert.is_nil(assert(bedrock.test(settings { cache = "shared", cache_dir = dir })).steps[3].hint)
        os.execute("rm -rf " .. dir)
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

    it("says of files that are not the certificate's that the settings are wrong", function()
        local _, err = fails_at("settings", bedrock.test { auth = "profile", config_file = "/nowhere/config" })
        assert.truthy(err.message:find("/nowhere/config", 1, true))
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
            assert.truthy(err.message:find("called in us-east-1", 1, true), err.message)
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

    local MAY_NOT_LIST = "User: arn:aws:sts::123456789012:assumed-role/app/x is not authorized to perform: "
        .. "bedrock:ListFoundationModels because no identity-based policy allows that action"

    it("is content with a role that may only invoke", function()
        for _, message in ipairs { MAY_NOT_LIST, "User is not authorized", "no" } do
            refusal("ListFoundationModels", 403, "AccessDeniedException", message)
            local report = assert(bedrock.test(keys()))
            local step = report.steps[4]
            assert.is_true(report.ok)
            assert.equal("bedrock", step.name)
            assert.is_true(step.ok)
            assert.truthy(step.detail:find(REGION, 1, true), step.detail)
            assert.truthy(step.hint:find("bedrock:ListFoundationModels", 1, true), step.hint)
            assert.truthy(step.hint:find("conn:test { model =", 1, true), step.hint)
        end
        refusal("ListFoundationModels", 403, "AccessDeniedException", MAY_NOT_LIST)
        assert(bedrock.test { auth = "api_key", api_key = ep.api_key, endpoint = ep.https, ca_file = ep.ca_file })
    end)

    it("is not content where the refusal may mean more, or is none of AWS's policies", function()
        local cases = {
            { "AccessDeniedException", "User: x is not authorized to perform: bedrock:ListFoundationModels "
                .. "with an explicit deny in a service control policy" },
            { "AccessDeniedException", "not authorized because no service control policy allows it" },
            { "AccessDeniedException", "Your account is not authorized to invoke this API operation." },
            { "AccessDeniedException", "Authentication failed: Please make sure your API Key is valid." },
            { "UnrecognizedClientException", "The security token included in the request is invalid" },
            { "InvalidSignatureException", "The request signature we calculated does not match" },
            { "ForbiddenByProxy", "no" },
        }
        for _, case in ipairs(cases) do
            ep:reset()
            ep:script { { times = -1, match = { operation = "ListFoundationModels" }, action = { status = 403,
                json = { __type = case[1], message = case[2] } } } }
            local step, err = fails_at("bedrock", bedrock.test(keys()))
            assert.equal(case[1], err.code)
            assert.is_string(step.hint)
        end
        ep:reset()
        ep:script { { times = -1, match = { operation = "ListFoundationModels" }, action = { status = 403,
            body = "<html>Access denied by the proxy</html>" } } }
        fails_at("bedrock", bedrock.test(keys()))
    end)

    local NOVA, CLAUDE = "amazon.nova-lite-v1:0", "anthropic.claude-sonnet-4-20250514-v1:0"

    local function asks(model)
        local report = assert(bedrock.test(keys(), { model = model }))
        assert.equal(5, #report.steps)
        local step = report.steps[5]
        assert.equal("model", step.name)
        assert.is_true(step.ok)
        assert.truthy(step.detail:find(model, 1, true), step.detail)
        return step
    end

    it("asks a model for a count of tokens, which costs nothing, and says what that does not prove", function()
        local step = asks(NOVA)
        assert.truthy(step.detail:find("is 1 token to it", 1, true), step.detail)
        assert.truthy(step.hint:find("does not prove the permission bedrock:InvokeModel", 1, true), step.hint)
        assert.equal(1, ep:counters().CountTokens)
        assert.equal(0, ep:counters().Converse)
    end)

    it("asks for one token where that cannot be counted", function()
        refusal("CountTokens", 400, "ValidationException", "The provided model doesn't support counting tokens.")
        refusal("CountTokens", 403, "AccessDeniedException", "not authorized to perform: bedrock:CountTokens")
        refusal("CountTokens", 404, "UnknownOperationException", "what?")
        for _, model in ipairs { NOVA, NOVA, NOVA, "us." .. CLAUDE } do
            local step = asks(model)
            assert.truthy(step.detail:find("1 out", 1, true), step.detail)
            assert.is_nil(step.hint)
        end
        assert.equal(4, ep:counters().CountTokens)
        assert.equal(4, ep:counters().Converse)
        local requests = ep:requests()
        local body = cjson.decode((mime.unb64(requests[#requests].body64)))
        assert.equal(1, body.inferenceConfig.maxTokens)
    end)

    it("does not believe a count for a model that is only called through a profile", function()
        refusal("Converse", 400, "ValidationException", "Invocation of model ID " .. CLAUDE .. " with on-demand "
            .. "throughput isn’t supported. Retry your request with the ID or ARN of an inference profile.")
        local step = fails_at("model", bedrock.test(keys(), { model = CLAUDE }))
        assert.truthy(step.hint:find("inference profile", 1, true), step.hint)
        assert.truthy(step.hint:find(CLAUDE, 1, true), step.hint)
        assert.equal(0, ep:counters().CountTokens)
    end)

    it("asks an embedding model for one", function()
        assert.truthy(asks("amazon.titan-embed-text-v2:0").detail:find("numbers", 1, true))
        assert.equal(1, ep:counters().InvokeModel)
    end)

    it("asks the model of a role that may do nothing else, also where the list is denied explicitly", function()
        for _, message in ipairs { MAY_NOT_LIST, "not authorized with an explicit deny in an identity-based policy" } do
            refusal("ListFoundationModels", 403, "AccessDeniedException", message)
            refusal("CountTokens", 403, "AccessDeniedException", "not authorized")
            local step = asks(NOVA)
            assert.truthy(step.detail:find("Converse", 1, true), step.detail)
        end
    end)

    it("names the usual causes of a model's refusal", function()
        local far = "arn:aws:bedrock:us-west-2:123456789012:inference-profile/us." .. NOVA
        local cases = {
            { NOVA, 403, "AccessDeniedException", "You don't have access to the model with the specified model ID.",
                "Model access" },
            { NOVA, 403, "AccessDeniedException", "User: x is not authorized to perform: bedrock:InvokeModel",
                "foundation model in every region" },
            { NOVA, 403, "AccessDeniedException", "x is not authorized with an explicit deny in an identity-based "
                .. "policy", "explicitly" },
            { NOVA, 403, "AccessDeniedException", "Model access is denied due to IAM user or service role is not "
                .. "authorized to perform the required AWS Marketplace actions", "aws-marketplace:Subscribe" },
            { NOVA, 404, "ResourceNotFoundException", "Model use case details have not been submitted", "form" },
            { NOVA, 404, "ResourceNotFoundException", "This model version has reached the end of its life.",
                "retired" },
            { NOVA, 404, "ResourceNotFoundException", "Access denied. This Model is marked by provider as Legacy",
                "about to retire" },
            { NOVA, 400, "ValidationException", "The provided model identifier is invalid.", "conn:models" },
            { "eu." .. NOVA, 400, "ValidationException", "The provided model identifier is invalid.", "geography" },
            { far, 400, "ValidationException", "The provided model identifier is invalid.", "of one region" },
            { NOVA, 400, "ValidationException", "This action doesn't support the model that you provided.",
                "invoke_model" },
        }
        for _, case in ipairs(cases) do
            ep:reset()
            refusal("CountTokens", 400, "ValidationException", "no")
            refusal("Converse", case[2], case[3], case[4])
            local step, err = fails_at("model", bedrock.test(keys(), { model = case[1] }))
            assert.equal(case[3], err.code)
            assert.truthy(step.detail:find(case[4]:gsub("%.$", ""), 1, true), step.detail)
            assert.truthy(step.hint:find(case[5], 1, true), step.hint)
        end
        ep:reset()
        refusal("CountTokens", 503, "ServiceUnavailableException", "slow down")
        assert.truthy(fails_at("model", bedrock.test(keys(), { model = NOVA })).hint:find("later", 1, true))
        assert.equal(0, ep:counters().Converse)
    end)

    it("tells of a model's refusal that is about credentials what it tells of Bedrock's", function()
        refusal("CountTokens", 400, "ValidationException", "no")
        refusal("Converse", 403, "UnrecognizedClientException", "The security token in the request is invalid.")
        local step = fails_at("model", bedrock.test(keys(), { model = NOVA }))
        assert.truthy(step.hint:find("AWS does not accept these credentials in", 1, true), step.hint)
    end)

    it("refuses options it does not know, with nothing sent", function()
        local conn = assert(bedrock.connect(keys()))
        for given, words in pairs { [{ modle = NOVA }] = "did you mean model?", [{ model = 5 }] = "a number",
            [{ model = "" }] = "empty", [{ [1] = NOVA }] = "the only option is model" } do
            for _, result in ipairs { { conn:test(given) }, { bedrock.test(keys(), given) } } do
                assert.is_nil(result[1])
                assert.equal("validation", result[2].kind)
                assert.truthy(result[2].message:find(words, 1, true), result[2].message)
            end
        end
        assert.has_error(function()
            conn:test(NOVA)
        end)
        assert.has_error(function()
            bedrock.test(keys(), NOVA)
        end)
        assert.equal(0, ep:counters().requests)
        conn:close()
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
        refusal("ListFoundationModels", 403, "UnrecognizedClientException", "no")
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
