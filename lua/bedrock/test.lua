--- `conn:test()` and `bedrock.test(settings)`: does this connection work, and if not, what is in the way?
---
--- AWS answers nearly every mistake with the same 403, so each failure comes with its usual causes.
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local drop_null = require "bedrock.base.drop_null"

local test = {}

local SESSION_NAME = "to have the session name used, let the Roles Anywhere profile accept it: aws rolesanywhere "
    .. "update-profile --profile-id … --accept-role-session-name"

local WITHOUT_REDIS = "the cache in Redis cannot be used, so each process gets credentials of its own; "
    .. 'bedrock.log "info" says why'

local NETWORK = {
    ConnectTimeout = "check the way to this host: firewall, proxy, VPC endpoint; connect_timeout may also "
        .. "be too short",
    ReadTimeout = "the service was reached but said nothing in time; read_timeout may be too short",
    FirstByteTimeout = "the service was reached but said nothing in time; first_byte_timeout may be too short",
    TotalTimeout = "total_timeout may be too short",
}

local function network_hint(err)
    if err.kind == "timeout" then
        return NETWORK[err.code]
    end
    if err.kind ~= "transport" then
        return nil
    end
    local message = err.message:lower()
    if message:find("too many open files", 1, true) then
        return "this process may open more files: ulimit -n, or worker_rlimit_nofile in nginx"
    end
    if message:find("certificate required", 1, true) or message:find("alert bad certificate", 1, true)
        or message:find("client_certificate and client_key", 1, true) then
        return "the endpoint requires a client certificate, or a different one: set client_certificate and "
            .. "client_key"
    end
    if message:find("ca_file must name", 1, true) then
        return "ca_file (or SSL_CERT_FILE) must contain PEM certificates, and be readable by the user that this runs "
            .. "as (in nginx, the workers')"
    end
    if message:find("certificate", 1, true) or message:find("ssl", 1, true)
        or message:find("tls", 1, true) then
        return "the server's certificate is not trusted: behind a proxy that opens TLS, or with your "
            .. "own endpoint, set ca_file to the authority's certificate"
    end
    return "check the region, and the way to this host: DNS, firewall, proxy, VPC endpoint"
end

local function status_of(err)
    return err.status or 0
end

local function busy_hint(err)
    if status_of(err) == 429 or status_of(err) >= 500 then
        return "the service is busy or has trouble; try again later"
    end
end

local function clock_hint(err)
    if err.message:find("Signature expired", 1, true) or err.message:find("not yet current", 1, true)
        or err.code == "RequestTimeTooSkewed" or err.code == "RequestInTheFuture" then
        return "check this machine's clock"
    end
end

--- Parts of AWS's messages, in lower case, because their capitals vary.
local EXCHANGE = {
    { "untrusted", "the certificate does not lead to the trust anchor: is trust_anchor_arn the "
        .. "right one and enabled, and are the intermediate certificates in certificate_chain? Is the certificate "
        .. "revoked?" },
    { "invalid signature", "the private key and the certificate match (that is checked), so most likely the clock "
        .. "of this machine is wrong, or a proxy changed the request" },
    { "session tags", "does the role's trust policy allow sts:TagSession, and have the certificate's subject, issuer "
        .. "and alternative names only characters that tags may have: letters, digits, spaces and _.:/=+-@?" },
    { "rolesessionname", SESSION_NAME },
}

--- Your own endpoint is called as if it were in Bedrock's region, whatever the ARNs say, unless an option says
--- otherwise.
local function region_hint(conn)
    local theirs, asked, option = conn._client:foreign_arns()
    if theirs then
        return ('profile_arn and trust_anchor_arn are of region %s, but Roles Anywhere was asked as %s: set %s = "%s"')
            :format(theirs, asked, option, theirs)
    end
end

local function exchange_hint(err, conn)
    local message = err.message:lower()
    for _, pair in ipairs(EXCHANGE) do
        if message:find(pair[1], 1, true) then
            return pair[2]
        end
    end
    local region = err.kind == "credentials" and region_hint(conn)
    if region then
        return region
    end
    if err.code == "ResourceNotFoundException" or status_of(err) == 404 then
        return "no such trust anchor or profile in this account and region: check profile_arn, trust_anchor_arn "
            .. "and roles_anywhere_region"
    end
    if status_of(err) == 403 then
        return "usual causes: the role is not in the profile's list; profile or trust anchor is disabled; the "
            .. "role's trust policy does not let rolesanywhere.amazonaws.com do sts:AssumeRole, sts:TagSession and "
            .. "sts:SetSourceIdentity, or has a condition this certificate does not meet"
    end
    if status_of(err) == 400 then
        return "an ARN or duration does not suit the profile: check role_arn, profile_arn, trust_anchor_arn, and "
            .. "that duration is not above the role's maximum"
    end
end

local IDENTITIES = {
    UnrecognizedClientException = true,
    InvalidClientTokenId = true,
    InvalidSignatureException = true,
    SignatureDoesNotMatch = true,
    IncompleteSignatureException = true,
}

