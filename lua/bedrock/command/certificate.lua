--- bedrock certificate [FILE]
local number = require("bedrock.terminal.arguments").number
local core = require "bedrock.core"

local OPTIONS = { "private_key", "certificate_chain", "private_key_password", "openssl_providers" }

--- A file goes with what options and the environment give beside it, not with the settings file's key.
local function named(self, path)
    local given = { certificate = path }
    local environment = require("bedrock.settings").of_environment(os.getenv) or {}
    for _, name in ipairs(OPTIONS) do
        given[name] = self.given[name]
    end
    given.private_key_password = environment.private_key_password
    return given
end

local function of_settings(self)
    local given = self:settings().connect
    if not given.certificate and not given.pkcs12 then
        self:usage "which certificate? bedrock certificate FILE, or certificate in the settings file"
    end
    return given
end

--- The file may be PKCS#12, which nothing but its contents tells.
local function look(self, args)
    local certificate = require("bedrock").certificate
    if not args.file then
        return self:check(certificate(of_settings(self)))
    end
    local given = named(self, args.file)
    local report, err = certificate(given)
    if not report and err.message:find("PKCS#12", 1, true) then
        given.pkcs12, given.certificate = args.file, nil
        report, err = certificate(given)
    end
    return self:check(report, err)
end

local function soonest(report)
    local days = report.days_left
    for _, facts in ipairs(report.chain) do
        days = math.min(days or facts.days_left, facts.days_left or days)
    end
    return days or -1
end

return {
    summary = "What a certificate says, and what Roles Anywhere would refuse of it (exit code 1).",
    arguments = function(parser)
        parser:argument("file", "PEM, DER or PKCS#12; that of the settings if not given."):args "?"
        number(parser, "--days", "Exit 1 when it, or one of its chain, ends sooner than that.")
    end,
    run = function(self, args)
        local report = look(self, args)
        local days = soonest(report)
        if self.json then
            local plain = {}
            for name, value in pairs(report) do
                plain[name] = value
            end
            self:put_json(plain)
        else
            self:out(tostring(report), "\n")
        end
        if args.days and days < args.days then
            self:note(("ends in %d days, sooner than %s"):format(days, core.encode(args.days)))
            return 1
        end
        return report.refused[1] and 1 or 0
    end,
}
