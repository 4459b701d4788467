--- The questions of `bedrock configure`, by where credentials come from.
local answers = require "bedrock.terminal.answers"

local questions = {}

--- Of what a certificate's file holds; its key may be in it.
local function look_at_certificate(self)
    return function(settings)
        local given = { certificate = settings.certificate, pkcs12 = settings.pkcs12,
            private_key_password = settings.private_key_password }
        local report, problems = answers.certificate(given)
        if report then
            self:say(("%s, %s, issued by %s, until %s"):format(report.subject, report.key, report.issuer,
                os.date("!%Y-%m-%d", report.not_after or 0)))
        end
        return problems
    end
end

--- A chain that is the certificate once more leads nowhere: a report has each only once.
local function look_at_chain(settings, name)
    local problems = answers.problem_of(settings, name)
    local report = not problems and answers.certificate(settings)
    for _, facts in ipairs(report and report.chain or {}) do
        if facts.option == name then
            return nil
        end
    end
    return problems or { "that is the certificate itself: its issuers are asked for, or - for none" }
end

local function is_pkcs12(path)
    local _, err = require("bedrock.certificate").of(path)
    return err ~= nil and err.message:find("PKCS#12", 1, true) ~= nil
end

--- What only the right password opens.
local function needs_password(problems)
    for _, problem in ipairs(problems or {}) do
        if problem:find("private_key_password", 1, true) then
            return true
        end
    end
    return false
end

local OF_KEY = { "private_key", "pkcs12", "private_key_password" }

local function key_problems(settings)
    local given = { certificate = settings.certificate, private_key = settings.private_key, pkcs12 = settings.pkcs12,
        private_key_password = settings.private_key_password }
    local _, problems = answers.certificate(given)
    local found = {}
    for _, problem in ipairs(problems or {}) do
        for _, name in ipairs(OF_KEY) do
            found[#found + 1] = problem:find(name, 1, true) and problem or nil
        end
    end
    return found[1] and found or nil
end

--- A password that another key had is forgotten.
local function forget_password(settings)
    local password = settings.private_key_password
    settings.private_key_password = nil
    if needs_password(key_problems(settings)) then
        settings.private_key_password = password
    end
end

--- Asks for the key's password as long as that is what is missing; without one another key is asked for.
local function unlocked(self)
    forget_password(self.settings)
    local problems = key_problems(self.settings)
    while needs_password(problems) do
        self:say(problems[1])
        self.settings.private_key_password = self:password "its password"
        if not self.settings.private_key_password then
            return { "it cannot be opened without its password" }
        end
        problems = key_problems(self.settings)
    end
    return problems
end

local function ask_for_key(self)
    self:option("private_key", "private key", { is_path = true, look = function(settings)
        local problems = unlocked(self)
        if not problems and require("bedrock.core").others_read(settings.private_key) then
            self:say "other users of this machine may read it: chmod 600"
        end
        return problems
    end })
end

local function has_key(path)
    local file = io.open(path, "rb")
    local text = file and file:read "*a" or ""
    if file then
        file:close()
    end
    return text:find "%-%-%-%-%-BEGIN [%u ]*PRIVATE KEY%-%-%-%-%-" ~= nil
end

local function ask_for_certificate(self)
    local settings = self.settings
    settings.certificate, settings.pkcs12 = settings.certificate or settings.pkcs12, nil
    self:option("certificate", "certificate", { is_path = true, look = function()
        if is_pkcs12(settings.certificate) then
            settings.pkcs12, settings.certificate, settings.private_key = settings.certificate, nil, nil
            return unlocked(self)
        end
        return look_at_certificate(self)(settings)
    end })
    if settings.certificate and has_key(settings.certificate) then
        settings.private_key = nil
        forget_password(settings)
    elseif settings.certificate then
        ask_for_key(self)
    end
    if settings.certificate then
        self:option("certificate_chain", "intermediate certificates (none: -)", { is_path = true, optional = true,
            default = "-", look = look_at_chain })
    end
end

local ARNS = {
    { "trust_anchor_arn", "trust anchor's ARN" },
    { "profile_arn", "Roles Anywhere profile's ARN" },
    { "role_arn", "role's ARN" },
}

function questions.certificate(self)
    self.settings.auth, self.settings.profile = nil, nil
    ask_for_certificate(self)
    for _, row in ipairs(ARNS) do
        self:option(row[1], row[2], {})
    end
    self:option("session_name", "name of the sessions, as CloudTrail shows it", { default = "bedrock" })
    self:option("region", "region", { default = self.settings.profile_arn:match "^arn:[^:]+:rolesanywhere:([^:]+):" })
end

function questions.profile(self)
    local settings = self.settings
    for _, name in ipairs { "certificate", "private_key", "certificate_chain", "pkcs12", "private_key_password",
        "profile_arn", "role_arn", "trust_anchor_arn", "session_name" } do
        settings[name] = nil
    end
    settings.auth = "profile"
    self:option("profile", "AWS profile", { default = os.getenv "AWS_PROFILE" or "default" })
    self:option("region", "region (that of the profile: -)", { optional = true, default = "-" })
end

return questions
