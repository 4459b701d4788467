--- Answers of `bedrock configure`, each looked at as it is given.
local core = require "bedrock.core"

local answers = {}

--- What else a connection wants, so that it complains of the answers only.
local STAND_INS = {
    certificate = { certificate = "-", sign = function() end },
    profile_arn = { profile_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:profile/any" },
    role_arn = { role_arn = "arn:aws:iam::123456789012:role/any" },
    trust_anchor_arn = { trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:123456789012:trust-anchor/any" },
    session_name = { session_name = "any" },
}

--- @param settings table for bedrock.connect
--- @return table<string, string[]> problems by option
function answers.problems(settings)
    local client, err = core.connect(settings)
    if client then
        client:close()
        return {}
    end
    local found = {}
    for _, problem in ipairs(err.errors or { { path = "", message = err.message } }) do
        found[problem.path] = found[problem.path] or {}
        table.insert(found[problem.path], problem.message)
    end
    return found
end

--- What is wrong with one answer, beside those given before.
--- @return string[]? problems
function answers.problem_of(settings, name)
    local whole = {}
    for option, members in pairs(STAND_INS) do
        for member, value in pairs(settings[option] and {} or members) do
            whole[member] = value
        end
    end
    for option, value in pairs(settings) do
        whole[option] = value
    end
    return answers.problems(whole)[name]
end

local function advice(message)
    return message:find("CERTIFICATE REQUEST", 1, true)
        and ", which asks an authority for a certificate: give the one that it sent back" or ""
end

--- @return bedrock.Certificate? report nil: it cannot be read
--- @return string[]? problems
function answers.certificate(settings)
    local report, err = require("bedrock.certificate").of(settings)
    if not report then
        local problem = err.errors[1]
        return nil, { problem.path .. ": " .. problem.message .. advice(problem.message) }
    end
    return report, report.refused[1] and report.refused
end

return answers
