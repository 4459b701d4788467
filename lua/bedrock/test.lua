--- `conn:test()` and `bedrock.test(settings)`: does this connection work, and if not, what is in the way?
---
--- AWS answers nearly every mistake with the same 403, so each failure comes with its usual causes.
local connection = require "bedrock.connection"
local core = require "bedrock.core"
local errors = require "bedrock.errors"
local drop_null = require "bedrock.base.drop_null"
local hints = require "bedrock.test.hints"

local test = {}

local WITHOUT_CACHE = {
    redis = "the cache in Redis cannot be used, so each process gets credentials of its own: %s; "
        .. 'bedrock.log "info" says more',
    file = "the cache in files cannot be used, so each process gets credentials of its own: %s; cache_dir must be a "
        .. "directory of this process's user, with the mode 0700, and room in it",
}

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

local function certificate_step(conn, _, found)
    return function()
        local key = found.settings and found.settings.private_key
        return conn:certificate() or "not used by auth " .. conn.auth,
            type(key) == "string" and core.others_read(key)
                and "other users of this machine may read private_key: chmod 600 " .. key or nil
    end
end

local function cache_hint(conn)
    local cache, why = conn._client:cache_trouble()
    return cache and WITHOUT_CACHE[cache]:format(why) or nil
end

--- With an API key of AWS's own variable, services that take one are called without credentials.
local function bearer_alone(conn, err)
    local reads_it = conn.auth == "chain" or conn.auth == "profile"
    return reads_it and err.code == "NoCredentials" and (os.getenv "AWS_BEARER_TOKEN_BEDROCK" or "") ~= ""
        and "API key from AWS_BEARER_TOKEN_BEDROCK, for services that take one; no credentials for others" or nil
end

local function credentials_step(conn)
    return function()
        local done, err = conn:refresh()
        local held
        if done then
            held, err = conn:credentials()
        end
        if not held then
            local key = bearer_alone(conn, err)
            if key then
                return key
            end
            return nil, err, hints.of(err, hints.exchange, conn)
        end
        if held.source == "none" then
            return "none: requests are sent unsigned"
        end
        local life = held.seconds_left and (", valid for %d s"):format(held.seconds_left) or ""
        return ("%s from %s%s"):format(held.access_key_id or "API key", held.source, life),
            held.session_name_refused
                and "the profile refused the session name, so AWS chose one; " .. hints.SESSION_NAME
            or cache_hint(conn)
    end
end

--- @param found table gets the list of foundation models
local function bedrock_step(conn, options, found)
    return function()
        local answer, err = conn.bedrock:list_foundation_models {}
        if answer then
            found.summaries = answer.modelSummaries or {}
            return ("%d foundation models in %s"):format(#found.summaries, conn.region)
        elseif hints.may_not_list(err, options.model) then
            return ("%s accepts these credentials, but they may not list models"):format(conn.region),
                "only conn:models needs the permission bedrock:ListFoundationModels"
                .. (options.model and "" or '; conn:test { model = "…" } asks a model itself')
        end
        return nil, err, hints.of(err, hints.bedrock, conn)
    end
end

local function model_step(conn, options, found)
    return function()
        local detail, err, hint = require("bedrock.test.model").ask(conn, options.model, found.summaries)
        if detail then
            return detail, err
        end
        return nil, err, hints.of(err, function()
            return hint or hints.bedrock(err, conn)
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

--- @param settings table? that conn was made of
local function run_all(conn, options, settings)
    local report, found = new_report(), { settings = settings }
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
    connection.check_settings("test", settings, 2)
    if options ~= nil and type(options) ~= "table" then
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
    report, err = run_all(conn, options, settings)
    conn:close()
    return report, err
end

return test
