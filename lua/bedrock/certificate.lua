--- `bedrock.certificate`: what a certificate says, and what IAM Roles Anywhere would refuse of it.
---
---     local report = assert(bedrock.certificate { certificate = "client.pem", certificate_chain = "ca.pem" })
---     print(report.subject, report.days_left, report.refused[1])
local core = require "bedrock.core"
local errors = require "bedrock.errors"

local certificate = {}

local DAY_S = 86400
local FILE_MAX = 1024 * 1024

--- Settings that say what the certificate is. Others make no difference to it.
local OF_CERTIFICATE = { "certificate", "private_key", "certificate_chain", "pkcs12", "private_key_password",
    "openssl_providers" }

--- So that a connection has nothing else to complain of.
local STAND_INS = {
    profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/any",
    role_arn = "arn:aws:iam::123456789012:role/any",
    trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/any",
    session_name = "any",
    cache = "memory",
}

local function is_contents(text)
    return text:find("-----BEGIN", 1, true) ~= nil or text:find "[%z\1-\31]" ~= nil
end

--- A setting's file, or what it is itself.
local function contents(option, text)
    if text == nil or is_contents(text) then
        return text
    end
    local file, why = io.open(text, "rb")
    local read
    if file then
        read, why = file:read(FILE_MAX + 1)
        file:close()
        why = text .. ": " .. (why or "the file is empty")
    end
    if not read then
        return nil, { path = option, kind = "file", message = why }
    end
    return read
end

--- A key in a device has no file, and nothing here needs it.
local function is_device(text)
    return text ~= nil and not is_contents(text) and text:find "^%l[%l%d+.-]+:" ~= nil
end

local function read(given)
    local input, problems = { password = given.private_key_password }, {}
    for _, option in ipairs { "certificate", "private_key", "certificate_chain", "pkcs12" } do
        if not (option == "private_key" and (is_device(given[option]) or given.openssl_providers)) then
            local problem
            input[option], problem = contents(option, given[option])
            problems[#problems + 1] = problem
        end
    end
    if problems[1] then
        return nil, errors.config("certificate", problems)
    end
    return core.certificates(input)
end

local function refused_of(given)
    local settings = {}
    for name, value in pairs(STAND_INS) do
        settings[name] = value
    end
    for _, name in ipairs(OF_CERTIFICATE) do
        settings[name] = given[name]
    end
    if not given.private_key and not given.pkcs12 then
        settings.sign = function() end
    end
    local client, err = core.connect(settings)
    local refused = {}
    if client then
        client:close()
    end
    for i, problem in ipairs(client and {} or err.errors) do
        refused[i] = problem.path .. ": " .. problem.message
    end
    return refused
end

local function split(text)
    local list = {}
    for word in (text or ""):gmatch "[^,%s]+" do
        list[#list + 1] = word
    end
    return core.array(list)
end

local function described(facts, now)
    facts.usage, facts.purposes = split(facts.usage), split(facts.purposes)
    facts.fingerprint = facts.fingerprint:gsub(".", function(char)
        return ("%02x"):format(char:byte())
    end)
    facts.days_left = facts.not_after and math.floor((facts.not_after - now) / DAY_S)
    return facts
end

--- The key's own, else the first that is no authority.
local function leaf_of(list)
    local leaf
    for _, facts in ipairs(list) do
        local better = facts.belongs and 3 or not facts.authority and facts.option ~= "certificate_chain" and 2 or 1
        if not leaf or better > leaf.rank then
            leaf = { rank = better, facts = facts }
        end
    end
    return leaf.facts
end

--- The others, the leaf's issuer first; those that lead nowhere come last.
local function chain_of(list, leaf)
    local chain, taken, at = {}, { [leaf] = true }, leaf
    repeat
        local found
        for _, facts in ipairs(list) do
            found = found or not taken[facts] and facts.subject == at.issuer and facts or nil
        end
        if found then
            chain[#chain + 1], taken[found], at = found, true, found
        end
    until not found
    for _, facts in ipairs(list) do
        if not taken[facts] then
            chain[#chain + 1] = facts
        end
    end
    return core.array(chain), at.issuer
end

local Certificate = { __name = "bedrock.certificate" }

local function date(seconds)
    return seconds and os.date("!%Y-%m-%d %H:%M:%S UTC", seconds) or "?"
end

local function left(days)
    return days < 0 and "ended" or days == 1 and "1 day left" or days .. " days left"
end

function Certificate.__tostring(self)
    local lines = {}
    local function add(name, value)
        if value and value ~= "" then
            lines[#lines + 1] = ("%-12s %s"):format(name, value)
        end
    end
    add("subject", self.subject)
    add("issuer", self.issuer)
    add("serial", self.serial)
    add("key", self.key)
    add("signature", self.signature)
    add("valid", ("%s to %s (%s)"):format(date(self.not_before), date(self.not_after), left(self.days_left or 0)))
    add("usage", table.concat(self.usage, ", "))
    add("purposes", table.concat(self.purposes, ", "))
    add("names", self.names)
    add("SHA-256", self.fingerprint)
    for i, facts in ipairs(self.chain) do
        add(i == 1 and "chain" or " ", ("%s, until %s"):format(facts.subject, date(facts.not_after)))
    end
    add("leads to", self.leads_to .. ": the trust anchor must be that one; if it is a higher one, those between "
        .. "belong to certificate_chain")
    add("refused", self.refused[1] and "by Roles Anywhere" or "no: Roles Anywhere would take it")
    for _, text in ipairs(self.refused) do
        lines[#lines + 1] = "  " .. text
    end
    return table.concat(lines, "\n")
end

--- @class bedrock.CertificateFacts
--- @field subject string as RFC 2253 writes it
--- @field issuer string
--- @field serial? string decimal
--- @field key string "RSA-2048", "EC P-256", …
--- @field signature string
--- @field not_before? integer epoch seconds
--- @field not_after? integer
--- @field days_left? integer whole days; negative: it has ended
--- @field usage string[] keyUsage
--- @field purposes string[] extendedKeyUsage
--- @field names? string subjectAltName
--- @field authority boolean CA:TRUE
--- @field belongs boolean the private key given belongs to it
--- @field fingerprint string SHA-256, hexadecimal
--- @field option string the setting that it came from

--- @class bedrock.Certificate : bedrock.CertificateFacts
--- @field chain bedrock.CertificateFacts[] the others given, the issuer first
--- @field leads_to string the issuer at the end of the chain
--- @field refused string[] what is wrong with it for Roles Anywhere; empty: nothing that can be told without it

--- What a certificate says, and what IAM Roles Anywhere would refuse. No network, and nothing secret.
--- @param given string|bedrock.Settings a file, or settings: certificate, private_key, certificate_chain, pkcs12, …
--- @return bedrock.Certificate? report
--- @return bedrock.Error? err nothing could be read
function certificate.of(given)
    if type(given) == "string" then
        given = { certificate = given }
    elseif type(given) ~= "table" then
        error("certificate: expected a file or a table of settings, got " .. errors.type_of(given), 2)
    end
    local list, err = read(given)
    if not list then
        return nil, err
    elseif not list[1] then
        return nil, errors.config("certificate", { { path = "certificate", kind = "missing",
            message = "missing: a file path, or the certificate itself as PEM or DER" } })
    end
    local now = os.time()
    for _, facts in ipairs(list) do
        described(facts, now)
    end
    local leaf = leaf_of(list)
    leaf.chain, leaf.leads_to = chain_of(list, leaf)
    leaf.refused = core.array(refused_of(given))
    return setmetatable(leaf, Certificate)
end

return certificate
