--- Every member of every operation that may hold a credential is hidden, or it was decided that it holds none.
local bedrock = require "bedrock"
local cjson = require "cjson"
local files = require "spec.support.files"
local masked = require("bedrock.log.wire").masked
local secret = require "bedrock.base.secret"

local SERVICES = { "agent-registry", "agent-registry-control", "bedrock", "bedrock-agent", "bedrock-agent-runtime",
    "bedrock-agentcore", "bedrock-agentcore-control", "bedrock-data-automation", "bedrock-data-automation-runtime",
    "bedrock-runtime", "rolesanywhere", "sts" }

--- What names of credentials have in them; of members that AWS calls sensitive, more.
local TELLING = { "token", "secret", "password", "passphrase", "credential", "assertion", "cookie", "bearer", "private",
    "signature", "apikey", "authoriz", "pkcs", "accesskey" }
local TELLING_OF_SENSITIVE = { "url", "uri", "key", "code", "variables", "parameters", "headers", "state$" }

--- Members that tell so, but are no credentials: they name one or where it is kept, say how it is sent, are a place in
--- a list, keep a request from being made twice, prove what a model wrote, or are an address that a user is to open.
local DECIDED = {}
for name in ([[
    AccessKeyId SubjectFromWebIdentityToken apiKeyArn apiKeyId apiKeySecretJsonKey appSecretJsonKey
    authorizationAttemptId authorizationEndpoint authorizationId authorizationPrivateKeyJsonKey authorizationUrl
    authorizerType clientRequestToken clientSecretJsonKey clientToken code credentialArn credentialParameterName
    credentialPrefix credentialProviderArn credentialsSecretArn customState inboundTokenClaimName key nextToken
    offerToken parentActionGroupSignatureParams promptVariables resourceCredentialProviderName secretArn secretId
    signature tokenEndpoint tokenVaultId url usernamePasswordSecretArn walletSecretJsonKey
]]):gmatch "%S+" do
    DECIDED[name] = true
end

local function tells(name, parts)
    for _, part in ipairs(parts) do
        if name:lower():find(part) then
            return true
        end
    end
    return false
end

--- @return table<string, string> where each telling member of texts is, by its name
local function telling_members()
    local found = {}
    for _, service in ipairs(SERVICES) do
        local shapes = cjson.decode(files.read("csrc/model/facts/" .. service .. ".json")).shapes
        for shape, fact in pairs(shapes) do
            for name, member in pairs(type(fact.members) == "table" and fact.members or {}) do
                local of = shapes[member.shape] or {}
                local kind = of.type or "string"
                local sensitive = of.sensitive or member.sensitive
                if (kind == "string" or kind == "blob" or kind == "map") and not of.enum
                    and (tells(name, TELLING) or sensitive and tells(name, TELLING_OF_SENSITIVE)) then
                    found[name] = service .. "." .. shape
                end
            end
        end
    end
    return found
end

describe("members that may be credentials", function()
    local found = telling_members()

    it("are hidden, or were decided to be none", function()
        local open = {}
        for name, where in pairs(found) do
            if not secret.is(name) and not secret.is_map(name) and not DECIDED[name] then
                open[#open + 1] = name .. " of " .. where
            end
        end
        table.sort(open)
        assert.equal("", table.concat(open, "\n"), "decide: lua/bedrock/base/secret.lua, or DECIDED here")
    end)

    it("are decided while they are there, and one way", function()
        for name in pairs(DECIDED) do
            assert.is_string(found[name], name)
            assert.is_false(secret.is(name) or secret.is_map(name), name)
        end
    end)

    it("are hidden wherever values are shown", function()
        for name in pairs(found) do
            if secret.is(name) then
                local json = cjson.encode { { [name] = "s3cr3t" } }
                for _, shown in ipairs { bedrock.dump { { [name] = "s3cr3t" } }, masked(json),
                    masked(cjson.encode(json)), masked(("<%s>s3cr3t</%s>"):format(name, name)) } do
                    assert.not_matches("s3cr3t", shown, 1, true)
                end
            end
        end
    end)
end)