local function is_denied(err)
    return err.code == "AccessDeniedException" or err.code == "AccessDenied"
end

--- Refusals with the same code that are not about the permission to list: parts of AWS's messages, in lower case.
local NOT_CREDENTIALS = { "api key", "bearer", "authentication failed", "security token", "signature" }
local NOT_LISTING_ALONE = { "explicit deny", "service control policy", "resource control policy", "your account" }

local function has_one(text, parts)
    for _, part in ipairs(parts) do
        if text:find(part, 1, true) then
            return true
        end
    end
    return false
end

--- AWS refuses to list, because this role may not. AWS checks that only once it knows who asks, so credentials and
--- region are right. An explicit or higher deny may be about more than the list; only asking a model can tell.
local function may_not_list(err, model)
    local message = err.message:lower()
    return err.kind == "service" and is_denied(err) and not has_one(message, NOT_CREDENTIALS)
        and (model ~= nil or not has_one(message, NOT_LISTING_ALONE))
end

local function bedrock_hint(err, conn)
    if conn.auth == "api_key" and (err.status == 401 or err.message:find("API Key is valid", 1, true)) then
        return "AWS does not know this API key: check that all of it was copied, that it has not expired, and that "
            .. "it is for " .. conn.region
    end
    if is_denied(err) then
        return "a policy above this one permission takes it away: a service control policy that closes Bedrock or this "
            .. 'region, an explicit deny, or the account itself; conn:test { model = "…" } tells whether a model '
            .. "can be asked all the same"
    end
    if err.code == "ExpiredTokenException" or err.code == "ExpiredToken" then
        return "session_token has expired: get new temporary credentials"
    end
    if IDENTITIES[err.code] then
        return "AWS does not accept these credentials in " .. conn.region .. ": are access key and secret a pair, is "
            .. "session_token given where the key needs one, is the region enabled for the account?"
    end
    if err.status == 403 then
        return "are the credentials valid in " .. conn.region .. ", and is the region enabled for the account?"
    end
    if err.status == 404 then
        return "is Bedrock offered in " .. conn.region .. "? Your own endpoint may also be the wrong one"
    end
end

local function hint_of(err, specific, conn)
    return network_hint(err) or busy_hint(err) or clock_hint(err) or specific(err, conn)
end

local Report = {}
Report.__index = Report

function Report:__tostring()
    local lines = {}
    for i, step in ipairs(self.steps) do
        lines[i] = ("%-4s %-12s %6.0f ms  %s"):format(step.ok and "ok" or "FAIL", step.name, step.ms,
            (step.detail:gsub("\n", "\n" .. (" "):rep(29))))
        if step.hint then
            lines[i] = lines[i] .. "\n" .. (" "):rep(29) .. "hint: " .. step.hint
        end
    end
    return table.concat(lines, "\n")
end

--- The message, without the advice at the end of credentials errors: the hint says more.
local function detail_of(err)
    return (tostring(err):gsub("%. Check that .-( %(status [^()]*%))$", "%1"):gsub("%. Check that .*$", ""))
end

local function new_report()
    return setmetatable({ ok = true, steps = {} }, Report)
end

