--- bedrock configure
local answers = require "bedrock.terminal.answers"
local core = require "bedrock.core"
local settings_file = require "bedrock.settings.file"

local configure = {
    summary = "Asks for what a connection needs, looks at each answer, writes the settings file (for you alone) and "
        .. "tests it. Lines from a pipe will do.",
}

--- @class bedrock.command.Asker
--- @field context bedrock.command.Context
--- @field settings table those of the file, and what was answered
local Asker = {}
Asker.__index = Asker

function Asker.say(_, text)
    io.stderr:write("  ", (text:gsub("\n", "\n  ")), "\n")
end

--- One line; what was there before if it is empty.
--- @return string? answer nil: none, and none was there
function Asker:line(text, default)
    if core.terminal(0) then
        io.stderr:write(text, default and (" [%s]"):format(default) or "", ": ")
    end
    local line = io.stdin:read "*l"
    if not line then
        self.context:fail "the input ended before all was asked; nothing was written"
    end
    line = line:match "^%s*(.-)%s*$"
    return line ~= "" and line or default
end

--- A path as shells expand it, from the root, as the settings serve programs that run elsewhere.
local function whole_path(path)
    local home = os.getenv "HOME"
    if path:find "^~/" and home then
        return home .. path:sub(2)
    elseif path:find "^/" or path:find "^%l[%l%d+.-]+:" then
        return path
    end
    local here = os.getenv "PWD"
    local whole = here and here .. "/" .. path
    local file = whole and io.open(whole, "rb")
    if file then
        file:close()
    end
    return file and whole or path
end

--- Asks until the answer is right.
--- @param look fun(): string[]? what is wrong with it
function Asker:option(name, text, options)
    repeat
        local answer = self:line(text, self.settings[name] or options.default)
        if answer and options.is_path then
            answer = whole_path(answer)
        end
        local wrong = not answer and not options.optional and { "an answer is needed" }
        if answer or not wrong then
            self.settings[name] = answer ~= "-" and answer or nil
            wrong = answer and (options.look or answers.problem_of)(self.settings, name)
        end
        for _, problem in ipairs(wrong or {}) do
            self:say(problem)
        end
        if wrong then
            self.settings[name] = nil
        end
    until not wrong
end

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

local function is_pkcs12(path)
    local _, err = require("bedrock.certificate").of(path)
    return err ~= nil and err.message:find("PKCS#12", 1, true) ~= nil
end

--- Without an echo, where there is one.
function Asker:password(text)
    local is_terminal = core.terminal(0)
    if is_terminal then
        os.execute "stty -echo"
    end
    local ok, line = pcall(self.line, self, text)
    if is_terminal then
        os.execute "stty echo"
        io.stderr:write "\n"
    end
    if not ok then
        error(line, 0)
    end
    return line
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

--- Asks for the key's password as long as that is what is missing; without one another key is asked for.
function Asker:unlocked(problems)
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
        return self:unlocked(key_problems(settings))
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
            return self:unlocked(key_problems(settings))
        end
        return look_at_certificate(self)(settings)
    end })
    if settings.certificate and has_key(settings.certificate) then
        settings.private_key = nil
    elseif settings.certificate then
        ask_for_key(self)
    end
    if settings.certificate then
        self:option("certificate_chain", "intermediate certificates (none: -)", { is_path = true, optional = true,
            default = "-" })
    end
end

local ARNS = {
    { "trust_anchor_arn", "trust anchor's ARN" },
    { "profile_arn", "Roles Anywhere profile's ARN" },
    { "role_arn", "role's ARN" },
}

local function ask_for_roles_anywhere(self)
    self.settings.auth, self.settings.profile = nil, nil
    ask_for_certificate(self)
    for _, row in ipairs(ARNS) do
        self:option(row[1], row[2], {})
    end
    self:option("session_name", "name of the sessions, as CloudTrail shows it", { default = "bedrock" })
    self:option("region", "region", { default = self.settings.profile_arn:match "^arn:[^:]+:rolesanywhere:([^:]+):" })
end

local function ask_for_profile(self)
    local settings = self.settings
    for _, name in ipairs { "certificate", "private_key", "certificate_chain", "pkcs12", "private_key_password",
        "profile_arn", "role_arn", "trust_anchor_arn", "session_name" } do
        settings[name] = nil
    end
    settings.auth = "profile"
    self:option("profile", "AWS profile", { default = os.getenv "AWS_PROFILE" or "default" })
    self:option("region", "region (that of the profile: -)", { optional = true, default = "-" })
end

local function ask_for_all(self)
    local kinds = { certificate = ask_for_roles_anywhere, profile = ask_for_profile }
    local kind
    repeat
        kind = self:line("credentials from: certificate (IAM Roles Anywhere) or profile (AWS's files)",
            self.settings.auth == "profile" and "profile" or "certificate")
        for name in pairs(kinds) do
            kind = #kind > 0 and name:sub(1, #kind) == kind:lower() and name or kind
        end
    until kinds[kind] or self:say "certificate or profile"
    kinds[kind](self)
    self.settings.model = self:line("model, or a part of its name (none: -)", self.settings.model or "-")
    if self.settings.model == "-" then
        self.settings.model = nil
    end
end

--- What can only be told of all of it together.
local function all_right(self)
    local whole = {}
    for name, value in pairs(self.settings) do
        if name ~= "model" and name ~= "system" then
            whole[name] = value
        end
    end
    local found, is_right = answers.problems(whole), true
    for name, problems in pairs(found) do
        is_right = false
        self:say(name .. ": " .. table.concat(problems, "\n"))
    end
    return is_right
end

local function place(self)
    local named = self.args.settings or os.getenv "BEDROCK_SETTINGS"
    local path = named ~= "" and named or settings_file.place(os.getenv)
    return path or self:usage "there is no home for a settings file: name one with --settings"
end

local function before(self, path)
    local file = io.open(path, "rb")
    if not file then
        return {}
    end
    file:close()
    local settings, why = settings_file.read(path)
    if not settings then
        self:fail(why)
    end
    return settings
end

local function write(self, path, settings)
    local directory = path:match "^(.*)/[^/]*$"
    if directory and directory ~= "" then
        self:check(core.make_directory(directory))
    end
    local ok, why = core.save(path, require("bedrock.terminal.settings_text")(settings, path))
    if not ok then
        self:fail(why)
    end
    self:note("wrote " .. path)
end

function configure.run(self)
    core.interruptible(true)
    local path = place(self)
    local settings = before(self, path)
    for name, value in pairs(self.given) do
        settings[name] = value
    end
    local asker = setmetatable({ context = self, settings = settings }, Asker)
    repeat
        ask_for_all(asker)
    until all_right(asker)
    write(self, path, settings)
    local found = self:check(require("bedrock.settings").find({}, path))
    local report, err = require("bedrock").test(found.connect, { model = settings.model })
    report = report or err.report or self:fail(err)
    self:out(tostring(report), "\n")
    return report.ok and 0 or 1
end

return configure
