--- bedrock exec -- CMD …
local core = require "bedrock.core"
local lent = require "bedrock.terminal.lent"
local options = require "bedrock.settings.options"

--- As env(1) and shells have it.
local CODES = { missing = 127, refused = 126 }

--- What would go before the credentials that are given.
local IN_THE_WAY = { "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN", "AWS_SESSION_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION", "AWS_BEARER_TOKEN_BEDROCK" }

local function cleared()
    local changes = {}
    for name, known in pairs(options.known) do
        if known.secret then
            changes["BEDROCK_" .. name:upper()] = false
        end
    end
    for _, name in ipairs(IN_THE_WAY) do
        changes[name] = false
    end
    return changes
end

--- An API key that was not given as an option is where the SDKs look for it.
local function give_key(self, changes)
    changes.AWS_BEARER_TOKEN_BEDROCK = self:settings().connect.api_key
end

local function changes_of(self)
    local conn = self:connect()
    local changes = cleared()
    changes.AWS_REGION, changes.AWS_DEFAULT_REGION = conn.region, conn.region
    if conn.auth == "api_key" then
        give_key(self, changes)
    else
        for _, pair in ipairs(lent.variables(lent.secrets(self))) do
            changes[pair[1]] = pair[2]
        end
    end
    return changes
end

return {
    runs = true,
    summary = "Runs a program with credentials and the region in its environment, as AWS's SDKs look for them.",
    arguments = function(parser)
        parser:argument("command", "The program and its arguments; options of its own stand behind it."):args "+"
    end,
    run = function(self, args)
        local changes = changes_of(self)
        self.conn:close()
        self.conn = nil
        local _, why, kind = core.exec(args.command, changes)
        self:note(why)
        return CODES[kind]
    end,
}