--- Runs a step: action returns detail and perhaps a hint, or nil, err, hint.
local function run(report, name, action)
    local start = core.now_ms()
    local detail, err_or_hint, hint = action()
    local step = { name = name, ok = detail ~= nil, ms = core.now_ms() - start }
    report.steps[#report.steps + 1] = step
    if detail then
        step.detail, step.hint = detail, err_or_hint
        return true
    end
    report.ok = false
    step.detail, step.hint = detail_of(err_or_hint), hint
    err_or_hint.report = report
    return false, err_or_hint
end

local function settings_step(conn)
    return function()
        if not conn._client:about() then
            return nil, errors.new {
                kind = "cancelled",
                code = "Closed",
                operation = "test",
                message = "the connection is closed",
            }, "connect again"
        end
        return ("region %s, auth %s"):format(conn.region, conn.auth)
    end
end

local function certificate_step(conn)
    return function()
        return conn:certificate() or "not used by auth " .. conn.auth
    end
end

local function credentials_step(conn)
    return function()
        local done, err = conn:refresh()
        local held
        if done then
            held, err = conn:credentials()
        end
        if not held then
            return nil, err, hint_of(err, exchange_hint, conn)
        end
        if held.source == "none" then
            return "none: requests are sent unsigned"
        end
        local life = held.seconds_left and (", valid for %d s"):format(held.seconds_left) or ""
        return ("%s from %s%s"):format(held.access_key_id or "API key", held.source, life),
            held.session_name_refused and "the profile refused the session name, so AWS chose one; " .. SESSION_NAME
            or conn._client:without_redis() and WITHOUT_REDIS or nil
    end
end

--- @param found table gets the list of foundation models
local function bedrock_step(conn, options, found)
    return function()
        local answer, err = conn.bedrock:list_foundation_models {}
        if answer then
            found.summaries = answer.modelSummaries or {}
            return ("%d foundation models in %s"):format(#found.summaries, conn.region)
        elseif may_not_list(err, options.model) then
            return ("%s accepts these credentials, but they may not list models"):format(conn.region),
                "only conn:models needs the permission bedrock:ListFoundationModels"
                .. (options.model and "" or '; conn:test { model = "…" } asks a model itself')
        end
        return nil, err, hint_of(err, bedrock_hint, conn)
    end
end

local function model_step(conn, options, found)
    return function()
        local detail, err, hint = require("bedrock.test.model").ask(conn, options.model, found.summaries)
        if detail then
            return detail, err
        end
        return nil, err, hint_of(err, function()
            return hint or bedrock_hint(err, conn)
        end)
    end
end

local STEPS = {
    { "settings", settings_step },
    { "certificate", certificate_step },
    { "credentials", credentials_step },
    { "bedrock", bedrock_step },
    { "model", model_step },
}

local function check_options(options)
    local problems = {}
    for name, value in pairs(options) do
        if name ~= "model" then
            local near = type(name) == "string" and core.suggest(name, { "model" })
            problems[#problems + 1] = { path = core.shown(tostring(name)), kind = "unknown",
                message = "unknown option" .. (near and " (did you mean model?)" or "; the only option is model") }
        elseif type(value) ~= "string" or value == "" then
            problems[#problems + 1] = { path = name, kind = "type", message = "must be a model ID, ARN or inference "
                .. "profile, got " .. (value == "" and "an empty string" or "a " .. type(value)) }
        end
    end
    return #problems > 0 and errors.validation("test", problems) or nil
end

--- One step of a test.
--- @class bedrock.TestStep
--- @field name "settings"|"certificate"|"credentials"|"bedrock"|"model" what was tested
--- @field ok boolean did it work?
--- @field ms number how long it took
--- @field detail string what was found, or the error
--- @field hint? string what to do

--- Prints well.
--- @class bedrock.TestReport
--- @field ok boolean did all work?
--- @field steps bedrock.TestStep[] none after one that failed

--- What to test besides.
--- @class bedrock.TestOptions
--- @field model? string an ID, ARN or inference profile to ask as well, for one token at most

local function run_all(conn, options)
    local report, found = new_report(), {}
    for _, step in ipairs(STEPS) do
        if step[1] ~= "model" or options.model then
            local ok, err = run(report, step[1], step[2](conn, options, found))
            if not ok then
                return nil, err
            end
        end
    end
    return report
end

--- Settings, certificate, credentials and access to Bedrock, and to a model if one is named, step by step. Makes one
--- fresh exchange, whatever the caches hold.
--- @param options? bedrock.TestOptions
--- @return bedrock.TestReport? report
--- @return bedrock.Error? err with the report as err.report
function test.connection(conn, options)
    connection.client_of(conn, nil, options, 2)
    options = drop_null(options or {})
    local bad = check_options(options)
    if bad then
        return nil, bad
    end
    return run_all(conn, options)
end

--- Options of the certificate, whose problems are a step of their own when nothing else is wrong.
local OF_CERTIFICATE = { certificate = true, certificate_chain = true, pkcs12 = true, private_key = true }

local function is_about_certificate(err)
    for _, problem in ipairs(err.errors or {}) do
        local of_file = problem.kind == "file" and OF_CERTIFICATE[problem.path]
        if not of_file and (problem.kind ~= "certificate" or problem.path:find "^client_") then
            return false
        end
    end
    return err.errors ~= nil and #err.errors > 0
end

--- ': set roles_anywhere_region = "eu-central-1"', where that is all that a problem asks for.
local function value_to_set(err)
    for _, problem in ipairs(err.errors or {}) do
        local advice = problem.kind == "conflict" and problem.message:match ': (set [%w_]+ = "[^"]*")$'
        if advice then
            return ": " .. advice
        end
    end
    return ""
end

local function refused(err)
    local report = new_report()
    if is_about_certificate(err) then
        run(report, "settings", function()
            return "complete"
        end)
        run(report, "certificate", function()
            return nil, err, "nothing was sent; the files are read and checked by connect"
        end)
    else
        run(report, "settings", function()
            return nil, err, "nothing was sent; correct the settings named here" .. value_to_set(err)
        end)
    end
    return nil, err
end

--- Connects and tests. There is a report even when the settings are bad: err.report.
--- @param settings bedrock.Settings
--- @param options? bedrock.TestOptions
--- @return bedrock.TestReport? report
--- @return bedrock.Error? err
function test.settings(settings, options)
    if settings == package.loaded.bedrock then
        error("test: call it with a dot, as in bedrock.test { … }", 2)
    elseif type(settings) ~= "table" then
        error("test: expected a table of settings, got " .. errors.type_of(settings), 2)
    elseif options ~= nil and type(options) ~= "table" then
        error("test: the options must be a table, got a " .. type(options), 2)
    end
    options = drop_null(options or {})
    local bad = check_options(options)
    if bad then
        return nil, bad
    end
    local conn, err = connection.connect(settings)
    if not conn then
        return refused(err)
    end
    local report
    report, err = run_all(conn, options)
    conn:close()
    return report, err
end

return test
